"""Resolves the settings of each requested track, and prepares its build task. Each source file is read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..build.fingerprint import Fingerprint, settings_part, sound_fingerprint, tags_fingerprint
from ..build.fitting import fitting_choice
from ..build.pipeline import read_spec
from ..build.speakers import open_count_voice, open_speaker
from ..build.track import BuildContext, TrackSpec, shown_title, title_of
from ..definition.fitting import WHOLE, FitChoice
from ..errors import InputError
from ..model import Place, Routine, Script
from ..script import parse
from ..settings import SETTINGS, Settings
from ..storage.cache import Cache, default_folder
from ..system import ffmpeg, stopping
from ..values import VoiceChoice
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
    place: Place
    flags: Mapping[str, str]
    settings: Settings
    made_from: Fingerprint


@dataclass(frozen=True, slots=True)
class PreparedTask:
    """A track's build task, with its data for the manifest. `tags` is a digest of everything that players show.

    `title` is what players show, `practice` the title of what is practised alone.
    """

    task: BuildTask
    title: str
    practice: str
    summary: str
    routine: str | None
    tags: str


@dataclass(frozen=True, slots=True)
class _SourceData:
    """A routine or script that was read: its own settings and its parts of the fingerprint."""

    own: SettingsLayer
    parts: Mapping[str, str]
    routine: Routine | None = None
    source: ScriptSource | None = None
    script: Script | None = None


_Speakers = tuple[VoiceChoice | None, int | None, int | None, VoiceChoice | None]
"""Voice, rate, pitch, and the voice for numbers, as settings hold them."""


class TrackResolver:
    """Resolves the tracks of one library file in `folder`, with its `workspace`.

    A track's settings override the routine's own. The library's `defaults` do too, but yield to the environment. What a
    wanted length leaves out is chosen here, which may have to speak it, with `jobs` voices at a time.
    """

    def __init__(self, folder: Path, workspace: Workspace, defaults: Mapping[str, LocatedText], jobs: int = 1) -> None:
        self._folder, self._workspace, self._defaults = folder, workspace, defaults
        self._jobs = jobs
        self._choices: dict[str, FitChoice] = {}
        self._inputs = inputs.Inputs(workspace)
        workspace.layers()  # a fault in a settings file is raised here, not at a track
        self._from_outside = environment_layer(os.environ).values
        self._found: dict[tuple[str, str], _SourceData] = {}
        self._files: dict[tuple[str, str], str] = {}
        self._voices: dict[
            tuple[VoiceChoice | None, int | None, int | None, VoiceChoice | None], Mapping[str, str]
        ] = {}
        self._poses: dict[tuple[str, bool], str] = {}

    def title_of(self, requested: RequestedTrack) -> str:
        """The title of the track's routine or script. Raises SleepwardError if it can't be read."""
        found = self._read(requested)
        if found.routine is not None:
            return found.routine.title
        assert found.script is not None  # a track is of a routine or of a script
        return found.script.title or found.script.name

    def resolve(self, requested: RequestedTrack, place: Place) -> ResolvedTrack:
        """The track with its settings resolved. Raises SleepwardError if they are impossible."""
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
            "shown": self._inputs.of_shown(place, settings.cover),
        }
        if found.routine is not None:
            made_from |= {
                "poses": self._poses_digest(found.routine, all_of_them=bool(settings.avoid)),
                "templates": self._inputs.of_templates(settings.style),
            }
        fingerprint = Fingerprint({part: made_from[part] for part in inputs.PARTS if part in made_from})
        name = f"{requested.name}.{settings.format}"
        return ResolvedTrack(name, requested, place, flags, settings, fingerprint)

    def prepare(self, track: ResolvedTrack) -> PreparedTask:
        """Render the track's script and parse it. Raises SleepwardError."""
        found = self._read(track.requested)
        source = found.source or routine_source(_of(found), track.flags, self._workspace)
        spec = read_spec(source, track.flags, self._workspace)
        choice = self._choice(track, spec)
        if choice != WHOLE and source.shortenable is not None:
            source = source.shortenable.source(track.flags, choice)
            spec = read_spec(source, track.flags, self._workspace)
        spec = replace(spec, place=track.place)
        task = BuildTask(
            name=track.name,
            text=source.text,
            shown_as=source.shown_as,
            stem=spec.name,
            settings=spec.settings,
            lexicon=spec.lexicon,
            key=sound_fingerprint(spec).key,
            place=track.place,
        )
        shown = tags_fingerprint(spec, track.made_from.parts["shown"])
        script = spec.script
        return PreparedTask(task, shown_title(spec), title_of(spec), script.summary, script.routine, shown.key)

    def _choice(self, track: ResolvedTrack, spec: TrackSpec) -> FitChoice:
        """How the track is shortened for its wanted length."""
        if spec.shortenable is None or spec.settings.keep == "all":
            return WHOLE
        if track.name not in self._choices:
            context = BuildContext(Cache(default_folder()), self._jobs, progress=stopping.check_on_progress)
            self._choices[track.name] = fitting_choice(spec, context)
        return self._choices[track.name]

    def _flags(self, requested: RequestedTrack) -> dict[str, str]:
        """The library's settings as flags. Defaults that shape words are left out for a script, which has its words."""
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
        chosen = (settings.voice, settings.rate, settings.pitch, settings.count_voice.voice)
        if chosen not in self._voices:
            own_names = self._workspace.own_voices().keys()
            voice, count_voice = open_speaker(settings, own_names), open_count_voice(settings, own_names)
            identity = voice_identity(voice) + (f" {voice_identity(count_voice)}" if count_voice else "")
            self._voices[chosen] = {"voice": identity, "lexicon": self._inputs.of_lexicon(voice.language)}
        return self._voices[chosen]

    def _poses_digest(self, routine: Routine, *, all_of_them: bool) -> str:
        """A digest of the routine's poses; with `avoid`, of all poses, as the words that it accepts depend on them."""
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
    """Raise InputError if a script's track sets what would change the script's words."""
    for name, value in requested.settings.items():
        if SETTINGS[name].shapes_words and value.text != script.settings.get(name):
            what = "this setting shapes the words of a routine, but this track has a script, whose words are fixed"
            raise InputError(what, where=SETTINGS[name].flag, hint="leave it out here; set it when making the script")
