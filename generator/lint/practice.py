"""Rules for poses and routines as they are written: words that lead out, sides, props, the ending."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..definition.adapt import at_level
from ..model import BreathWords, Level, Pose, RoundName, Routine, Variant
from ..script import has_reminders
from .findings import Finding
from .sides import literal_sides

LEVELS: tuple[Level, ...] = ("standard", "easier", "deeper")
SPOKEN_KEYS = ("enter", "switch", "leave", "hold_lines", "breaths", "mind", "feel", "breathing")
RESTING = ("supine", "side", "prone", "seated")  # positions in which a hold may end without words
LYING = ("supine", "side", "prone")
HARD_PROPS = frozenset({"chair", "wall", "bolster", "block", "strap"})

PROP = re.compile(
    r"\b(pillow|blanket|towel|chair|wall|bolster|cushion|strap|belt|block|stool|bench|mat)s?\b", re.IGNORECASE
)


def pose_findings(pose: Pose) -> Iterator[Finding]:
    """The findings in a pose's file that need no rendering, at every level."""
    yield from _literal_sides(pose)
    for level in LEVELS:
        if level != "standard" and not getattr(pose, level):
            continue
        way = at_level(pose, level)
        key = "leave" if level == "standard" else level
        if not way.leave.strip() and _needs_leave(way):
            what = f"nothing leads out of {_name_at_level(pose, level)}"
            message = f"{what}: write in 'leave' how one comes out, a limb at a time"
            yield Finding("no-way-out", message, pose=pose.id, key=key)
        rounds = Counter(way.rounds)
        if rounds["right"] != rounds["left"]:
            message = f"{_name_at_level(pose, level)} has rounds for one side only: write 'rounds: [right, left]'"
            yield Finding("unpaired-sides", message, pose=pose.id, key="rounds" if level == "standard" else level)
    yield from _words_for_another_position(pose)


def routine_findings(routine: Routine) -> Iterator[Finding]:
    """The findings in a routine's steps that need no rendering."""
    *body, last = routine.steps
    for step in body:
        if not step.pose.leave.strip():
            what = f"{step.pose.id} has no words that lead out of it ('leave' is empty), and is not the last step"
            yield Finding("no-way-out", f"{what}: write them in its file, or put it last", step_line=step.line)
    yield from _unpaired_steps(routine)
    yield from _unnamed_props(routine)
    if fault := _unsafe_to_sleep_in(last.pose, last.rounds):
        what = f"{last.pose.id} comes last, and {fault}; nothing is said after the last hold"
        yield Finding("unsafe-ending", f"{what}: add a last step like 'pose: rest'", step_line=last.line)


def unspoken_lines(routine: Routine, breath_ms: int, count_ms: int) -> Iterator[Finding]:
    """The steps, but the last, in whose holds none of the pose's hold lines is ever spoken."""
    for step in routine.steps[:-1]:
        if step.pose.hold_lines and not has_reminders(step, breath_ms, count_ms):
            what = f"the 'hold_lines' of {step.pose.id} are never spoken in a hold of {step.hold_text}"
            why = "a hold has one from 45 s on, and none where it is counted, repeated or paced by the breath"
            message = f"{what} ({why}): lengthen its lower end, or leave them out"
            yield Finding("unspoken-line", message, step_line=step.line)


def unrendered_texts(pose: Pose) -> Iterator[tuple[Pose, str, str]]:
    """The texts that one script can't all speak: each with the pose at its level, and the file's key."""
    seen: set[str] = set()
    for level in LEVELS:
        way = at_level(pose, level)
        fields = {key: getattr(way, key) for key in ("hold_lines", "mind", "feel", "breathing")}
        for key, text in (
            *_flattened(fields),
            *(("styles", text) for each in way.styles.values() for _, text in _flattened(each)),
        ):
            if text.strip() and text not in seen:
                seen.add(text)
                yield way, key if level == "standard" else level, text


# --- a pose's file -----------------------------------------------------------------------------------


def _name_at_level(pose: Pose, level: Level) -> str:
    return pose.id if level == "standard" else f"{pose.id} at the level {level}"


def _needs_leave(pose: Pose) -> bool:
    return pose.ends != pose.position or pose.position not in RESTING or pose.rounds != ("only",) or bool(pose.involves)


