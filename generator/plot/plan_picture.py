"""A plan as a picture: a row for each chapter, from top to bottom, with its voice, holds and background."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..durations import clock
from .page import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    LABEL_PX,
    LANE,
    MARGIN_PX,
    ORANGE,
    PAPER,
    PURPLE,
    SMALL_PX,
    STRIP_PX,
    WIDTH_PX,
    YELLOW,
    Page,
    check_suffix,
    shortened,
    text_px,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    BedDb = Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """The background's level at times in ms, in dB relative to its open level."""

_SIDES = {"right": ORANGE, "left": BLUE, "clockwise": PURPLE, "counterclockwise": YELLOW}
_OTHER = GREEN

_HEAD_PX = 330
_LABEL_ROOM_PX, _VOICE_PX, _HOLD_PX, _BED_PX, _GAP_PX = 50, 24, 46, 30, 34
_BED_RANGE_DB = 12.0  # shows the duck of 3 dB well; fades leave the range at the bottom
_MIN_ROW_MS, _MAX_ROW_MS = 60_000, 240_000
_MAX_ROWS = 300
_WHOLE_TAIL_MS, _LAST_MS = 20 * 60_000, 5 * 60_000  # a longer tail than the first has a row of its own for its end


@dataclass(frozen=True, slots=True)
class _PictureRow:
    """A part of the track, drawn across the picture, whose full width is `width_ms`. A chapter's first row has a label.

    In a row with `alone` only the background sounds.
    """

    start_ms: int
    end_ms: int
    width_ms: int
    label: str = ""
    length: str = ""
    alone: bool = False

    @property
    def height_px(self) -> int:
        voiced_px = 0 if self.alone else _VOICE_PX + _HOLD_PX
        return (_LABEL_ROOM_PX if self.label else 0) + voiced_px + _BED_PX + _GAP_PX

    def x_px(self, ms: float) -> float:
        return MARGIN_PX + (ms - self.start_ms) / self.width_ms * STRIP_PX


def plot_plan(plan: Mapping[str, Any], bed_db: BedDb, path: Path) -> str:
    """Draw `plan` (as `plan --json` gives it) to a PNG or SVG, 1,080 pixels wide. The same plan gives the same bytes.

    Returns the letters that the font lacks, each once. They are drawn as boxes.

    Raises InputError for another file type, if the file can't be written, and if there is too much to draw.
    """
    check_suffix(path)
    rows = list(_rows(plan))
    page = Page(_HEAD_PX + sum(row.height_px for row in rows) + MARGIN_PX)
    settings = plan["settings"]
    y_px = page.title(
        plan["title"],
        (f"{clock(plan['duration_ms'])} in all, {clock(plan['guided_ms'])} guided", LABEL_PX, FAINT),
        (
            f"{plan['voice']} over {settings['background']}; a whole row lasts {clock(rows[0].width_ms)}",
            SMALL_PX,
            FAINT,
        ),
    )
    page.legend(y_px + 14, _legend(plan))
    top_px = float(_HEAD_PX)
    for row in rows:
        _draw(page, row, plan, bed_db, top_px)
        top_px += row.height_px
    page.save(path)
    return "".join(sorted(page.missing_glyphs))


