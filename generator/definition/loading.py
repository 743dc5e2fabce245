"""Reads routine and pose files into `Routine` and `Pose`. All faults are reported at once, with file:line:column.

This module imports pydantic, PyYAML and Jinja, which are slow. Import it only where it is needed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

from ..durations import MAX_TRACK_MS, format_ms, parse_duration, parse_hold
from ..model import BreathWords, Keep, Pose, RoundName, Routine, Step, Variant
from ..settings import SETTINGS
from ..timeline.fit import shortest_ms
from ..values import NO_NAMES
from ..yaml_source import MAX_FAULTS, Node, YamlSource, read, read_text
from .checks import PoseCatalog
from .models import BreathEntry, PoseFile, RoutineFile, StyleEntry, VariantEntry
from .pose_text import MAX_TEXT, SIDE_VARIABLES, TEXT_VARIABLES, mark_faults, text_faults
from .validation import one_line, validated

SAFE_ENDINGS = ("supine", "side", "prone")
FASTEST_BREATH_MS, FASTEST_COUNT_MS = 5_000, 500  # the fastest that --breath-rate and --count-ms allow
MARKED_KEYS = ("enter", "switch", "leave", "say", "easier", "deeper", "mind", "feel")
TEXT_KEYS = ("enter", "switch", "hold_lines", "leave", "felt", "caution", "mind", "feel")
BREATH_KEYS = ("breaths", "breathing")

_BRACKET = re.compile(r"[{}\[\]]")


def parse_routine(
    text: str,
    file: str,
    *,
    name: str,
    poses: Callable[[str], Pose],
    known_poses: Callable[[], Collection[str]],
    known_settings: Mapping[str, Callable[[str], object]],
) -> Routine:
    """The routine in `text`. Faults name `file`; `name` is the routine's name in commands.

    `poses` returns a pose by its id; its NotFoundError and DefinitionError become faults. `known_poses` returns the ids
    to suggest from. `known_settings` has each setting's parser; its ValueError becomes a fault. Settings stay as
    written. Raises DefinitionError with every fault, including those in the files of the poses.
    """
    source = read(text, file)
    data = cast("dict[str, Any]", source.root.plain())
    own = {key: value for key, value in data.items() if key in RoutineFile.model_fields or key not in known_settings}
    settings = {key: value for key, value in data.items() if key not in own}
    catalog = PoseCatalog(poses, known_poses)
    written = validated(RoutineFile, own, source, catalog, more_keys=known_settings)
    for key, value in settings.items():
        _check_setting(key, value, known_settings[key], source)
    _check_ending(source, catalog)
    if written is not None:
        _check_length(written, source, catalog)
    source.add(fault for error in catalog.broken.values() for fault in error.faults)
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return Routine(
        name=name,
        title=written.title,
        summary=written.summary,
        greeting=written.greeting,
        setting=written.setting,
        eyes=written.eyes,
        props=tuple(written.props),
        notes=tuple(written.notes),
        settings={key: _setting_text(value) for key, value in settings.items()},
        path=file,
        brief=written.brief == "on",
        steps=tuple(_steps(written, source, catalog)),
    )


def parse_pose(text: str, file: str, *, id: str) -> Pose:  # noqa: A002 - the field's name
    """The pose in `text`; its texts stay Jinja. Raises DefinitionError with every fault."""
    source = read(text, file)
    written = validated(PoseFile, cast("dict[str, Any]", source.root.plain()), source)
    _check_texts(source)
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return Pose(
        id=id,
        name=written.name,
        position=written.position,
        ends=written.ends or written.position,
        rounds=cast("tuple[RoundName, ...]", tuple(written.rounds)),
        enter=written.enter,
        leave=written.leave,
        switch=written.switch,
        hold_lines=tuple(written.hold_lines),
        also=tuple(written.also),
        breaths=_breath_words(written.breaths),
        easier=_variant(written.easier, stays=written.ends is None),
        deeper=_variant(written.deeper, stays=written.ends is None),
        felt=written.felt,
        props=tuple(written.props),
        involves=tuple(written.involves),
        leave_out_for=tuple(written.leave_out_for),
        caution=written.caution,
        path=file,
        mind=written.mind,
        feel=written.feel,
        most_ms=None if written.most is None else parse_duration(written.most),
        breathing=_breath_words(written.breathing),
        styles=_styles(written.styles),
    )


def _breath_words(entries: Sequence[BreathEntry]) -> tuple[BreathWords, ...]:
    return tuple(BreathWords(entry.inhale, entry.exhale) for entry in entries)


def _styles(entries: Mapping[str, StyleEntry]) -> dict[str, dict[str, Any]]:
    return {name: _changes(entry) for name, entry in sorted(entries.items())}


def _changes(entry: VariantEntry | StyleEntry) -> dict[str, Any]:
    """The fields that the file has, in the form that a pose has them."""
    changes: dict[str, Any] = {}
    for key in sorted(entry.model_fields_set - {"say", "summary"}):
        value = getattr(entry, key)
        if key in BREATH_KEYS:
            changes[key] = _breath_words(value)
        elif key == "styles":
            changes[key] = _styles(value)
        else:
            changes[key] = tuple(value) if isinstance(value, list) else value
    return changes


def _variant(entry: VariantEntry | None, *, stays: bool) -> Variant | None:
    """The variant. If the pose `stays` in its position, a variant in another position stays there."""
    if entry is None:
        return None
    changes = _changes(entry)
    if stays and "position" in changes:
        changes.setdefault("ends", entry.position)
    return Variant(say=entry.say, summary=entry.summary, changes=changes)


def load_routine(
    path: Path,
    *,
    poses: Callable[[str], Pose],
    known_poses: Callable[[], Collection[str]],
    known_settings: Mapping[str, Callable[[str], object]],
) -> Routine:
    """The routine in a file; the file's name is its name. Raises what `parse_routine` does, and NotFoundError."""
    text = read_text(path)
    return parse_routine(
        text, str(path), name=path.stem, poses=poses, known_poses=known_poses, known_settings=known_settings
    )


