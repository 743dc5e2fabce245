"""Places the items of a script, such as a sentence or a count: their events from a given start. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NoReturn, assert_never

from ..durations import format_ms
from ..errors import ScriptError
from ..model import Breathe, Chime, Count, CuePlace, Event, EventKind, Item, Pause, Say, Script
from .slowing import gap_scales
from .timing import CHIME_MS, Timing, is_silent, number_text


def event_at(kind: EventKind, start_ms: int, end_ms: int, text: str, where: CuePlace, *, breaths: int = 0) -> Event:
    return Event(kind, start_ms, end_ms, text, where.chapter, where.pose, where.round, breaths)


class ItemPlacer:
    """Places items of a script; `clip_ms` holds the length of each spoken text."""

    def __init__(self, script: Script, clip_ms: Mapping[str, int], timing: Timing) -> None:
        self._script_name = script.name
        self._clip_ms = clip_ms
        self._timing = timing
        self._gap_scales = gap_scales(script.cues) if timing.slowing else {}

    def place(self, item: Item, start_ms: int, remainder_ms: int = 0) -> tuple[list[Event], int]:
        """The events of one item that starts at `start_ms`, and its end in ms. `remainder_ms` lengthens a pause."""
        match item:
            case Say():
                end_ms = start_ms + self._clip_ms[item.text]
                return [event_at("speech", start_ms, end_ms, item.text, item.where)], end_ms
            case Pause():
                in_breaths = item.unit == "breaths"
                pause_ms = item.length * self._timing.breath_ms if in_breaths else self._timing.scaled(item.length)
                end_ms = start_ms + pause_ms + remainder_ms
                return [event_at("pause", start_ms, end_ms, "", item.where)], end_ms
            case Chime():
                end_ms = start_ms + CHIME_MS
                return [event_at("chime", start_ms, end_ms, "", item.where)], end_ms
            case Count():
                return self.count(item.number, is_silent(item.number, item.silent, self._timing), start_ms, item.where)
            case Breathe():
                return self._breathe(item, start_ms)
            case _:
                assert_never(item)

    def gap_ms(self, gap: Literal["sentence", "paragraph"], where: CuePlace) -> int:
        """The gap before what is said at `where`."""
        return self._timing.gap_ms(gap, self._gap_scales.get(where.pose_key, 1.0))

    def count(self, number: int, silent: bool, start_ms: int, where: CuePlace) -> tuple[list[Event], int]:
        events: list[Event] = []
        count_ms = self._timing.count_ms
        texts = [] if silent else [number_text(spoken) for spoken in range(1, number + 1)]
        need_ms = -(-max((self._clip_ms[text] for text in texts), default=0) // 50) * 50
        for spoken in range(1, number + 1):
            end_ms = start_ms + count_ms
            events.append(event_at("count", start_ms, end_ms, str(spoken), where))
            if not silent:
                text = number_text(spoken)
                hint = f"give --count-ms {need_ms} or more, or --count-voice off"
                self._check_fits(text, count_ms, where, f"the {format_ms(count_ms)} of one count", hint)
                events.append(event_at("speech", start_ms, start_ms + self._clip_ms[text], text, where))
            start_ms = end_ms
        return events, start_ms

    def _breathe(self, breathe: Breathe, start_ms: int) -> tuple[list[Event], int]:
        events: list[Event] = []
        timing = self._timing
        exhale_ms = timing.breath_ms - timing.inhale_ms
        for number, breath in enumerate(breathe.breaths, 1):
            middle_ms = start_ms + timing.inhale_ms
            events.append(event_at("breath", start_ms, start_ms + timing.breath_ms, str(number), breathe.where))
            for text, at_ms, phase_ms, line, phase in (
                (breath.inhale, start_ms, timing.inhale_ms, breath.inhale_line, "in"),
                (breath.exhale, middle_ms, exhale_ms, breath.exhale_line, "out"),
            ):
                if text:
                    where = replace(breathe.where, line=line)
                    room = f"the {format_ms(phase_ms)} of breathing {phase}"
                    self._check_fits(text, phase_ms, where, room, "shorten it, or give a lower --breath-rate")
                    events.append(event_at("speech", at_ms, at_ms + self._clip_ms[text], text, where))
            start_ms += timing.breath_ms
        return events, start_ms

    def place_all(self, items: Sequence[Item], start_ms: int) -> tuple[list[Event], int]:
        """The events of items one after another, with a gap between any two that aren't pauses, and their end in ms."""
        events: list[Event] = []
        previous: Item | None = None
        for item in items:
            if previous is not None and not isinstance(previous, Pause) and not isinstance(item, Pause):
                start_ms += self.gap_ms(item.gap if isinstance(item, Say) else "sentence", item.where)
            placed, start_ms = self.place(item, start_ms)
            events += placed
            previous = item
        return events, start_ms

    def _check_fits(self, text: str, room_ms: int, where: CuePlace, room: str, hint: str) -> None:
        if self._clip_ms[text] > room_ms:
            self.fail(where, f"“{text}” ({format_ms(self._clip_ms[text])}) doesn't fit {room}", hint)

    def fail(self, where: CuePlace, what: str, hint: str) -> NoReturn:
        pose = f"{where.pose} ({where.round}): " if where.pose else ""
        raise ScriptError(pose + what, where=f"{self._script_name}:{where.line}", hint=hint)


def quote(item: Item) -> str:
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
