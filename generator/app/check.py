"""Checks routines, poses, scripts, libraries and other files before a build, and reports faults and warnings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from .. import beds
from ..definition.checks import is_slug, slug_of
from ..definition.library_reading import parse_library
from ..definition.loading import FASTEST_BREATH_MS, FASTEST_COUNT_MS, load_pose
from ..durations import MAX_TRACK_MS, format_ms, parse_hold
from ..errors import DefinitionError, Diagnostic, LengthError, NotFoundError, SleepwardError
from ..lint import (
    Finding,
    located,
    mirror_findings,
    pose_findings,
    routine_findings,
    same_advice,
    script_findings,
    sentence_findings,
    unrendered_texts,
    unspoken_lines,
    warning,
)
from ..model import CuePlace, Hold, Pause, Pose, Routine, Script, Step
from ..pronunciation.lexicon import parse_lexicon
from ..pronunciation.places import placed_remarks
from ..pronunciation.reading import Reading, reading_of
from ..pronunciation.sentences import sentences
from ..script import TEMPLATE_NAMES, ScriptFaultsError, parse, plain_description
from ..script.template_faults import exports_of, template_faults
from ..settings import Settings
from ..timeline.fit import range_ms
from ..timeline.layout import lay_out
from ..timeline.timing import Timing, spoken_texts, timing_of
from ..values import VoiceChoice
from ..voices import open_voice
from ..workspace import Workspace
from ..workspace.file_types import Kind, files_of, kind_of, text_or_nothing
from ..workspace.lexicon_files import load_lexicon
from ..workspace.parsers import parsers_in
from ..workspace.script_sources import load_source, refuse_unknown_names, routine_source, script_layer
from ..workspace.settings_file import file_layer
from ..workspace.settings_layers import SettingsLayer, own_layer, resolve, resolve_for
from ..workspace.trusted_folders import BASE_STYLE, ROUTINE_SUFFIXES, ROUTINES, SHARED, TEMPLATES
from ..yaml_source import read_text
from .programs import read_program

LEVELS = tuple({"level": level} for level in ("standard", "easier", "deeper"))
NIGHT = "1"  # a night with varied wording; night 0 has the first alternatives

NO_WORDS = "no-words"
TRIED_WITH = ("ten-minutes-in-bed", "soothing-hips")  # routines that a template is rendered with

_PLACE = re.compile(r"(.*?):(\d+)(?::(\d+))?")
_POSE_TEXT = re.compile(r"(.+\.ya?ml): (\w+)")
_POSE_MARK = re.compile(r"\[pose (\S+) \w+\]")
# The setting in which a pose is checked alone: one near its position, so that the script needs no walk to it.
_SETTINGS = {"chair": "chair", "standing": "room", "seated": "mat"}


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A checked file, its kind, faults and warnings. Some of these may lie in other files that it names."""

    path: str
    kind: Kind
    faults: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...] = ()


def check(paths: Sequence[str]) -> Iterator[CheckedFile]:
    """Check each file of `paths`. Nothing is written. Raises NotFoundError if there is no file.

    A folder stands for all files of known kinds in it and below; no path stands for `routines/` in the working folder.
    """
    workspace = Workspace.here().without_settings()  # settings files are checked by themselves
    kinds = {path: kind_of(path) for path in files_of(paths)}
    told_first: dict[object, Diagnostic] = {}
    for path in sorted(kinds, key=lambda path: kinds[path] != "pose"):  # poses come first: others use them
        found: list[Diagnostic] = []
        try:
            workspace.refuse_link(path)
            found.extend(_CHECKS[kinds[path]](path, workspace))
        except SleepwardError as error:
            found.extend(faults_of(error, path))
        here = dict.fromkeys(replace(each, file=_seen_from_here(each.file)) for each in found)
        warnings = {told_first.setdefault(same_advice(each), each) for each in here if each.severity == "warning"}
        yield CheckedFile(
            str(path),
            kinds[path],
            tuple(each for each in here if each.severity == "fault"),
            tuple(sorted(warnings)),
        )


def faults_of(error: SleepwardError, path: Path) -> tuple[Diagnostic, ...]:
    """An error as faults with places. An error without a place is put at the file's first line."""
    if isinstance(error, DefinitionError):
        return error.faults
    if isinstance(error, ScriptFaultsError):
        return tuple(fault for each in error.faults for fault in faults_of(each, path))
    message = f"{error.what}: {error.hint}" if error.hint else error.what
    where = error.where or ""
    if place := _PLACE.fullmatch(where):
        line = int(place[2])
        return (Diagnostic(place[1], line, int(place[3] or _first_column(Path(place[1]), line)), message),)
    if text := _POSE_TEXT.fullmatch(where):
        return (Diagnostic(text[1], _line_of_key(Path(text[1]), text[2]), 1, f"'{text[2]}': {message}"),)
    return (Diagnostic(str(path), 1, 1, message),)


