"""Build under faults of the machine, and check what is left: nothing half made, nothing wrong, nobody left running.

    python benchmarks/faults.py [--only WORD] [--seed 1] [--at-once 2] [--write]

Each trial is a build in a folder of its own, in which one thing goes wrong: a disk is full, a folder read-only, a voice
or ffmpeg broken, an entry of the cache damaged, the clock jumps, memory ends, another build makes the same track.

Afterwards the command must have ended. It left 0 and the bytes of an undisturbed build, or another code and on stderr
two or three lines for each fault: one that begins with `Error:`, and a hint. There may be no other file at a final
path, no process, and no temporary file. Then the same build without the fault must make the right bytes.

`--write` puts the table into docs/reliability.md. The disks need `unshare` and `mount`, as root or in a user namespace.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from _report import write_between
from _trial_folder import SLEEPWARD, TrialFolder, finish

from generator.cli.commands import OUR_FAULT

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
HANGS_S = 120.0
FLAGS = ("--tail", "1m", "--bitrate", "64", "--background", "rain", "-o", "out/")
TONE = ("build", "one.txt", "two.txt", "--voice", "tone", *FLAGS)
KLATT = ("build", "one.txt", "--voice", "en-us+klatt4", *FLAGS)
HEART = ("build", "one.txt", "--voice", "heart", *FLAGS)
MINE = ("build", "one.txt", "--voice", "mine", *FLAGS)
SHELL = "/bin/sh"


def _nothing(place: TrialFolder) -> None:
    """Leave the folder as it is."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault. `group` is its line in the table.

    `prepare` changes the folder before, `undo` changes it back. `wrap` gives the command that runs `words`. `beside`
    does something while it runs. A `cold` trial begins with an empty cache.
    """

    group: str
    name: str
    words: tuple[str, ...] = TONE
    prepare: Callable[[TrialFolder], None] = _nothing
    undo: Callable[[TrialFolder], None] = _nothing
    wrap: Callable[[TrialFolder, Sequence[str]], Sequence[str]] = lambda place, words: words
    beside: Callable[[TrialFolder, subprocess.Popen[bytes]], None] = lambda place, process: None
    env: Mapping[str, str] = field(default_factory=dict)
    cold: bool = False
    must_fail: bool = False
    must_finish: bool = False


@dataclass(slots=True)
class Outcome:
    trial: Trial
    code: int = 0
    said: str = ""
    faults: list[str] = field(default_factory=list)


# --- trials ----------------------------------------------------------------------------------------


def all_trials(chance: random.Random) -> Iterator[Trial]:
    yield from _full_disks(chance)
    yield from _read_only()
    yield from _voices()
    yield from _ffmpegs()
    yield from _damaged_caches(chance)
    yield from _clocks()
    yield from _short_of_memory(chance)
    yield from _two_at_once()


def _full_disks(chance: random.Random) -> Iterator[Trial]:
    """Disks of seeded sizes up to what the command needs, so that any write may be the one that fails."""
    needs_kb = {"out": 1_500, "cache": 60_000, "tmp": 3_000}
    for folder, most_kb in needs_kb.items():
        for share in sorted(chance.random() ** 2 for _ in range(12)):
            for words in (TONE, (*KLATT[:-2], "--format", "opus", *KLATT[-2:])):
                size = f"{max(round(share * most_kb), 4)}k"
                kind = "opus" if "opus" in words else "mp3"
                yield Trial(
                    f"full disk: {folder}", f"{size}, {kind}", words, wrap=_on_disk(folder, f"size={size}"), cold=True
                )


def _read_only() -> Iterator[Trial]:
    for folder in ("out", "cache", "tmp", "home"):
        yield Trial("read-only folder", folder, wrap=_on_disk(folder, "ro"), cold=True)


def _on_disk(folder: str, options: str) -> Callable[[TrialFolder, Sequence[str]], Sequence[str]]:
    """Run the command with a small disk at `folder`, and keep what it leaves there."""

    def wrap(place: TrialFolder, words: Sequence[str]) -> Sequence[str]:
        there, kept = place.folder / folder, place.folder / "kept"
        there.mkdir(exist_ok=True)
        steps = f'mount -t tmpfs -o {options} none "{there}" || exit 99; "$@"; code=$?'
        steps += f'; cp -a "{there}" "{kept}"; umount "{there}"; rm -r "{there}"; mv "{kept}" "{there}"; exit $code'
        return ["/usr/bin/unshare", "-rm", SHELL, "-c", steps, "sh", str(SLEEPWARD), *words]

    return wrap


VOICE = """\
import os, sys, time, wave
text, out, way = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2], open("way").read()
if way == "hangs":
    time.sleep(1_000)
