"""A finished track's loudness over time, with the levels in its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..durations import clock
from .page import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    LABEL_PX,
    LANE,
    MARGIN_PX,
    ORANGE,
    SHADE,
    SMALL_PX,
    STRIP_PX,
    Page,
    check_suffix,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HEAD_PX, _PANEL_PX, _AXIS_PX = 300, 200, 44
_MOST_PANELS = 12
_PANEL_MS = 300_000
_LOW_LUFS, _HIGH_LUFS = -75.0, -12.0
_VALUE_MS = 100


def plot_loudness(
    momentary_lufs: NDArray[np.float64], plan: Mapping[str, Any], failed: Sequence[str], path: Path
) -> None:
    """Draw momentary loudness (one value every 100 ms) in up to twelve panels, going down.

    The wide line is the planned level of the voice at the start, ± the 1 LU it may be off; the thin line is the
    background's while the voice sounds. `failed` names the failed rows. Raises InputError like `plot_plan`.
    """
    check_suffix(path)
    panels = min(_MOST_PANELS, -(-plan["duration_ms"] // _PANEL_MS))
    span_ms = -(-plan["duration_ms"] // panels)
    page = Page(_HEAD_PX + panels * (_PANEL_PX + _AXIS_PX) + MARGIN_PX)
    voice_lufs = float(plan["settings"]["loudness"])
    levels = [(ORANGE, voice_lufs, 1.0)]
    shown = [(ORANGE, f"voice, {voice_lufs:g} ±1")]
    if plan["settings"]["background"] != "none":
        bed_lufs = voice_lufs - float(plan["settings"]["background_level"])
        levels.append((BLUE, bed_lufs, 0.4))
        shown.append((BLUE, f"background, {bed_lufs:g}"))
    y_px = page.title(
        plan["title"],
        (f"failed: {', '.join(failed)}" if failed else "within its limits", LABEL_PX, ORANGE if failed else GREEN),
        (f"from quiet, below, to loud ({_LOW_LUFS:g} to {_HIGH_LUFS:g} LUFS)", SMALL_PX, FAINT),
    )
    page.legend(y_px + 14, [*shown, (SHADE, "speech")])
    for panel in range(panels):
        top_px = float(_HEAD_PX + panel * (_PANEL_PX + _AXIS_PX))
        _draw(page, momentary_lufs, plan, levels=levels, stretch_ms=(panel * span_ms, span_ms), top_px=top_px)
    page.save(path)


def _draw(
    page: Page,
    momentary_lufs: NDArray[np.float64],
    plan: Mapping[str, Any],
    *,
    levels: Sequence[tuple[str, float, float]],
    stretch_ms: tuple[int, int],
    top_px: float,
) -> None:
    """One panel. `stretch_ms` is its start and its width."""
    import numpy as np

    first_ms, span_ms = stretch_ms
    last_ms = min(first_ms + span_ms, plan["duration_ms"])

    def x_px(ms: float) -> float:
        return MARGIN_PX + (ms - first_ms) / span_ms * STRIP_PX

    def y_px(level: Any) -> Any:
        return top_px + (_HIGH_LUFS - np.clip(level, _LOW_LUFS, _HIGH_LUFS)) / (_HIGH_LUFS - _LOW_LUFS) * _PANEL_PX

    wide_px = x_px(last_ms) - MARGIN_PX
    page.box(MARGIN_PX, top_px, wide_px, _PANEL_PX, colour=LANE)
    for event in plan["events"]:
        start_ms, end_ms = max(event["start_ms"], first_ms), min(event["end_ms"], last_ms)
        if event["kind"] == "speech" and start_ms < end_ms:
            page.box(x_px(start_ms), top_px, x_px(end_ms) - x_px(start_ms), _PANEL_PX, colour=SHADE)
    for colour, level, off in levels:
        page.box(MARGIN_PX, y_px(level + off), wide_px, y_px(level - off) - y_px(level + off), colour=colour)
    part = momentary_lufs[first_ms // _VALUE_MS : last_ms // _VALUE_MS]
    together = max(1, round(span_ms / _VALUE_MS / STRIP_PX))  # values in a pixel
    part = part[: len(part) // together * together].reshape(-1, together)
    if len(part):
        at_px = np.array([x_px(first_ms + (index + 0.5) * together * _VALUE_MS) for index in range(len(part))])
        page.fill(at_px, y_px(part.max(axis=1)) - 1, y_px(part.min(axis=1)) + 1, colour=INK, line_px=1.2)
    page.write(MARGIN_PX, top_px + _PANEL_PX + 18, clock(first_ms), SMALL_PX, color=FAINT)
