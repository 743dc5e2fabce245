"""Adapts a routine to a listener: level, what to avoid, which poses in what order, how many repetitions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..durations import parse_hold
from ..errors import InputError, about_setting, did_you_mean, listed, nearest
from ..model import Level, Pose, Routine, Step, Variant
from ..settings import SleepPosition
from .bodies import avoided_in, is_about

REST_HOLD = "1-10+ min"
_REWORDED = {"position", "ends", "rounds", "enter", "switch", "leave"}
_HANDS_CARRY = ("all-fours", "kneeling", "seated")
_ON_THE_WAY: Mapping[str, tuple[str, ...]] = {
    "Getting down to the floor and up again still goes by way of one knee: keep a chair beside you.": (
        "kneeling",
        "kneeling-weight",
        "knees",
    ),
    "Getting up from the floor and walking to bed stay: keep a chair beside you, and take your time.": (
        "standing",
        "balance",
        "dizziness",
        "vertigo",
        "sedatives",
        "alcohol",
    ),
}
"""What the ways from the floor to bed still ask for, and who is told."""


@dataclass(frozen=True, slots=True)
class AdaptOptions:
    """How to adapt a routine. Names are pose ids; those of `avoid` are words of `bodies`."""

    level: Level = "standard"
    avoid: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    reps: int | None = None


def adapt(
    routine: Routine,
    options: AdaptOptions,
    *,
    rest: Callable[[], Pose],
    known_poses: Callable[[], Collection[str]],
    where: Callable[[str], str | None] = lambda name: None,
) -> tuple[Routine, tuple[str, ...]]:
    """The adapted routine, and a sentence for each step that `avoid` left out or swapped.

    The last step, in which people fall asleep, stays last; if it must be left out, `rest` replaces it. `skip` and
    `order` may name poses that aren't in this routine, if they are among `known_poses`. `where` gives the place of an
    option, for errors. Raises InputError for an unknown pose, if nothing is left, and for repetitions that the routine
    doesn't allow.
    """
    notes: list[str] = []
    _check_names(routine, options, known_poses, where)
    *body, final = routine.steps
    if options.only:
        body = [step for step in body if step.pose.id in options.only]
    body = [step for step in body if step.pose.id not in options.skip]
    body = [_with_reps(step, options.reps) for step in _in_order(body, options.order)]
    if options.reps is not None and not any(step.reps for step in body):
        notes.append("Nothing here is done in repetitions, so their number changes nothing.")
    steps = [chosen for step in body if (chosen := _step_to_do(step, options, notes)) is not None]
    last = _last_step(final, options, rest, notes, where)
    if not steps and len(routine.steps) > 1 and _leaves_anything_out(options):
        raise InputError(
            f"nothing is left of {routine.name} to do",
            where=routine.path or None,
            hint=" ".join(notes) or "leave out less",
        )
    if _gets_up_from_the_floor(routine, [*steps, last]):
        notes += [note for note, names in _ON_THE_WAY.items() if _named(options.avoid, *names)]
    if _named(options.avoid, "wrists", "wrist-weight") and any(s.pose.position in _HANDS_CARRY for s in steps):
        notes.append("Sitting up and lying down still go by way of the hands: take a forearm or a fist instead.")
    if _named(options.avoid, "pregnancy"):
        notes.append("You fall asleep on your side, unless you choose another --sleep-position.")
    steps.append(last)
    summary = summary_of(routine, steps)
    adapted = replace(routine, steps=tuple(steps), props=props_needed(routine, steps), summary=summary)
    return adapted, tuple(dict.fromkeys(notes))


def summary_of(routine: Routine, steps: Sequence[Step]) -> str:
    """The routine's summary; or the poses in `steps`, where one of the routine's is missing that it may promise."""
    if {step.pose.id for step in routine.steps} <= {step.pose.id for step in steps}:
        return routine.summary
    *names, last = dict.fromkeys(step.pose.name for step in steps)
    return f"{', '.join(names)} and {last}." if names else f"{last}."


def at_level(pose: Pose, level: Level) -> Pose:
    """`pose` at `level`; unchanged if it has no variant for that."""
    variant: Variant | None = {"easier": pose.easier, "standard": None, "deeper": pose.deeper}[level]
    if variant is None:
        return pose
    # words of a style for the standard pose don't fit a variant
    styles = {} if _REWORDED & variant.changes.keys() else pose.styles
    return replace(pose, **{"styles": styles, "extra": variant.say, **variant.changes})


def suited_sleep_position(chosen: SleepPosition, avoid: Sequence[str]) -> SleepPosition:
    """How to lie down to sleep: as `chosen`, and on the side where anything would do but the back is to be spared."""
    return "side" if chosen == "any" and _named(avoid, "pregnancy") else chosen


def _named(avoid: Sequence[str], *names: str) -> bool:
    return any(is_about(word, name) for word in avoid for name in names)


def _check_names(
    routine: Routine,
    options: AdaptOptions,
    known_poses: Callable[[], Collection[str]],
    where: Callable[[str], str | None],
) -> None:
    own = list(dict.fromkeys(step.pose.id for step in routine.steps))
    for setting in ("only", "skip", "order"):
        unknown = [name for name in getattr(options, setting) if name not in own]
        if unknown and setting == "only":
            what = about_setting(setting, f"{routine.name} has no pose {unknown[0]!r}", where(setting))
            near = nearest(unknown[0], own)
            hint = f"{f'did you mean {near[0]}? It' if near else 'it'} has {listed(own)}"
            raise InputError(what, where=where(setting), hint=hint)
        poses = known_poses() if unknown else ()
        for name in unknown:
            if name not in poses:
                hint = did_you_mean(name, [*own, *poses])
                what = about_setting(setting, f"there is no pose {name!r}", where(setting))
                raise InputError(what, where=where(setting), hint=hint)


def _last_step(
    final: Step,
    options: AdaptOptions,
    rest: Callable[[], Pose],
    notes: list[str],
    where: Callable[[str], str | None],
) -> Step:
    """The adapted last step, or a rest in its place. Raises InputError if `avoid` excludes the rest too."""
    left_out = final.pose.id in options.skip
    last = None if left_out else _step_to_do(final, options, notes)
    if last is not None:
        return last
    pose = rest()
    if final.pose.id == pose.id and left_out:
        notes.append(f"{pose.name} stays: something has to come last that people can fall asleep in.")
    if avoided := avoided_in(pose, options.avoid):
        what = f"nothing is left to end with: {pose.name} asks for {', '.join(avoided)}, which is to be avoided"
        hint = "allow that, for everyone is brought to lie down in the end"
        raise InputError(what, where=where("avoid"), hint=hint)
    if final.pose.id != pose.id:
        notes.append(f"{final.pose.name}, which comes last, gives way to {pose.name}.")
    return _rest_step(pose)


def _gets_up_from_the_floor(routine: Routine, steps: Sequence[Step]) -> bool:
    """Whether the listener gets down to the floor, and so has to stand up again to go to bed."""
    return routine.setting != "bed" and any(step.pose.position not in ("standing", "chair") for step in steps[:-1])


def _in_order(body: Sequence[Step], order: Sequence[str]) -> Iterator[Step]:
    """First the steps named in `order`, each mention the pose's next step; then the others, in their order."""
    left = list(body)
    for name in order:
        step = next((step for step in left if step.pose.id == name), None)
        if step is not None:
            left.remove(step)
            yield step
    yield from left