if way == "dies":
    sys.exit("out of breath")
if way == "is killed":
    os.kill(os.getpid(), 9)
if way == "never ends":
    with open(out, "wb") as file:
        while True:
            file.write(bytes(1 << 20))
seconds = {"too much": 3_000, "nothing": 0}.get(way, 0.3 + len(text) / 40)
if way == "garbage":
    open(out, "wb").write(os.urandom(50_000))
elif way != "no file":
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        loud = b"\\0\\0" if way == "silence" else b"\\x00\\x20"
        period = loud * 40 + b"\\x00\\xe0" * 40 if way != "silence" else loud * 80
        file.writeframes(period * int(seconds * 200))
if way == "half a file":
    os.truncate(out, os.path.getsize(out) // 2)
"""
WAYS = ("hangs", "dies", "is killed", "garbage", "no file", "nothing", "silence", "too much", "never ends")


def _voices() -> Iterator[Trial]:
    def goes(way: str) -> Callable[[TrialFolder], None]:
        def prepare(place: TrialFolder) -> None:
            (place.folder / "way").write_text(way, encoding="utf-8")
            (place.folder / "voice.py").write_text(VOICE, encoding="utf-8")
            (place.folder / "sleepward.toml").write_text(
                f'[voices.mine]\nengine = "command"\ncommand = "{sys.executable} voice.py {{text_file}} {{wav}}"\n'
                "deadline_s = 3\n",
                encoding="utf-8",
            )

        return prepare

    for way in WAYS:
        yield Trial("a voice that …", way, MINE, goes(way), undo=goes("well"), cold=True, must_fail=True)
    for words, name in ((KLATT, "klatt4"), (HEART, "heart")):
        for after in (1, 2, 3):
            yield Trial("a voice's process is killed", f"{name}, {after}", words, beside=_strike(after), cold=True)
    yield Trial("a voice's process runs out of memory", "heart", HEART, beside=_starve, cold=True)


def _children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        found = psutil.Process(process.pid).children(recursive=True)
        return [child for child in found if "ffmpeg" not in child.name() and "tracker" not in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def _strike(after: int) -> Callable[[TrialFolder, subprocess.Popen[bytes]], None]:
    """Kill the voice's newest process when the cache has so many clips."""

    def beside(place: TrialFolder, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            clips = sum(1 for path in (place.folder / "cache" / "clips").rglob("*") if path.is_file())
            children = _children(process)
            if clips >= after - 1 and children:
                with contextlib.suppress(psutil.Error):
                    children[-1].kill()
                return
            time.sleep(0.002)  # between two looks

    return beside


def _starve(_place: TrialFolder, process: subprocess.Popen[bytes]) -> None:
    """Give the voice's processes no more memory than they have."""
    starved: set[int] = set()
    while process.poll() is None and len(starved) < 2:
        for child in _children(process):
            with contextlib.suppress(psutil.Error, OSError):
                if child.pid not in starved and child.memory_info().rss > 60_000_000:
                    size = child.memory_info().vms
                    child.rlimit(psutil.RLIMIT_AS, (size, size))
                    starved.add(child.pid)
        time.sleep(0.005)  # between two looks


FFMPEG = """\
#!{python}
import os, signal, sys
way = {way!r}
if way == "prints an old version and knows no option":
    sys.exit("Unrecognized option 'ch_layout'.")
if way == "is a program of another kind":
    print("hello")
    sys.exit(0)
if way == "dies at once":
    sys.exit(1)
if way == "dies in the middle":
    sys.stdin.buffer.read(400_000)
    sys.exit("out of memory")
if way == "is killed in the middle":
    sys.stdin.buffer.read(400_000)
    os.kill(os.getpid(), signal.SIGKILL)
if way == "gives too little":
    sys.stdin.buffer.read()
    sys.stdout.buffer.write(bytes(1_000))
    sys.exit(0)
"""
BROKEN_FFMPEGS = (
    "prints an old version and knows no option", "is a program of another kind", "dies at once", "dies in the middle",
    "is killed in the middle", "gives too little",
)  # fmt: skip


def _ffmpegs() -> Iterator[Trial]:
    def shadowed(way: str) -> Callable[[TrialFolder], None]:
        """A package of the wheel's name comes first, with another ffmpeg, or with none."""

        def prepare(place: TrialFolder) -> None:
            binaries = place.folder / "shadow" / "imageio_ffmpeg" / "binaries"
            binaries.mkdir(parents=True)
            (binaries.parent / "__init__.py").touch()
            if way != "is missing":
                program = binaries / "ffmpeg-broken"
                program.write_text(FFMPEG.format(python=sys.executable, way=way), encoding="utf-8")
                program.chmod(0o644 if way == "may not be run" else 0o755)

        return prepare

    def unshadowed(place: TrialFolder) -> None:
        shutil.rmtree(place.folder / "shadow")

    for way in ("is missing", "may not be run", *BROKEN_FFMPEGS):
        for words in (TONE, (*TONE[:-2], "--format", "flac", *TONE[-2:])):
            kind = "flac" if "flac" in words else "mp3"
            yield Trial(
                "an ffmpeg that …", f"{way} ({kind})", words, shadowed(way), unshadowed,
                env={"PYTHONPATH": "shadow", "PATH": str(SLEEPWARD.parent)}, cold=True, must_fail=True,
            )  # fmt: skip


def _flipped(content: bytes, chosen: random.Random) -> bytes:
    at = chosen.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chosen.randrange(8)]) + content[at + 1 :]


