"""From a routine, a script or standard input to script text and its settings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..definition.adapt import AdaptOptions, adapt, suited_sleep_position, summary_of
from ..definition.bodies import avoidable_words, canonical, words_in_short
from ..definition.fitting import WHOLE, FitChoice, chosen, left_out_names, within_limits
from ..durations import format_ms
from ..errors import SURE, InputError, NotFoundError, SettingError, about_setting, did_you_mean, nearest
from ..model import Routine, Script
from ..script import WordingSettings, render
from ..script.front_matter import decode_script
from ..settings import SETTINGS, Settings
from ..system import stopping
from ..values import path_test
from ..yaml_source import MAX_BYTES
from .settings_layers import SettingsLayer, layers_of, own_layer, resolve_for
from .trusted_folders import ROUTINE_SUFFIXES, Workspace, refuse_foreign_name

if TYPE_CHECKING:
    from ..storage.cache import Cache

STDIN_NAME, STDIN = "-", "<stdin>"
KEEP_HINT = "--keep all keeps everything."


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """A script to build: its text, the name for its track, and the name that errors show.

    If `rendered`, it was made from a routine; otherwise a person wrote it, and its words are fixed. The files that it
    names are looked up from `folder`.

    `shortenable` is set if the length fit may shorten it.
    """

    text: str
    name: str
    shown_as: str
    rendered: bool = False
    folder: Path = Path()
    shortenable: ShortenableRoutine | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ShortenableRoutine:
    """What the length fit needs to shorten a rendered script: its adapted routine, and its script in another way.

    `source` renders it again, under these flags, with the steps and the words of a choice.
    """

    routine: Routine
    source: Callable[[Mapping[str, str | None], FitChoice], ScriptSource]


def load_source(
    argument: str, flags: Mapping[str, str | None], workspace: Workspace, cache: Cache | None = None
) -> ScriptSource:
    """Load a routine's name, a `.yaml` routine, or a script (any other file, or `-` for standard input).

    `cache` keeps parsed routines and rendered scripts, here and in the functions below.
    """
    if argument == STDIN_NAME:
        if sys.stdin is None:  # the process was started with it closed
            raise InputError("standard input is closed", where=STDIN, hint="pipe a script into this command")
        with stopping.interruptible():
            text = sys.stdin.buffer.read(MAX_BYTES + 1)
        return ScriptSource(decode_script(text, STDIN), "track", STDIN)
    path = Path(argument)
    if path.suffix.lower() in ROUTINE_SUFFIXES:
        return routine_source(workspace.read_routine(path, cache), flags, workspace, cache)
    if argument in workspace.routine_names():
        routine = workspace.read_routine(workspace.routine_path(argument), cache)
        return routine_source(routine, flags, workspace, cache)
    if path_test(path.exists) and not path.is_dir():  # or a pipe
        refuse_foreign_name(path)
        return ScriptSource(_script_of(path, argument), path.stem, argument, folder=path.parent)
    if argument and path_test(path.is_dir):
        raise NotFoundError("this is a folder", where=argument, hint="name a routine or a file in it")
    if path.suffix or len(path.parts) > 1:
        raise NotFoundError("there is no such file", where=argument, hint="check its name and folder")
    path = workspace.routine_path(argument)  # raises an error with the nearest names
    return routine_source(workspace.read_routine(path), flags, workspace, cache)


def _script_of(path: Path, shown_as: str) -> str:
    try:
        with stopping.interruptible(), path.open("rb") as file:  # it may be a pipe
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        hint = "check that you may read it"
        raise InputError(f"it can't be read ({error.strerror})", where=shown_as, hint=hint) from error
    return decode_script(text, shown_as)


def routine_source(
    routine: Routine, flags: Mapping[str, str | None], workspace: Workspace, cache: Cache | None = None
) -> ScriptSource:
    """The routine's script. Flags stay on the command line; the text doesn't contain them."""

    def source(flags: Mapping[str, str | None], choice: FitChoice) -> ScriptSource:
        stopping.check()
        text, adapted = _rendered(routine, flags, workspace, choice, cache=cache)
        shortenable = ShortenableRoutine(adapted, source)
        return ScriptSource(text, routine.name, f"script of {routine.name}", rendered=True, shortenable=shortenable)

    return source(flags, WHOLE)


def routine_script(
    routine: Routine,
    flags: Mapping[str, str | None],
    workspace: Workspace,
    choice: FitChoice = WHOLE,
    *,
    keep_flags: bool = False,
    cache: Cache | None = None,
) -> str:
    """The routine as script text, as `choice` shortens it. With `keep_flags` its front matter has the flags."""
    return _rendered(routine, flags, workspace, choice, keep_flags=keep_flags, cache=cache)[0]


def _rendered(
    routine: Routine,
    flags: Mapping[str, str | None],
    workspace: Workspace,
    choice: FitChoice,
    *,
    keep_flags: bool = False,
    cache: Cache | None,
) -> tuple[str, Routine]:
    """The script text, and the adapted routine before `choice` shortens it."""
    own = own_layer(routine.settings, lambda name: routine.path, Path(routine.path).parent)
    settings = resolve_for(own, flags, workspace.layers())
    whole, adapted = _adapted(routine, settings, layers_of(own, flags, workspace.layers()), workspace)
    done = within_limits(chosen(whole, choice), settings.breath_ms)
    kept = {name: text for name, text in flags.items() if text is not None} if keep_flags else {}
    text = render(
        replace(done, settings=own.values, summary=_summary(whole, done, choice)),
        template_folders=workspace.template_folders(settings.style),
        wording=WordingSettings(
            settings.breath_ms,
            settings.count_ms,
            settings.first_side,
            settings.style,
            settings.night,
            settings.words,
            suited_sleep_position(settings.sleep_position, settings.avoid),
            settings.ending,
            choice.brief,
        ),
        adapted=[*adapted, *_fit_notes(whole, choice, settings.length)],
        settings=_flags_for_script(kept, settings),
        cache=cache,
    )
    return text, whole


def _left_out(routine: Routine, choice: FitChoice) -> str:
    """What the length fit left out; empty if nothing."""
    return ", ".join(name.lower() for name in left_out_names(routine, choice))


def _summary(whole: Routine, done: Routine, choice: FitChoice) -> str:
    """The routine's summary, which promises nothing that the length fit left out, and names that."""
    left_out = _left_out(whole, choice)
    return f"{summary_of(whole, done.steps)}{f' Left out: {left_out}.' if left_out else ''}"


