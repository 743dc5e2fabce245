"""What a user names (a routine, a script, standard input) to script text, and the settings that hold for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache as remember
from pathlib import Path
from typing import TYPE_CHECKING

from ..beds import Background, parse_background
from ..definition.adapt import Wishes, adapt, avoidable
from ..errors import InputError, NotFoundError, SettingError, SleepwardError, did_you_mean
from ..model import Pose, Routine, Script
from ..script import Manner, render
from ..script.front_matter import decode_script
from ..settings import PARSERS, SETTINGS, Settings
from ..yaml_source import MAX_BYTES
from . import resources
from .layers import Layer, flag_layer, resolve, surrounding_layers
from .resources import ROUTINE_SUFFIXES

if TYPE_CHECKING:
    from ..storage.cache import Cache

STDIN_NAME, STDIN = "-", "<stdin>"


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be built: a script's text, the name its file is called by, and how errors name it.

    `rendered` is a script made here of a routine; any other was written, and its words are as they are. The files that
    it names are looked up from `folder`.
    """

    text: str
    name: str
    shown_as: str
    rendered: bool = False
    folder: Path = Path()


def load_source(argument: str, flags: Mapping[str, str | None], cache: Cache | None = None) -> Source:
    """A routine's name, a `.yaml` routine, or a script (any other file, or `-` for standard input).

    `cache` keeps routines that were read, and compiled templates, here and below.
    """
    if argument == STDIN_NAME:
        return Source(decode_script(sys.stdin.buffer.read(MAX_BYTES + 1), STDIN), "track", STDIN)
    path = Path(argument)
    if path.suffix.lower() in ROUTINE_SUFFIXES:
        return routine_source(read_routine(path, cache), flags, cache=cache)
    if argument in resources.routine_names():
        return routine_source(read_routine(resources.routine_path(argument), cache), flags, cache=cache)
    if _asked(path.exists) and not path.is_dir():  # a pipe will do
        return Source(_script_of(path, argument), path.stem, argument, folder=path.parent)
    if argument and _asked(path.is_dir):
        raise NotFoundError("this is a folder", where=argument, hint="name a routine or a file in it")
    if path.suffix or len(path.parts) > 1:
        raise NotFoundError("there is no such file", where=argument, hint="check its name and folder")
    return routine_source(
        read_routine(resources.routine_path(argument)), flags, cache=cache
    )  # an error that names the nearest


def _asked(whether: Callable[[], bool]) -> bool:
    """What the system says of a name; of one that it can't have, no."""
    try:
        return whether()
    except (OSError, ValueError):
        return False


def _script_of(path: Path, shown_as: str) -> str:
    try:
        with path.open("rb") as file:
            return decode_script(file.read(MAX_BYTES + 1), shown_as)
    except OSError as error:
        hint = "check that you may read it"
        raise InputError(f"it can't be read ({error.strerror})", where=shown_as, hint=hint) from error


def routine_source(
    routine: Routine,
    flags: Mapping[str, str | None],
    around: Sequence[Layer] | None = None,
    cache: Cache | None = None,
) -> Source:
    """The routine's script. Flags that differ from it travel on the command line, not in the text."""
    text = routine_script(routine, flags, around=around, cache=cache)
    return Source(text, routine.name, f"script of {routine.name}", rendered=True)


def routine_script(
    routine: Routine,
    flags: Mapping[str, str | None],
    *,
    keep_flags: bool = False,
    around: Sequence[Layer] | None = None,
    cache: Cache | None = None,
) -> str:
    """The routine as script text; with `keep_flags`, flags given are written into its front matter.

    Settings lie `around` it as `resolve_for` says.
    """
    own = own_layer(routine.settings, lambda name: routine.path, Path(routine.path).parent)
    settings = resolve_for(own, flags, around)
    fitted, adapted = _adapted(routine, settings, _layers(own, flags, around))
    kept = {name: text for name, text in flags.items() if text is not None} if keep_flags else {}
    return render(
        replace(fitted, settings=own.values),
        template_folders=resources.template_folders(settings.style),
        manner=Manner(
            settings.breath_ms,
            settings.count_ms,
            settings.first_side,
            settings.style,
            settings.night,
            settings.words,
            settings.sleep_position,
            settings.ending,
        ),
        adapted=adapted,
        settings=_within_scripts_reach(kept, settings),
        cache=cache,
    )