# --- one check for each kind of file ---------------------------------------------------------------------


def _check_routine(path: Path, workspace: Workspace) -> Iterator[Diagnostic]:
    """The routine at each level, in each style, and on a night with varied wording."""
    if path.absolute().parent.name == ROUTINES:
        yield from _name_faults(path, "routine")
    routine = workspace.read_routine(path)
    styles = [style for style in workspace.styles() if style != BASE_STYLE]
    ways = (*LEVELS, *({"style": style} for style in styles), {"night": NIGHT})
    yield from _script_checks(routine, path, ways, workspace)
    own = [
        step for step in routine.steps if not workspace.is_built_in(Path(step.pose.path)) or step is routine.steps[-1]
    ]
    settings = resolve_for(own_layer(routine.settings, str, path.parent), {}, workspace.layers())
    for finding in unspoken_lines(replace(routine, steps=tuple(own)), settings.breath_ms, settings.count_ms):
        yield warning(finding, str(path), finding.step_line)


def _check_pose(path: Path, workspace: Workspace) -> Iterator[Diagnostic]:
    """The pose in a routine of itself and the final rest, at each level, and its texts that this doesn't render."""
    yield from _name_faults(path, "pose")
    pose = load_pose(path)
    setting = _SETTINGS.get(pose.position, "bed")
    routine = Routine(pose.id, pose.name, pose.name, setting, "closed", pose.props, (), path=str(path))
    for rest in ("10 min", "1 min") if "brief" in text_or_nothing(path) else ("10 min",):
        holds = ((pose, "2 min"), (workspace.read_pose("rest"), rest))
        steps = tuple(Step(each, parse_hold(hold), hold, each.rounds) for each, hold in holds)
        routine = replace(routine, steps=steps)
        yield from _script_checks(routine, path, LEVELS, workspace)
    yield from located([*pose_findings(pose), *_unsaid(pose)], routine, _lines, {})


def _unsaid(pose: Pose) -> Iterator[Finding]:
    for way, key, text in unrendered_texts(pose):
        for sentence in sentences(plain_description(text, way)):
            found = sentence_findings(sentence, CuePlace(0, 0, pose.id, way.rounds[0]))
            yield from (replace(finding, key=key) for finding in found)


def _name_faults(path: Path, kind: Kind) -> Iterator[Diagnostic]:
    """The file's name is the routine's or pose's name, so it must be a slug."""
    if not is_slug(path.stem):
        what = f"the file's name is the {kind}'s name, and may have only small letters, digits and hyphens"
        yield Diagnostic(str(path), 1, 1, f"{what}: rename it to {slug_of(path.stem) or f'my-{kind}'}{path.suffix}")


def _check_script(path: Path, workspace: Workspace) -> Iterator[Diagnostic]:
    source = load_source(str(path), {}, workspace)
    script = parse(source.text, source.shown_as)
    settings = resolve_for(script_layer(source, script), {}, workspace.layers())
    yield from _length_faults(script, settings, path)
    misplaced = _layout_faults(script, _timing(settings), path)
    yield from misplaced
    for each in placed_remarks(script, _reading(settings, workspace)):
        found = Diagnostic(str(path), each.line, each.column, each.remark.what)
        yield found if each.fault else replace(found, rule=each.remark.rule, severity="warning")
    for note in script.notes:
        yield Diagnostic(str(path), note.line, note.column, note.what, rule="not-as-written", severity="warning")
    for finding in script_findings(script, _timing(settings), style=settings.style):
        if not (misplaced and finding.rule == "hold-too-full"):  # that may be why
            yield warning(finding, str(path), finding.line, _column_of(source.text, finding.line, finding.quote))


def _column_of(text: str, line: int, quote: str) -> int:
    """Where the sentence `quote` begins in a line of the script, from 1; or else its first letter."""
    written = text.split("\n")[line - 1]
    beginnings = (quote[:length] for length in range(len(quote), 3, -1))
    at = next((at for beginning in beginnings if (at := written.find(beginning)) >= 0), -1)
    return at + 1 if at >= 0 else len(written) - len(written.lstrip()) + 1


