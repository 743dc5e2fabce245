"""What tests share: a home of their own, the command as a user types it, and a few real tracks, built once."""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, settings

from generator.cli.commands import OUR_FAULT
from generator.script.template_limits import LimitedEnvironment
from generator.storage.locks import locked
from generator.system import ffmpeg
from tests.pages import CHROMIUM, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from generator.model import Samples

# How long an example takes depends on what else the machine does.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
SLEEPWARD = shutil.which("sleepward", path=str(Path(sys.executable).parent)) or shutil.which("sleepward")


TONE = ("--voice", "tone")
"""The quickest voice, for what doesn't depend on the voice."""


SHORT_ROUTINE = """\
title: Two quiet minutes
summary: Knees to the chest, then rest.
setting: bed
eyes: closed
steps:
  - pose: knee-hugs
    hold: 20-40 s
    keep: last
  - pose: rest
    hold: 30+ s
"""
"""A routine that lasts some two minutes and can last three, as no built-in one can."""


def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the workers of a test run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty home: no user's settings, and a cache that this test run alone fills, its workers together."""
    folder = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith("SLEEPWARD_")]:
        patch.delenv(name)
    patch.setenv("HOME", str(folder))
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    patch.setenv("SLEEPWARD_CACHE_DIR", str(run_folder(tmp_path_factory) / "cache"))
    yield folder
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once() -> Iterator[None]:
    """What Jinja compiles of a text is kept: commands within this process needn't compile all words each time."""
    compile_text = LimitedEnvironment.compile
    compiled: dict[tuple[Any, ...], Any] = {}

    def compile_once(self: LimitedEnvironment, *given: Any) -> Any:
        if given not in compiled:
            compiled[given] = compile_text(self, *given)
        return compiled[given]

    patch = pytest.MonkeyPatch()
    patch.setattr(LimitedEnvironment, "compile", compile_once)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def cache_folder(home: Path) -> Path:
    return Path(os.environ["SLEEPWARD_CACHE_DIR"])