def _within_scripts_reach(kept: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Flags to be written into a script's head, its files as seen from here. Raises InputError for one elsewhere."""
    head = dict(kept)
    for name in ("background", "cover"):
        if name in head:
            head[name] = getattr(settings, name)
    files = [
        layer.file for layer in parse_background(settings.background).layers if layer.file and "background" in head
    ]
    files += [Path(head["cover"])] if head.get("cover", "auto") not in _COVERS else []
    for file in files:
        if not file.resolve().is_relative_to(Path.cwd()):
            hint = "give it to `sleepward build` instead, with the script"
            raise InputError("a script names files of its own folder alone", where=str(file), hint=hint)
    return head


def _adapted(routine: Routine, settings: Settings, layers: Sequence[Layer]) -> tuple[Routine, tuple[str, ...]]:
    def where(name: str) -> str | None:
        return next((layer.where(name) for layer in layers if name in layer.values), None)

    _refuse_unknown_avoid(settings, where)
    wishes = Wishes(settings.level, settings.avoid, settings.only, settings.skip, settings.order, settings.reps)
    return adapt(routine, wishes, rest=lambda: read_pose("rest"), known_poses=resources.pose_ids, where=where)


def refuse_unknown_names(settings: Settings, where: Callable[[str], str | None]) -> None:
    """Raise SettingError or NotFoundError for a style, a pose or a thing to avoid that isn't there.

    They are looked up when a script is made; whoever judges settings alone asks here.
    """
    try:
        resources.template_folders(settings.style)
    except NotFoundError as error:
        raise NotFoundError(error.what, where=where("style"), hint=error.hint) from error
    _refuse_unknown_avoid(settings, where)
    known = resources.pose_ids()
    for setting in ("only", "skip", "order"):
        for name in getattr(settings, setting):
            if name not in known:
                hint = did_you_mean(name, known)
                raise SettingError(f"{setting}: there is no pose {name!r}", where=where(setting), hint=hint)


def _refuse_unknown_avoid(settings: Settings, where: Callable[[str], str | None]) -> None:
    if not settings.avoid:
        return
    known = avoidable([read_pose(pose_id) for pose_id in resources.pose_ids()])
    for word in settings.avoid:
        if word not in known:
            hint = did_you_mean(word, sorted(known), 3)
            raise SettingError(f"avoid: nothing asks for {word!r}", where=where("avoid"), hint=hint)


def read_routine(path: Path, cache: Cache | None = None) -> Routine:
    """The routine in a file, with its poses, from the `cache` where it was read before.

    Raises DefinitionError with every fault of all of these files.
    """
    if cache is not None:
        from ..definition.kept_routines import kept

        return kept(path, resources.pose_files(), cache, lambda path: _read_routine(path, _read_pose))
    return _read_routine(path, read_pose)


def _read_routine(path: Path, poses: Callable[[str], Pose]) -> Routine:
    from ..definition.loading import load_routine

    return load_routine(path, poses=poses, known_poses=resources.pose_ids, known_settings=PARSERS)


@remember
def read_pose(pose_id: str) -> Pose:
    return _read_pose(pose_id)


def _read_pose(pose_id: str) -> Pose:
    from ..definition.loading import load_pose

    return load_pose(resources.pose_path(pose_id))


def script_text(argument: str, flags: Mapping[str, str | None], cache: Cache) -> str:
    """What `sleepward script` prints: the routine's script, with the flags given in its front matter."""
    path = Path(argument)
    if path.suffix.lower() not in ROUTINE_SUFFIXES:
        if argument == STDIN_NAME or (argument not in resources.routine_names() and _asked(path.is_file)):
            hint = "build it as it is, or show it as SSML with --ssml"
            raise InputError("this is a script already", where=argument, hint=hint)
        path = resources.routine_path(argument)
    return routine_script(read_routine(path, cache), flags, keep_flags=True, cache=cache)


# --- settings ----------------------------------------------------------------------------------------


def resolve_for(own: Layer, flags: Mapping[str, str | None], around: Sequence[Layer] | None = None) -> Settings:
    """Flags, environment, the routine's or script's `own`, this folder's file, the user's file: the first wins.

    `around`, where it is given, takes the place of environment and files, which it holds in that order. Files are
    named as seen from here. Raises SettingError and NotFoundError for what can't be.
    """
    settings = resolve(_layers(own, flags, around))
    cover = settings.cover if settings.cover in _COVERS else _path_from_here(Path(settings.cover))
    return replace(settings, background=_seen_from_here(parse_background(settings.background)), cover=cover)


def _layers(own: Layer, flags: Mapping[str, str | None], around: Sequence[Layer] | None) -> list[Layer]:
    environment, *files = surrounding_layers() if around is None else around or [Layer({}, str)]
    return [flag_layer(flags), environment, own, *files]


def check_flags_fit(source: Source, script: Script, flags: Mapping[str, str | None]) -> None:
    """A script's words are there already. Raises InputError where a flag would have to change them."""
    for name, text in flags.items():
        if source.rendered or text is None or not SETTINGS[name].shapes_words or text == script.settings.get(name):
            continue
        raise InputError(
            f"{SETTINGS[name].flag} shapes the words of a routine, and {source.shown_as} is a script already",
            hint=f"give it where the script is made: sleepward script ROUTINE {SETTINGS[name].flag} {text}",
        )


def script_layer(source: Source, script: Script) -> Layer:
    """The script's own settings."""

    def where(name: str) -> str:
        return f"{script.name}:{script.setting_lines.get(name, 1)}"

    if source.rendered:  # its files are looked up already
        return Layer(script.settings, where)
    return own_layer(script.settings, where, source.folder)


def own_layer(values: Mapping[str, str], where: Callable[[str], str], folder: Path) -> Layer:
    """The settings of a routine or script in `folder`, with the files they name as seen from here.

    Strangers write these, so they reach no file outside their folder: SettingError.
    """
    found = dict(values)
    if "background" in found:
        background = parse_background(found["background"], folder)
        for file in background.files:
            _must_lie_in(folder, file, where("background"))
        found["background"] = _seen_from_here(background)
    if found.get("cover", "auto") not in _COVERS:
        cover = folder / found["cover"]
        _must_lie_in(folder, cover, where("cover"))
        found["cover"] = _path_from_here(cover)
    return Layer(found, where)


def parsers_in(folder: Path) -> Mapping[str, Callable[[str], object]]:
    """PARSERS for a file in `folder` that a stranger may have written: they refuse, too, what settles only later.

    That is a style or a file that isn't there, a background that can't be, a file outside the folder. They raise
    ValueError, with what to do.
    """
    return {**PARSERS, "style": _style_there, **{name: _in_folder(name, folder) for name in ("background", "cover")}}


def _style_there(text: str) -> object:
    PARSERS["style"](text)
    with _as_value_error():
        resources.template_folders(text)
    return text


def _in_folder(name: str, folder: Path) -> Callable[[str], object]:
    def parse(text: str) -> object:
        with _as_value_error():
            own_layer({name: text}, lambda name: "", folder)
        if name == "cover" and text not in _COVERS and not _asked((folder / text).is_file):
            raise ValueError(f"there is no picture {text[:60]!r}: write auto, none, or a file below this folder")
        return text

    return parse


@contextmanager
def _as_value_error() -> Iterator[None]:
    try:
        yield
    except SleepwardError as error:
        raise ValueError(f"{error.what}: {error.hint}" if error.hint else error.what) from error


_COVERS = ("auto", "none")


def _must_lie_in(folder: Path, path: Path, where: str) -> None:
    if not path.resolve().is_relative_to(folder.resolve()):
        hint = "put it there, or name it with a flag or in sleepward.toml"
        raise SettingError(f"{path} lies outside the folder of what names it", where=where, hint=hint)


def _seen_from_here(background: Background) -> str:
    """The background as text, each file named in the one way that it has from here, however it was written."""
    layers = [replace(layer, name=_path_from_here(layer.file)) if layer.file else layer for layer in background.layers]
    return str(replace(background, layers=tuple(layers)))


def _path_from_here(path: Path) -> str:
    return os.path.relpath(path)
