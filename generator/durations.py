"""Durations and holds as people write them, parsed to integer milliseconds, breaths or counts."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import HoldLength

MAX_HOLD_MS = 3 * 3_600_000
MAX_TRACK_MS = 24 * 3_600_000
MAX_GUIDED_MINUTES = MAX_TRACK_MS // 60_000 - 1  # leaves room for a tail
MAX_BREATHS = 2_160  # 3 h, the longest hold, at 12 breaths a minute, the fastest rate
MAX_COUNT = 1_000
MAX_CHARACTERS = 60  # the longest sensible duration has about thirty
MAX_DIGITS = 9  # of one number: 11 days of milliseconds, 31 years of seconds
MORE_FACTOR = 3  # `+` welcomes up to three times the upper value …
MORE_CAP_MS = 20 * 60_000  # … and 20 minutes at most

_UNIT_MS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_UNIT = r"(?:ms|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)"
_NUMBER = r"\d+(?:\.\d+)?"
_PART = re.compile(rf"({_NUMBER})\s*({_UNIT})\s*", re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_NUMBER}\s*{_UNIT}\s*)+", re.IGNORECASE)
_CLOCK = re.compile(r"(?:([0-9]{1,2}):(?=[0-5][0-9]:))?([0-9]{1,3}):([0-5][0-9])")  # 29:05, 1:04:10
_LIKE_A_CLOCK = re.compile(r"[0-9]+(?::[0-9]+){1,2}")
_RANGE = re.compile(rf"({_NUMBER})\s*[-–]\s*({_NUMBER})(\+?)\s*({_UNIT})", re.IGNORECASE)
_OPEN = re.compile(rf"({_NUMBER})\+\s*({_UNIT})", re.IGNORECASE)
_CLOCKS = r"(?:[0-9]{1,2}:[0-5][0-9]|[0-9]{1,3}):[0-5][0-9]"
_CLOCK_RANGE = re.compile(rf"({_CLOCKS})(?:\s*[-–]\s*({_CLOCKS}))?(\+?)")
_BREATHS = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?(\+?)\s*breaths?", re.IGNORECASE)
_COUNT = re.compile(r"count\s+(\d+)(\s+silent)?", re.IGNORECASE)
_USUALLY = re.compile(r"(?P<range>.+?),\s*usually\s+(?P<usual>[^,]+)", re.IGNORECASE)
_TOO_MANY_DIGITS = re.compile(rf"\d{{{MAX_DIGITS + 1},}}")

# The grammar as editors check it: what these refuse it refuses, and some of what it refuses they take.
_DIGITS = "[0-9]+([.][0-9]+)?"
_UNITS = "(ms|h|hours?|hrs?|m|mins?|minutes?|s|secs?|seconds?)"
_ANY_CASE = str.maketrans({letter: f"[{letter}{letter.upper()}]" for letter in "abcdehiklmnorstu"})
DURATION_PATTERN = f"^(({_DIGITS} *{_UNITS} *)+|{_CLOCKS})$".translate(_ANY_CASE)
HOLD_PATTERN = (
    f"^({_DIGITS}( *[-–] *{_DIGITS})?[+]? *{_UNITS}(, *usually +{_DIGITS} *{_UNITS})?"
    f"|({_DIGITS} *{_UNITS} *)+"
    f"|{_CLOCKS}( *[-–] *{_CLOCKS})?[+]?(, *usually +{_CLOCKS})?"
    "|[0-9]+( *[-–] *[0-9]+)?[+]? *breaths?(, *usually +[0-9]+ *breaths?)?"
    "|count +[0-9]+( +silent)?)$"
).translate(_ANY_CASE)

DURATION_EXAMPLES = "write it like 90 s, 2.5s, 25m, 2 min, 1m30s or 8h"
HOLD_EXAMPLES = (
    "write it like 90 s, 2 min, 1m30s, 20+ s, 1-3 min, 1-3+ min, 10 breaths, 5-10 breaths, count 10 or count 10 silent"
)


TIME_KEYS = ("hold", "length", "tail")
"""The keys of YAML files that hold a time."""


def is_clock(text: str) -> bool:
    """Whether `text` is a time as a clock shows it, like ``29:05`` or ``1:04:10``."""
    return _CLOCK.fullmatch(text) is not None


def _clock_ms(text: str) -> int | None:
    """A time like ``29:05`` or ``1:04:10`` in milliseconds; None for anything else."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def _unit_ms(unit: str) -> int:
    unit = unit.lower()
    return _UNIT_MS["ms" if unit == "ms" else unit[0]]


