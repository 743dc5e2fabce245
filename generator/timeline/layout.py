"""Cues, the lengths of their clips and the pace to a Timeline: pure, in whole milliseconds."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn, assert_never

from ..durations import format_ms, longest_hold
from ..errors import LengthError, ScriptError
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
    HoldGroup,
    HoldLength,
    HoldOffset,
    Item,
    Pause,
    Say,
    Script,
    Timeline,
)
from .fit import default_fit, fit_holds, hold_ms, range_ms, shortest_ms
from .timing import Timing, is_silent, number_text

MAX_TRACK_MS = 24 * 3_600_000
CHIME_MS = 4_000  # a soft bell has faded to nothing by then


def lay_out(script: Script, clip_ms: Mapping[str, int], timing: Timing) -> Timeline:
    """Place every cue. `clip_ms` holds the length of each of `spoken_texts`.

    Raises ScriptError where a line doesn't fit its hold at the shortest or the longest that hold can be (so a script's
    validity doesn't depend on the length asked), LengthError where the length can't be had.
    """
    holds = [_length_of(cue) for cue in script.cues if _has_length(cue)]
    shortest = [shortest_ms(hold, timing.breath_ms, timing.count_ms) for hold in holds]
    longest_ms = [
        hold_ms(hold, longest_hold(hold, timing.breath_ms), timing.breath_ms, timing.count_ms) for hold in holds
    ]
    least_ms = _Layout(script, clip_ms, timing, shortest).run()
    _Layout(script, clip_ms, timing, longest_ms).run()  # what is in order at both ends is so between: all is linear
    base_ms = least_ms - sum(shortest)
    hold_least_ms, hold_most_ms = range_ms(holds, timing.breath_ms, timing.count_ms)

    if timing.length_ms is None:
        chosen = default_fit(holds, timing.breath_ms, timing.count_ms)
    else:
        chosen = fit_holds(holds, timing.length_ms, base_ms, timing.breath_ms, timing.count_ms)
    layout = _Layout(script, clip_ms, timing, list(chosen.holds_ms), chosen.rest_ms)
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


class _Layout:
    """One pass over the cues with a cursor; `holds_ms` are the lengths of the holds that have one, in order."""

    def __init__(
        self, script: Script, clip_ms: Mapping[str, int], timing: Timing, holds_ms: Sequence[int], rest_ms: int = 0
    ) -> None:
        self._script = script
        self._clip_ms = clip_ms
        self._timing = timing
        self._holds_ms = iter(holds_ms)
        self._rest_ms = rest_ms
        self._rest_index = _remainder_cue(script.cues)
        self._cursor_ms = 0
        self._previous: Cue | None = None
        self.events: list[Event] = []
        self._chapter_starts: dict[int, int] = {}

    def run(self) -> int:
        """Place everything; the end of the guided part in ms."""
        self._pause(self._timing.lead_in_ms, self._script.cues[0].where)
        for index, cue in enumerate(self._script.cues):
            self._chapter_starts.setdefault(cue.where.chapter, self._cursor_ms if index else 0)
            self._gap_before(cue)
            self._place(cue, self._rest_ms if index == self._rest_index else 0)
            self._previous = cue
        if self._rest_ms and self._rest_index is None:
            self._pause(self._rest_ms, self._script.cues[-1].where)
        return self._cursor_ms

    def finished_events(self, guided_ms: int, duration_ms: int) -> tuple[Event, ...]:
        last = len(self._script.chapters) - 1
        self._chapter_starts.setdefault(last, guided_ms)  # a last title with nothing under it is the tail's
        tail = self._event("tail", guided_ms, duration_ms, "", CuePlace(0, last))
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
            self._pause(self._timing.gap_ms(cue.gap), cue.where)
        else:  # into and out of a hold, a count or a bell: a breath's space, so that nothing runs on
            self._pause(self._timing.gap_ms("paragraph"), cue.where)

    def _place(self, cue: Cue, rest_ms: int) -> None:
        match cue:
            case Hold(length=None):
                items = [item for group in cue.groups for item in group.items]
                self._open_hold(cue, *self._sequence(items, self._cursor_ms))
            case Hold():
                self._hold(cue, next(self._holds_ms) + rest_ms)
            case Count():
                self._hold_of(cue, f"count {cue.number}")
            case Breathe():
                self._hold_of(cue, f"{len(cue.breaths)} breaths", len(cue.breaths))
            case Say() | Pause() | Chime():
                events, self._cursor_ms = self._item(cue, self._cursor_ms, rest_ms)
                self.events += events
            case _:
                assert_never(cue)

    def _open_hold(self, hold: Hold, events: list[Event], end_ms: int) -> None:
        """A hold without a length, which lasts as long as its content."""
        if end_ms == self._cursor_ms:
            self._fail(hold.where, "[hold] without a length and without content", "write a length, like [hold 1 min]")
        self._emit("hold", self._cursor_ms, end_ms, hold.text, hold.where)
        self.events += events
        self._cursor_ms = end_ms

    def _hold_of(self, cue: Count | Breathe, text: str, breaths: int = 0) -> None:
        """A count or guided breaths outside a hold: one of their own."""
        events, end_ms = self._item(cue, self._cursor_ms)
        self._emit("hold", self._cursor_ms, end_ms, text, cue.where, breaths=breaths)
        self.events += events
        self._cursor_ms = end_ms

    def _pause(self, ms: int, where: CuePlace) -> None:
        if ms:
            self._emit("pause", self._cursor_ms, self._cursor_ms + ms, "", where)
            self._cursor_ms += ms

    # --- items -------------------------------------------------------------------------------------

    def _item(self, item: Item, start_ms: int, rest_ms: int = 0) -> tuple[list[Event], int]:
        """The events of one item that starts at `start_ms`, and where it ends."""
        match item:
            case Say():
                end_ms = start_ms + self._clip_ms[item.text]
                return [self._event("speech", start_ms, end_ms, item.text, item.where)], end_ms
            case Pause():
                timing = self._timing
                breaths_ms = item.length * timing.breath_ms
                end_ms = start_ms + (breaths_ms if item.unit == "breaths" else timing.scaled(item.length)) + rest_ms
                return [self._event("pause", start_ms, end_ms, "", item.where)], end_ms
            case Chime():
                end_ms = start_ms + CHIME_MS
                return [self._event("chime", start_ms, end_ms, "", item.where)], end_ms
            case Count():
                return self._count(item.number, is_silent(item.number, item.silent, self._timing), start_ms, item.where)
            case Breathe():
                return self._breathe(item, start_ms)
            case _:
                assert_never(item)

    def _count(self, number: int, silent: bool, start_ms: int, where: CuePlace) -> tuple[list[Event], int]:
        events: list[Event] = []
        count_ms = self._timing.count_ms
        texts = [] if silent else [number_text(spoken) for spoken in range(1, number + 1)]
        need_ms = -(-max((self._clip_ms[text] for text in texts), default=0) // 50) * 50
        for spoken in range(1, number + 1):
            end_ms = start_ms + count_ms
            events.append(self._event("count", start_ms, end_ms, str(spoken), where))
            if not silent:
                text = number_text(spoken)
                hint = f"give --count-ms {need_ms} or more, or --count-voice off"
                self._check_fits(text, count_ms, where, f"the {format_ms(count_ms)} of one count", hint)
                events.append(self._event("speech", start_ms, start_ms + self._clip_ms[text], text, where))
            start_ms = end_ms
        return events, start_ms

    def _breathe(self, breathe: Breathe, start_ms: int) -> tuple[list[Event], int]:
        events: list[Event] = []
        timing = self._timing
        exhale_ms = timing.breath_ms - timing.inhale_ms
        for number, breath in enumerate(breathe.breaths, 1):
            middle_ms = start_ms + timing.inhale_ms
            events.append(self._event("breath", start_ms, start_ms + timing.breath_ms, str(number), breathe.where))
            for text, at_ms, phase_ms, line, phase in (
                (breath.inhale, start_ms, timing.inhale_ms, breath.inhale_line, "in"),
                (breath.exhale, middle_ms, exhale_ms, breath.exhale_line, "out"),
            ):
                if text:
                    where = replace(breathe.where, line=line)
                    room = f"the {format_ms(phase_ms)} of breathing {phase}"
                    self._check_fits(text, phase_ms, where, room, "shorten it, or give a lower --breath-rate")
                    events.append(self._event("speech", at_ms, at_ms + self._clip_ms[text], text, where))
            start_ms += timing.breath_ms
        return events, start_ms

    def _sequence(self, items: Sequence[Item], start_ms: int) -> tuple[list[Event], int]:
        """Items one after another, with the pace's gap between any two that aren't pauses."""
        events: list[Event] = []
        previous: Item | None = None
        for item in items:
            if previous is not None and not isinstance(previous, Pause) and not isinstance(item, Pause):
                gap = item.gap if isinstance(item, Say) else "sentence"
                start_ms += self._timing.gap_ms(gap)
            placed, start_ms = self._item(item, start_ms)
            events += placed
            previous = item
        return events, start_ms

    # --- holds -------------------------------------------------------------------------------------

    def _hold(self, hold: Hold, length_ms: int) -> None:
        start_ms, end_ms = self._cursor_ms, self._cursor_ms + length_ms
        assert hold.length is not None
        breaths = length_ms // self._timing.breath_ms if hold.length.unit == "breaths" else 0
        self._emit("hold", start_ms, end_ms, hold.text, hold.where, breaths=breaths)
        if hold.length.unit == "count":
            number = hold.length.low
            silent = is_silent(number, hold.length.silent, self._timing)
            if hold.groups and not silent:
                first = hold.groups[0].items[0]
                self._fail(
                    first.where,
                    f"{_quote(first)} falls on the spoken numbers of [hold {hold.text}], line {hold.where.line}",
                    f"move it out of the hold, or write [hold count {number} silent]",
                )
            self.events += self._count(number, silent, start_ms, hold.where)[0]
        marked = any(group.at is not None for group in hold.groups)
        rings = self._timing.chime and self._rings(hold, length_ms)
        said_by_ms = end_ms - CHIME_MS - self._timing.gap_ms("sentence") if rings else end_ms
        self.events += (
            self._at_marks(hold, start_ms, end_ms, said_by_ms) if marked else self._spread(hold, start_ms, said_by_ms)
        )
        if rings:
            self._emit("chime", end_ms - CHIME_MS, end_ms, "", hold.where)
        self._cursor_ms = end_ms

    def _rings(self, hold: Hold, length_ms: int) -> bool:
        """A bell ends each hold but the last, in which people fall asleep, and those counted or guided to their end."""
        assert hold.length is not None
        is_guided = bool(hold.groups) and isinstance(hold.groups[-1].items[-1], Breathe)
        is_silent_to_its_end = hold.length.unit != "count" and not is_guided
        return hold is not self._script.cues[-1] and is_silent_to_its_end and length_ms >= 2 * CHIME_MS

    def _at_marks(self, hold: Hold, start_ms: int, end_ms: int, said_by_ms: int) -> Iterator[Event]:
        """Lines at their marks; one that would run into the bell comes as much earlier as it must."""
        placed = [(start_ms + self._offset_ms(hold, group.at, end_ms - start_ms), group) for group in hold.groups]
        previous: HoldGroup | None = None
        free_ms = start_ms
        rings = said_by_ms < end_ms
        for mark_ms, group in placed:
            at_ms = self._before_the_bell(group, mark_ms, start_ms, said_by_ms) if rings else mark_ms
            if at_ms < free_ms and previous is not None:
                self._fail(
                    group.items[0].where,
                    f"{_quote(group.items[0])} would begin before {_quote(previous.items[-1])} "
                    f"(line {previous.items[-1].where.line}) has ended, in {self._named(hold, end_ms - start_ms)}",
                    "place it later, shorten one of the two, or lengthen the hold",
                )
            events, free_ms = self._sequence(group.items, at_ms)
            if free_ms > said_by_ms:
                last = group.items[-1]
                self._fail(
                    last.where,
                    f"{_quote(last)} ({format_ms(free_ms - at_ms)} from its [at …] on) ends "
                    f"{format_ms(free_ms - said_by_ms)} after {'the bell of ' if rings else ''}"
                    f"{self._named(hold, end_ms - start_ms)}{' begins' if rings else ''}",
                    "place it earlier, shorten it, or lengthen the hold",
                )
            yield from events
            previous = group

    def _before_the_bell(self, group: HoldGroup, mark_ms: int, start_ms: int, said_by_ms: int) -> int:
        over_ms = self._sequence(group.items, mark_ms)[1] - said_by_ms
        return max(mark_ms - max(over_ms, 0), start_ms)

    def _offset_ms(self, hold: Hold, at: HoldOffset | None, length_ms: int) -> int:
        if at is None:
            return 0
        if at.kind == "percent":
            return round(length_ms * at.value / 100)
        offset_ms = int(at.value) if at.kind == "from_start" else length_ms - int(at.value)
        if not 0 <= offset_ms < length_ms:
            mark = "-" if at.kind == "from_end" else ""
            self._fail(
                replace(hold.where, line=at.line),
                f"[at {mark}{format_ms(int(at.value))}] lies outside {self._named(hold, length_ms)}",
                "place it within the hold, or lengthen the hold",
            )
        return offset_ms

    def _spread(self, hold: Hold, start_ms: int, end_ms: int) -> Iterator[Event]:
        """Lines without marks: equal silences before, between and after them."""
        if not hold.groups:
            return
        lengths_ms = [self._sequence(group.items, 0)[1] for group in hold.groups]
        free_ms = end_ms - start_ms - sum(lengths_ms)
        least_gap_ms = self._timing.gap_ms("sentence")
        between = len(lengths_ms) - 1
        if free_ms < between * least_gap_ms:
            longest_group = hold.groups[lengths_ms.index(max(lengths_ms))]
            item = longest_group.items[0]
            need_ms = sum(lengths_ms) + between * least_gap_ms
            self._fail(
                item.where,
                f"{_quote(item)} doesn't fit: the lines of {self._named(hold, end_ms - start_ms)} "
                f"need {format_ms(need_ms)}",
                "leave lines out, shorten them, or lengthen the hold",
            )
        gap_ms = free_ms // (len(lengths_ms) + 1)
        if gap_ms < least_gap_ms and between:
            gap_ms = least_gap_ms
            at_ms = start_ms + (free_ms - between * gap_ms) // 2
        else:
            at_ms = start_ms + gap_ms
        for group, length_ms in zip(hold.groups, lengths_ms, strict=True):
            yield from self._sequence(group.items, at_ms)[0]
            at_ms += length_ms + gap_ms

    # --- small things --------------------------------------------------------------------------------

    def _event(
        self, kind: EventKind, start_ms: int, end_ms: int, text: str, where: CuePlace, *, breaths: int = 0
    ) -> Event:
        return Event(kind, start_ms, end_ms, text, where.chapter, where.pose, where.round, breaths)

    def _emit(
        self, kind: EventKind, start_ms: int, end_ms: int, text: str, where: CuePlace, *, breaths: int = 0
    ) -> None:
        self.events.append(self._event(kind, start_ms, end_ms, text, where, breaths=breaths))

    def _named(self, hold: Hold, length_ms: int) -> str:
        elastic = hold.length is not None and hold.length.elastic
        end = "shortest" if length_ms == self._shortest_ms(hold) else "longest"
        at_end = f", at its {end}" if elastic else ""
        return f"[hold {hold.text}], line {hold.where.line} ({format_ms(length_ms)}{at_end})"

    def _shortest_ms(self, hold: Hold) -> int:
        assert hold.length is not None
        return shortest_ms(hold.length, self._timing.breath_ms, self._timing.count_ms)

    def _check_fits(self, text: str, room_ms: int, where: CuePlace, room: str, hint: str) -> None:
        if self._clip_ms[text] > room_ms:
            self._fail(where, f"“{text}” ({format_ms(self._clip_ms[text])}) doesn't fit {room}", hint)

    def _fail(self, where: CuePlace, what: str, hint: str) -> NoReturn:
        pose = f"{where.pose} ({where.round}): " if where.pose else ""
        raise ScriptError(pose + what, where=f"{self._script.name}:{where.line}", hint=hint)


def _length_of(cue: Cue) -> HoldLength:
    assert isinstance(cue, Hold)
    assert cue.length is not None
    return cue.length


def _has_length(cue: Cue) -> bool:
    return isinstance(cue, Hold) and cue.length is not None


def _remainder_cue(cues: Sequence[Cue]) -> int | None:
    """The last cue, where it can take the few ms a fit leaves over: the final rest, or a pause before the tail."""
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


def _quote(item: Item) -> str:
    match item:
        case Say():
            return f"“{textwrap.shorten(item.text, 60, placeholder=' …')}”"
        case Count():
            return f"[count {item.number}]"
        case Breathe():
            return f"[breathe {len(item.breaths)}]"
        case Chime():
            return "[chime]"
        case Pause():
            return "the pause"
        case _:
            assert_never(item)
