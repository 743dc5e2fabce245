"""The open blocks of the parser, a hold or guided breaths, and the cue that each becomes when it is closed.

A ValueError has two arguments: what is wrong and what to do. One from `parse_duration` has only the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ..durations import parse_duration
from ..model import Breathe, Company, CuePlace, GuidedBreath, Hold, HoldGroup, HoldLength, HoldOffset, Item, Say

# What `[breathe N]` says: the first breath in full, the others in short.
FIRST_BREATH = ("Breathe in.", "And breathe out.")
NEXT_BREATHS = ("In.", "And out.")
LEAST_EVERY_MS = 60_000  # half of it has room for the longest sentence that there can be


@dataclass
class OpenHold:
    """From ``[hold …]`` to its ``[release]``; `written` is the length as it stands in the mark."""

    length: HoldLength | None
    written: str
    where: CuePlace
    _groups: list[HoldGroup] = field(default_factory=list)
    _items: list[Item] = field(default_factory=list)
    _at: HoldOffset | None = None
    _marked: bool = False
    _every_ms: int | None = None
    _company: list[Say] = field(default_factory=list)

    def add(self, *items: Item, new_line: bool) -> None:
        if new_line and not self._marked and self.length is not None:
            self._close_group()  # without [at …] each line gets a place of its own
        if self._every_ms is None:
            self._items.extend(items)
            return
        says = [item for item in items if isinstance(item, Say)]
        if len(says) < len(items):
            raise ValueError("[every …] has sentences only", "write what else there is before it")
        self._company.extend(says)

    def begin_at(self, at: HoldOffset) -> None:
        """Place what is added from now on there."""
        if self.length is None:
            raise ValueError("[at …] needs a hold with a length", "write the length, like [hold 2 min]")
        if self._every_ms is not None:
            raise ValueError("[at …] can't follow [every …]", "write [every …] and its lines last in the hold")
        if not self._marked and self._groups:
            # all lines before the first [at …] begin with the hold
            self._items = [*(item for group in self._groups for item in group.items), *self._items]
            self._groups = []
        self._marked = True
        self._close_group()
        self._at = at

    def begin_company(self, every_ms: int) -> None:
        """Keep what is added from now on for silences longer than `every_ms`."""
        if self.length is None:
            raise ValueError("[every …] needs a hold with a length", "write the length, like [hold 5-10 min]")
        if self._every_ms is not None:
            raise ValueError("this hold has an [every …] already", "write all of its lines below one")
        self._close_group()
        self._at = None
        self._every_ms = every_ms

    def close(self) -> Hold:
        self._close_group()
        company = None
        if self._every_ms is not None:
            if not self._company:
                raise ValueError("nothing follows the [every …]", "write below it what is said then, or delete it")
            company = Company(self._every_ms, tuple(self._company))
        return Hold(self.length, tuple(self._groups), self.where, self.written, company)

    def _close_group(self) -> None:
        if self._items:
            self._groups.append(HoldGroup(tuple(self._items), self._at))
            self._items = []
        elif self._at is not None:
            what = f"nothing follows the [at …] of line {self._at.line}"
            raise ValueError(what, "write below it what is said then, or delete it")


@dataclass
class OpenBreathe:
    """From ``[breathe …]`` to its ``[release]``; without lines it ends before the next text or mark."""

    number: int | None
    where: CuePlace
    _breaths: list[GuidedBreath] = field(default_factory=list)

    @property
    def has_lines(self) -> bool:
        return bool(self._breaths)

    def add(self, phase: str, text: str, line: int) -> None:
        """Add a line ``in: text`` or ``out: text``."""
        if phase == "in":
            self._breaths.append(GuidedBreath(text, "", line, line))
            return
        last = self._breaths[-1] if self._breaths else None
        if last is not None and not last.exhale and last.inhale_line == last.exhale_line:
            self._breaths[-1] = replace(last, exhale=text, exhale_line=line)
        else:
            self._breaths.append(GuidedBreath("", text, line, line))

    def close(self) -> Breathe:
        given = self._breaths
        if not given and self.number is None:
            hint = "write [breathe 6], or lines `in: …` and `out: …`"
            raise ValueError("[breathe] needs a number of breaths", hint)
        number = self.number or len(given)
        if len(given) > number:
            what = f"[breathe {number}] has lines for {len(given)} breaths"
            raise ValueError(what, "make the number fit the lines")
        if given:
            return Breathe(tuple(given[index % len(given)] for index in range(number)), self.where)
        words = [FIRST_BREATH] + [NEXT_BREATHS] * (number - 1)
        line = self.where.line
        return Breathe(tuple(GuidedBreath(inhale, exhale, line, line) for inhale, exhale in words), self.where)


def parse_every(text: str) -> int:
    """The milliseconds that ``2 min`` names. Raises ValueError."""
    if not text:
        raise ValueError("[every] needs a length", "write it like [every 2 min]")
    every_ms = parse_duration(text)
    if every_ms < LEAST_EVERY_MS:
        raise ValueError(f"[every {text}] is too often", "write one minute or more")
    return every_ms


def parse_at(text: str, line: int) -> HoldOffset:
    """The place that ``35%``, ``20s`` or ``-8s`` names. Raises ValueError."""
    if percent := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text):
        value = float(percent[1])
        if value >= 100:
            raise ValueError(f"[at {text}] lies outside the hold", "write less than 100%")
        return HoldOffset("percent", value, line)
    if not text:
        raise ValueError("[at] needs a place in the hold", "write [at 35%], [at 20s] or [at -8s]")
    if text.startswith("-"):
        return HoldOffset("from_end", parse_duration(text[1:]), line)
    return HoldOffset("from_start", 0 if re.fullmatch(r"0+(\s*s|:00)", text) else parse_duration(text), line)
