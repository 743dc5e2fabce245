"""What holds for each track of a library, and its task: routines, scripts and settings are read here, each once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..build.fingerprint import Fingerprint, settings_part, sound_fingerprint, tags_fingerprint
from ..build.pipeline import read_spec
from ..build.track import title_of
from ..errors import InputError
from ..model import Routine, Script
from ..script import parse
from ..settings import SETTINGS, Settings
from ..system import ffmpeg
from ..voices import open_voice
from ..voices.narration import voice_identity
from ..workspace import Workspace
from ..workspace.script_sources import ScriptSource, load_source, routine_source, script_layer
from ..workspace.settings_layers import SettingsLayer, environment_layer, own_layer, resolve_for
from . import inputs
from .protocols import BuildTask
from .requested_tracks import LocatedText, RequestedTrack


@dataclass(frozen=True, slots=True)
class ResolvedTrack:
    """A requested track with all that is known before it is built.

    `name` is the whole file name, and `flags` are as they were given.
    """

    name: str
    requested: RequestedTrack
    flags: Mapping[str, str]
    settings: Settings
    made_from: Fingerprint


@dataclass(frozen=True, slots=True)
class PreparedTask:
    """A track's task, and what a list of tracks says of it; `tags` is a digest of all that players show."""

    task: BuildTask
    title: str
    routine: str | None
    tags: str


@dataclass(frozen=True, slots=True)
class _SourceData:
    """A routine or a script: its own settings, and what it is made from."""

    own: SettingsLayer
    parts: Mapping[str, str]
    routine: Routine | None = None
    source: ScriptSource | None = None
    script: Script | None = None


class TrackResolver:
    """The tracks of one library file in `folder`, whose `workspace` it is; `album` is what they belong to.

    What the library asks for holds above the routine's own settings; its `defaults` yield to the environment besides.
    """

    def __init__(self, folder: Path, workspace: Workspace, defaults: Mapping[str, LocatedText], album: str) -> None:
        self._folder, self._workspace, self._defaults, self._album = folder, workspace, defaults, album
        self._inputs = inputs.Inputs(workspace)
        workspace.layers()  # so that a fault in one is told as such, and not as a track's
        self._from_outside = environment_layer(os.environ).values
        self._found: dict[tuple[str, str], _SourceData] = {}
        self._files: dict[tuple[str, str], str] = {}
        self._voices: dict[tuple[str | None, int, int | None], Mapping[str, str]] = {}
        self._poses: dict[tuple[str, bool], str] = {}

    def resolve(self, requested: RequestedTrack) -> ResolvedTrack:
        """Raises SleepwardError where something in it can't be had."""
        found = self._read(requested)
        flags = self._flags(requested)
        if found.script is not None:
            _check_words_stay(requested, found.script)
        settings = resolve_for(found.own, flags, self._workspace.layers())
        made_from = {
            **found.parts,
            **self._voice_parts(settings),
            "settings": settings_part(settings),
            "background": self._inputs.of_background(settings),
            "encoder": ffmpeg.identity(),
            "program": inputs.program_part(),
            "shown": self._inputs.of_shown(self._album, settings.cover),
        }
        if found.routine is not None:
            made_from |= {
                "poses": self._poses_digest(found.routine, all_of_them=bool(settings.avoid)),
                "templates": self._inputs.of_templates(settings.style),
            }
        fingerprint = Fingerprint({part: made_from[part] for part in inputs.PARTS if part in made_from})
        return ResolvedTrack(f"{requested.name}.{settings.format}", requested, flags, settings, fingerprint)

    def prepare(self, track: ResolvedTrack) -> PreparedTask:
        """Render and read its script. Raises SleepwardError."""
        found = self._read(track.requested)
        source = found.source or routine_source(_of(found), track.flags, self._workspace)
        spec = replace(read_spec(source, track.flags, self._workspace), album=self._album)
        task = BuildTask(
            name=track.name,
            text=source.text,
            shown_as=source.shown_as,
            stem=spec.name,
            settings=spec.settings,
            lexicon=spec.lexicon,
            key=sound_fingerprint(spec).key,
            album=self._album,
        )
        shown = tags_fingerprint(spec, track.made_from.parts["shown"])
        return PreparedTask(task, title_of(spec), spec.script.routine, shown.key)

    def _flags(self, requested: RequestedTrack) -> dict[str, str]:
        """What the library sets, as flags; a script's words are there already, so defaults that shape them aren't."""
        fitting = {
            name: value
            for name, value in self._defaults.items()
            if name not in self._from_outside and not (requested.script and SETTINGS[name].shapes_words)
        }
        return {
            name: self._seen_from_here(name, value.text) for name, value in {**fitting, **requested.settings}.items()
        }

    def _seen_from_here(self, name: str, text: str) -> str:
        if not SETTINGS[name].names_files:
            return text
        if (name, text) not in self._files:
            self._files[name, text] = own_layer({name: text}, lambda name: f"--{name}", self._folder).values[name]
        return self._files[name, text]

    def _voice_parts(self, settings: Settings) -> Mapping[str, str]:
        chosen = (settings.voice, settings.rate, settings.pitch)
        if chosen not in self._voices:
            voice = open_voice(settings.voice, rate=settings.rate, pitch=settings.pitch)
            lexicon = self._inputs.of_lexicon(voice.language)
            self._voices[chosen] = {"voice": voice_identity(voice), "lexicon": lexicon}
        return self._voices[chosen]

    def _poses_digest(self, routine: Routine, *, all_of_them: bool) -> str:
        """Of the poses that the routine has; where some are avoided, of all: what can be avoided depends on them."""
        if (routine.name, all_of_them) not in self._poses:
            ids = self._workspace.pose_ids() if all_of_them else {step.pose.id for step in routine.steps} | {"rest"}
            paths = [self._workspace.pose_path(pose_id) for pose_id in ids]
            self._poses[routine.name, all_of_them] = self._inputs.of_files(paths)
        return self._poses[routine.name, all_of_them]

    def _read(self, requested: RequestedTrack) -> _SourceData:
        what = (requested.routine, requested.script)
        if what not in self._found:
            self._found[what] = (
                self._of_routine(requested.routine) if requested.routine else self._of_script(requested.script)
            )
        return self._found[what]

    def _of_routine(self, name: str) -> _SourceData:
        path = self._workspace.routine_path(name)
        routine = self._workspace.read_routine(path)
        own = own_layer(routine.settings, lambda name: routine.path, path.parent)
        return _SourceData(own, {"routine": self._inputs.of_file(path)}, routine=routine)

    def _of_script(self, name: str) -> _SourceData:
        path = self._folder / name
        source = load_source(str(path), {}, self._workspace)
        script = parse(source.text, source.shown_as, source.name)
        own = script_layer(source, script)
        return _SourceData(own, {"script": self._inputs.of_file(path)}, source=source, script=script)


def _of(found: _SourceData) -> Routine:
    assert found.routine is not None  # a track is of a routine or of a script
    return found.routine


def _check_words_stay(requested: RequestedTrack, script: Script) -> None:
    """A script's words are there already. Raises InputError where its track sets what would change them."""
    for name, value in requested.settings.items():
        if SETTINGS[name].shapes_words and value.text != script.settings.get(name):
            what = "it shapes the words of a routine, and this track's are in its script already"
            raise InputError(what, where=SETTINGS[name].flag, hint="leave it out here, and make the script with it")
