"""Wording that varies from night to night: who chooses among the ways to say it. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

CHOOSE = "_choose"
"""The name under which a template's context holds `NightWording.choose`, where `{% say %}` stands in it."""

_T = TypeVar("_T")


class NightWording:
    """What one night says. Night 0 is the ritual: always the first way, and lists in their order.

    The others choose by seed, so that the same night always says the same. A place that is passed again within one
    script goes on to the next way, so that no sentence comes twice before all have come once.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._uses: Counter[str] = Counter()

    def choose(self, key: str, ways: int) -> int:
        """Which of `ways` ways the place known by `key` says now. In `ways` nights in a row, each comes once."""
        if not self._number:
            return 0
        uses = self._uses[key]
        self._uses[key] += 1
        cycle, step = divmod(self._number, ways)
        order = _shuffled(range(ways), f"{cycle}:{key}")
        if cycle == 0:  # night 0 is one of this cycle
            order = [0, *(way for way in order if way)]
        return order[(step + uses) % ways]

    def turn(self, lines: Sequence[_T], index: int, key: str = "") -> _T:
        """The line for the place with this index; lists with the same `key` (their text, else) are shuffled alike."""
        if not self._number:
            return lines[index % len(lines)]
        order = _shuffled(range(len(lines)), f"{self._number}:{key or lines}")
        return lines[order[index % len(lines)]]


def _shuffled(items: range, seed: str) -> list[int]:
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}:{item}".encode()).digest())