def load_pose(path: Path) -> Pose:
    """The pose in a file; the file's name is its id. Raises DefinitionError and NotFoundError."""
    return parse_pose(read_text(path), str(path), id=path.stem)


# --- checks of the whole file ----------------------------------------------------------------


def _setting_text(value: str | list[str]) -> str:
    """A setting as on the command line: a list's entries with commas between them."""
    if isinstance(value, list):
        return ", ".join(entry.strip() for entry in value) or NO_NAMES
    return value.strip()


def _check_setting(key: str, value: Any, parse: Callable[[str], object], source: YamlSource) -> None:
    node = source.find((key,)) or source.root
    if node.broken:
        return
    names = key in SETTINGS and SETTINGS[key].is_list and isinstance(value, list)
    if not isinstance(value, str) and not (names and all(isinstance(name, str) for name in value)):
        source.fault(node.start, f"'{key}' is a setting and must be text, not a list or keys: write it on one line")
        return
    try:
        parse(_setting_text(value))
    except ValueError as error:
        source.fault(node.start, f"'{key}': {error}")


def _check_ending(source: YamlSource, catalog: PoseCatalog) -> None:
    """Check that the routine ends lying down, not with legs raised, kneeling, on a chair or at the edge."""
    steps = source.find(("steps",))
    if steps is None or not isinstance(steps.value, list) or not steps.value:
        return
    last = len(steps.value) - 1
    pose_node = source.find(("steps", last, "pose"))
    pose = catalog.found.get(one_line(pose_node.value)) if pose_node and isinstance(pose_node.value, str) else None
    if pose is None:
        return
    ways = [variant.changes.get("ends", pose.ends) for variant in (pose.easier, pose.deeper) if variant]
    unsafe = next((ends for ends in (pose.ends, *ways) if ends not in SAFE_ENDINGS), None)
    if unsafe:
        safe = f"{', '.join(SAFE_ENDINGS[:-1])} or {SAFE_ENDINGS[-1]}"
        message = f"the last pose, {pose.id}, ends {unsafe}; a track ends {safe}: add a last step like 'pose: rest'"
        source.fault(steps.value[last].start, message)


