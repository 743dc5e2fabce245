"""The growth of build time with spoken minutes and with the length of the track, with a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from _measure import Runs, in_turn
from _report import Figure, Section, at_most, row

if TYPE_CHECKING:
    from _workbench import Workbench
    from matplotlib.axes import Axes

PICTURE = Path("docs/images/growth.svg")
GROUP = 5  # sentences that follow each other, as in a pose
FLAT = 1.5  # the longest track may take so many times as long as the shortest
ROUTINES = (
    "deep-hip-opening", "internal-hip-rotation", "lower-back-relief", "neck-and-shoulders",
    "psoas-release", "soothing-hips", "ten-minute-hips", "ten-minutes-in-bed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Point:
    """A script with so many sentences in so many minutes, over rain."""

    sentences: int
    track_min: int

    @property
    def name(self) -> str:
        return f"{self.sentences}-in-{self.track_min}.txt"


def growth(bench: Workbench) -> Section:
    counts = (25, 50) if bench.quick else (50, 100, 200, 400)
    lengths = (10, 30) if bench.quick else (15, 30, 60, 120, 240, 480)
    by_speech = [Point(count, max(lengths) // len(lengths) if bench.quick else 60) for count in counts]
    by_length = [Point(counts[0], length) for length in lengths]
    points = list(dict.fromkeys([*by_speech, *by_length]))
    texts = list(islice(_sentences(bench), max(counts)))
    assert len(texts) == max(counts), f"the routines say only {len(texts)} different sentences"
    for point in points:
        (bench.folder / point.name).write_text(_script(texts, point), encoding="utf-8")
    flags = ["--background", "rain", "--tail", "10s"]
    sides = {point.name: lambda p=point: bench.build(p.name, *flags, cache=bench.warm_bed()) for point in points}
    in_turn(dict(islice(sides.items(), 1)), 1)
    timed = in_turn(sides, bench.few_runs)
    planned = {point: _minutes(bench, point, flags) for point in points}
    rows = [
        row(f"{planned[point][0]:.1f} min spoken in {planned[point][1]:.0f} min", timed[point.name]) for point in points
    ]
    spoken = [(planned[point][0], timed[point.name]) for point in by_speech]
    whole = [(planned[point][1], timed[point.name]) for point in by_length]
    rows.append(row("per spoken minute", figure=Figure(f"{_slope(spoken):.2f} s")))
    rows.append(row("per minute of track", figure=Figure(f"{_slope(whole) * 1000:.1f} ms")))
    flat = timed[by_length[-1].name].ratio(timed[by_length[0].name])
    words = f"{lengths[-1]} min against {lengths[0]} min of track"
    rows.append(row(words, figure=at_most(flat, FLAT)))
    notes = ["Sentences of the built-in routines, five at a time, over rain; bed warm, narration cold."]
    if not bench.quick:
        _draw(spoken, whole)
        notes.append("![time against spoken minutes, and against minutes of track](images/growth.svg)")
    return Section("growth", "Growth", rows, notes=notes)


def _sentences(bench: Workbench) -> Iterator[str]:
    """The sentences of the built-in routines, each once."""
    seen = set()
    for routine in ROUTINES:
        script = bench.sleepward("script", routine, cache=bench.folder).stdout
        for text in re.findall(r"^([A-Z][^\n\[{:]*\w\.)(?= *(?:\[|$))", script, re.MULTILINE):
            if text not in seen:
                seen.add(text)
                yield text


def _script(texts: list[str], point: Point) -> str:
    """Groups of sentences at even distances: each group is in a hold of fixed length."""
    groups = [texts[at : at + GROUP] for at in range(0, point.sentences, GROUP)]
    each_ms = point.track_min * 60_000 // len(groups)
    blocks = [f"[hold {each_ms / 1000:g}s]\n[at 0s]\n" + "\n".join(group) + "\n[release]\n" for group in groups]
    return "# Growth\n" + "".join(blocks) + "[sleep]\n"


def _minutes(bench: Workbench, point: Point, flags: list[str]) -> tuple[float, float]:
    """(spoken minutes, minutes in all)."""
    plan = bench.plan(point.name, *flags, cache=bench.folder / "cache")
    spoken_ms = sum(event["end_ms"] - event["start_ms"] for event in plan["events"] if event["kind"] == "speech")
    return spoken_ms / 60_000, plan["duration_ms"] / 60_000


def _slope(points: Sequence[tuple[float, Runs]]) -> float:
    """Seconds per minute, by least squares."""
    import numpy as np

    minutes = np.array([at for at, _ in points])
    return float(np.polyfit(minutes, np.array([runs.wall_s for _, runs in points]), 1)[0])


def _draw(by_speech: Sequence[tuple[float, Runs]], by_length: Sequence[tuple[float, Runs]]) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "growth"  # so that the same figures give the same file
    mpl.rcParams["svg.fonttype"] = "none"  # so that the file is small
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_panel(left, "minutes spoken, in an hour", by_speech)
    _draw_panel(right, "minutes of track, the same spoken", by_length)
    left.set_ylabel("seconds to build")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None})


def _draw_panel(axes: Axes, label: str, points: Sequence[tuple[float, Runs]]) -> None:
    """Draw medians as a line, and fastest to slowest as bars."""
    minutes = [at for at, _ in points]
    walls = [[run.wall_s for run in runs.each] for _, runs in points]
    axes.plot(minutes, [runs.wall_s for _, runs in points], color="tab:blue", linewidth=1)
    axes.vlines(minutes, [min(w) for w in walls], [max(w) for w in walls], color="tab:blue", linewidth=3, alpha=0.4)
    axes.set_xlabel(label)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
