"""Lays out a script's cues as a Timeline, from the lengths of the clips and the pace, in whole milliseconds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from ..durations import MAX_TRACK_MS, format_ms
from ..errors import LengthError
from ..model import (
    Breathe,
    Chapter,
    Chime,
    Count,
    Cue,
    CuePlace,
    Event,
    EventKind,
    Hold,
    HoldLength,
    Pause,
    Say,
    Script,
    Timeline,
)
from .fit import REST_MOST_MS, default_fit, fit_holds, longest_ms, range_ms, shortest_ms
from .holds import HoldPlacer
from .items import ItemPlacer, event_at
from .timing import Timing


def lay_out(script: Script, clip_ms: Mapping[str, int], timing: Timing) -> Timeline:
    """Place every cue. `clip_ms` holds the length of each of `spoken_texts`.

    Raises ScriptError if a line doesn't fit its hold at the hold's shortest or longest, so that a script's validity
    doesn't depend on the wanted length. Raises LengthError if the wanted length isn't possible.
    """
    holds, ends_in_rest = _holds_of(script), _ends_in_rest(script)
    shortest = [shortest_ms(hold, timing.breath_ms, timing.count_ms) for hold in holds]
    longest = [longest_ms(hold, timing.breath_ms, timing.count_ms) for hold in holds]
    if ends_in_rest:
        longest[-1] = max(longest[-1], REST_MOST_MS)
    least_ms = _Layout(script, clip_ms, timing, shortest).run()
    _Layout(script, clip_ms, timing, longest).run()  # positions are linear, so what fits at both ends fits between
    base_ms = least_ms - sum(shortest)
    hold_least_ms, hold_most_ms = range_ms(holds, timing.breath_ms, timing.count_ms, ends_in_rest=ends_in_rest)

    if timing.length_ms is None:
        chosen = default_fit(holds, timing.breath_ms, timing.count_ms)
    else:
        chosen = fit_holds(
            holds, timing.length_ms, base_ms, timing.breath_ms, timing.count_ms, ends_in_rest=ends_in_rest
        )
    layout = _Layout(script, clip_ms, timing, list(chosen.holds_ms), chosen.remainder_ms)
    guided_ms = layout.run()
    duration_ms = guided_ms + timing.tail_ms
    if duration_ms > MAX_TRACK_MS:
        raise LengthError(
            f"the track would last {format_ms(duration_ms)}, longer than the 24 h there can be",
            where=script.name,
            hint="give a shorter --tail or --length",
        )
    return Timeline(
        events=layout.finished_events(guided_ms, duration_ms),
        chapters=layout.finished_chapters(duration_ms),
        guided_ms=guided_ms,
        tail_ms=timing.tail_ms,
        length_range_ms=(base_ms + hold_least_ms, base_ms + hold_most_ms),
    )


def least_guided_ms(script: Script, clip_ms: Mapping[str, int], timing: Timing) -> int:
    """How long the guided part lasts with every hold at its shortest. Raises ScriptError as `lay_out` does."""
    shortest = [shortest_ms(hold, timing.breath_ms, timing.count_ms) for hold in _holds_of(script)]
    return _Layout(script, clip_ms, timing, shortest).run()


class _Layout:
    """One pass over the cues with a cursor. `holds_ms` are the lengths of the holds that state a length, in order."""

    def __init__(
        self, script: Script, clip_ms: Mapping[str, int], timing: Timing, holds_ms: Sequence[int], remainder_ms: int = 0
    ) -> None:
        self._script = script
        self._timing = timing
        self._items = ItemPlacer(script, clip_ms, timing)
        self._holds = HoldPlacer(self._items, timing)
        self._holds_ms = iter(holds_ms)
        self._remainder_ms = remainder_ms
        self._remainder_index = _remainder_index(script.cues)
        self._cursor_ms = 0
        self._previous: Cue | None = None
        self.events: list[Event] = []
        self._chapter_starts: dict[int, int] = {}

    def run(self) -> int:
        """Place all cues. Returns the end of the guided part in ms."""
        self._pause(self._timing.lead_in_ms, self._script.cues[0].where)
        for index, cue in enumerate(self._script.cues):
            self._chapter_starts.setdefault(cue.where.chapter, self._cursor_ms if index else 0)
            self._gap_before(cue)
            self._place(cue, self._remainder_ms if index == self._remainder_index else 0)
            self._previous = cue
        if self._remainder_ms and self._remainder_index is None:
            self._pause(self._remainder_ms, self._script.cues[-1].where)
        return self._cursor_ms

    def finished_events(self, guided_ms: int, duration_ms: int) -> tuple[Event, ...]:
        last = len(self._script.chapters) - 1
        self._chapter_starts.setdefault(last, guided_ms)  # a last chapter without cues holds the tail
        tail = event_at("tail", guided_ms, duration_ms, "", CuePlace(0, last))
        return tuple(sorted([*self.events, tail], key=lambda event: event.start_ms))

    def finished_chapters(self, duration_ms: int) -> tuple[Chapter, ...]:
        """Chapters that tile the track."""
        starts = sorted(self._chapter_starts.items())
        ends = [start for _, start in starts[1:]] + [duration_ms]
        return tuple(
            Chapter(self._script.chapters[index], start, end) for (index, start), end in zip(starts, ends, strict=True)
        )

    # --- at the top level --------------------------------------------------------------------------

    def _gap_before(self, cue: Cue) -> None:
        previous = self._previous
        if previous is None or isinstance(previous, Pause) or isinstance(cue, Pause):
            return
        if isinstance(cue, Say) and isinstance(previous, Say | Chime):
            self._pause(self._items.gap_ms(cue.gap, cue.where), cue.where)
        else:  # a longer gap before and after a hold, a count or a bell
            self._pause(self._timing.gap_ms("paragraph"), cue.where)

    def _place(self, cue: Cue, remainder_ms: int) -> None:
        match cue:
            case Hold(length=None):
                items = [item for group in cue.groups for item in group.items]
                self._hold_by_content(cue, *self._items.place_all(items, self._cursor_ms))
            case Hold():
                self._place_hold(cue, next(self._holds_ms) + remainder_ms)
            case Count():
                self._wrap_in_hold(cue, f"count {cue.number}")
            case Breathe():
                self._wrap_in_hold(cue, f"{len(cue.breaths)} breaths", len(cue.breaths))
            case Say() | Pause() | Chime():
                events, self._cursor_ms = self._items.place(cue, self._cursor_ms, remainder_ms)
                self.events += events
            case _:
                assert_never(cue)

    def _place_hold(self, hold: Hold, length_ms: int) -> None:
        is_last = hold is self._script.cues[-1]  # people fall asleep in the last hold, so no bell ends it
        self.events += self._holds.place(hold, self._cursor_ms, length_ms, is_last=is_last)
        self._cursor_ms += length_ms

    def _hold_by_content(self, hold: Hold, events: list[Event], end_ms: int) -> None:
        """Place a hold without a length, which lasts as long as its content."""
        if end_ms == self._cursor_ms:
            self._items.fail(
                hold.where, "[hold] without a length and without content", "write a length, like [hold 1 min]"
            )
        self._emit("hold", self._cursor_ms, end_ms, hold.text, hold.where)
        self.events += events
        self._cursor_ms = end_ms

    def _wrap_in_hold(self, cue: Count | Breathe, text: str, breaths: int = 0) -> None:
        """Place a count or guided breaths outside a hold, which get a hold event of their own."""
        events, end_ms = self._items.place(cue, self._cursor_ms)
        self._emit("hold", self._cursor_ms, end_ms, text, cue.where, breaths=breaths)
        self.events += events
        self._cursor_ms = end_ms

    def _pause(self, ms: int, where: CuePlace) -> None:
        if ms:
            self._emit("pause", self._cursor_ms, self._cursor_ms + ms, "", where)
            self._cursor_ms += ms

    def _emit(
        self, kind: EventKind, start_ms: int, end_ms: int, text: str, where: CuePlace, *, breaths: int = 0
    ) -> None:
        self.events.append(event_at(kind, start_ms, end_ms, text, where, breaths=breaths))


def _holds_of(script: Script) -> list[HoldLength]:
    """The holds that state a length, in order."""
    return [cue.length for cue in script.cues if isinstance(cue, Hold) and cue.length is not None]


def _ends_in_rest(script: Script) -> bool:
    """Whether it ends in a rest that welcomes more, such as `[hold 1-10+ min]`: it takes what no other hold can."""
    last = script.cues[-1]
    if not isinstance(last, Hold) or last.length is None:
        return False
    return last.length.more and _remainder_index(script.cues) is not None


def _remainder_index(cues: Sequence[Cue]) -> int | None:
    """The index of the last cue if it can take the few ms that a fit leaves over; else None.

    It can if it is the final rest, or a pause before the tail.
    """
    last = cues[-1]
    if isinstance(last, Pause) and last.unit == "ms":
        return len(cues) - 1
    if (
        isinstance(last, Hold)
        and last.length is not None
        and last.length.unit == "ms"
        and last.length.elastic
        and last.where.round in (None, "only")
    ):
        return len(cues) - 1
    return None