def _to_ms(number: str, unit: str) -> int:
    return int((Decimal(number) * _unit_ms(unit)).to_integral_value())


def parse_duration(text: str) -> int:
    """`text` in milliseconds, more than 0. The ValueError it raises says what to write instead."""
    text = text.strip()
    _refuse_oversized(text, f"isn't a duration: {DURATION_EXAMPLES}")
    total = _clock_ms(text)
    if total is None:
        total = _units_ms(text)
    if total <= 0:
        raise ValueError(f"{text!r} is no time at all: a duration must be more than 0")
    return total


def _units_ms(text: str) -> int:
    """A time with units, like ``1m30s``, in milliseconds."""
    if not _DURATION.fullmatch(text):
        if _LIKE_A_CLOCK.fullmatch(text):
            raise ValueError(f"{text!r} isn't a time: write minutes and seconds like 29:05, or 1:04:10 with hours")
        bare = re.fullmatch(_NUMBER, text)
        what = f"{text!r} has no unit" if bare else f"{text!r} isn't a duration"
        raise ValueError(f"{what}: {DURATION_EXAMPLES}")
    parts = _PART.findall(text)
    sizes = [_unit_ms(unit) for _, unit in parts]
    if any(later >= earlier for earlier, later in pairwise(sizes)):
        raise ValueError(f"{text!r} repeats a unit or has its units out of order: {DURATION_EXAMPLES}")
    return sum(_to_ms(number, unit) for number, unit in parts)


def parse_hold(text: str) -> HoldLength:
    """`text` as a hold. The ValueError it raises says what to write instead.

    >>> parse_hold("1-3+ min")
    HoldLength(unit='ms', low=60000, high=180000, more=True, silent=False, usual=None)
    >>> parse_hold("20-40 s, usually 40 s").usual
    40000
    """
    text = " ".join(text.split())
    _refuse_oversized(text, f"isn't a hold: {HOLD_EXAMPLES}")
    span = _USUALLY.fullmatch(text)
    hold = _hold_of(span["range"] if span else text)
    if hold.low == 0:
        raise ValueError(f"{text!r} is no hold at all: it must be more than 0")
    if hold.high < hold.low:
        raise ValueError(f"{text!r} runs backwards: write the smaller number first")
    if hold.unit == "ms" and hold.high > MAX_HOLD_MS:
        raise ValueError(f"{text!r} is longer than 3 h, the longest hold there is")
    if hold.unit == "breaths" and hold.high > MAX_BREATHS:
        raise ValueError(f"{text!r} is longer than 3 h, the longest hold there is: write fewer breaths")
    if hold.unit == "count" and hold.high > MAX_COUNT:
        raise ValueError(f"{text!r} counts further than {MAX_COUNT}, the most there can be: write a smaller number")
    return replace(hold, usual=_usual(hold, span["usual"], text)) if span else hold


def _usual(hold: HoldLength, written: str, text: str) -> int:
    usual = _hold_of(written)
    if usual.unit != hold.unit or usual.unit == "count" or usual.elastic or not hold.low <= usual.low <= hold.high:
        raise ValueError(f"{text!r} isn't a hold: what it usually lasts is one length within its range")
    return usual.low


