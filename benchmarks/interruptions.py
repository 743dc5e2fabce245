"""Interrupt or kill real builds, batches and publishing at random moments, and check how they end.

    python benchmarks/interruptions.py [--kill] [--count 200] [--seed 1] [--rerun 20] [--at-once 2]

A third of the moments lie in the first 0.3 s, during imports. The others lie anywhere up to the command's usual
duration. The signal is SIGINT or SIGTERM, or SIGKILL with --kill. It goes to the process alone, or to its whole group
as from a terminal.

After each the exit code must be 130 or 143, or 0 if the command had finished before. There must be no traceback on
stderr, no process left, no file in the temporary folder, and no `.part`. Files at final paths must have the
same bytes as from an undisturbed run, or as before. Every twentieth command then runs again to its end, and must make
the same files.

What is killed can't tidy up. So after SIGKILL every command runs again, and then nothing may be left of either run.

A signal before our first line ends Python in its own way. This is counted separately.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SLEEPWARD = Path(sys.executable).with_name("sleepward")
IMPORTS_S = 0.3
HANGS_S = 60.0  # long enough for a busy machine
LINGERS_S = 20.0  # a process that still runs after this time is an orphan
MARK = "INTERRUPTIONS_TRIAL"
SCRIPT = """\
# Night
Lie down, and let the bed carry {what}. [2s]
Breathe in slowly, and out more slowly. [3s]
[hold 20 s]
Let the jaw be loose, and the tongue, and {what}.
[release]
Let the shoulders sink into the pillow. [2s]
[sleep]
"""
LIBRARY = """\
title: Nights
output: out
defaults: {{voice: {voice}, tail: 1m, bitrate: 64}}
tracks:
  - {{script: one.txt, background: rain}}
  - {{script: two.txt, background: rain}}
  - {{script: three.txt, background: brown}}
"""
PLACE = "https://example.org/nights/"
NAMES = {"one": "your feet", "two": "your hands", "three": "your head"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A command. If `warm`, the cache has all of its parts. `first` is a command that has run before."""

    voice: str
    words: tuple[str, ...]
    warm: bool
    shown_as: str
    first: tuple[str, ...] = ()

    @property
    def recipe(self) -> str:
        """The part of the name that cold and warm have in common."""
        return f"{self.shown_as}, {self.voice}"

    def __str__(self) -> str:
        return f"{self.shown_as}, {self.voice}, {'warm' if self.warm else 'cold'}"


def kinds(voices: Sequence[str] = ("tone", "pyttsx3")) -> list[Kind]:
    made = []
    for voice in voices:
        flags = ("--voice", voice, "--tail", "1m", "--bitrate", "64", "-o", "out/")
        for warm in (False, True):
            made.append(Kind(voice, ("build", "one.txt", "two.txt", *flags), warm, "build mp3"))
            made.append(Kind(voice, ("build", "one.txt", *flags, "--format", "opus"), warm, "build opus"))
            made.append(Kind(voice, ("batch", f"{voice}.yaml", "-j", "2"), warm, "batch"))
    made.append(Kind("tone", ("publish", "out", "--base-url", PLACE), True, "publish", first=("batch", "tone.yaml")))
    return made


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """An undisturbed run: its files with their digests, those before it, and its duration."""

    files: dict[str, str]
    before: dict[str, str]
    usual_s: float


@dataclass(slots=True)
class Trial:
    kind: Kind
    moment_s: float
    signal: signal.Signals
    to_group: bool
    code: int = 0
    end_s: float = 0.0
    before_ours: bool = False
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        target = "group" if self.to_group else "process"
        how = f"{self.signal.name} to the {target} after {self.moment_s:.3f} s"
        told = "; ".join(self.faults) or ("Python was starting" if self.before_ours else "in order")
        return f"{self.kind}: {how}: exit {self.code} {self.end_s:.2f} s later, {told}"


