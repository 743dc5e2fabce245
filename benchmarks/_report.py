"""Results as tables on the terminal, and on a page that names the machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psutil
from _measure import Runs, seconds

LIBRARIES = ("pyttsx3", "espeakng-loader", "imageio-ffmpeg", "numpy", "soxr", "pydub")
HEAD = ("", "seconds", "fastest … slowest", "CPU s", "peak MB", "figure", "target", "")


@dataclass(frozen=True, slots=True)
class Section:
    """One table, with `notes` below it."""

    name: str
    title: str
    rows: Sequence[Sequence[str]]
    head: Sequence[str] = HEAD
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Figure:
    """The figure of a row, with its target if it has one."""

    text: str
    target: str = ""
    met: bool | None = None


def at_most(value: float, most: float, unit: str = "") -> Figure:
    return Figure(f"{value:.2f}{unit}", f"≤ {most:g}{unit}", value <= most)


def at_least(value: float, least: float, unit: str = "") -> Figure:
    return Figure(f"{value:.1f}{unit}", f"≥ {least:g}{unit}", value >= least)


def row(what: str, runs: Runs | None = None, figure: Figure | None = None, mb: float | None = None) -> list[str]:
    """A row of a table with HEAD."""
    times = ["", "", ""] if runs is None else [seconds(runs.wall_s), runs.spread, seconds(runs.cpu_s)]
    shown = ["", "", ""]
    if figure is not None:
        shown = [figure.text, figure.target, {None: "", True: "met", False: "NOT MET"}[figure.met]]
    return [what, *times, "" if mb is None else f"{mb:.0f}", *shown]


def as_text(section: Section) -> str:
    """The section as text for the terminal."""
    table = [list(section.head), *map(list, section.rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(section.head))]
    lines = [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in table
    ]
    return "\n".join([section.title, *("  " + line.rstrip() for line in lines), *("  " + n for n in section.notes), ""])


def as_markdown(section: Section) -> str:
    head = "| " + " | ".join(section.head) + " |"
    rule = "|---|" + "---:|" * (len(section.head) - 1)
    rows = ["| " + " | ".join(line) + " |" for line in section.rows]
    notes = [f"\n{note}" for note in section.notes]
    body = "\n".join([f"## {section.title}\n", head, rule, *rows, *notes])
    return f"{_begin(section.name)}\n{body}\n{_end(section.name)}\n"


# --- the page --------------------------------------------------------------------------------------


def write_page(path: Path, sections: Sequence[Section]) -> None:
    """Write all sections, which were measured together."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([_introduction(), *map(as_markdown, sections)]), encoding="utf-8")


def replace_section(path: Path, section: Section) -> bool:
    """Replace one section. Returns False if the page is from another machine or doesn't have the section."""
    page = path.read_text(encoding="utf-8") if path.is_file() else ""
    pattern = re.compile(re.escape(_begin(section.name)) + ".*?" + re.escape(_end(section.name)) + "\n", re.DOTALL)
    if _machine_table() not in page or not pattern.search(page):
        return False
    path.write_text(pattern.sub(lambda _: as_markdown(section), page), encoding="utf-8")
    return True


def write_between(path: Path, name: str, maker: str, text: str) -> None:
    """Put `text` between the two marks of a page that is written by hand. Raises ValueError if it lacks them."""
    begin, end = f"<!-- {name}: made by {maker} -->\n", f"<!-- /{name} -->\n"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{path} lacks {begin.strip()} or {end.strip()}")
    path.write_text(before + begin + text + end + after, encoding="utf-8", newline="\n")


def _begin(name: str) -> str:
    return f"<!-- {name}: begin -->"


def _end(name: str) -> str:
    return f"<!-- {name}: end -->"


def _introduction() -> str:
    return f"""# Performance

`python benchmarks/speed.py` measures the cost of a track and writes this page. The default voice speaks. Seconds are
the median of several runs of whole commands, start-up included. The sides of a comparison run in turn, and a ratio is
the median of the ratios of such pairs. CPU seconds are those of the command and all processes that it starts, as the
system counts them. Peak memory is that of the same processes together (PSS, sampled every 50 ms); where runs are
short, it comes from an extra run. *Warm bed* means that a track of another routine and voice was made over the same
background before, so that the bed and its encoded loop are in the cache.

**The floor** is ffmpeg alone with one thread. It encodes the sound of the finished track, decoded to 16-bit PCM
before, to the same MP3 as `sleepward`: 128 kb/s, libmp3lame at its default quality, bit reservoir off. Nothing is
spoken or mixed.

{_machine_table()}
"""


def _machine_table() -> str:
    facts = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }
    return "\n".join(["| machine | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file() and (found := re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)):
        return found[1].strip()
    return platform.processor() or platform.machine()
