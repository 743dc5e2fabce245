"""Interrupt or kill real builds, batches and publishing at random moments, and check how they end.

    python benchmarks/interruptions.py [--kill] [--count 200] [--seed 1] [--rerun 20] [--at-once 2] [--write]

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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from _report import write_between
from _trial_folder import TrialFolder, finish

IMPORTS_S = 0.3
HANGS_S = 60.0  # long enough for a busy machine
PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
PLACE = "https://example.org/nights/"


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
            usual_s = finish(place, kind.words)
            self._undisturbed[kind] = Undisturbed(place.tracks(), before, usual_s)
            shutil.rmtree(place.folder / "out")
            self._caches.setdefault(kind.recipe, place.folder / "cache")
        return self._undisturbed[kind]

    def _place(self, kind: Kind) -> TrialFolder:
        if kind.first and kind.first not in self._prepared:
            anything = next(iter(self._caches.values()), None)  # the sooner it is there
            prepared = TrialFolder(self._folder / secrets.token_hex(3), anything)
            finish(prepared, kind.first)
            self._prepared[kind.first] = prepared.folder
            self._caches.setdefault(kind.recipe, prepared.folder / "cache")
        place = TrialFolder(self._folder / secrets.token_hex(3), self._caches.get(kind.recipe) if kind.warm else None)
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


def _interrupt(place: TrialFolder, trial: Trial) -> None:
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
        if any(word in said for word in ("Traceback", "Exception", "Error")):
            trial.faults.append(f"it says {said[-400:]!r}")
    if left := place.lingering():
        trial.faults.append(f"processes are left: {left}")


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
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
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
    made = table(done)
    print("\n" + made)
    if asked.write:
        write_between(PAGE, "kills" if asked.kill else "interruptions", "benchmarks/interruptions.py", made)
    return int(any(trial.faults for tried in done.values() for trial in tried))


def table(done: Mapping[Kind, Sequence[Trial]]) -> str:
    """Markdown, a line for each command."""
    heads = ("command", "ended early", "had finished", "Python was starting", "median s to end", "slowest s", "faults")
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for kind, tried in sorted(done.items(), key=lambda item: str(item[0])):
        finished = sum(trial.code == 0 for trial in tried)
        before = sum(trial.before_ours for trial in tried)
        ends_s = [trial.end_s for trial in tried]
        faults = sum(bool(trial.faults) for trial in tried)
        seconds = f"{statistics.median(ends_s):.2f} | {max(ends_s):.2f}"
        lines.append(f"| {kind} | {len(tried) - finished - before} | {finished} | {before} | {seconds} | {faults} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
