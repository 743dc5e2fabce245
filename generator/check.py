"""Files judged before anything is made of them: routines, poses, scripts and lists of these; faults and advice."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from . import resources
from .beds import parse_background
from .definition import FASTEST_BREATH_MS, FASTEST_COUNT_MS, MAX_TRACK_MS, load_pose, text_of
from .definition_models import PoseFile, RoutineFile
from .errors import DefinitionError, Fault, NotFoundError, SleepwardError
from .fit import range_ms
from .lengths import format_ms, parse_hold
from .lexicon import parse_lexicon
from .library_models import LibraryFile, parse_library
from .lint import (
    Finding,
    Warned,
    mirror_findings,
    placed,
    pose_findings,
    routine_findings,
    script_findings,
    sentence_findings,
    told,
    unrendered_texts,
)
from .model import Hold, Pause, Pose, Routine, Script, Step, Where
from .program_models import ProgramFile
from .programs import read_program
from .resources import ROUTINE_SUFFIXES
from .script import described, parse
from .script.prose import sentences
from .settings import PARSERS, PROJECT_FILE, Layer, Settings, file_layer, resolve
from .sources import load_source, read_pose, read_routine, resolve_for, routine_source, script_layer
from .timing import Timing

Kind = Literal["routine", "pose", "script", "library", "program", "lexicon", "settings"]
ALONE: tuple[Layer, ...] = ()  # a file's faults are its own: settings around it are judged by themselves
ROUTINES = "routines"
SCRIPT_SUFFIX = ".txt"
LEVELS = tuple({"level": level} for level in ("standard", "easier", "deeper"))
NIGHT = "1"  # one that isn't the ritual

_KEY = re.compile(r"^[\"']?([a-z_]+)[\"']?\s*:", re.MULTILINE)
_PLACE = re.compile(r"(.*?):(\d+)(?::(\d+))?")
_POSE_TEXT = re.compile(r"(.+\.ya?ml): (\w+)")
_POSE_MARK = re.compile(r"\[pose (\S+) \w+\]")
# Where a pose is tried alone: somewhere near its position, so that no walk through the room leads there.
_SETTINGS = {"chair": "chair", "standing": "room", "seated": "mat"}


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, what it was taken for, its faults and warnings; some of them may lie in other files that it names."""

    path: str
    kind: Kind
    faults: tuple[Fault, ...]
    warnings: tuple[Warned, ...] = ()


def check(paths: Sequence[str]) -> Iterator[Checked]:
    """Every file of `paths`, one after the other; nothing is written. Raises NotFoundError where there is nothing.

    A folder stands for all that can be read in it and below, no path for this folder's `routines/`.
    """
    kinds = {path: kind_of(path) for path in _files(paths)}
    told_first: dict[object, Warned] = {}
    for path in sorted(kinds, key=lambda path: kinds[path] != "pose"):  # poses come first: others use them
        found: list[Fault | Warned] = []
        try:
            found.extend(_CHECKS[kinds[path]](path))
        except SleepwardError as error:
            found.extend(faults_of(error, path))
        here = dict.fromkeys(replace(each, file=_seen_from_here(each.file)) for each in found)
        warned = {told_first.setdefault(each.same, each) for each in here if isinstance(each, Warned)}
        yield Checked(
            str(path),
            kinds[path],
            tuple(each for each in here if isinstance(each, Fault)),
            tuple(sorted(warned)),
        )


