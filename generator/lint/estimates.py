"""About how long the parts of a script take, spoken at the slowest rate that a track is planned for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ..model import Breathe, Chime, Count, HoldGroup, Item, Pause, Say
from ..timeline.timing import Timing
from .sentences import words

WORDS_PER_MINUTE = 105


def start_ms(group: HoldGroup, hold_ms: int) -> int:
    return 0 if group.at is None else group.at.in_hold_ms(hold_ms)


def items_ms(items: Sequence[Item], timing: Timing) -> int:
    """About how long `items` take one after another, with the pace's gap between any two that aren't pauses."""
    total_ms = 0
    after_pause = True
    for item in items:
        if not after_pause and not isinstance(item, Pause):
            total_ms += timing.gap_ms(item.gap if isinstance(item, Say) else "sentence")
        total_ms += _item_ms(item, timing)
        after_pause = isinstance(item, Pause)
    return total_ms


def _item_ms(item: Item, timing: Timing) -> int:
    match item:
        case Say():
            return round(len(words(item.text)) * 60_000 / WORDS_PER_MINUTE)
        case Pause():
            return item.length * timing.breath_ms if item.unit == "breaths" else timing.scaled(item.length)
        case Breathe():
            return len(item.breaths) * timing.breath_ms
        case Count():
            return item.number * timing.count_ms
        case Chime():
            return 0
        case _:
            assert_never(item)
