"""Run whole commands and measure wall seconds, CPU seconds and peak memory of their process trees."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_S = 0.05  # between two samples of the memory …
MOST_OF_A_CORE = 0.05  # … or longer, if sampling would take more of a core than this
REAPER = Path(__file__).with_name("_reaper.py")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command. `cpu_s` is the system's figure for all processes that it started."""

    wall_s: float
    cpu_s: float
    peak_mb: float | None
    stdout: str


def run(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], watch: bool = False) -> Run:
    """Run `argv` to its end. `watch` samples its memory. Raises RuntimeError if it fails."""
    command = [str(arg) for arg in argv]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as report:
        reaper = [sys.executable, "-S", "-E", str(REAPER), str(report.fileno()), *command]
        process = subprocess.Popen(
            reaper,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            pass_fds=[report.fileno()],
        )
        with _peak_mb(process.pid if watch else None) as peak_mb:
            process.wait()
        for file in (out, errors, report):
            file.seek(0)
        found = json.loads(report.read() or b"{}")
        if code := found.get("code", process.returncode):
            raise RuntimeError(f"{' '.join(command)} left {code}: {errors.read().decode()[-2000:]}")
        return Run(found["wall_s"], found["cpu_s"], max(peak_mb, default=None), out.read().decode())


@contextmanager
def _peak_mb(pid: int | None) -> Iterator[list[float]]:
    """Sample the memory of a reaper's processes until the block ends: the sum of PSS, which has shared pages once."""
    samples: list[float] = []
    if pid is None:
        yield samples
        return
    over = threading.Event()

    def sample() -> None:
        root, pause_s = psutil.Process(pid), SAMPLE_S
        while not over.wait(pause_s):
            started = time.thread_time()
            samples.append(_tree_mb(root))
            pause_s = max(SAMPLE_S, (time.thread_time() - started) / MOST_OF_A_CORE)

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield samples
    finally:
        over.set()
        sampler.join()


def _tree_mb(reaper: psutil.Process) -> float:
    total = 0
    try:
        tree = reaper.children(recursive=True)
    except psutil.Error:  # the process has ended
        return 0.0
    for process in tree:
        try:
            held = process.memory_full_info()
        except psutil.Error:
            continue
        total += getattr(held, "pss", held.uss)  # only Linux has PSS; elsewhere unshared memory is taken
    return total / 1e6


# --- several runs, both sides in turn --------------------------------------------------------------


def in_turn(sides: Mapping[str, Callable[[], Run]], runs: int) -> dict[str, Runs]:
    """Run every side once, then every side again, and so on: if the machine slows down, it does so for all sides."""
    done: dict[str, list[Run]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            done[name].append(side())
    return {name: Runs(tuple(each)) for name, each in done.items()}


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one side, in order."""

    each: tuple[Run, ...]

    @property
    def wall_s(self) -> float:
        return statistics.median(run.wall_s for run in self.each)

    @property
    def cpu_s(self) -> float:
        return statistics.median(run.cpu_s for run in self.each)

    @property
    def spread(self) -> str:
        """The fastest and the slowest run, for a table."""
        walls = [run.wall_s for run in self.each]
        return f"{seconds(min(walls))} … {seconds(max(walls))}"

    def ratio(self, other: Runs) -> float:
        """The median of the ratios of wall times, pair by pair."""
        pairs = zip(self.each, other.each, strict=False)  # a slow side may have run only once
        return statistics.median(mine.wall_s / others.wall_s for mine, others in pairs)


def seconds(value_s: float) -> str:
    return f"{value_s:.2f}" if value_s < 10 else f"{value_s:.1f}"
