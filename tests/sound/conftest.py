"""What the sound tests share: the meters of `benchmarks/`, a way to measure a script over a background, and a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import _sound_rows
import numpy as np
import pytest

from generator.build import pipeline
from generator.build.track import BuildContext
from generator.storage.cache import Cache
from generator.system import ffmpeg
from generator.verify import Row, verify
from generator.workspace import Workspace
from generator.workspace.script_sources import ScriptSource

MEASURED = "measured"  # the property by which a test tells the report


@dataclass(frozen=True)
class Measured:
    """A track that was built: its sound beside its voice alone, and its rows by id, `verified` those of `verify`."""

    take: _sound_rows.Take
    verified: dict[str, Row]

    @cached_property
    def rows(self) -> dict[str, Row]:
        return {**self.verified, **{row.id: row for row in _sound_rows.measured(self.take)}}


@pytest.fixture(scope="session")
def measure(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Measured]:
    """Build a script over a background, decode it, and measure it against its plan and against the voice alone."""
    folder = tmp_path_factory.mktemp("measured")
    context = BuildContext(Cache(cache_folder), 2)
    clean_of: dict[str, Any] = {}

    def made(script: str, name: str, **flags: str) -> Path:
        spec = pipeline.read_spec(ScriptSource(script, "night", "night.txt"), flags, Workspace.here())
        return pipeline.build(spec, folder / name, context).path

    def alone(script: str) -> Any:
        if script not in clean_of:
            name = f"alone-{len(clean_of)}"
            path = made(script, f"{name}.wav", background="none", format="wav", glide="off", tail="10s")
            clean_of[script] = _sound_rows.left_of(path, folder / name)
        return clean_of[script]

    def measured(script: str, background: str, **flags: str) -> Measured:
        path = made(script, f"{Path(background).name}.mp3", background=background, **flags)
        report = verify(path)
        planned = _sound_rows.plan_in(path)
        track = _sound_rows.left_of(path, folder / f"{path.stem}.track")
        loop = _sound_rows.breath_loop(planned, context.cache)
        take = _sound_rows.Take(planned, track, alone(script), loop)
        return Measured(take, {row.id: row for row in report.rows})

    return measured


def music(path: Path, seconds: float, *, channels: int = 2, level: float = 0.2, rate: int = 44_100) -> Path:
    """Slow chords that never pause, in whatever format the suffix says."""
    at = np.arange(round(seconds * rate)) / rate
    swell = 0.75 + 0.25 * np.sin(2 * np.pi * at / 7)
    sides = [
        swell * sum(np.sin(2 * np.pi * hz * at + phase) for hz in (196.0, 246.9, 293.7)) / 3 for phase in (0.0, 0.7)
    ]
    sound = level * np.stack(sides[:channels], axis=1)
    args = ["-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-", "-y", str(path)]
    ffmpeg.run(args, sound.astype("<f4").tobytes())
    return path


# --- the report --------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sound-report", metavar="FILE", help="write the table of measured rows there, as Markdown")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    table: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    columns: dict[str, None] = {}
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == MEASURED:
                basis, what, column, measured = value
                table[basis, what][column] = measured
                columns[column] = None
    if not table:
        return
    lines = ["| row | | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    for (basis, what), cells in sorted(table.items(), key=lambda item: _order(item[0][0])):
        lines.append(f"| {basis} | {what} | " + " | ".join(cells.get(column, "–") for column in columns) + " |")
    text = "\n".join(lines)
    if file := config.getoption("--sound-report", default=None):
        Path(config.rootpath / file).write_text(text + "\n", encoding="utf-8")
        terminalreporter.write_line(f"sound report: {file}")
    else:
        terminalreporter.section("sound, as measured")
        terminalreporter.write_line(text)


def _order(basis: str) -> tuple[int, str]:
    number = basis.removeprefix("row ")
    return (int(number), "") if number.isdigit() else (99, basis)