CONTENTS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": lambda content, chosen: content[: chosen.randrange(len(content))],
    "one bit flipped": _flipped,
    "emptied": lambda _content, _chosen: b"",
    "foreign": lambda content, chosen: chosen.randbytes(len(content)),
}


def _exchange(path: Path, entries: Sequence[Path], chosen: random.Random) -> None:
    """Exchange an entry with another of its kind."""
    other = chosen.choice([each for each in entries if each.parent.parent == path.parent.parent])
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def _another_file(make: Callable[[Path], None]) -> Callable[[Path, Sequence[Path], random.Random], None]:
    def replace(path: Path, _entries: Sequence[Path], _chosen: random.Random) -> None:
        path.unlink()
        make(path)

    return replace


PLACES: dict[str, Callable[[Path, Sequence[Path], random.Random], None]] = {
    "exchanged": _exchange,
    "a folder in its place": _another_file(Path.mkdir),
    "a pipe in its place": _another_file(os.mkfifo),
}


def _damaged_caches(chance: random.Random) -> Iterator[Trial]:
    def damage(way: str, seed: int) -> Callable[[TrialFolder], None]:
        def prepare(place: TrialFolder) -> None:
            chosen = random.Random(seed)
            entries = sorted(path for path in (place.folder / "cache").rglob("*") if path.is_file())
            filled = [path for path in entries if path.stat().st_size]
            for path in chosen.sample(filled, len(filled) // 3 + 1):
                if way in CONTENTS:
                    path.write_bytes(CONTENTS[way](path.read_bytes(), chosen))
                else:
                    PLACES[way](path, [each for each in filled if each.is_file()], chosen)

        return prepare

    for way in (*CONTENTS, *PLACES):
        for _ in range(4):
            seed = chance.randrange(1 << 30)
            yield Trial("cache: entries …", f"{way}, seed {seed}", prepare=damage(way, seed), must_finish=True)


CLOCK = """\
import time
real, calls = time.time, 0
def jumping():
    global calls
    calls += 1
    return real() + ({jump})
time.time = jumping
"""
JUMPS = {"ten years ahead": "3e8", "thirty years back": "-9e8", "back and forth": "3e7 * (-1) ** calls"}


def _clocks() -> Iterator[Trial]:
    def jumps(jump: str) -> Callable[[TrialFolder], None]:
        def prepare(place: TrialFolder) -> None:
            (place.folder / "shadow").mkdir()
            (place.folder / "shadow" / "sitecustomize.py").write_text(CLOCK.format(jump=jump), encoding="utf-8")

        return prepare

    def from_the_future(place: TrialFolder) -> None:
        for path in (place.folder / "cache").rglob("*"):
            os.utime(path, (4e9, 4e9))

    for name, jump in JUMPS.items():
        for cold in (True, False):
            yield Trial(
                "the clock jumps", f"{name}, {'cold' if cold else 'warm'}", TONE, jumps(jump),
                env={"PYTHONPATH": "shadow"}, cold=cold, must_finish=True,
            )  # fmt: skip
    yield Trial("the clock jumps", "a cache from the future", prepare=from_the_future, must_finish=True)


def _short_of_memory(chance: random.Random) -> Iterator[Trial]:
    def limited(kilobytes: int) -> Callable[[TrialFolder, Sequence[str]], Sequence[str]]:
        return lambda place, words: [SHELL, "-c", f'ulimit -v {kilobytes}; "$@"', "sh", str(SLEEPWARD), *words]

    for words, name in ((TONE, "tone"), (HEART, "heart")):
        for _ in range(10):
            megabytes = chance.randrange(40, 1_200)
            yield Trial(
                "too little memory", f"{megabytes} MB, {name}", words, wrap=limited(megabytes * 1_000), cold=True
            )


def _two_at_once() -> Iterator[Trial]:
    def another(place: TrialFolder, _process: subprocess.Popen[bytes]) -> None:
        with place.started(TONE) as second:
            _, errors = second.communicate(timeout=HANGS_S)
        if second.returncode:
            raise RuntimeError(f"the second build left {second.returncode}: {errors.decode()[-300:]}")

    for cold in (True, False):
        for number in range(3):
            name = f"{'cold' if cold else 'warm'}, {number + 1}"
            yield Trial("two builds of one track", name, beside=another, cold=cold, must_finish=True)


# --- running them ----------------------------------------------------------------------------------


class Bench:
    """Runs trials, each in its own folder. What a command makes undisturbed is made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._right: dict[tuple[str, ...], dict[str, str]] = {}
        self._caches: dict[tuple[str, ...], Path] = {}

    def learn(self, trial: Trial) -> None:
        """Make what the trial's command makes undisturbed."""
        if trial.words in self._right:
            return
        place = TrialFolder(self._folder / secrets.token_hex(3))
        if trial.words is MINE:
            trial.undo(place)  # which puts the voice there, in order
        finish(place, trial.words)
        self._right[trial.words] = place.tracks()
        self._caches[trial.words] = place.folder / "cache"

    def judged(self, trial: Trial) -> Outcome:
        outcome = Outcome(trial)
        right = self._right[trial.words]
        place = TrialFolder(self._folder / secrets.token_hex(3), None if trial.cold else self._caches[trial.words])
        try:
            trial.prepare(place)
            self._run(place, trial, outcome)
            made = place.tracks()
            if wrong := [name for name, digest in made.items() if right.get(name) != digest]:
                outcome.faults.append(f"wrong bytes at {wrong}")
            if outcome.code == 0 and made != right:
                outcome.faults.append("exit 0, but not all is made")
            if left := place.leftovers():
                outcome.faults.append(f"left: {left}")
            trial.undo(place)
            with place.started(trial.words) as process:
                _, errors = process.communicate(timeout=600)
            if process.returncode or place.tracks() != right:
                outcome.faults.append(f"the next run leaves {process.returncode}: {errors.decode()[-400:]}")
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            outcome.faults.append(str(error))
        finally:
            place.remove()
        return outcome

    def _run(self, place: TrialFolder, trial: Trial, outcome: Outcome) -> None:
        with place.started(trial.wrap(place, trial.words), **_resolved(place, trial.env)) as process:
            try:
                trial.beside(place, process)
                _, errors = process.communicate(timeout=HANGS_S)
            except subprocess.TimeoutExpired:
                outcome.faults.append("it hangs")
                os.killpg(process.pid, signal.SIGKILL)
                _, errors = process.communicate()
        outcome.code, said = process.returncode, errors.decode(errors="replace")
        outcome.said = said.strip()
        if outcome.code == 99:
            raise RuntimeError(f"no small disk can be mounted here: {said}")
        if outcome.code < 0 or "Traceback" in said or OUR_FAULT in said:
            outcome.faults.append(f"exit {outcome.code}, and it says {said[-500:]!r}")
        elif outcome.code and not _is_told(said):
            outcome.faults.append(f"not an error and a hint: {said[-500:]!r}")
        if (outcome.code and trial.must_finish) or (not outcome.code and trial.must_fail):
            outcome.faults.append(f"it left {outcome.code}")
        if left := place.lingering():
            outcome.faults.append(f"processes are left: {left}")


def _is_told(said: str) -> bool:
    """Whether each error takes two or three lines, of which the others are indented."""
    _, *errors = re.split(r"(?m)^Error: ", said)
    blocks = [[line for line in error.splitlines() if line.strip()] for error in errors]
    return bool(blocks) and all(2 <= len(lines) <= 3 and lines[1].startswith("  ") for lines in blocks)


def _resolved(place: TrialFolder, env: Mapping[str, str]) -> dict[str, str]:
    """`PYTHONPATH` names a folder of the trial, before those that are there already."""
    found = dict(env)
    if "PYTHONPATH" in found:
        before = os.environ.get("PYTHONPATH", "")
        found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(place.folder / found["PYTHONPATH"]), before]))
    return found


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown, a line for each group."""
    by_group: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_group[outcome.trial.group].append(outcome)
    lines = ["| what went wrong | trials | said and ended | finished all the same | faults | one of the messages |"]
    lines.append("|---|---|---|---|---|---|")
    for group, found in by_group.items():
        ended = [outcome for outcome in found if outcome.code]
        faults = sum(bool(outcome.faults) for outcome in found)
        said = _message(ended[-1].said) if ended else ""
        lines.append(f"| {group} | {len(found)} | {len(ended)} | {len(found) - len(ended)} | {faults} | {said} |")
    return "\n".join(lines) + "\n"


def _message(said: str) -> str:
    first = next((line for line in said.splitlines() if line.startswith("Error: ")), "").removeprefix("Error: ")
    words = [word if "/" not in word else f"…/{word.rsplit('/', 1)[-1]}" for word in first.split(" ")]
    return textwrap.shorten(" ".join(words).replace("|", "\\|"), 110, placeholder=" …")


def main() -> int:
    parser = argparse.ArgumentParser(description="Build under faults of the machine.")
    parser.add_argument("--only", default="", help="trials whose group or name has this word")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    asked = parser.parse_args()
    trials = [trial for trial in all_trials(random.Random(asked.seed)) if asked.only in f"{trial.group} {trial.name}"]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:  # short, since espeak-ng can't read long paths
        bench = Bench(Path(folder))
        for trial in trials:
            bench.learn(trial)
        with ThreadPoolExecutor(asked.at_once) as lanes:
            for future in as_completed([lanes.submit(bench.judged, trial) for trial in trials]):
                outcome = future.result()
                outcomes.append(outcome)
                told = "; ".join(outcome.faults) or "in order"
                print(f"{outcome.trial.group}: {outcome.trial.name}: exit {outcome.code}, {told}", flush=True)
    outcomes.sort(key=lambda outcome: trials.index(outcome.trial))
    made = table(outcomes)
    print("\n" + made)
    if asked.write:
        write_between(PAGE, "faults", "benchmarks/faults.py", made)
    return int(any(outcome.faults for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