def _with_reps(step: Step, reps: int | None) -> Step:
    if step.reps is None:
        return step
    low, high = step.reps
    if reps is not None and not low <= reps <= high:
        raise InputError(f"--reps {reps}: {step.pose.id} is done {low} to {high} times", hint="choose one of these")
    number = low if reps is None else reps
    return replace(step, reps=(number, number))


def _step_to_do(step: Step, options: AdaptOptions, notes: list[str]) -> Step | None:
    """The step at the level, at the standard level or easier: the first that nothing in `avoid` excludes; or None."""
    levels: list[Level] = list(dict.fromkeys([options.level, "standard", "easier"]))
    ways = [at_level(step.pose, level) for level in levels]
    why = ", ".join(avoided_in(ways[0], options.avoid))
    for level, pose in zip(levels, ways, strict=True):
        if not avoided_in(pose, options.avoid):
            if level != options.level:
                way = "the easier way" if level == "easier" else f"not the {options.level} way"
                notes.append(f"{pose.name}: {way}, to avoid {why}.")
            same = pose.rounds == step.pose.rounds
            return replace(step, pose=pose, level=level, rounds=step.rounds if same else pose.rounds)
    notes.append(f"{step.pose.name}: left out, to avoid {why}.")
    return None


def _rest_step(pose: Pose) -> Step:
    return Step(pose=pose, hold=parse_hold(REST_HOLD), hold_text=REST_HOLD, rounds=pose.rounds)


def _leaves_anything_out(options: AdaptOptions) -> bool:
    return bool(options.avoid or options.only or options.skip)


def props_needed(routine: Routine, steps: Sequence[Step]) -> tuple[str, ...]:
    """The props for `steps` of `routine`: none that only omitted poses need, and what chosen variants need besides."""
    before = {prop for step in routine.steps for prop in step.pose.props}
    after = list(dict.fromkeys(prop for step in steps for prop in step.pose.props))
    kept = [prop for prop in routine.props if prop not in before or prop in after]
    # a pillow was among the two pillows that only an omitted pose needs
    lost = [prop for prop in routine.props if prop not in kept]
    new = [prop for prop in after if prop not in before or any(prop in had for had in lost)]
    return (*kept, *(prop for prop in new if not any(prop in have for have in kept)))