def kind_of(path: Path) -> Kind:
    """What a file is meant to be: by its suffix, its folder, its name, and then by its keys."""
    if path.name == PROJECT_FILE:
        return "settings"
    if path.suffix not in ROUTINE_SUFFIXES:
        return "script"
    keys = set(_KEY.findall(_peek(path)))
    if "steps" in keys:
        return "routine"
    by_name: Mapping[str, Kind] = {"library": "library", "lexicon": "lexicon", "poses": "pose", "programs": "program"}
    if kind := by_name.get(path.absolute().parent.name, by_name.get(path.stem)):
        return kind
    models: Mapping[Kind, set[str]] = {
        "routine": set(RoutineFile.keys()),
        "pose": set(PoseFile.keys()),
        "library": set(LibraryFile.keys()),
        "program": set(ProgramFile.keys()),
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
    if not paths and Path(PROJECT_FILE).is_file():
        yield Path(PROJECT_FILE)
    for name in paths or [ROUTINES]:
        path = Path(name)
        if not path.exists():
            raise NotFoundError("there is no such file or folder", where=name, hint="check its name")
        found = [*_below(path)] if path.is_dir() else [path]
        if not found:
            what = "there is no routine, pose, program, library (.yaml) or script (.txt) in this folder"
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
            if (
                path.suffix == SCRIPT_SUFFIX
                or path.name == PROJECT_FILE
                or (path.suffix in ROUTINE_SUFFIXES and _is_ours(path))
            ):
                yield path


def _is_ours(path: Path) -> bool:
    """Whether a YAML file below a folder is meant for us: it lies in routines/, or has a key that only we use."""
    telling = {"steps", "pose", "enter", "leave", "position", "matrix", "tracks", "nights"}
    return (
        ROUTINES in path.absolute().parts
        or path.stem in ("library", "lexicon")
        or bool(telling & set(_KEY.findall(_peek(path))))
    )


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


def _check_routine(path: Path) -> Iterator[Fault | Warned]:
    """The routine at each level, in each style, and on a night that isn't the ritual."""
    routine = read_routine(path)
    styles = [style for style in resources.styles() if style != resources.BASE_STYLE]
    yield from _script_checks(routine, path, (*LEVELS, *({"style": style} for style in styles), {"night": NIGHT}))


def _check_pose(path: Path) -> Iterator[Fault | Warned]:
    """The pose alone, as a routine of it and the final rest would say it at each level, and what that leaves unsaid."""
    pose = load_pose(path)
    setting = _SETTINGS.get(pose.position, "bed")
    routine = Routine(pose.id, pose.name, pose.name, setting, "closed", pose.props, (), path=str(path))
    for rest in ("10 min", "1 min") if "brief" in _peek(path) else ("10 min",):
        holds = ((pose, "2 min"), (_rest(), rest))
        steps = tuple(Step(each, parse_hold(hold), hold, each.rounds) for each, hold in holds)
        routine = replace(routine, steps=steps)
        yield from _script_checks(routine, path, LEVELS)
    yield from placed([*pose_findings(pose), *_unsaid(pose)], routine, _lines, {})


def _unsaid(pose: Pose) -> Iterator[Finding]:
    for way, key, text in unrendered_texts(pose):
        for sentence in sentences(described(text, way)):
            found = sentence_findings(sentence, Where(0, 0, pose.id, way.rounds[0]))
            yield from (replace(finding, key=key) for finding in found)


def _rest() -> Pose:
    return read_pose("rest")


def _check_script(path: Path) -> Iterator[Fault | Warned]:
    source = load_source(str(path), {})
    script = parse(source.text, source.shown_as)
    settings = resolve_for(script_layer(source, script), {}, ALONE)
    yield from _length_faults(script, settings, path)
    for finding in script_findings(script, _timing(settings)):
        yield Warned(str(path), finding.line, 1, finding.rule, told(finding))


def _check_library(path: Path) -> Iterator[Fault | Warned]:
    parse_library(text_of(path), str(path), known_settings=PARSERS, known_routines=resources.routine_names())
    yield from ()


def _check_program(path: Path) -> Iterator[Fault | Warned]:
    read_program(path)
    yield from ()


def _check_lexicon(path: Path) -> Iterator[Fault | Warned]:
    parse_lexicon(text_of(path), str(path))
    yield from ()


def _check_settings(path: Path) -> Iterator[Fault | Warned]:
    settings = resolve([file_layer(path)])
    parse_background(settings.background, path.parent)
    yield from ()


_CHECKS: Mapping[Kind, Callable[[Path], Iterator[Fault | Warned]]] = {
    "routine": _check_routine,
    "pose": _check_pose,
    "script": _check_script,
    "library": _check_library,
    "program": _check_program,
    "lexicon": _check_lexicon,
    "settings": _check_settings,
}


def _script_checks(routine: Routine, path: Path, ways: Iterable[dict[str, str]]) -> Iterator[Fault | Warned]:
    """What is wrong in the scripts that become of it, each way, and what the linter says of their words."""
    found = dict.fromkeys(routine_findings(routine), "")
    for way in ways:
        try:
            source = routine_source(routine, way, ALONE)
        except SleepwardError as error:
            yield from faults_of(error, path)
            continue
        try:
            script = parse(source.text, source.shown_as)
        except SleepwardError as error:
            for fault in faults_of(error, path):
                yield _in_script(fault, source.text, routine, path) if fault.file == source.shown_as else fault
            continue
        settings = resolve_for(script_layer(source, script), way, ALONE)
        if way == LEVELS[0]:
            yield from (replace(fault, line=1) for fault in _length_faults(script, settings, path))
        shown = " ".join(f"--{key} {value}" for key, value in way.items() if way != LEVELS[0])
        for finding in script_findings(script, _timing(settings), setting=routine.setting):
            found.setdefault(replace(finding, line=0), shown)
        if way == LEVELS[0] and any(step.line for step in routine.steps):
            other = {"first_side": "left" if settings.first_side == "right" else "right"}
            mirrored = parse(routine_source(routine, way | other, ALONE).text, source.shown_as)
            found.update(dict.fromkeys(mirror_findings(script, mirrored), ""))
    yield from placed(found, routine, _lines, found)


def _in_script(fault: Fault, text: str, routine: Routine, path: Path) -> Fault:
    """A fault of a script that nobody wrote, at the step that makes it, with the words it is about."""
    lines = text.split("\n")
    poses = [mark[1] for line in lines[: fault.line] if (mark := _POSE_MARK.fullmatch(line.strip()))]
    steps = [step.line for step in routine.steps if poses and step.pose.id == poses[-1] and step.line]
    words = " ".join(lines[fault.line - 1].split())[:80] if fault.line <= len(lines) else ""
    return Fault(str(path), steps[0] if steps else 1, 1, f"in its script, at '{words}': {fault.message}")


def _lines(path: str) -> tuple[str, ...]:
    return tuple(_peek(Path(path)).split("\n"))


def _timing(settings: Settings) -> Timing:
    return Timing(breath_ms=settings.breath_ms, count_ms=settings.count_ms, pace=settings.pace)


def _length_faults(script: Script, settings: Settings, path: Path) -> Iterator[Fault]:
    holds = [cue for cue in script.cues if isinstance(cue, Hold) and cue.length is not None]
    least_ms, _ = range_ms(
        [hold.length for hold in holds if hold.length is not None], FASTEST_BREATH_MS, FASTEST_COUNT_MS
    )
    pauses = [cue for cue in script.cues if isinstance(cue, Pause) and cue.unit == "ms"]
    least_ms += round(sum(pause.length for pause in pauses) * settings.pace)
    least_ms = max(least_ms, settings.length or 0) + settings.tail
    if least_ms > MAX_TRACK_MS:
        timed: list[Hold | Pause] = [*holds, *pauses]
        line = max(timed, key=_most_ms).where.line if timed else 1
        what = f"this lasts {format_ms(least_ms)} at the shortest, tail included, and a track lasts 24 h at most"
        yield Fault(str(path), line, 1, f"{what}: shorten it, or leave something out")


def _most_ms(cue: Hold | Pause) -> int:
    if isinstance(cue, Pause):
        return cue.length
    return 0 if cue.length is None else range_ms([cue.length], FASTEST_BREATH_MS, FASTEST_COUNT_MS)[0]


def _line_of_key(path: Path, key: str) -> int:
    lines = _peek(path).split("\n")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