def _check_length(written: RoutineFile, source: YamlSource, catalog: PoseCatalog) -> None:
    """Check that the holds alone fit into a day: each at its lower end, with the fastest breaths and counts."""
    steps = [step for step in written.steps if step.pose in catalog.found]
    least_ms = 0
    for step in steps:
        rounds = len(step.sides or catalog.found[step.pose].rounds) * (step.reps[0] if step.reps else 1)
        least_ms += rounds * shortest_ms(parse_hold(step.hold), FASTEST_BREATH_MS, FASTEST_COUNT_MS)
    if least_ms > MAX_TRACK_MS:
        node = source.find(("steps",)) or source.root
        what = f"these holds last {format_ms(least_ms)} at their shortest, and a track lasts 24 h at most"
        source.fault(node.start, f"{what}: shorten them, or leave some out")


def _steps(written: RoutineFile, source: YamlSource, catalog: PoseCatalog) -> Iterator[Step]:
    for index, step in enumerate(written.steps):
        node, pose = source.find(("steps", index)), catalog.found[step.pose]
        yield Step(
            pose=pose,
            hold=parse_hold(step.hold),
            hold_text=step.hold,
            rounds=cast("tuple[RoundName, ...]", tuple(step.sides or pose.rounds)),
            reps=step.reps,
            line=source.line_of(node.start) if node else 0,
            keep=cast("Keep", step.keep),
        )


def _check_texts(source: YamlSource) -> None:
    """Check the Jinja texts of the pose and its variants. Their rounds decide which variables a text may use."""
    own = _rounds_of(source, (), ["only"])
    for loc in ((), ("easier",), ("deeper",)):
        variables = _variables_of(_rounds_of(source, loc, own))
        for key in ("say", *TEXT_KEYS) if loc else TEXT_KEYS:
            _check_text(source, key, source.find((*loc, key)), variables)
        for key in BREATH_KEYS:
            breaths = source.find((*loc, key))
            for breath in breaths.value if breaths and isinstance(breaths.value, list) else []:
                for phase, (_, node) in breath.value.items() if isinstance(breath.value, dict) else ():
                    _check_text(source, phase, node, variables)
        styles = source.find((*loc, "styles"))
        for style in styles.value if styles and isinstance(styles.value, dict) else ():
            for key in TEXT_KEYS:
                _check_text(source, key, source.find((*loc, "styles", style, key)), variables)
        if loc and (short := source.find(loc)) is not None and isinstance(short.value, str):
            _check_text(source, loc[0], short, variables)


def _rounds_of(source: YamlSource, loc: tuple[str, ...], otherwise: object) -> object:
    rounds = source.find((*loc, "rounds"))
    return rounds.plain() if rounds else otherwise


def _variables_of(rounds: object) -> Collection[str]:
    """The variables of every text; those of sides only if one of the rounds is a side."""
    sided = not isinstance(rounds, list) or "right" in rounds or "left" in rounds
    return TEXT_VARIABLES if sided else [name for name in TEXT_VARIABLES if name not in SIDE_VARIABLES]


def _check_text(source: YamlSource, key: str, node: Node | None, variables: Collection[str]) -> None:
    for text in node.value if node and isinstance(node.value, list) else [node] if node else []:
        if isinstance(text.value, str) and len(text.value) <= MAX_TEXT and not source.full:
            marks = mark_faults(text.value) if key in MARKED_KEYS else ()
            for offset, message in islice(chain(text_faults(text.value, variables), marks), MAX_FAULTS):
                source.fault(_place(source, text, text.value, offset), f"'{key}': {message}")


def _place(source: YamlSource, node: Node, text: str, offset: int) -> int:
    """The offset in the file that belongs to an offset in a scalar's text, whatever the scalar's style.

    Quotes, folding and indentation move everything, but they keep the order of braces and brackets. So these are
    counted.
    """
    written = source.text[node.start : node.end]
    here = [match.start() for match in _BRACKET.finditer(text)]
    there = [match.start() for match in _BRACKET.finditer(written)]
    number = bisect_right(here, offset) - 1
    if number < 0 or len(here) != len(there):
        return node.start
    within = offset - here[number]
    same = text[here[number] : offset] == written[there[number] : there[number] + within]
    return node.start + there[number] + (within if same else 0)