def _first_column(file: Path, line: int) -> int:
    """The column of the first letter in a line of a script; 1 in other files, whose keys begin their lines."""
    if file.suffix in (*ROUTINE_SUFFIXES, ".toml", ".j2") or not file.is_file():
        return 1
    lines = text_or_nothing(file).split("\n")
    return _column_of(lines[line - 1], 1, "") if line <= len(lines) else 1


def _check_library(path: Path, _: Workspace) -> Iterator[Diagnostic]:
    workspace = Workspace.beside(path)
    parsers, routines = parsers_in(path.parent, workspace), workspace.routine_names()
    parse_library(read_text(path), str(path), known_settings=parsers, known_routines=routines)
    yield from ()


def _check_program(path: Path, workspace: Workspace) -> Iterator[Diagnostic]:
    read_program(path, workspace)
    yield from ()


def _check_lexicon(path: Path, _: Workspace) -> Iterator[Diagnostic]:
    parse_lexicon(read_text(path), str(path))
    yield from ()


def _check_settings(path: Path, workspace: Workspace) -> Iterator[Diagnostic]:
    """Each setting and each named voice by itself."""
    layer = file_layer(path)
    alone = [replace(layer, values={name: text}) for name, text in layer.values.items()]
    for each in [*alone, *(replace(layer, values={"voice": name}) for name in layer.voices)]:
        try:
            settings = resolve([each])
            refuse_unknown_names(settings, layer.where, workspace)
            _refuse_missing_background(each, path.parent)
        except SleepwardError as error:
            yield from faults_of(error, path)


def _refuse_missing_background(layer: SettingsLayer, folder: Path) -> None:
    try:
        if "background" in layer.values:
            beds.parse_background(layer.values["background"], folder)
    except SleepwardError as error:
        what = f"{error.where}: {error.what}" if error.where else error.what
        raise NotFoundError(what, where=layer.where("background"), hint=error.hint) from error


def _check_template(path: Path, workspace: Workspace) -> Iterator[Diagnostic]:
    """The template by itself; then, where that is right, in routines that begin in bed and elsewhere."""
    folders = _template_folders(path, workspace)
    if folders is None:
        what = f"a template lies in a style's folder, like {TEMPLATES}/{BASE_STYLE}/, and is read from nowhere else"
        yield Diagnostic(str(path), 1, 1, f"{what}: move it there")
        return

    def exports(template: str) -> list[str] | None:
        for folder, _ in folders:
            if (folder / template).is_file():
                return exports_of(text_or_nothing(folder / template))
        return None

    found = [*template_faults(read_text(path), TEMPLATE_NAMES, exports)]
    yield from (Diagnostic(str(path), each.line, each.column, each.what) for each in found)
    style = path.absolute().parent.name
    for name in () if found else TRIED_WITH:
        try:
            flags = {"style": BASE_STYLE if style == SHARED else style}
            routine_source(workspace.read_routine(workspace.routine_path(name)), flags, workspace)
        except SleepwardError as error:
            yield from faults_of(error, path)


def _template_folders(path: Path, workspace: Workspace) -> list[tuple[Path, Path | None]] | None:
    """The folders of the template's style; None if it lies in none."""
    style = path.absolute().parent.name
    if path.absolute().parent.parent.name != TEMPLATES:
        return None
    try:
        return workspace.template_folders(BASE_STYLE if style == SHARED else style)
    except NotFoundError:  # of a folder that isn't this workspace's
        return [(path.absolute().parent, None), *workspace.template_folders(BASE_STYLE)]


_CHECKS: Mapping[Kind, Callable[[Path, Workspace], Iterator[Diagnostic]]] = {
    "routine": _check_routine,
    "pose": _check_pose,
    "script": _check_script,
    "library": _check_library,
    "program": _check_program,
    "lexicon": _check_lexicon,
    "settings": _check_settings,
    "template": _check_template,
}


