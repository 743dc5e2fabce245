"""Which steps a wanted length may leave out, in what order, and how far it may stretch a pose. Pure."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ..durations import longest_hold
from ..model import KEEPS, Routine, Step
from ..timeline.fit import hold_ms
from .adapt import props_needed


@dataclass(frozen=True, slots=True)
class FitChoice:
    """A way to shorten a routine: in brief words, with half the repetitions, and without the steps with these indexes.

    The indexes are in ascending order.
    """

    brief: bool = False
    half_reps: bool = False
    left_out: tuple[int, ...] = ()


WHOLE = FitChoice()
"""All steps, in the routine's usual words."""


def choices(routine: Routine) -> Generator[FitChoice, bool]:
    """Ways to shorten `routine`, from none on. Send for each whether it fits; the last one that fits is the result.

    Brief words come first, then half the repetitions, then leaving out steps by their rank, of one rank the earlier
    step first. Once one fits, steps that were left out before the last one are put back where there is room for them.
    """
    if (yield WHOLE):
        return
    choice = FitChoice(brief=True)
    fits = yield choice
    if not fits and any(_half(step) != step for step in routine.steps):
        choice = replace(choice, half_reps=True)
        fits = yield choice
    groups = _groups(routine.steps)
    out: list[tuple[int, ...]] = []
    while not fits:
        if len(out) == len(groups):
            return
        out.append(groups[len(out)])
        fits = yield _without(choice, out)
    for group in out[-2::-1]:
        less = [each for each in out if each != group]
        if (yield _without(choice, less)):
            out = less


def shortest(routine: Routine) -> FitChoice:
    """The last way to shorten `routine`: everything is left out that may be."""
    ways = choices(routine)
    choice = next(ways)
    with suppress(StopIteration):
        while True:
            choice = ways.send(False)
    return choice


def chosen(routine: Routine, choice: FitChoice) -> Routine:
    """The routine without what `choice` leaves out, and without the props that only this needs."""
    if not choice.left_out and not choice.half_reps:
        return routine
    kept = [step for index, step in enumerate(routine.steps) if index not in choice.left_out]
    steps = [_half(step) if choice.half_reps else step for step in kept]
    return replace(routine, steps=tuple(steps), props=props_needed(routine, steps))


def left_out_names(routine: Routine, choice: FitChoice) -> list[str]:
    """The names of the poses that `choice` leaves out; `… again` for the second time of one that stays."""
    kept = chosen(routine, choice).steps
    ids = {step.pose.id for step in kept}
    names = [routine.steps[index].pose for index in choice.left_out]
    halved = ["half the repetitions"] if choice.half_reps and any(step.reps for step in kept) else []
    return [*halved, *dict.fromkeys(pose.name + (" again" if pose.id in ids else "") for pose in names)]


def left_out_poses(routine: Routine, choice: FitChoice) -> tuple[str, ...]:
    """The ids of the poses that `choice` leaves out altogether."""
    kept = {step.pose.id for step in chosen(routine, choice).steps}
    return tuple(
        dict.fromkeys(
            routine.steps[index].pose.id for index in choice.left_out if routine.steps[index].pose.id not in kept
        )
    )


def skippable(routine: Routine) -> list[str]:
    """The ids of the poses that may be left out, in that order."""
    return list(dict.fromkeys(routine.steps[index].pose.id for group in _groups(routine.steps) for index in group))


def within_limits(routine: Routine, breath_ms: int) -> Routine:
    """The routine with the `+` taken off every hold that it could stretch beyond its pose's `most`."""
    return replace(routine, steps=tuple(_within_limit(step, breath_ms) for step in routine.steps))


def _within_limit(step: Step, breath_ms: int) -> Step:
    most_ms, hold = step.pose.most_ms, step.hold
    if most_ms is None or not hold.more or hold_ms(hold, longest_hold(hold, breath_ms), breath_ms, 0) <= most_ms:
        return step
    return replace(step, hold=replace(hold, more=False), hold_text=step.hold_text.replace("+", ""))


def _half(step: Step) -> Step:
    return replace(step, reps=(-(-step.reps[0] // 2),) * 2) if step.reps else step


def _without(choice: FitChoice, groups: Sequence[tuple[int, ...]]) -> FitChoice:
    return replace(choice, left_out=tuple(sorted(index for group in groups for index in group)))


def _groups(steps: Sequence[Step]) -> list[tuple[int, ...]]:
    """The steps that may be left out, in the order in which they are. Each is an index or several that go together.

    Where a pose is returned to after another, the return goes with the other: no pose comes twice in a row.
    """
    left = list(range(len(steps)))
    groups: list[tuple[int, ...]] = []
    for index in sorted(left[:-1], key=lambda index: -KEEPS.index(steps[index].keep)):
        if index not in left or steps[index].keep == "always":
            continue
        at = left.index(index)
        group = [index]
        before, after = left[at - 1] if at else None, left[at + 1]
        is_return = before is not None and steps[before].pose.id == steps[after].pose.id
        if is_return and after != len(steps) - 1:
            group.append(after)
        left = [each for each in left if each not in group]
        groups.append(tuple(group))
    return groups