def _words_for_another_position(pose: Pose) -> Iterator[Finding]:
    """A variant in another position can't use the `enter` and `leave` of the standard one."""
    levels: tuple[Level, ...] = ("easier", "deeper")
    for level in levels:
        variant: Variant | None = getattr(pose, level)
        position = variant.changes.get("position", pose.position) if variant else pose.position
        for key in ("enter", "leave"):
            if variant and position != pose.position and key not in variant.changes:
                what = f"'{level}' begins {position}, but has the standard '{key}', written for {pose.position}"
                yield Finding("no-way-out", f"{what}: give it an '{key}' of its own", pose=pose.id, key=level)


def _literal_sides(pose: Pose) -> Iterator[Finding]:
    for key, text in _texts(pose):
        for excerpt in literal_sides(text):
            what = f"'{excerpt}' names a side itself, which --first-side can't mirror"
            mend = "write {{ side }}, {{ other_side }} or {{ first_side }}, or another word where no side is meant"
            yield Finding("literal-side", f"{what}: {mend}", quote=excerpt, pose=pose.id, key=key)


def _texts(pose: Pose) -> Iterator[tuple[str, str]]:
    """Every spoken text of the pose as written, with its key in the file."""
    fields = {key: getattr(pose, key) for key in SPOKEN_KEYS}
    yield from _flattened(fields)
    yield from (("styles", text) for changes in pose.styles.values() for _, text in _flattened(changes))
    for level, variant in (("easier", pose.easier), ("deeper", pose.deeper)):
        if variant is not None:
            changes = {key: value for key, value in variant.changes.items() if key in SPOKEN_KEYS}
            of_styles = variant.changes.get("styles", {}).values()
            texts = [variant.say, *(text for each in (changes, *of_styles) for _, text in _flattened(each))]
            yield from ((level, text) for text in texts)


def _flattened(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in fields.items():
        for text in (value,) if isinstance(value, str) else value:
            if isinstance(text, BreathWords):
                yield from ((key, text.inhale), (key, text.exhale))
            else:
                yield key, text


# --- a routine's steps ---------------------------------------------------------------------------------


def _unpaired_steps(routine: Routine) -> Iterator[Finding]:
    """Right and left may be in separate steps, but each needs the same holds."""
    held: dict[str, Counter[tuple[str, str]]] = {}
    lines: dict[str, int] = {}
    for step in routine.steps:
        times = held.setdefault(step.pose.id, Counter())
        times.update((name, f"{step.hold} {step.reps}") for name in step.rounds)
        lines[step.pose.id] = step.line
    for pose_id, times in held.items():
        right, left = (Counter({hold: n for (name, hold), n in times.items() if name == side}) for side in _SIDES)
        if right != left:
            what = f"{pose_id} isn't held on both sides for the same time"
            message = f"{what}: write 'sides: [right, left]', or leave 'sides' out"
            yield Finding("unpaired-sides", message, step_line=lines[pose_id])


_SIDES: tuple[RoundName, RoundName] = ("right", "left")


def _unnamed_props(routine: Routine) -> Iterator[Finding]:
    there = props_in(" ".join(routine.props))
    for step in routine.steps:
        missing = [prop for prop in step.pose.props if not props_in(prop) <= there]
        if missing:
            what = f"{step.pose.id} uses {' and '.join(missing)}, which isn't among the routine's 'props'"
            yield Finding("prop-not-named", f"{what}: add it, so that it is fetched at the start", step_line=step.line)


def props_in(text: str) -> set[str]:
    """The props that `text` names, in the singular."""
    return {found[1].lower() for found in PROP.finditer(text)}


def _unsafe_to_sleep_in(pose: Pose, rounds: Collection[RoundName]) -> str:
    """Why `pose` isn't safe to fall asleep in; empty if it is. Its `leave` doesn't count: it isn't spoken then."""
    if pose.position not in LYING or pose.ends != pose.position:
        return f"begins {pose.position}, which isn't the way to fall asleep"
    if pose.involves:
        return f"holds {' and '.join(pose.involves)}"
    if set(rounds) - {"only", "both"}:
        return "would be slept in on one side"
    if under := [prop for prop in pose.props if props_in(prop) & HARD_PROPS or pose.position == "prone"]:
        return f"rests on something to lie over ({', '.join(under)})"
    return ""