def _seen_from_here(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _script_checks(
    routine: Routine, path: Path, ways: Iterable[dict[str, str]], workspace: Workspace
) -> Iterator[Diagnostic]:
    """Faults in the scripts that the routine gives with each of the flags in `ways`, and the linter's findings."""
    found = dict.fromkeys(routine_findings(routine), "")
    reading: Reading | None = None
    for way in ways:
        try:
            source = routine_source(routine, way, workspace)
        except SleepwardError as error:
            yield from faults_of(error, path)
            continue
        try:
            script = parse(source.text, source.shown_as)
        except SleepwardError as error:
            for fault in faults_of(error, path):
                yield _in_script(fault, source.text, routine, path) if fault.file == source.shown_as else fault
            continue
        settings = resolve_for(script_layer(source, script), way, workspace.layers())
        if way == LEVELS[0]:
            yield from (replace(fault, line=1) for fault in _length_faults(script, settings, path))
        for fault in _layout_faults(script, _timing(settings), path):
            yield _in_script(fault, source.text, routine, path)
        shown = " ".join(f"--{key} {value}" for key, value in way.items() if way != LEVELS[0])
        reading = reading or _reading(settings, workspace)
        in_words = script_findings(script, _timing(settings), setting=routine.setting, style=settings.style)
        for finding in (*in_words, *_said_findings(script, reading)):
            found.setdefault(replace(finding, line=0), shown)
        if way == LEVELS[0] and any(step.line for step in routine.steps):
            other = {"first_side": "left" if settings.first_side == "right" else "right"}
            mirrored = parse(routine_source(routine, way | other, workspace).text, source.shown_as)
            found.update(dict.fromkeys(mirror_findings(script, mirrored), ""))
    for each in located(found, routine, _lines, found):
        yield replace(each, rule="", severity="fault") if each.rule == NO_WORDS else each


def _said_findings(script: Script, reading: Reading) -> Iterator[Finding]:
    """What isn't said as it is written, and what has no words."""
    for each in placed_remarks(script, reading):
        yield Finding(
            each.remark.rule, each.remark.what, quote=each.sentence, pose=each.where.pose, part=each.remark.written
        )
    for note in script.notes:
        written = note.what[1:].partition("”")[0]
        yield Finding("not-as-written", note.what, quote=written, part=written)


def _reading(settings: Settings, workspace: Workspace) -> Reading:
    """How the voice reads: the one that is chosen by `settings`, or else by the settings files here.

    A voice that was chosen is asked for its language. Where it can't be had, that is English.
    """
    voice = settings.voice or _usual_voice()
    language = "en" if voice is None else _language_of(voice)
    return reading_of(load_lexicon(language, workspace), language, None)


def _usual_voice() -> VoiceChoice | None:
    try:
        return resolve(Workspace.here().layers()).voice
    except SleepwardError:  # its own check tells it
        return None


@lru_cache(maxsize=16)
def _language_of(voice: VoiceChoice) -> str:
    try:
        return open_voice(voice).language
    except SleepwardError:
        return "en"


def _in_script(fault: Diagnostic, text: str, routine: Routine, path: Path) -> Diagnostic:
    """A fault of a rendered script, moved to the step that it comes from, with the words it is about."""
    lines = text.split("\n")
    poses = [mark[1] for line in lines[: fault.line] if (mark := _POSE_MARK.fullmatch(line.strip()))]
    steps = [step.line for step in routine.steps if poses and step.pose.id == poses[-1] and step.line]
    words = " ".join(lines[fault.line - 1].split())[:80] if fault.line <= len(lines) else ""
    return Diagnostic(str(path), steps[0] if steps else 1, 1, f"in its script, at '{words}': {fault.message}")


def _lines(path: str) -> tuple[str, ...]:
    return tuple(text_or_nothing(Path(path)).split("\n"))


def _timing(settings: Settings) -> Timing:
    """The timing without a wanted length and chimes, which need clips."""
    return replace(timing_of(settings), length_ms=None, chime=False)


def _layout_faults(script: Script, timing: Timing, path: Path) -> tuple[Diagnostic, ...]:
    """Faults of holds too short for their content at any speed: every sentence is taken to last one millisecond."""
    try:
        lay_out(script, dict.fromkeys(spoken_texts(script, timing), 1), timing)
    except LengthError:  # `_length_faults` reports it with its place
        return ()
    except SleepwardError as error:
        return faults_of(error, path)
    return ()


def _length_faults(script: Script, settings: Settings, path: Path) -> Iterator[Diagnostic]:
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
        what = f"this lasts at least {format_ms(least_ms)} with its tail, but a track can last at most 24 h"
        yield Diagnostic(str(path), line, 1, f"{what}: shorten it, or leave something out")


def _most_ms(cue: Hold | Pause) -> int:
    if isinstance(cue, Pause):
        return cue.length
    return 0 if cue.length is None else range_ms([cue.length], FASTEST_BREATH_MS, FASTEST_COUNT_MS)[0]


def _line_of_key(path: Path, key: str) -> int:
    lines = text_or_nothing(path).split("\n")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
