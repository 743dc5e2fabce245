"""The cost of a track, compared with ffmpeg alone and with a naive script. Writes docs/performance.md.

    python benchmarks/speed.py [--quick] [--only SECTION]

Run it on a quiet machine, from the project's folder. It takes some 45 minutes, 2 GB of disk, and 7 GB of memory for
the naive script. `--quick` tries every section with short tracks and writes nothing. `--only` measures one section
again, and replaces it on the page if the page is from this machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _growth import growth
from _report import Section, as_text, replace_section, write_page
from _tracks import against_the_floor, formats, memory, naive, several, speaking, start_up, tail
from _workbench import Workbench

PAGE = Path("docs/performance.md")


def stages(bench: Workbench) -> Section:
    """The time of each stage of one build in one process."""
    rows, notes = [], []
    for words, prepare in (("bed warm, narration cold", bench.warm_bed), ("everything cold", bench.cold)):
        (bench.folder / "track.mp3").unlink(missing_ok=True)
        done = bench.staged(*bench.routine, "-o", "track.mp3", cache=prepare())
        rows.append([f"**{words}**", "", "", ""])
        rows += [
            [name, *(f"{clock[each]:.2f}" for each in ("wall", "own", "children"))]
            for name, clock in done["stages"].items()
        ]
        total = {each: sum(clock[each] for clock in done["stages"].values()) for each in ("wall", "own", "children")}
        rows.append(["together", *(f"{value:.2f}" for value in total.values())])
        inside = ", ".join(f"{name} {value:.2f} s" for name, value in done["within"].items())
        notes.append(f"Of our own CPU seconds, {words}: {inside}.")
    notes.append(
        f"{bench.routine_words}, one run. Our own CPU seconds are those of all threads; the started processes are the"
        " voice's in narration, and ffmpeg where there is encoding."
    )
    head = ("stage", "seconds", "own CPU s", "CPU s of started processes")
    return Section("stages", "Where the time goes", rows, head=head, notes=notes)


SECTIONS: dict[str, Callable[[Workbench], Section]] = {
    "floor": against_the_floor,
    "tail": tail,
    "naive": naive,
    "speaking": speaking,
    "memory": memory,
    "growth": growth,
    "start-up": start_up,
    "stages": stages,
    "formats": formats,
    "several": several,
}


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short tracks, one run each; nothing is written")
    parser.add_argument("--only", choices=SECTIONS)
    parser.add_argument("--scratch", type=Path, help="where tracks and caches go meanwhile")
    asked = parser.parse_args()
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > 0.5:
        print(f"The machine is busy (load {load:.1f}): these figures will be too high.\n", file=sys.stderr)
    done = []
    with tempfile.TemporaryDirectory(prefix="speed-", dir=asked.scratch) as folder:
        bench = Workbench(Path(folder), asked.quick)
        for name in [asked.only] if asked.only else SECTIONS:
            started = time.perf_counter()
            section = SECTIONS[name](bench)
            done.append(section)
            print(as_text(section))
            print(f"  ({time.perf_counter() - started:.0f} s)\n", flush=True)
    if asked.quick:
        return
    if not asked.only:
        write_page(PAGE, done)
    elif not replace_section(PAGE, done[0]):
        print(f"{PAGE} is another machine's, or none yet: measure all sections for it", file=sys.stderr)


if __name__ == "__main__":
    main()
