"""Files judged before anything is made of them: routines, poses, scripts and libraries, each with all its faults."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from . import resources
from .definition import FASTEST_BREATH_MS, FASTEST_COUNT_MS, MAX_TRACK_MS, load_pose, text_of
from .definition_models import PoseFile, RoutineFile
from .errors import DefinitionError, Fault, NotFoundError, SleepwardError
from .fit import range_ms
from .lengths import format_ms, parse_hold
from .library_models import LibraryFile, parse_library
from .model import Hold, Pose, Routine, Script, Step
from .script import parse
from .settings import PARSERS
from .sources import ROUTINE_SUFFIXES, load_source, read_pose, read_routine, resolve_for, routine_script, script_layer

Kind = Literal["routine", "pose", "script", "library"]
ROUTINES = "routines"
SCRIPT_SUFFIX = ".txt"
LEVELS = ("standard", "easier", "deeper")

_KEY = re.compile(r"^[\"']?([a-z_]+)[\"']?\s*:", re.MULTILINE)
_PLACE = re.compile(r"(.*?):(\d+)(?::(\d+))?")
_POSE_TEXT = re.compile(r"(.+\.ya?ml): (\w+)")
_POSE_MARK = re.compile(r"\[pose (\S+) \w+\]")
# Where a pose is tried alone: somewhere near its position, so that no walk through the room leads there.
_SETTINGS = {"chair": "chair", "standing": "room", "seated": "mat"}


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, what it was taken for, and its faults; some of them may lie in other files that it names."""

    path: str
    kind: Kind
    faults: tuple[Fault, ...]


def check(paths: Sequence[str]) -> Iterator[Checked]:
    """Every file of `paths`, one after the other; nothing is written. Raises NotFoundError where there is nothing.

    A folder stands for all that can be read in it and below, no path for this folder's `routines/`.
    """
    kinds = {path: kind_of(path) for path in _files(paths)}
    for path in sorted(kinds, key=lambda path: kinds[path] != "pose"):  # poses come first: others use them
        try:
            faults = tuple(_CHECKS[kinds[path]](path))
        except SleepwardError as error:
            faults = faults_of(error, path)
        seen_from_here = (replace(fault, file=_seen_from_here(fault.file)) for fault in faults)
        yield Checked(str(path), kinds[path], tuple(dict.fromkeys(seen_from_here)))


def kind_of(path: Path) -> Kind:
    """What a file is meant to be: by its suffix, its folder, its name, and then by its keys."""
    if path.suffix not in ROUTINE_SUFFIXES:
        return "script"
    keys = set(_KEY.findall(_peek(path)))
    if "steps" in keys:
        return "routine"
    if path.absolute().parent.name == "poses":
        return "pose"
    if path.stem == "library":
        return "library"
    models: Mapping[Kind, set[str]] = {
        "routine": set(RoutineFile.keys()),
        "pose": set(PoseFile.keys()),
        "library": set(LibraryFile.keys()),
    }
    return max(models, key=lambda kind: len(keys & models[kind]))


def faults_of(error: SleepwardError, path: Path) -> tuple[Fault, ...]:
    """An error as faults with places; where it names none, it is the file's as a whole."""
    if isinstance(error, DefinitionError):
        return error.faults
    message = f"{error.what}: {error.hint}" if error.hint else error.what
    where = error.where or ""
    if place := _PLACE.fullmatch(where):
        return (Fault(place[1], int(place[2]), int(place[3] or 1), message),)
    if text := _POSE_TEXT.fullmatch(where):
        return (Fault(text[1], _line_of_key(Path(text[1]), text[2]), 1, f"'{text[2]}': {message}"),)
    return (Fault(str(path), 1, 1, message),)


# --- which files -----------------------------------------------------------------------------------------


def _files(paths: Sequence[str]) -> Iterator[Path]:
    if not paths and not Path(ROUTINES).is_dir():
        hint = "name files or folders, like: sleepward check my-night.yaml"
        raise NotFoundError(f"there is no folder {ROUTINES}/ here, so there is nothing to check", hint=hint)
    seen: set[Path] = set()
    for name in paths or [ROUTINES]:
        path = Path(name)
        if not path.exists():
            raise NotFoundError("there is no such file or folder", where=name, hint="check its name")
        found = [*_below(path)] if path.is_dir() else [path]
        if not found:
            what = "there is no routine, pose, library (.yaml) or script (.txt) in this folder"
            raise NotFoundError(what, where=name, hint="name another, or the file itself")
        yield from (path for path in found if path not in seen)
        seen.update(found)