def _fit_notes(routine: Routine, choice: FitChoice, length_ms: int | None) -> list[str]:
    """A sentence on how the length fit shortened the routine, if it did."""
    if choice == WHOLE or length_ms is None:
        return []
    left_out = _left_out(routine, choice)
    what = f"briefer words; left out: {left_out}" if left_out else "briefer words"
    return [f"To last {format_ms(length_ms)}: {what}. {KEEP_HINT}"]


def _flags_for_script(kept: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Flags for a script's front matter, with files relative to the working folder. Raises InputError for others."""
    head = dict(kept)
    for name in (name for name in kept if SETTINGS[name].names_files):
        value = getattr(settings, name)
        head[name] = SETTINGS[name].kind.write(value)
        for file in value.files:
            if not file.resolve().is_relative_to(Path.cwd()):
                hint = "give it to `sleepward build` instead, with the script"
                raise InputError("a script can only name files in its own folder", where=str(file), hint=hint)
    return head


def _adapted(
    routine: Routine, settings: Settings, layers: Sequence[SettingsLayer], workspace: Workspace
) -> tuple[Routine, tuple[str, ...]]:
    def where(name: str) -> str | None:
        return next((layer.where(name) for layer in layers if name in layer.values), None)

    _refuse_unknown_avoid(settings, where, workspace)
    options = AdaptOptions(settings.level, settings.avoid, settings.only, settings.skip, settings.order, settings.reps)
    return adapt(
        routine, options, rest=lambda: workspace.read_pose("rest"), known_poses=workspace.pose_ids, where=where
    )


def refuse_unknown_names(settings: Settings, where: Callable[[str], str | None], workspace: Workspace) -> None:
    """Raise SettingError or NotFoundError for an unknown style, pose or thing to avoid.

    Rendering a script finds these faults, too. This function is for checking settings without a script.
    """
    try:
        workspace.template_folders(settings.style)
    except NotFoundError as error:
        raise NotFoundError(error.what, where=where("style"), hint=error.hint) from error
    _refuse_unknown_avoid(settings, where, workspace)
    known = workspace.pose_ids()
    for setting in ("only", "skip", "order"):
        for name in getattr(settings, setting):
            if name not in known:
                hint = did_you_mean(name, known)
                what = about_setting(setting, f"there is no pose {name!r}", where(setting))
                raise SettingError(what, where=where(setting), hint=hint)


def _refuse_unknown_avoid(settings: Settings, where: Callable[[str], str | None], workspace: Workspace) -> None:
    if set(settings.avoid) <= set(avoidable_words(())):  # no pose must be read for them
        return
    known = avoidable_words([workspace.read_pose(pose_id) for pose_id in workspace.pose_ids()])
    for word in settings.avoid:
        if word not in known:
            near = nearest(word, known, alike=SURE)
            guess = f"did you mean {canonical(near[0])}? " if near else ""
            hint = f"{guess}--avoid takes {words_in_short(known)}, and more: see docs/bodies.md"
            what = about_setting("avoid", f"nothing asks for {word!r}", where("avoid"))
            raise SettingError(what, where=where("avoid"), hint=hint)


def script_text(
    argument: str,
    flags: Mapping[str, str | None],
    workspace: Workspace,
    cache: Cache,
    fit: Callable[[ScriptSource], FitChoice],
) -> str:
    """The output of `sleepward script`: the routine's script, with the flags in its front matter.

    `fit` says how a script is shortened for a wanted length.
    """
    path = Path(argument)
    if path.suffix.lower() not in ROUTINE_SUFFIXES:
        if argument == STDIN_NAME or (argument not in workspace.routine_names() and path_test(path.is_file)):
            hint = "build it as it is, or show it as SSML with --ssml"
            raise InputError("this is a script already", where=argument, hint=hint)
        path = workspace.routine_path(argument)
    routine = workspace.read_routine(path, cache)
    own = own_layer(routine.settings, lambda name: routine.path, Path(routine.path).parent)
    settings = resolve_for(own, flags, workspace.layers())
    choice = WHOLE
    if settings.length is not None and settings.keep != "all":
        choice = fit(routine_source(routine, flags, workspace, cache))
    return routine_script(routine, flags, workspace, choice, keep_flags=True, cache=cache)


# --- settings ----------------------------------------------------------------------------------------


def check_flags_fit(source: ScriptSource, script: Script, flags: Mapping[str, str | None]) -> None:
    """Raise InputError for a flag that would change the words of a script that a person wrote."""
    for name, text in flags.items():
        if source.rendered or text is None or not SETTINGS[name].shapes_words or text == script.settings.get(name):
            continue
        raise InputError(
            f"{SETTINGS[name].flag} shapes the words of a routine, and {source.shown_as} is a script already",
            hint=f"give it to the command that makes the script: sleepward script ROUTINE {SETTINGS[name].flag} {text}",
        )


def script_layer(source: ScriptSource, script: Script) -> SettingsLayer:
    """The settings in the script's front matter."""

    def where(name: str) -> str:
        return f"{script.name}:{script.setting_lines.get(name, 1)}"

    if source.rendered:  # its files are relative to the working folder already
        return SettingsLayer(script.settings, where)
    return own_layer(script.settings, where, source.folder)