class Bench:
    """A folder for the trials. Each command has its own home, cache and temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[Kind, Undisturbed] = {}
        self._caches: dict[str, Path] = {}
        self._prepared: dict[tuple[str, ...], Path] = {}
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # else the commands would ignore it, too
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def undisturbed(self, kind: Kind) -> Undisturbed:
        if kind not in self._undisturbed:
            place = self._place(kind)
            before = place.tracks()
            usual_s = _finish(place, kind.words)
            self._undisturbed[kind] = Undisturbed(place.tracks(), before, usual_s)
            shutil.rmtree(place.folder / "out")
            self._caches.setdefault(kind.recipe, place.folder / "cache")
        return self._undisturbed[kind]

    def _place(self, kind: Kind) -> _Place:
        if kind.first and kind.first not in self._prepared:
            prepared = _Place(self._folder / secrets.token_hex(3))
            _finish(prepared, kind.first)
            self._prepared[kind.first] = prepared.folder
            self._caches.setdefault(kind.recipe, prepared.folder / "cache")
        place = _Place(self._folder / secrets.token_hex(3), self._caches.get(kind.recipe) if kind.warm else None)
        if kind.first:
            shutil.copytree(self._prepared[kind.first] / "out", place.folder / "out")
        return place

    def try_one(self, trial: Trial, *, rerun: bool = False) -> Trial:
        """Run `trial` and fill in its result."""
        reference = self.undisturbed(trial.kind)
        killed = trial.signal == signal.SIGKILL
        place = self._place(trial.kind)
        try:
            _interrupt(place, trial)
            tracks = place.tracks()
            right = {*reference.files.items(), *reference.before.items()}
            if wrong := [name for name, digest in tracks.items() if (name, digest) not in right]:
                trial.faults.append(f"not whole: {wrong}")
            if trial.code == 0 and len(tracks) < len(reference.files):
                trial.faults.append("exit 0, but not all is made")
            if not killed and (left := place.leftovers()):
                trial.faults.append(f"left: {left}")
            if killed or rerun:
                with place.started(trial.kind.words) as process:
                    _, errors = process.communicate(timeout=600)
                if process.returncode or place.tracks() != reference.files:
                    trial.faults.append(f"run again, it leaves {process.returncode}: {errors.decode()[-300:]}")
                if left := place.leftovers():
                    trial.faults.append(f"left after another run: {left}")
        finally:
            place.remove()
        return trial


class _Place:
    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        for name in ("tmp", "home"):
            (folder / name).mkdir(parents=True)
        if cache is not None:
            shutil.copytree(cache, folder / "cache")
        for name, what in NAMES.items():
            (folder / f"{name}.txt").write_text(SCRIPT.format(what=what), encoding="utf-8")
        for voice in ("tone", "pyttsx3"):
            (folder / f"{voice}.yaml").write_text(LIBRARY.format(voice=voice), encoding="utf-8")
        self._mark = secrets.token_hex(8)

    def started(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SLEEPWARD_")}
        own = {"HOME": str(self.folder / "home"), "XDG_CONFIG_HOME": str(self.folder / "home")}
        own |= {"TMPDIR": str(self.folder / "tmp"), "SLEEPWARD_CACHE_DIR": str(self.folder / "cache")}
        return subprocess.Popen(
            [str(SLEEPWARD), *words],
            cwd=self.folder,
            env={**kept, **own, MARK: self._mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def tracks(self) -> dict[str, str]:
        """All files at final paths, except the lists of a library's tracks and of what is published: they grow."""
        out = self.folder / "out"
        files = [path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {
            path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.name not in ("library.json", "published.json")
        }

    def leftovers(self) -> list[str]:
        parts = list(self.folder.rglob("*.part"))
        found = [*parts, *(self.folder / "tmp").iterdir(), *self.folder.glob("out/.sleepward-*")]
        return [path.relative_to(self.folder).as_posix() for path in found]

    def orphans(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:  # it has ended, or belongs to another user
            return False

    def remove(self) -> None:
        for process in self.orphans():
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _finish(place: _Place, words: Sequence[str]) -> float:
    """Run a command to its end; its duration in seconds. Raises RuntimeError if it fails."""
    started = time.perf_counter()
    with place.started(words) as process:
        _, errors = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} fails undisturbed: {errors.decode()}")
    return time.perf_counter() - started


def _interrupt(place: _Place, trial: Trial) -> None:
    with place.started(trial.kind.words) as process:
        time.sleep(trial.moment_s)
        struck_s = time.perf_counter()
        if process.poll() is None:
            (os.killpg if trial.to_group else os.kill)(process.pid, trial.signal)
        try:
            _, errors = process.communicate(timeout=HANGS_S)
        except subprocess.TimeoutExpired:
            trial.faults.append("it hangs")
            process.kill()
            _, errors = process.communicate()
    trial.code, trial.end_s = process.returncode, time.perf_counter() - struck_s
    said = errors.decode(errors="replace")
    package = f"{os.sep}generator{os.sep}"
    by_python = trial.code == -trial.signal or (trial.code == 1 and "Fatal Python error" in said)
    trial.before_ours = by_python and package not in said and trial.signal != signal.SIGKILL
    if not trial.before_ours:
        if trial.code not in (0, -signal.SIGKILL if trial.signal == signal.SIGKILL else 128 + trial.signal):
            trial.faults.append(f"exit {trial.code}")
        if "Traceback" in said or "Exception" in said or "Error" in said:
            trial.faults.append(f"it says {said[-400:]!r}")
    until_s = time.monotonic() + LINGERS_S
    while (left := place.orphans()) and time.monotonic() < until_s:
        time.sleep(0.1)
    if left:
        trial.faults.append(f"processes are left: {[process.pid for process in left]}")


GENTLE, HARD = (signal.SIGINT, signal.SIGTERM), (signal.SIGKILL,)


def trials(
    bench: Bench, count: int, seed: int, of: Sequence[Kind], signals: Sequence[signal.Signals] = GENTLE
) -> Iterator[Trial]:
    """`count` random moments. The seed and the commands' durations determine them."""
    chance = random.Random(seed)
    for number in range(count):
        kind = of[number % len(of)]
        early, share = chance.random() < 1 / 3, chance.random()
        number_, to_group = chance.choice(signals), chance.random() < 0.5
        moment_s = share * (IMPORTS_S if early else bench.undisturbed(kind).usual_s)
        yield Trial(kind, moment_s, number_, to_group)


def main() -> int:
    parser = argparse.ArgumentParser(description="Interrupt commands at random moments.")
    parser.add_argument("--kill", action="store_true", help="SIGKILL in place of SIGINT and SIGTERM")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rerun", type=int, default=20, help="run every so many again, to its end")
    parser.add_argument("--at-once", type=int, default=2, help="try so many at a time")
    asked = parser.parse_args()
    signals = HARD if asked.kill else GENTLE
    done: dict[Kind, list[Trial]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="int-") as folder:  # short, since espeak-ng can't read long paths
        bench = Bench(Path(folder))
        for kind in kinds():
            print(f"{kind}: {bench.undisturbed(kind).usual_s:.1f} s undisturbed", flush=True)
        with ThreadPoolExecutor(asked.at_once) as lanes:
            begun = [
                lanes.submit(bench.try_one, trial, rerun=number % asked.rerun == 0)
                for number, trial in enumerate(trials(bench, asked.count, asked.seed, kinds(), signals))
            ]
            for future in as_completed(begun):
                trial = future.result()
                done[trial.kind].append(trial)
                print(trial, flush=True)
    print(f"\n{'command':<32} stopped  finished  Python started  median s  slowest s  faults")
    for kind, tried in done.items():
        finished = sum(trial.code == 0 for trial in tried)
        before = sum(trial.before_ours for trial in tried)
        ends_s = [trial.end_s for trial in tried]
        faults = sum(bool(trial.faults) for trial in tried)
        stopped = len(tried) - finished - before
        figures = f"{stopped:>7}  {finished:>8}  {before:>14}  {statistics.median(ends_s):>8.2f}  {max(ends_s):>9.2f}"
        print(f"{kind!s:<32} {figures}  {faults:>6}")
    return int(any(trial.faults for tried in done.values() for trial in tried))


if __name__ == "__main__":
    sys.exit(main())
