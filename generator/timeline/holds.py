"""Places the lines inside a hold: at their marks or evenly, before the bell. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ..durations import format_ms
from ..model import Breathe, Company, Event, Hold, HoldGroup, HoldLength, HoldOffset
from .fit import shortest_ms
from .items import ItemPlacer, event_at, quote
from .timing import CHIME_MS, Timing, is_silent


class HoldPlacer:
    """Places holds that have a length."""

    def __init__(self, items: ItemPlacer, timing: Timing) -> None:
        self._items = items
        self._timing = timing

    def place(self, hold: Hold, start_ms: int, length_ms: int, *, is_last: bool) -> list[Event]:
        """The events of `hold`, the hold's own first. Raises ScriptError if a line doesn't fit."""
        assert hold.length is not None
        end_ms = start_ms + length_ms
        breaths = length_ms // self._timing.breath_ms if hold.length.unit == "breaths" else 0
        events = [event_at("hold", start_ms, end_ms, hold.text, hold.where, breaths=breaths)]
        if hold.length.unit == "count":
            events += self._count(hold, hold.length, start_ms)
        rings = self._timing.chime and not is_last and self._ends_with_bell(hold, length_ms)
        speech_end_ms = end_ms - CHIME_MS - self._timing.gap_ms("sentence") if rings else end_ms
        if any(group.at is not None for group in hold.groups):
            events += self._place_at_marks(hold, start_ms, end_ms, speech_end_ms)
        else:
            events += self._place_evenly(hold, start_ms, speech_end_ms)
        if hold.company is not None:
            events += self._keep_company(hold, hold.company, events, start_ms, speech_end_ms)
        if rings:
            events.append(event_at("chime", end_ms - CHIME_MS, end_ms, "", hold.where))
        return events

    def _count(self, hold: Hold, length: HoldLength, start_ms: int) -> list[Event]:
        number = length.low
        silent = is_silent(number, length.silent, self._timing)
        if hold.groups and not silent:
            first = hold.groups[0].items[0]
            self._items.fail(
                first.where,
                f"{quote(first)} falls on the spoken numbers of [hold {hold.text}], line {hold.where.line}",
                f"move it out of the hold, or write [hold count {number} silent]",
            )
        return self._items.count(number, silent, start_ms, hold.where)[0]

    def _ends_with_bell(self, hold: Hold, length_ms: int) -> bool:
        """Whether a bell may end the hold: not if it is short, counted, or guided by breaths to its end."""
        assert hold.length is not None
        is_guided = bool(hold.groups) and isinstance(hold.groups[-1].items[-1], Breathe)
        return hold.length.unit != "count" and not is_guided and length_ms >= 2 * CHIME_MS

    def _place_at_marks(self, hold: Hold, start_ms: int, end_ms: int, speech_end_ms: int) -> Iterator[Event]:
        """Place lines at their marks. A line that would run into the bell is moved earlier by as much as needed."""
        placed = [(start_ms + self._offset_ms(hold, group.at, end_ms - start_ms), group) for group in hold.groups]
        previous: HoldGroup | None = None
        free_ms = start_ms
        rings = speech_end_ms < end_ms
        for mark_ms, group in placed:
            at_ms = self._before_the_bell(group, mark_ms, start_ms, speech_end_ms) if rings else mark_ms
            if at_ms < free_ms and previous is not None:
                self._items.fail(
                    group.items[0].where,
                    f"{quote(group.items[0])} would begin before {quote(previous.items[-1])} "
                    f"(line {previous.items[-1].where.line}) has ended, in {self._describe(hold, end_ms - start_ms)}",
                    "place it later, shorten one of the two, or lengthen the hold",
                )
            events, free_ms = self._items.place_all(group.items, at_ms)
            if free_ms > speech_end_ms:
                last = group.items[-1]
                self._items.fail(
                    last.where,
                    f"{quote(last)} ({format_ms(free_ms - at_ms)} from its [at …] on) ends "
                    f"{format_ms(free_ms - speech_end_ms)} after {'the bell of ' if rings else ''}"
                    f"{self._describe(hold, end_ms - start_ms)}{' begins' if rings else ''}",
                    "place it earlier, shorten it, or lengthen the hold",
                )
            yield from events
            previous = group

    def _before_the_bell(self, group: HoldGroup, mark_ms: int, start_ms: int, speech_end_ms: int) -> int:
        over_ms = self._items.place_all(group.items, mark_ms)[1] - speech_end_ms
        return max(mark_ms - max(over_ms, 0), start_ms)

    def _offset_ms(self, hold: Hold, at: HoldOffset | None, length_ms: int) -> int:
        if at is None:
            return 0
        offset_ms = at.in_hold_ms(length_ms)
        if at.kind != "percent" and not 0 <= offset_ms < length_ms:
            mark = "-" if at.kind == "from_end" else ""
            self._items.fail(
                replace(hold.where, line=at.line),
                f"[at {mark}{format_ms(int(at.value))}] lies outside {self._describe(hold, length_ms)}",
                "place it within the hold, or lengthen the hold",
            )
        return offset_ms

    def _place_evenly(self, hold: Hold, start_ms: int, end_ms: int) -> Iterator[Event]:
        """Place lines without marks, with equal silences before, between and after them."""
        if not hold.groups:
            return
        lengths_ms = [self._items.place_all(group.items, 0)[1] for group in hold.groups]
        free_ms = end_ms - start_ms - sum(lengths_ms)
        least_gap_ms = self._timing.gap_ms("sentence")
        between = len(lengths_ms) - 1
        if free_ms < between * least_gap_ms:
            longest_group = hold.groups[lengths_ms.index(max(lengths_ms))]
            item = longest_group.items[0]
            need_ms = sum(lengths_ms) + between * least_gap_ms
            self._items.fail(
                item.where,
                f"{quote(item)} doesn't fit: the lines of {self._describe(hold, end_ms - start_ms)} "
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
            yield from self._items.place_all(group.items, at_ms)[0]
            at_ms += length_ms + gap_ms

    def _keep_company(
        self, hold: Hold, company: Company, events: Sequence[Event], start_ms: int, end_ms: int
    ) -> list[Event]:
        """The company's sentences, evenly in each silence that lasts longer than it may."""
        spoken = sorted((event.start_ms, event.end_ms) for event in events if event.kind in ("speech", "breath"))
        silences = [
            (before, after)
            for (_, before), (after, _) in pairwise([(start_ms, start_ms), *spoken, (end_ms, end_ms)])
            if after - before > company.every_ms
        ]
        kept: list[Event] = []
        for begin_ms, stop_ms in silences:
            number = -(-(stop_ms - begin_ms) // company.every_ms) - 1
            says = [company.says[(len(kept) + at) % len(company.says)] for at in range(number)]
            lengths_ms = [self._items.place(say, 0)[1] for say in says]
            gap_ms = (stop_ms - begin_ms - sum(lengths_ms)) // (number + 1)
            if gap_ms < 0:
                self._items.fail(says[0].where, "these lines don't fit the hold's silences", "shorten them")
            at_ms = begin_ms
            for say in says:
                placed, at_ms = self._items.place(say, at_ms + gap_ms)
                kept += placed
        return kept

    def _describe(self, hold: Hold, length_ms: int) -> str:
        elastic = hold.length is not None and hold.length.elastic
        end = "shortest" if length_ms == self._shortest_ms(hold) else "longest"
        at_end = f", at its {end}" if elastic else ""
        return f"[hold {hold.text}], line {hold.where.line} ({format_ms(length_ms)}{at_end})"

    def _shortest_ms(self, hold: Hold) -> int:
        assert hold.length is not None
        return shortest_ms(hold.length, self._timing.breath_ms, self._timing.count_ms)