def _below(folder: Path) -> Iterator[Path]:
    """All that may be one of ours, in a steady order; what other programs keep in hidden folders isn't."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not Path(root, name, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(root, name)
            if name.startswith(".") or not path.is_file():
                continue
            if path.suffix == SCRIPT_SUFFIX or (path.suffix in ROUTINE_SUFFIXES and _is_ours(path)):
                yield path


def _is_ours(path: Path) -> bool:
    """Whether a YAML file below a folder is meant for us: it lies in routines/, or has a key that only we use."""
    telling = {"steps", "pose", "enter", "leave", "position", "matrix", "tracks"}
    return ROUTINES in path.absolute().parts or path.stem == "library" or bool(telling & set(_KEY.findall(_peek(path))))


def _peek(path: Path) -> str:
    """A file's text, or nothing where it can't be had: whoever reads it says why."""
    try:
        return text_of(path)
    except SleepwardError:
        return ""


def _seen_from_here(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


# --- what is wrong in them -------------------------------------------------------------------------------


def _check_routine(path: Path) -> Iterator[Fault]:
    yield from _script_faults(read_routine(path), path)


def _check_pose(path: Path) -> Iterator[Fault]:
    """The pose alone, as a routine of it and the final rest would say it."""
    pose = load_pose(path)
    hold = "2 min"
    steps = tuple(Step(each, parse_hold(hold), hold, each.rounds) for each in (pose, _rest()))
    setting = _SETTINGS.get(pose.position, "bed")
    routine = Routine(pose.id, pose.name, pose.name, setting, "closed", (), steps, path=str(path))
    yield from _script_faults(routine, path)


def _rest() -> Pose:
    return read_pose("rest")


def _check_script(path: Path) -> Iterator[Fault]:
    source = load_source(str(path), {})
    script = parse(source.text, source.shown_as)
    resolve_for(script_layer(source, script), {})
    yield from _length_faults(script, path)


def _check_library(path: Path) -> Iterator[Fault]:
    parse_library(text_of(path), str(path), known_settings=PARSERS, known_routines=resources.routine_names())
    yield from ()


_CHECKS: Mapping[Kind, Callable[[Path], Iterator[Fault]]] = {
    "routine": _check_routine,
    "pose": _check_pose,
    "script": _check_script,
    "library": _check_library,
}


def _script_faults(routine: Routine, path: Path) -> Iterator[Fault]:
    """What is wrong in the script that becomes of it, at each level."""
    for level in LEVELS:
        try:
            text = routine_script(routine, {"level": level})
        except SleepwardError as error:
            yield from faults_of(error, path)
            continue
        name = f"script of {routine.name}"
        try:
            parse(text, name)
        except SleepwardError as error:
            for fault in faults_of(error, path):
                yield _in_script(fault, text, routine, path) if fault.file == name else fault


def _in_script(fault: Fault, text: str, routine: Routine, path: Path) -> Fault:
    """A fault of a script that nobody wrote, at the step that makes it, with the words it is about."""
    lines = text.split("\n")
    poses = [mark[1] for line in lines[: fault.line] if (mark := _POSE_MARK.fullmatch(line.strip()))]
    steps = [step.line for step in routine.steps if poses and step.pose.id == poses[-1] and step.line]
    words = " ".join(lines[fault.line - 1].split())[:80] if fault.line <= len(lines) else ""
    return Fault(str(path), steps[0] if steps else 1, 1, f"in its script, at '{words}': {fault.message}")


def _length_faults(script: Script, path: Path) -> Iterator[Fault]:
    holds = [cue for cue in script.cues if isinstance(cue, Hold) and cue.length is not None]
    least_ms, _ = range_ms(
        [hold.length for hold in holds if hold.length is not None], FASTEST_BREATH_MS, FASTEST_COUNT_MS
    )
    if least_ms > MAX_TRACK_MS:
        what = f"these holds last {format_ms(least_ms)} at their shortest, and a track lasts 24 h at most"
        yield Fault(str(path), holds[0].where.line, 1, f"{what}: shorten them, or leave some out")


def _line_of_key(path: Path, key: str) -> int:
    lines = _peek(path).split("\n")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
