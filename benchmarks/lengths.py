"""Builds every routine at every length in every style, verifies each track, and prints what each one leaves out.

    python benchmarks/lengths.py [--routine NAME]... [--style NAME]... [--jobs 2] [--write]

Each track is decoded and measured as `sleepward verify` does it, and its guided part must last the wanted length to the
millisecond. The tracks are removed as they pass. The voice is the default one. It takes some two hours. `--write` puts
the tables into docs/lengths.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from _report import write_between
from _workbench import Workbench

from generator.durations import clock, parse_duration
from generator.errors import SleepwardError
from generator.verify import verify
from generator.workspace import Workspace

LENGTHS = ("10m", "15m", "20m", "25m", "30m", "45m")
FROM_15 = ("mat", "chair", "room")  # routines done there begin at 15 minutes
STYLES = ("gentle", "spare", "beginner", "breathing", "nidra")
TO_20 = ("ten-minutes-in-bed",)
PAGE = Path(__file__).parent.parent / "docs" / "lengths.md"


@dataclass(frozen=True)
class Made:
    """A track that was built and measured. `faults` are the rows of `verify` that it fails, or what went wrong."""

    left_out: str
    rows: int
    faults: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--routine", action="append")
    parser.add_argument("--style", action="append", choices=STYLES)
    parser.add_argument("--jobs", type=int, default=1, help="tracks at a time")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/lengths.md")
    given = parser.parse_args()
    names = given.routine or Workspace.here().routine_names()
    styles = given.style or STYLES
    wanted = [(name, style, length) for name, style in product(names, styles) for length in lengths_of(name)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.jobs) as threads:
        bench = Workbench(Path(folder), quick=False)
        cache = bench.cold()
        made = dict(zip(wanted, threads.map(lambda each: build(bench, cache, *each), wanted), strict=True))
    tables = "\n".join(table(style, names, made) for style in styles)
    print(tables)
    if given.write:
        write_between(PAGE, "styles", "benchmarks/lengths.py", tables)
    faulty = {each: track.faults for each, track in made.items() if track.faults}
    for (name, style, length), faults in faulty.items():
        print(f"\n{name}, {style}, {length}: {'; '.join(faults)}")
    rows = sum(track.rows for track in made.values())
    print(f"\n{len(made)} tracks, {rows} rows measured; {len(faulty)} tracks with faults")
    return 1 if faulty else 0


def table(style: str, names: Sequence[str], made: Mapping[tuple[str, str, str], Made]) -> str:
    """What each routine leaves out at each length in one style."""
    lines = [f"### `{style}`", "", f"| routine | {' | '.join(LENGTHS)} |", f"|{'---|' * (len(LENGTHS) + 1)}"]
    for name in names:
        cells = [made.get((name, style, length)) for length in LENGTHS]
        lines.append(f"| `{name}` | {' | '.join('' if each is None else each.left_out for each in cells)} |")
    return "\n".join([*lines, "", ""])


def lengths_of(name: str) -> Iterator[str]:
    """The lengths that a routine must have."""
    workspace = Workspace.here()
    setting = workspace.read_routine(workspace.routine_path(name)).setting
    for length in LENGTHS:
        too_short = setting in FROM_15 and length == "10m"
        too_long = name in TO_20 and parse_duration(length) > parse_duration("20m")
        if not (too_short or too_long):
            yield length


def build(bench: Workbench, cache: Path, name: str, style: str, length: str) -> Made:
    """Build one track and measure it."""
    path = bench.folder / f"{name}-{style}-{length}.mp3"
    track = ("--style", style, "--length", length, "--tail", "10s", "--jobs", "1")
    try:
        bench.sleepward("build", name, *track, "-o", path, cache=cache)
        report = verify(path)
    except (RuntimeError, SleepwardError) as error:
        made = Made("–", 0, (str(error),))
    else:
        path.unlink()
        faults = [f"{row.what} ({row.measured})" for row in report.failed]
        if report.plan["guided_ms"] != parse_duration(length):
            faults.append(f"guided for {clock(report.plan['guided_ms'])}")
        judged = sum(row.ok is not None for row in report.rows)
        made = Made(left_out(report.plan["adapted"]), judged, tuple(faults))
        print(*(f"{row.what}: {row.note}" for row in report.rows if row.note), sep="\n", file=sys.stderr)
    print(f"{name} {style} {length}: {'; '.join(made.faults) or 'ok'}", file=sys.stderr, flush=True)
    return made


def left_out(notes: Sequence[str]) -> str:
    """What a plan's notes say of the length: `To last 10m: briefer words; left out: frog. --keep all …`."""
    if not notes:
        return "all of it"
    what = notes[0].partition(": ")[2].partition(". ")[0]
    return what.partition("left out: ")[2] or what


if __name__ == "__main__":
    sys.exit(main())
