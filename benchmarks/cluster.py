"""The cost of a track on a Dask cluster, and the rate of its scheduler. Fills the tables of docs/scale.md.

    python benchmarks/cluster.py [--nights 2] [--tasks 1000] [--quick] [--write]

Run it on a quiet machine, from the project's folder, with Dask installed. It takes some minutes. `--quick` tries it
with short tracks of the tone voice. `--write` puts the tables into the page. Workers' caches are empty before each
run.
"""

from __future__ import annotations

import argparse
import json
import pickle
import platform
import re
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import psutil
from _measure import seconds
from _report import Section, as_markdown, as_text
from _workbench import Workbench

from generator.build.fingerprint import sound_fingerprint
from generator.build.pipeline import read_spec
from generator.library.cluster import local
from generator.library.folder import FolderStore
from generator.library.protocols import BuildTask, TaskResult
from generator.library.scheduler import run_tasks
from generator.workspace import Workspace
from generator.workspace.script_sources import load_source

PAGE = Path("docs/scale.md")
LIBRARY = """\
title: Nights
output: nights
matrix:
  routine: [deep-hip-opening]
  length: [35m]
  background: [brown, rain]
  night: 1-{nights}
"""
QUICK = """\
title: Nights
output: nights
defaults: {{voice: tone, tail: 10s}}
matrix:
  routine: [ten-minutes-in-bed]
  length: [10m]
  background: [none]
  night: 1-{nights}
"""
WORKERS = 2


def tracks(bench: Workbench, nights: int) -> Section:
    """Build the same library with the pool and with a local cluster, each with an empty cache."""
    (bench.folder / "library.yaml").write_text((QUICK if bench.quick else LIBRARY).format(nights=nights))
    rows = []
    for words, how in (("pool", ()), ("Dask, --cluster local", ("--cluster", "local"))):
        out = words.split(",")[0]
        line = ("batch", "library.yaml", "-o", out, "-j", str(WORKERS), "--json", *how)
        done = bench.sleepward(*line, cache=bench.cold())
        made = [json.loads(each) for each in done.stdout.splitlines()]
        cpu_s = [track["cpu_s"] for track in made]
        rows.append(
            [
                words,
                str(len(made)),
                seconds(done.wall_s),
                seconds(done.cpu_s / len(made)),
                seconds(min(cpu_s)),
                seconds(max(cpu_s)),
                f"{statistics.mean(track['bytes'] for track in made) / 1e6:.1f}",
                f"{statistics.mean(track['duration_ms'] for track in made) / 60_000:.0f}",
            ]
        )
    head = ("", "tracks", "seconds", "CPU s a track", "cheapest", "dearest", "MB a track", "minutes a track")
    note = (
        f"{WORKERS} workers. *CPU s a track* are those of the whole command, planning, start-up and every process"
        " included; *cheapest* and *dearest* those of one task, whose sentences the planning has spoken: the dearest"
        " makes the background's loop, the cheapest finds it in the cache."
    )
    return Section("tracks", "A track on a cluster, and in the pool", rows, head=head, notes=[note])


def no_work(task: BuildTask, *_: object) -> TaskResult:
    """A task without work, to measure only handing out and taking back."""
    return TaskResult(task.name, "made", task.key, 35_000_000, "0" * 64, 2_100_000)


def handing_out(bench: Workbench, count: int) -> Section:
    """Measure how many tasks without work are handed out and come back in a second."""
    workspace = Workspace.here()
    piece = read_spec(source := load_source("deep-hip-opening", {}, workspace), {}, workspace)
    key = sound_fingerprint(piece).key
    tasks = (
        BuildTask(f"{n}.mp3", source.text, "routine", source.name, piece.settings, piece.lexicon, key)
        for n in range(count)
    )
    first = next(tasks)
    cluster = local(WORKERS, FolderStore(bench.folder), cache_folder=bench.folder, notice=print, task_function=no_work)
    try:
        list(run_tasks([first], cluster))  # all workers have been checked now
        mine = psutil.Process()
        cpu_before_s, started_s = sum(mine.cpu_times()[:2]), time.perf_counter()
        results = list(run_tasks(tasks, cluster))
        took_s, cpu_s = time.perf_counter() - started_s, sum(mine.cpu_times()[:2]) - cpu_before_s
    finally:
        cluster.close(at_once=False)
    per_task_s = cpu_s / len(results)
    rows = [
        ["tasks a second, two workers", f"{len(results) / took_s:.0f}"],
        ["CPU ms a task, scheduler and leader", f"{per_task_s * 1e3:.1f}"],
        ["so one core hands out, tasks a second", f"{1 / per_task_s:.0f}"],
        ["bytes of a task", f"{len(pickle.dumps(first)):,}"],
        ["bytes of a result", f"{len(pickle.dumps(results[0])):,}"],
    ]
    notes = [f"{len(results):,} tasks of `{source.name}` with no work in them; scheduler and leader in one process."]
    return Section("handing-out", "Handing out", rows, head=("", "figure"), notes=notes)


def machine() -> Section:
    names = ("dask", "distributed", "numpy", "imageio-ffmpeg")
    rows = [
        ["processor", f"{_processor()}, {psutil.cpu_count()} cores"],
        ["system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"],
        ["libraries", ", ".join(f"{name} {version(name)}" for name in names)],
        ["load when it began", f"{psutil.getloadavg()[0]:.1f}"],
    ]
    return Section("machine", "Measured on", rows, head=("", ""))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.is_file() else None
    return found[1].strip() if found else platform.processor() or platform.machine()


def write(sections: list[Section]) -> None:
    """Put each table into its place on the page."""
    page = PAGE.read_text(encoding="utf-8")
    for section in sections:
        place = re.compile(f"<!-- {section.name}: begin -->.*?<!-- {section.name}: end -->\n", re.DOTALL)
        if not place.search(page):
            raise SystemExit(f"{PAGE} has no place for {section.name}")
        text = as_markdown(section)
        page = place.sub(lambda _, text=text: text, page)
    PAGE.write_text(page, encoding="utf-8")


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=2, help="two tracks of 35 minutes each")
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--quick", action="store_true", help="short tracks of the tone voice")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE}")
    parser.add_argument("--scratch", type=Path, help="where tracks and caches go meanwhile")
    asked = parser.parse_args()
    if asked.quick and asked.write:
        parser.error("--quick measures nothing that the page could tell")
    sections = [machine()]
    with tempfile.TemporaryDirectory(prefix="cluster-", dir=asked.scratch) as folder:
        bench = Workbench(Path(folder), asked.quick)
        for section in (handing_out(bench, asked.tasks), tracks(bench, asked.nights)):
            sections.append(section)
            print(as_text(section), flush=True)
    if asked.write:
        write(sections)


if __name__ == "__main__":
    sys.exit(main())
