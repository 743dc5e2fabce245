"""The cost of a library: `batch` commands, cold, warm and after one edit. Writes the table of docs/library.md.

    python benchmarks/library.py [--tracks 50 500] [--length 25m] [--style gentle] [--jobs 1 2] [--voice NAME] [--write]

The library has two routines over two backgrounds, and as many nights as the tracks need. The edit changes one
sentence of a pose that only one of the routines has. 500 tracks of a real night's length take long. `--length 5m
--style spare` measures the same in half an hour, and `--write` notes the length on the page. Run it on a quiet
machine, from the project's folder. If the system supports it, the command is limited to the given number of cores,
else ffmpeg would use another one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from _report import Section, as_markdown, as_text
from _workbench import Workbench

if TYPE_CHECKING:
    from _measure import Run

PAGE = Path("docs/library.md")
HEAD = ("tracks", "cores", "cold s", "CPU s per track", "warm s", "one edit s", "made by it", "against 1 core")
BACKGROUNDS = ("rain", "brown")
ROUTINE = """\
title: {name}
summary: For measuring.
setting: bed
eyes: closed
steps:
  - {{pose: {name}-pose, hold: 30-60+ s}}
  - {{pose: reclined-butterfly, hold: 30-60+ s}}
  - {{pose: rest, hold: 1-5+ min}}
"""
POSE = """\
name: {name}
position: supine
enter: |
  Lie on your back, as still as {name}. [4s]
  Let the mattress carry all of you. [4s]
leave: |
  And let that go. [3s]
"""


def prepare(folder: Path, tracks: int, length: str, style: str, voice: str | None) -> Path:
    """Make a library of `tracks` tracks in a new folder, with its own routines."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "routines" / "poses").mkdir(parents=True)
    for name in ("moon", "star"):
        (folder / "routines" / f"{name}.yaml").write_text(ROUTINE.format(name=name), encoding="utf-8")
        (folder / "routines" / "poses" / f"{name}-pose.yaml").write_text(POSE.format(name=name), encoding="utf-8")
    nights = max(1, tracks // (2 * len(BACKGROUNDS)))
    spoken = f", voice: {json.dumps(voice)}" if voice else ""
    lines = [
        "title: Measured",
        "output: nights",
        f"defaults: {{tail: 10s, style: {style}{spoken}}}",
        "matrix:",
        "  routine: [moon, star]",
        f"  length: {length}",
        f"  background: [{', '.join(BACKGROUNDS)}]",
        f"  night: 1-{nights}",
    ]
    (folder / "library.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def edit(folder: Path) -> None:
    """Change one sentence of a pose that half of the tracks have."""
    pose = folder / "routines" / "poses" / "moon-pose.yaml"
    pose.write_text(pose.read_text(encoding="utf-8").replace("And let that go", "And let it go"), encoding="utf-8")


@contextmanager
def held_to(cores: int) -> Iterator[None]:
    """Limit processes started in the block to so many cores, if the system supports it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(every)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)


def batch(folder: Path, jobs: int) -> tuple[Run, int]:
    """Run the command; also returns the number of tracks that it made."""
    bench = Workbench(folder, quick=True)
    with held_to(jobs):
        done = bench.sleepward("batch", "library.yaml", "-j", str(jobs), "--json", cache=folder / "cache")
    return done, sum(json.loads(line)["state"] == "made" for line in done.stdout.splitlines())


def measure(folder: Path, asked: argparse.Namespace) -> Section:
    rows = []
    for count in asked.tracks:
        alone_s = None
        for jobs in asked.jobs:
            work = prepare(folder / "work", count, asked.length, asked.style, asked.voice)
            cold, made = batch(work, jobs)
            warm, _ = batch(work, jobs)
            edit(work)
            edited, again = batch(work, jobs)
            alone_s = alone_s or (cold.wall_s if jobs == 1 else None)
            gain = f"{alone_s / cold.wall_s:.2f} times" if alone_s else ""
            times = [f"{each.wall_s:.1f}" for each in (cold, warm, edited)]
            rows.append([f"{made}", f"{jobs}", times[0], f"{cold.cpu_s / made:.2f}", *times[1:], f"{again}", gain])
            print("  ".join(rows[-1]), flush=True)
    spoken = f"the voice {asked.voice}" if asked.voice else "the default voice"
    note = (
        f"Tracks of {asked.length} guided and 10 s of tail, two routines over {' and '.join(BACKGROUNDS)}, style"
        f" {asked.style}, {spoken}, on {os.cpu_count()} cores; each number is of one run, start-up included."
    )
    return Section("library", "Cold, warm, and after one edit", rows, head=HEAD, notes=[note])


def put_into_page(section: Section, page: Path) -> None:
    """Put the table between the marks of its section."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(f"<!-- {section.name}: begin -->")
    _, _, after = rest.partition(f"<!-- {section.name}: end -->\n")
    page.write_text(before + as_markdown(section).replace("\n## ", "\n### ") + after, encoding="utf-8")


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[50, 500])
    parser.add_argument("--length", default="25m")
    parser.add_argument("--style", default="gentle")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--voice")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE}")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sleepward-library-") as folder:
        section = measure(Path(folder), asked)
    print(as_text(section))
    if asked.write:
        put_into_page(section, PAGE)


if __name__ == "__main__":
    main()
