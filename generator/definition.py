"""Routine and pose files to `Routine` and `Pose`, with every fault at its file:line:column, all at once.

pydantic, PyYAML and Jinja are imported at the top: whoever must start instantly imports this module when it is needed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

from .definition_models import PoseFile, RoutineFile, Shelf, one_line, validated
from .errors import InputError, NotFoundError
from .lengths import parse_hold
from .model import Pose, RoundName, Routine, Step
from .pose_text import MAX_TEXT, TEXT_VARIABLES, text_faults
from .yaml_source import MAX_BYTES, MAX_FAULTS, Node, Source, decode, read

SAFE_ENDINGS = ("supine", "side", "prone")
TEXT_KEYS = ("enter", "hold_lines", "switch", "leave", "easier", "deeper", "felt", "caution")

_BRACE = re.compile(r"[{}]")


def parse_routine(
    text: str,
    file: str,
    *,
    name: str,
    poses: Callable[[str], Pose],
    known_poses: Callable[[], Collection[str]],
    known_settings: Mapping[str, Callable[[str], object]],
) -> Routine:
    """The routine that `text` describes; `file` stands in faults, `name` is what the routine is asked for by.

    `poses` gives a pose by its id (NotFoundError and DefinitionError become faults), `known_poses` the ids to suggest
    from, `known_settings` a setting's parser by its name (ValueError's message becomes a fault). Settings are kept as
    they were written. Raises DefinitionError with every fault found, those of the poses' files too.
    """
    source = read(text, file)
    data = cast("dict[str, Any]", source.root.plain())
    own = {key: value for key, value in data.items() if key in RoutineFile.model_fields or key not in known_settings}
    settings = {key: value for key, value in data.items() if key not in own}
    shelf = Shelf(poses, known_poses)
    written = validated(RoutineFile, own, source, shelf, settings=known_settings)
    for key, value in settings.items():
        _check_setting(key, value, known_settings[key], source)
    _check_ending(source, shelf)
    source.add(fault for error in shelf.broken.values() for fault in error.faults)
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return Routine(
        name=name,
        title=written.title,
        summary=written.summary,
        setting=written.setting,
        eyes=written.eyes,
        props=tuple(written.props),
        notes=tuple(written.notes),
        settings={key: value.strip() for key, value in settings.items()},
        path=file,
        steps=tuple(_steps(written, source, shelf)),
    )


def parse_pose(text: str, file: str, *, id: str) -> Pose:  # noqa: A002 - the field's name
    """The pose that `text` describes, its texts still Jinja. Raises DefinitionError with every fault found."""
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
        easier=written.easier,
        deeper=written.deeper,
        felt=written.felt,
        props=tuple(written.props),
        leave_out_for=tuple(written.leave_out_for),
        caution=written.caution,
        path=file,
    )


def load_routine(
    path: Path,
    *,
    poses: Callable[[str], Pose],
    known_poses: Callable[[], Collection[str]],
    known_settings: Mapping[str, Callable[[str], object]],
) -> Routine:
    """The routine in a file, named by the file. Raises what `parse_routine` does, and NotFoundError."""
    text = _text_of(path)
    return parse_routine(
        text, str(path), name=path.stem, poses=poses, known_poses=known_poses, known_settings=known_settings
    )


def load_pose(path: Path) -> Pose:
    """The pose in a file, whose name is its id. Raises DefinitionError and NotFoundError."""
    return parse_pose(_text_of(path), str(path), id=path.stem)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return decode(stream.read(MAX_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise NotFoundError("there is no such file", where=str(path), hint="check its name and folder") from error
    except OSError as error:
        hint = "check that it is a file and that you may read it"
        raise InputError(f"it can't be read ({error.strerror})", where=str(path), hint=hint) from error


# --- what only the whole file shows ----------------------------------------------------------------


def _check_setting(key: str, value: object, parse: Callable[[str], object], source: Source) -> None:
    node = source.find((key,)) or source.root
    if node.broken:
        return
    if not isinstance(value, str):
        source.fault(node.start, f"'{key}' is a setting and must be text, not a list or keys: write it on one line")
        return
    try:
        parse(value.strip())
    except ValueError as error:
        source.fault(node.start, f"'{key}': {error}")


def _check_ending(source: Source, shelf: Shelf) -> None:
    """Nobody is left to fall asleep with legs raised, kneeling, on a chair or at the edge."""
    steps = source.find(("steps",))
    if steps is None or not isinstance(steps.value, list) or not steps.value:
        return
    last = len(steps.value) - 1
    pose_node = source.find(("steps", last, "pose"))
    pose = shelf.found.get(one_line(pose_node.value)) if pose_node and isinstance(pose_node.value, str) else None
    if pose is not None and pose.ends not in SAFE_ENDINGS:
        safe = f"{', '.join(SAFE_ENDINGS[:-1])} or {SAFE_ENDINGS[-1]}"
        message = f"the last pose, {pose.id}, ends {pose.ends}; a track ends {safe}: add a last step like 'pose: rest'"
        source.fault(steps.value[last].start, message)


def _steps(written: RoutineFile, source: Source, shelf: Shelf) -> Iterator[Step]:
    for index, step in enumerate(written.steps):
        node, pose = source.find(("steps", index)), shelf.found[step.pose]
        yield Step(
            pose=pose,
            hold=parse_hold(step.hold),
            hold_text=step.hold,
            rounds=cast("tuple[RoundName, ...]", tuple(step.sides or pose.rounds)),
            reps=step.reps,
            line=source.line_of(node.start) if node else 0,
        )


def _check_texts(source: Source) -> None:
    rounds = source.find(("rounds",))
    names = rounds.plain() if rounds else ["only"]
    sided = not isinstance(names, list) or "right" in names or "left" in names
    variables = TEXT_VARIABLES if sided else tuple(name for name in TEXT_VARIABLES if not name.endswith("side"))
    for key in TEXT_KEYS:
        node = source.find((key,))
        for text in node.value if node and isinstance(node.value, list) else [node] if node else []:
            if isinstance(text.value, str) and len(text.value) <= MAX_TEXT and not source.full:
                for offset, message in islice(text_faults(text.value, variables), MAX_FAULTS):
                    source.fault(_place(source, text, text.value, offset), f"'{key}': {message}")


def _place(source: Source, node: Node, text: str, offset: int) -> int:
    """Where an offset of a scalar's text stands in the file, whatever the scalar's style.

    Quotes, folding and indentation move everything but the order of the template's braces, so those are counted.
    """
    written = source.text[node.start : node.end]
    here = [match.start() for match in _BRACE.finditer(text)]
    there = [match.start() for match in _BRACE.finditer(written)]
    number = bisect_right(here, offset) - 1
    if number < 0 or len(here) != len(there):
        return node.start
    within = offset - here[number]
    same = text[here[number] : offset] == written[there[number] : there[number] + within]
    return node.start + there[number] + (within if same else 0)