def _rows(plan: Mapping[str, Any]) -> Iterator[_PictureRow]:
    """The rows, on one scale so that lengths compare. A long chapter has several rows; the tail has its own scale."""
    guided_ms, duration_ms = plan["guided_ms"], plan["duration_ms"]
    longest_ms = max(min(chapter["end_ms"], guided_ms) - chapter["start_ms"] for chapter in plan["chapters"])
    width_ms = max(min(max(longest_ms, _MIN_ROW_MS), _MAX_ROW_MS), guided_ms // _MAX_ROWS)
    for chapter in plan["chapters"]:
        begin_ms, end_ms = chapter["start_ms"], min(chapter["end_ms"], guided_ms)
        label, length = f"{clock(begin_ms)}  {chapter['title']}", clock(end_ms - begin_ms)
        for start_ms in range(begin_ms, end_ms, width_ms):
            yield _PictureRow(start_ms, min(start_ms + width_ms, end_ms), width_ms, label, length)
            label = length = ""
    tail_ms = duration_ms - guided_ms
    if _silent(plan) or tail_ms <= _WHOLE_TAIL_MS:
        what = "Silence" if _silent(plan) else "Background alone, fading out"
        yield _PictureRow(guided_ms, duration_ms, tail_ms, f"{clock(guided_ms)}  {what}", clock(tail_ms), alone=True)
        return
    last_ms = duration_ms - _LAST_MS  # the fade of a minute can't be seen among hours
    row_ms = last_ms - guided_ms
    yield _PictureRow(guided_ms, last_ms, row_ms, f"{clock(guided_ms)}  Background alone", clock(row_ms), alone=True)
    label = f"{clock(last_ms)}  The last minutes, fading out"
    yield _PictureRow(last_ms, duration_ms, _LAST_MS, label, clock(_LAST_MS), alone=True)


def _legend(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Colours and their meanings, for what is in this plan."""
    there = {event["round"] for event in plan["events"] if event["kind"] == "hold"}
    shown = [(INK, "voice"), *((colour, side) for side, colour in _SIDES.items() if side in there)]
    if there - set(_SIDES):
        shown.append((_OTHER, "hold, both or no side" if there & set(_SIDES) else "hold"))
    if not _silent(plan):
        shown.append((GREY, "background, loud at the top and quiet below"))
    return shown


def _silent(plan: Mapping[str, Any]) -> bool:
    return bool(plan["settings"]["background"] == "none")


def _draw(page: Page, row: _PictureRow, plan: Mapping[str, Any], bed_db: BedDb, top_px: float) -> None:
    if row.label:
        room_px = STRIP_PX - text_px(row.length, SMALL_PX) - 24
        page.write(MARGIN_PX, top_px + 22, shortened(row.label, LABEL_PX, room_px), LABEL_PX)
        page.write(WIDTH_PX - MARGIN_PX, top_px + 22, row.length, SMALL_PX, color=FAINT, ha="right")
        top_px += _LABEL_ROOM_PX
    else:
        page.write(MARGIN_PX, top_px - _GAP_PX / 2, f"… {clock(row.start_ms)}", SMALL_PX, color=FAINT)
    voiced_px = 0 if row.alone else _VOICE_PX + _HOLD_PX
    page.box(MARGIN_PX, top_px, row.x_px(row.end_ms) - MARGIN_PX, voiced_px + _BED_PX, colour=LANE)
    if not row.alone:
        for event in plan["events"]:
            if event["start_ms"] < row.end_ms and event["end_ms"] > row.start_ms:
                _draw_event(page, row, event, top_px)
    if not _silent(plan):
        _draw_bed(page, row, bed_db, top_px + voiced_px)


def _draw_event(page: Page, row: _PictureRow, event: Mapping[str, Any], top_px: float) -> None:
    start_ms, end_ms = max(event["start_ms"], row.start_ms), min(event["end_ms"], row.end_ms)
    x_px = row.x_px(start_ms)
    wide_px = row.x_px(end_ms) - x_px
    if event["kind"] in ("speech", "chime"):
        colour = INK if event["kind"] == "speech" else GREY
        page.box(x_px, top_px + 4, max(wide_px, 3), _VOICE_PX - 8, colour=colour)
    elif event["kind"] == "hold":
        top_px += _VOICE_PX
        page.box(x_px, top_px, wide_px, _HOLD_PX, colour=_SIDES.get(event["round"], _OTHER), edge=LANE)
        lasts = clock(event["end_ms"] - event["start_ms"])
        side = event["round"] if event["round"] not in (None, "only") else ""
        fitting = (words for words in (f"{side} {lasts}".strip(), lasts) if text_px(words, SMALL_PX) + 14 < wide_px)
        words = next(fitting, "")
        if words and event["start_ms"] == start_ms:
            page.write(x_px + wide_px / 2, top_px + _HOLD_PX / 2, words, SMALL_PX, color=PAPER, ha="center")


def _draw_bed(page: Page, row: _PictureRow, bed_db: BedDb, top_px: float) -> None:
    import numpy as np

    at_ms = np.linspace(row.start_ms, row.end_ms, max(2, round(row.x_px(row.end_ms) - MARGIN_PX)))
    under = np.clip(-bed_db(at_ms), 0, _BED_RANGE_DB) / _BED_RANGE_DB
    x_px = np.array([row.x_px(ms) for ms in at_ms])
    page.fill(x_px, top_px + 5 + under * (_BED_PX - 5), top_px + _BED_PX, colour=GREY)
