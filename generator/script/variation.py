"""Wording that varies from night to night. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

CHOOSE = "_choose"
"""The variable of a template that holds `NightWording.choose`, for `{% say %}`."""

MAX_WAYS = 10_000  # wordings of one tag

_T = TypeVar("_T")


class NightWording:
    """The choice of wordings for one night. Night 0 takes the first wording and keeps lists in their order.

    Other nights choose by their number as the seed, so the same night always has the same words. A tag that is used
    again in one script takes its next wording, so no sentence is repeated before all were used.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._uses: Counter[str] = Counter()

    def choose(self, key: str, ways: int) -> int:
        """The index of the wording for the tag with this `key`. Over `ways` nights in a row each comes once.

        Raises ValueError for more than MAX_WAYS.
        """
        if ways > MAX_WAYS:
            raise ValueError(f"it has {ways:,} wordings, more than the {MAX_WAYS:,} there can be")
        if not self._number:
            return 0
        uses = self._uses[key]
        self._uses[key] += 1
        cycle, step = divmod(self._number, ways)
        order = _shuffled(range(ways), f"{cycle}:{key}")
        if cycle == 0:  # night 0 belongs to this cycle
            order = [0, *(way for way in order if way)]
        return order[(step + uses) % ways]

    def turn(self, lines: Sequence[_T], index: int, key: str = "") -> _T:
        """The line for this index. Lists with the same `key` (default: their text) are shuffled in the same way."""
        if not self._number:
            return lines[index % len(lines)]
        order = _shuffled(range(len(lines)), f"{self._number}:{key or lines}")
        return lines[order[index % len(lines)]]


def _shuffled(items: range, seed: str) -> list[int]:
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}:{item}".encode()).digest())