@pytest.fixture(autouse=True)
def _elsewhere(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test works in an empty folder."""
    monkeypatch.chdir(tmp_path)


class Command:
    """`sleepward` as typed, in a folder: each time a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, *words: str | Path, input: str | bytes | None = None, env: dict[str, str] | None = None, code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        assert SLEEPWARD, "the package isn't installed"
        given = input.encode() if isinstance(input, str) else input or b""
        done = self.run([SLEEPWARD, *map(str, words)], given, env or {})
        shown = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
        assert done.returncode == code, f"exit {done.returncode}\n{shown.stdout}\n{shown.stderr}"
        assert "Traceback" not in shown.stderr
        assert OUR_FAULT not in shown.stderr
        return shown

    def run(self, command: list[str], input: bytes, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
        surroundings = {
            name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"
        }  # as a user's
        return subprocess.run(
            command,
            input=input,
            cwd=self.folder,
            env={**surroundings, **env},
            capture_output=True,
            timeout=600,
            check=False,
        )

    def json(self, *words: str | Path, **kwargs: Any) -> Any:
        return json.loads(self(*words, "--json", **kwargs).stdout)


class InsideCommand(Command):
    """The same within this process, which has imported everything: many times quicker.

    Nobody can tell it from a process of its own by what it prints, writes or leaves behind. Signals, closed pipes and
    what a start costs need a real one.
    """

    def run(self, command: list[str], input: bytes, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
        from generator.cli.commands import run

        forget()
        before = threading.enumerate()
        with contextlib.chdir(self.folder), own_surroundings(), CliRunner().isolation(input, env) as (out, err, _):
            code = run(command[1:])
            sys.stdout.flush()
            sys.stderr.flush()
            for thread in threading.enumerate():
                if thread not in before and not thread.daemon:
                    thread.join()  # as Python does before it ends
        forget()
        return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def own_surroundings() -> Iterator[None]:
    """What the block does to the environment ends with it; what it logs goes to stderr, as where nobody gathers it."""
    before, root = dict(os.environ), logging.getLogger()
    gatherers, root.handlers = root.handlers, []
    try:
        yield
    finally:
        root.handlers = gatherers
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


class Memories:
    """The caches of functions in some folders' modules. A module is looked through once."""

    def __init__(self, *folders: Path) -> None:
        self._folders = tuple(f"{folder}{os.sep}" for folder in folders)
        self._looked_through: dict[str, ModuleType] = {}
        self._caches: list[Any] = []

    def clear(self) -> None:
        for name, module in list(sys.modules.items()):
            if self._looked_through.get(name) is not module:
                self._looked_through[name] = module
                if name not in OF_THIS_MACHINE and str(getattr(module, "__file__", None)).startswith(self._folders):
                    self._caches += [value for value in list(vars(module).values()) if hasattr(value, "cache_clear")]
        for cache in self._caches:
            cache.cache_clear()


OF_THIS_MACHINE = ("generator.voices._pyttsx3_inventory", "generator.storage.code_key")
"""Modules that remember only what voices there are, and the program's own code: neither changes while it runs."""
of_the_program = Memories(ROOT / "generator")
of_the_tests = Memories(ROOT / "tests", ROOT / "benchmarks")


def forget() -> None:
    """What a process remembers goes, as at its end; only what can't change meanwhile stays (`OF_THIS_MACHINE`)."""
    from generator.voices import _pyttsx3_inventory as inventory

    of_the_program.clear()
    inventory.wanted.clear()


@pytest.fixture(scope="module", autouse=True)
def _memory_given_back() -> Iterator[None]:
    """Beds, clips and pages that a file's tests have kept go with it, or each process would grow beyond a gigabyte."""
    yield
    forget()
    of_the_tests.clear()
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # where the C library isn't glibc
            ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture
def outside(tmp_path: Path) -> Command:
    """The command, each time as a process of its own."""
    return Command(tmp_path)


@pytest.fixture
def inside(tmp_path: Path) -> Command:
    """The command, within this process."""
    return InsideCommand(tmp_path)


@pytest.fixture
def sleepward(inside: Command) -> Command:
    """The command, the quick way; modules whose point are processes have a `sleepward` of their own."""
    return inside


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What a test starts can be interrupted, also where whoever started the tests (`nohup`, `&`) has that ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def encoded_in_one_piece(samples: Samples, bitrate_kbps: int) -> bytes:
    """The bare frames that one ffmpeg makes of float32 (samples, 2)."""
    args = ["-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-", "-c:a", "libmp3lame", "-b:a", f"{bitrate_kbps}k"]
    args += ["-reservoir", "0", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", "-"]
    return ffmpeg.run(args, samples.tobytes())


class Shown:
    """What a player shows of a file, as ffmpeg hands it on in its own format for tags, and the pictures in it."""

    def __init__(self, path: Path) -> None:
        self.tags: dict[str, str] = {}
        self.chapters: list[tuple[float, float, str]] = []
        for place in ("g", "s:a:0"):  # Ogg's tags belong to its stream
            text = self._read(path, "-map_metadata", f"0:{place}", "-f", "ffmetadata").decode()
            head, *chapters = text.split("[CHAPTER]\n")
            self.tags |= {name.lower(): value for name, value in self._entries(head)}
            self.chapters = [self._chapter(dict(self._entries(chapter))) for chapter in chapters]
        attached = ("-map", "0:v?", "-map", "-0:V?")  # a picture beside the sound, no moving one
        self.picture = self._read(path, *attached, "-c", "copy", "-f", "image2pipe")

    @staticmethod
    def _read(path: Path, *words: str) -> bytes:
        command = [ffmpeg.find(), "-v", "error", "-copyts", "-i", path, *words, "-"]
        return subprocess.run(command, capture_output=True, check=False).stdout  # where there is no picture, it fails

    @staticmethod
    def _entries(text: str) -> Iterator[tuple[str, str]]:
        """Lines of name=value, in which a backslash keeps any character."""
        for name, value in re.findall(r"((?:\\.|[^\\=\n])+)=((?:\\.|[^\\\n])*)\n", text, re.DOTALL):
            yield re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL), re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)

    @staticmethod
    def _chapter(facts: dict[str, str]) -> tuple[float, float, str]:
        seconds = Fraction(facts["TIMEBASE"])
        return float(int(facts["START"]) * seconds), float(int(facts["END"]) * seconds), facts["title"]


IN_A_SMALL_DISK = """
mount -t tmpfs -o size={size} none {folder} || exit 99
{script}
"""


def on_a_small_disk(folder: Path, size: str, script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script with a disk of so much at `folder`, which is there for the script alone."""
    folder.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare to mount a small disk with")
    text = IN_A_SMALL_DISK.format(size=size, folder=folder, script=script)
    done = subprocess.run(["unshare", "-rm", "sh", "-c", text], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode in (1, 99) and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip(f"no small disk may be mounted: {done.stderr.strip()}")
    assert "Traceback" not in done.stderr
    assert OUR_FAULT not in done.stderr
    return done


def voice_processes() -> list[psutil.Process]:
    """What this process has started and still runs. multiprocessing keeps a process of its own for good."""
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie, too
            if "resource_tracker" not in "".join(each.cmdline()):
                found.append(each)
    return found


def running_ffmpegs() -> list[psutil.Process]:
    """The ffmpegs that this process has started; a voice's server may wait beside them for the next test."""
    return [child for child in psutil.Process().children() if child.name().startswith("ffmpeg")]


NIGHT = """\
---
title: A short night
summary: Everything a track can hold, in a few minutes.
---
# Arrival
Lie down on your back, and let the mattress carry you. [4s]
Set your volume now; nothing louder follows. [5s]
Let your eyes close. Breathe in through the nose.

Let the breath go, as slowly as it likes. [3s]

# Figure Four, right side
[pose figure-four right]
Bend both knees, and rest both feet flat on the bed. [6s]
Now the right ankle comes to lie across the left thigh. [5s]
[hold 20-30 s]
I'll be quiet now.
[at 50%]
Let the jaw be loose.
[at -5s]
Soon we change.
[release]

# Figure Four, left side
[pose figure-four left]
Put that foot down. Now the left ankle comes to lie across the right thigh. [5s]
[hold 20-30 s]
I'll be quiet now.
[at 50%]
Let the hip be heavy.
[at -5s]
Soon we move on.
[release]
Both feet rest on the bed again. [4s]

# Bridge
[pose gentle-bridge only]
On an inhale, the hips lift slowly. [3s]
[hold count 5]
[release]
[chime]
Lower yourself down, softly. [4s]
[breathe 2]

# Child's Pose
[pose childs-pose only]
Fold forward over your thighs, and rest your forehead on the bed. [5s]
[hold 2-4 breaths]
[release]
Come back to lie down, slowly, with a hand on the mattress. [5s]

# Rest
[pose rest only]
Settle in whatever way you like to sleep.
[hold 20-60 s]
[at 0%]
I'll leave you here.
[release]
[sleep]
"""


class Track:
    """A track that was really built: its file, what `build` printed, its plan, and its decoded sound."""

    def __init__(self, path: Path, built: dict[str, Any], plan: dict[str, Any]) -> None:
        self.path = path
        self.built = built
        self.plan = plan

    @property
    def samples(self) -> Any:
        """float32 (samples, 2) at 48 kHz, as a player hears it."""
        from generator.system import ffmpeg

        samples, rate = ffmpeg.decode(self.path)
        assert rate == 48_000
        return samples

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        return [event for event in self.plan["events"] if event["kind"] in kinds]


@pytest.fixture(scope="session")
def tracks(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Track]:
    """NIGHT, spoken by the real default voice, over each bed. A worker that comes later finds them made."""
    folder = run_folder(tmp_path_factory) / "tracks"
    folder.mkdir(exist_ok=True)
    outside, inside = Command(folder), InsideCommand(folder)
    written = tmp_path_factory.mktemp("night") / "night.txt"
    written.write_text(NIGHT, encoding="utf-8")
    written.replace(folder / "night.txt")
    made = {}
    for bed in ("none", "brown", "rain"):
        options = ("night.txt", "--background", bed, "--tail", "70s")
        with locked(folder / "lock"):  # a worker that comes meanwhile would make them, too
            built = outside.json("build", *options, "-o", f"{bed}.mp3")
        made[bed] = Track(folder / f"{bed}.mp3", built, inside.json("plan", *options))
    return made


@pytest.fixture(scope="class")
def browser() -> Iterator[Browser]:
    """One for a class of tests: until it is closed, nothing else in this process can have a loop of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        words = ["--autoplay-policy=no-user-gesture-required", "--no-sandbox", "--mute-audio"]
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=words)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone's window, in which nothing may go wrong unnoticed.

    A test asks for its server first, so that the window, which may still ask it for something, is closed before it.
    """
    context = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.set_default_timeout(5_000)
    yield page
    context.close()
    assert not wrong