def _hold_of(text: str) -> HoldLength:
    """The hold as written, whether or not it is possible. Raises ValueError for anything outside the grammar."""
    from .model import HoldLength  # late: whoever only has settings needs none of the types that travel

    if count := _COUNT.fullmatch(text):
        number = int(count[1])
        return HoldLength("count", number, number, silent=count[2] is not None)
    if breaths := _BREATHS.fullmatch(text):
        low = int(breaths[1])
        return HoldLength("breaths", low, int(breaths[2] or low), more=breaths[3] == "+")
    if span := _RANGE.fullmatch(text):
        return HoldLength("ms", _to_ms(span[1], span[4]), _to_ms(span[2], span[4]), more=span[3] == "+")
    if start := _OPEN.fullmatch(text):
        low = _to_ms(start[1], start[2])
        return HoldLength("ms", low, low, more=True)
    if clocks := _CLOCK_RANGE.fullmatch(text):
        low = parse_duration(clocks[1])
        return HoldLength("ms", low, parse_duration(clocks[2]) if clocks[2] else low, more=clocks[3] == "+")
    if _DURATION.fullmatch(text) or _LIKE_A_CLOCK.fullmatch(text):
        low = parse_duration(text)
        return HoldLength("ms", low, low)
    bare = re.fullmatch(rf"{_NUMBER}\+?", text)
    what = f"{text!r} has no unit" if bare else f"{text!r} isn't a hold"
    raise ValueError(f"{what}: {HOLD_EXAMPLES}")


def _refuse_oversized(text: str, otherwise: str) -> None:
    """Raise ValueError for texts that are too long, and for numbers that Python itself would refuse to read."""
    shown = text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"
    if _TOO_MANY_DIGITS.search(text):
        raise ValueError(f"{shown!r} has a number of more than {MAX_DIGITS} digits: write a smaller or rounder one")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"{shown!r} {otherwise}")


def longest_hold(hold: HoldLength, breath_ms: int) -> int:
    """The most that a length fit may give `hold`, in the unit of the hold."""
    if not hold.more:
        return hold.high
    cap = MORE_CAP_MS // breath_ms if hold.unit == "breaths" else MORE_CAP_MS
    return max(hold.high, min(hold.high * MORE_FACTOR, cap))


def default_hold(hold: HoldLength) -> int:
    """What `hold` lasts without `--length`, in the unit of the hold.

    That is what it says it usually lasts, or else its lower end plus a quarter of its range.
    """
    return hold.usual if hold.usual is not None else hold.low + (hold.high - hold.low) // 4


def format_ms(ms: int) -> str:
    """`ms` as people write durations, exactly: ``1h2m3s``, ``1m30s``, ``2.5s``."""
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / 1000:.3f}".rstrip("0").rstrip(".")
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    if rest or not any(parts):
        parts.append(f"{seconds}s")
    return "".join(parts)


def whole_seconds_up(ms: int) -> int:
    """`ms`, up to the next whole second."""
    return -(-ms // 1_000) * 1_000


def clock(ms: int) -> str:
    """`ms` as a clock shows it: ``0:07``, ``12:34``, ``1:02:03``."""
    seconds = ms // 1000
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def spoken_length(ms: int) -> str:
    """`ms` as people say it, to the minute: ``40 seconds``, ``33 minutes``, ``1 hour 5 minutes``, ``8 hours``."""
    if ms < 60_000:
        return _several(max(1, round(ms / 1_000)), "second")
    hours, minutes = divmod(round(ms / 60_000), 60)
    parts = [_several(hours, "hour")] if hours else []
    return " ".join([*parts, _several(minutes, "minute")] if minutes else parts)


def short_length(ms: int) -> str:
    """`ms` as a title has room for it, exactly: ``40 s``, ``33 min``, ``1 h 5 min``, ``8 h``."""
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / 1000:.3f}".rstrip("0").rstrip(".")
    parts = [(hours, f"{hours} h"), (minutes, f"{minutes} min"), (rest, f"{seconds} s")]
    return " ".join(text for number, text in parts if number)


def _several(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' * (number != 1)}"
