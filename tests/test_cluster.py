"""Tracks from a Dask cluster: a real scheduler and its workers, in processes on 127.0.0.1."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from distributed import Client

import generator
from generator.build.fingerprint import sound_fingerprint
from generator.build.pipeline import read_spec
from generator.errors import InputError, MissingToolError, TrackError
from generator.formats import CONTAINERS
from generator.library import cluster
from generator.library.cluster_executor import DaskExecutor
from generator.library.folder import FolderStore
from generator.library.protocols import BuildTask
from generator.library.scheduler import run_tasks
from generator.workspace import Workspace
from generator.workspace.script_sources import ScriptSource

from .conftest import SLEEPWARD, Command

pytestmark = pytest.mark.slow

NIGHT = """\
# Rest
[pose rest only]
Lie down for night {number}, and let the mattress carry you. [2s]
[hold 5 s]
[release]
[sleep]
"""


def task(number: int, *lines: str, **settings: str) -> BuildTask:
    text = "\n".join([NIGHT.format(number=number), *lines])
    source = ScriptSource(text=text, shown_as=f"{number}.txt", name=str(number))
    piece = read_spec(source, {"voice": "tone", "tail": "10s", "background": "none", **settings}, Workspace.here())
    name = f"nights/{number}.{piece.settings.format}"
    return BuildTask(
        name, text, source.shown_as, source.name, piece.settings, piece.lexicon, sound_fingerprint(piece).key
    )


@pytest.fixture
def sleepward(outside: Command) -> Command:
    """A cluster's workers are processes, and so is what gives them work."""
    return outside


