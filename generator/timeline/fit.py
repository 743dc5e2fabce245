"""The length fit: chooses how long each elastic hold lasts, so that the guided part has the wanted length. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..durations import default_hold, format_ms, longest_hold
from ..errors import LengthError
from ..model import HoldLength

REST_MOST_MS = 60 * 60_000  # of a last hold with a `+`, once all others are at their longest


@dataclass(frozen=True, slots=True)
class FittedHolds:
    """The length of each hold in ms, and the remainder in ms that can't be shared out without making sides unequal."""

    holds_ms: tuple[int, ...]
    remainder_ms: int = 0


def hold_ms(hold: HoldLength, amount: int, breath_ms: int, count_ms: int) -> int:
    """Convert `amount` from the hold's own unit to milliseconds."""
    return amount * {"ms": 1, "breaths": breath_ms, "count": count_ms}[hold.unit]


def shortest_ms(hold: HoldLength, breath_ms: int, count_ms: int) -> int:
    return hold_ms(hold, hold.low, breath_ms, count_ms)


def longest_ms(hold: HoldLength, breath_ms: int, count_ms: int) -> int:
    return hold_ms(hold, longest_hold(hold, breath_ms), breath_ms, count_ms)


def range_ms(
    holds: Sequence[HoldLength], breath_ms: int, count_ms: int, *, ends_in_rest: bool = False
) -> tuple[int, int]:
    """The shortest and the longest total of all `holds`, in ms; see `fit_holds` for `ends_in_rest`."""
    least = sum(shortest_ms(hold, breath_ms, count_ms) for hold in holds)
    most = sum(longest_ms(hold, breath_ms, count_ms) for hold in holds)
    return least, most + (max(REST_MOST_MS - longest_hold(holds[-1], breath_ms), 0) if ends_in_rest else 0)


def default_fit(holds: Sequence[HoldLength], breath_ms: int, count_ms: int) -> FittedHolds:
    """The length of each hold if no total length is wanted."""
    return FittedHolds(tuple(hold_ms(hold, default_hold(hold), breath_ms, count_ms) for hold in holds))


def fit_holds(
    holds: Sequence[HoldLength],
    total_ms: int,
    base_ms: int,
    breath_ms: int,
    count_ms: int,
    *,
    ends_in_rest: bool = False,
) -> FittedHolds:
    """Stretch `holds` to a total of `total_ms - base_ms`; `base_ms` is the length of everything that isn't a hold.

    Holds in breaths come first. They get whole breaths by a common share of their ranges, as many as fit, so equal
    ranges, like two sides, get equal breaths. Holds in seconds take the rest by a common share of their ranges, floored
    to the millisecond. With `ends_in_rest`, the last hold takes what is beyond the longest of all, up to an hour of it.
    Raises LengthError, which names the feasible range or, if only whole breaths could be added, the two nearest
    lengths.
    """
    least, most = range_ms(holds, breath_ms, count_ms)
    _, most_with_rest = range_ms(holds, breath_ms, count_ms, ends_in_rest=ends_in_rest)
    if not base_ms + least <= total_ms <= base_ms + most_with_rest:
        raise _out_of_range(total_ms, base_ms + least, base_ms + most_with_rest)
    if total_ms > base_ms + most:
        *others, rest_ms = fit_holds(holds, base_ms + most, base_ms, breath_ms, count_ms).holds_ms
        return FittedHolds((*others, rest_ms + total_ms - base_ms - most))
    room_ms = total_ms - base_ms - least

    in_breaths = [hold for hold in holds if hold.unit == "breaths"]
    in_seconds = [hold for hold in holds if hold.unit == "ms"]
    slack_ms = sum(longest_hold(hold, breath_ms) - hold.low for hold in in_seconds)
    extra_breaths, taken_ms = _breaths_within(in_breaths, room_ms, breath_ms)
    left_ms = room_ms - taken_ms
    if left_ms > slack_ms:
        below = base_ms + least + taken_ms + slack_ms
        above = base_ms + least + _next_step(in_breaths, taken_ms, breath_ms)
        raise LengthError(
            f"{format_ms(total_ms)} isn't possible: holds in breaths take whole breaths only",
            hint=f"the two nearest lengths are {format_ms(below)} and {format_ms(above)}",
        )
    lengths_ms = []
    breaths = iter(extra_breaths)
    for hold in holds:
        extra_ms = 0
        if hold.unit == "breaths":
            extra_ms = next(breaths) * breath_ms
        elif hold.unit == "ms" and slack_ms:
            extra_ms = (longest_hold(hold, breath_ms) - hold.low) * left_ms // slack_ms
        lengths_ms.append(shortest_ms(hold, breath_ms, count_ms) + extra_ms)
    return FittedHolds(tuple(lengths_ms), total_ms - base_ms - sum(lengths_ms))


def _steps(holds: Sequence[HoldLength], breath_ms: int) -> list[tuple[int, ...]]:
    """All distributions of extra breaths by one common share, from none to the most, in ascending order."""
    slacks = [longest_hold(hold, breath_ms) - hold.low for hold in holds]
    shares = {Fraction(0)} | {Fraction(n, slack) for slack in set(slacks) if slack for n in range(1, slack + 1)}
    return [tuple(slack * share.numerator // share.denominator for slack in slacks) for share in sorted(shares)]


def _breaths_within(holds: Sequence[HoldLength], room_ms: int, breath_ms: int) -> tuple[tuple[int, ...], int]:
    """The largest distribution of extra breaths that fits into `room_ms`, and the time it takes in ms."""
    fitting = [step for step in _steps(holds, breath_ms) if sum(step) * breath_ms <= room_ms]
    return fitting[-1], sum(fitting[-1]) * breath_ms


def _next_step(holds: Sequence[HoldLength], taken_ms: int, breath_ms: int) -> int:
    return min(ms for step in _steps(holds, breath_ms) if (ms := sum(step) * breath_ms) > taken_ms)


def _out_of_range(total_ms: int, least_ms: int, most_ms: int) -> LengthError:
    if least_ms == most_ms:
        what = f"the guided part is {format_ms(least_ms)} long: no hold in it can stretch"
        return LengthError(what, hint=f"leave --length out, or give --length {format_ms(least_ms)}")
    reach = f"{format_ms(least_ms)} to {format_ms(most_ms)}"
    if total_ms < least_ms:
        help_ = "for less, lower --pace or raise --rate, or write a routine with fewer poses"
    else:
        help_ = "for more, raise --pace; for sound that goes on afterwards, give a longer --tail"
    return LengthError(f"{format_ms(total_ms)} isn't possible: the guided part can last {reach}", hint=help_)
