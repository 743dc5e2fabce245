"""Adapts a routine to a listener: level, what to avoid, which poses in what order, how many repetitions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..durations import parse_hold
from ..errors import InputError, did_you_mean, listed
from ..model import POSITIONS, Level, Pose, Routine, Step, Variant

REST_HOLD = "1-10+ min"
_REWORDED = {"position", "ends", "rounds", "enter", "switch", "leave"}
_KNEELING_WORDS = {"kneeling", "kneeling-weight", "knees"}
_IMPLIED: Mapping[str, tuple[str, ...]] = {"all-fours": ("kneeling",), "legs-raised": ("inversion",)}


@dataclass(frozen=True, slots=True)
class AdaptOptions:
    """How to adapt a routine. Names are pose ids; those of `avoid` are positions, conditions or movements."""

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
    if _gets_up_from_the_floor(routine, [*steps, last]) and _KNEELING_WORDS & set(options.avoid):
        notes.append("Getting down to the floor and up again still goes by way of one knee: keep a chair beside you.")
    return replace(routine, steps=(*steps, last), props=props_needed(routine, [*steps, last])), tuple(notes)


def at_level(pose: Pose, level: Level) -> Pose:
    """`pose` at `level`; unchanged if it has no variant for that."""
    variant: Variant | None = {"easier": pose.easier, "standard": None, "deeper": pose.deeper}[level]
    if variant is None:
        return pose
    # words of a style for the standard pose don't fit a variant
    styles = {} if _REWORDED & variant.changes.keys() else pose.styles
    return replace(pose, **{"styles": styles, "extra": variant.say, **variant.changes})


def pose_traits(pose: Pose) -> set[str]:
    """The words of `avoid` that apply to `pose`."""
    positions = {pose.position, pose.ends}
    implied = {word for position in positions for word in _IMPLIED.get(position, ())}
    return {*positions, *implied, *pose.involves, *pose.leave_out_for}


def avoidable_words(poses: Sequence[Pose]) -> set[str]:
    """The words that `avoid` can have if `poses` are all the poses."""
    implied = {word for words in _IMPLIED.values() for word in words}
    return {*POSITIONS, *implied, *(word for pose in poses for word in (*pose.involves, *pose.leave_out_for))}


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
            what = f"only: {routine.name} has no pose {unknown[0]!r}"
            raise InputError(what, where=where(setting), hint=f"{did_you_mean(unknown[0], own)}; it has {listed(own)}")
        poses = known_poses() if unknown else ()
        for name in unknown:
            if name not in poses:
                hint = did_you_mean(name, [*own, *poses])
                raise InputError(f"{setting}: there is no pose {name!r}", where=where(setting), hint=hint)


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
    if avoided := pose_traits(pose) & set(options.avoid):
        what = f"nothing is left to end with: {pose.name} asks for {', '.join(sorted(avoided))}, which is to be avoided"
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
    avoided = set(options.avoid)
    levels: list[Level] = list(dict.fromkeys([options.level, "standard", "easier"]))
    ways = [at_level(step.pose, level) for level in levels]
    why = ", ".join(sorted(pose_traits(ways[0]) & avoided))
    for level, pose in zip(levels, ways, strict=True):
        if not pose_traits(pose) & avoided:
            if level != options.level:
                way = "the easier way" if level == "easier" else "not the deeper way"
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