@pytest.fixture(scope="module")
def library(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library file of six tracks; beside it, in `alone`, as one process makes them: the bytes that others must make."""
    folder = tmp_path_factory.mktemp("library")
    lines = ["title: Nights", "defaults: {voice: tone, tail: 10s, background: none}", "tracks:"]
    for number in range(6):
        (folder / f"night-{number}.txt").write_text(NIGHT.format(number=number))
        lines.append(f"  - script: night-{number}.txt")
    (folder / "library.yaml").write_text("\n".join(lines) + "\n")
    Command(folder)("batch", "library.yaml", "-o", "alone", "-j", "1")
    return folder / "library.yaml"


def whole(folder: Path) -> dict[str, bytes]:
    """Every track in the folder, looked at."""
    names = FolderStore(folder).stamps()
    for name in names:
        CONTAINERS["mp3"].check(folder / name)
    return {name: (folder / name).read_bytes() for name in names}


# --- a cluster of our own ------------------------------------------------------------------------------


SCHEDULER = ("scheduler", "--host", "127.0.0.1", "--no-dashboard", "--port")


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@contextmanager
def started(*words: str | Path, folder: Path, **env: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """`dask …` as a process in `folder`, until the block ends."""
    surroundings = {**os.environ, **{name: str(value) for name, value in env.items()}}
    with (folder / f"{words[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *map(str, words)], cwd=folder, env=surroundings, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def scheduler(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler that has no worker yet."""
    port = free_port()
    with started(*SCHEDULER, port, folder=tmp_path_factory.mktemp("scheduler")):
        yield f"tcp://127.0.0.1:{port}"


@pytest.fixture
def worker(scheduler: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a worker that is like another machine's: with a cache and a working folder of its own."""
    with ExitStack() as stack:

        def start(name: str, **env: str | Path) -> subprocess.Popen[bytes]:
            folder = tmp_path / name
            folder.mkdir()
            words = ("worker", scheduler, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
            env = {"SLEEPWARD_CACHE_DIR": folder / "cache", **env}
            return stack.enter_context(started(*words, folder=folder, **env))

        yield start


@pytest.fixture
def connected(scheduler: str) -> Iterator[Callable[..., tuple[DaskExecutor, list[str]]]]:
    """Our side of the cluster, and what it has told."""
    with ExitStack() as stack:

        def connect(store: FolderStore) -> tuple[DaskExecutor, list[str]]:
            told: list[str] = []
            ours = cluster.connect(scheduler, store, notice=told.append)
            stack.callback(ours.close, at_once=True)
            return ours, told

        yield connect


# --- tests ---------------------------------------------------------------------------------------------


def test_all_tracks_are_made_though_a_worker_is_killed(
    library: Path, scheduler: str, worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    words = ["batch", library, "-o", tmp_path / "out", "--scheduler", scheduler, "--json"]
    first = worker("first")
    told = []
    with subprocess.Popen([SLEEPWARD, *words], stdout=subprocess.PIPE, text=True) as batch:
        for line in batch.stdout:
            told.append(json.loads(line))
            if len(told) == 2:
                worker("second")  # joins a batch that is under way
                first.send_signal(signal.SIGKILL)  # it has the next task in hand
    assert batch.returncode == 0
    expected = whole(library.parent / "alone")
    assert [track["state"] for track in told] == ["made"] * 6
    assert {track["name"] for track in told} == set(expected)
    assert whole(tmp_path / "out") == expected
    listed = json.loads((tmp_path / "out" / "library.json").read_text())["tracks"]
    assert [track["name"] for track in listed] == sorted(expected)
    assert (tmp_path / "second" / "cache").is_dir(), "a worker speaks into a cache of its own"


def test_a_worker_of_another_version_is_refused_and_the_others_do_the_work(
    scheduler: str,
    worker: Callable[..., subprocess.Popen[bytes]],
    connected: Callable[..., tuple[DaskExecutor, list[str]]],
    tmp_path: Path,
) -> None:
    other = tmp_path / "other"
    shutil.copytree(Path(generator.__file__).parent, other / "generator")
    about = other / "generator" / "__init__.py"
    about.write_text(about.read_text().replace(generator.__version__, "0.0.1"))
    worker("old", PYTHONPATH=other)
    ours, told = connected(FolderStore(tmp_path / "out"))
    with pytest.raises(TrackError, match=r"every worker .* refused:\n.*sleepward is 0\.0\.1, schema \d+ there and"):
        list(run_tasks([task(1)], ours))
    worker("new")
    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(2)
    ours, told = connected(FolderStore(tmp_path / "out"))
    assert [result.state for result in run_tasks([task(2), task(3)], ours)] == ["made", "made"]
    assert len(told) == 1
    assert "sleepward is 0.0.1" in told[0]
    assert not (tmp_path / "old" / "cache").exists(), "it was given nothing to do"


def test_a_worker_that_doesnt_see_the_place_is_refused(
    worker: Callable[..., subprocess.Popen[bytes]],
    connected: Callable[..., tuple[DaskExecutor, list[str]]],
    tmp_path: Path,
) -> None:
    worker("elsewhere")
    ours, _ = connected(FolderStore(Path("out")))  # in its own working folder, that is another one
    with pytest.raises(TrackError, match="it can't read the output folder"):
        list(run_tasks([task(1)], ours))
    assert not list(tmp_path.rglob("*.mp3"))


def test_a_local_cluster_makes_the_same_bytes(library: Path, sleepward: Command, tmp_path: Path) -> None:
    words = ("batch", library, "-o", "out", "--names", "night-[01].mp3", "--cluster", "local", "-j", "2")
    sleepward(*words, env={"SLEEPWARD_CACHE_DIR": str(tmp_path / "cold")})
    made = whole(tmp_path / "out")
    assert len(made) == 2
    assert made.items() <= whole(library.parent / "alone").items()


def test_what_is_stopped_leaves_nothing_half(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ours = cluster.local(1, FolderStore(out), cache_folder=tmp_path / "cache", notice=pytest.fail)
    try:
        ours.submit(task(1, tail="8h", format="opus"))
        while not list(out.rglob("*.part")):
            assert not ours.wait(0.05), "it was over before it could be stopped"
    finally:
        ours.close(at_once=True)
    assert [path for path in out.rglob("*") if path.is_file()] == []


def test_a_scheduler_that_isnt_there_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.3)
    with pytest.raises(InputError, match=r"--scheduler tcp://127\.0\.0\.1:9: no Dask scheduler answers") as raised:
        cluster.connect("tcp://127.0.0.1:9", FolderStore(tmp_path), notice=pytest.fail)
    assert raised.value.exit_code == 2


def test_without_dask_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingToolError, match=r"pip install 'sleepward\[dask\]'"):
        cluster.connect("tcp://127.0.0.1:8786", FolderStore(tmp_path), notice=pytest.fail)


def test_a_scheduler_that_dies_ends_the_batch_with_a_word(tmp_path: Path) -> None:
    port = free_port()
    with started(*SCHEDULER, port, folder=tmp_path) as process:
        ours = cluster.connect(f"tcp://127.0.0.1:{port}", FolderStore(tmp_path / "out"), notice=pytest.fail)
        process.kill()
        process.wait()
        with pytest.raises(TrackError, match=r"scheduler is gone.*\n.*finished tracks are kept"):
            list(run_tasks([task(1)], ours))
        ours.close(at_once=True)
