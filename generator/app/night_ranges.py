"""What `tonight` must know of each routine, kept in the cache: its range of lengths, and what a length leaves out.

Finding it renders every routine, several times where it is too long: ten times as long as all the rest of the choice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..build.fitting import ESTIMATE_SLACK, estimated_clips_ms, estimated_fit
from ..build.pipeline import plan_track, read_spec
from ..build.speakers import lines_of, voices_part
from ..build.track import BuildContext, TrackSpec
from ..definition.fitting import left_out_poses
from ..errors import SleepwardError
from ..pronunciation.lexicon import FILE_NAME
from ..settings import SETTINGS
from ..storage.cache import Cache, content_key
from ..storage.code_key import files_key
from ..timeline.layout import lay_out
from ..timeline.timing import timing_of
from ..workspace import Workspace
from ..workspace.script_sources import routine_source, script_layer
from ..workspace.settings_layers import resolve_for

if TYPE_CHECKING:
    from ..model import Routine
    from ..workspace.script_sources import ScriptSource

KIND = "ranges"
LeftOut: TypeAlias = tuple[tuple[str, ...] | None, bool]
"""Poses, or None if no way will do; and whether that is sure."""
Flags = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class NightRange:
    """A routine under some settings, at any length. Times are estimates of the guided part.

    `poses` is how many there would be without `avoid`, which leaves out `avoided`. `kept` is how many are left.
    `length_ms` is the wanted length where no flag asks for one. `left_out` are the poses that are left out to last
    certain milliseconds, None where it can't be so short, and whether speaking it can't change that. `known_rate` says
    whether the voice's is.
    """

    title: str
    place: str
    least_ms: int
    most_ms: int
    own_ms: int
    poses: int
    kept: int
    avoided: tuple[str, ...] = ()
    length_ms: int | None = None
    known_rate: bool = False
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)

    def may_be(self, wanted_ms: int) -> bool:
        """Whether all of it can have this length, as far as estimates tell."""
        return self.least_ms * (1 - ESTIMATE_SLACK) <= wanted_ms <= self.most_ms * (1 + ESTIMATE_SLACK)

    def is_surely(self, wanted_ms: int) -> bool:
        """Whether all of it surely has this length among its own."""
        least_ms, most_ms = self.least_ms * (1 + ESTIMATE_SLACK), self.most_ms * (1 - ESTIMATE_SLACK)
        return self.known_rate and least_ms <= wanted_ms <= most_ms


class NightRanges:
    """The ranges of one command's routines, from the cache or computed."""

    def __init__(self, flags: Flags, workspace: Workspace, cache: Cache) -> None:
        self._flags, self._workspace, self._cache = flags, workspace, cache
        self._shared = _settings_key(flags, workspace)

    def of(self, routine: str) -> NightRange:
        """The routine's range. Raises what reading, rendering and laying it out raise."""
        key = self._key(routine)
        stored = None if key is None else self._cache.get(KIND, key)
        if stored is not None:
            with suppress(ValueError, TypeError, KeyError):  # a broken entry: computed again
                found = json.loads(bytes(stored))
                found["left_out"] = {
                    ms: (None if out is None else tuple(out), sure) for ms, (out, sure) in found["left_out"].items()
                }
                return NightRange(**{**found, "avoided": tuple(found["avoided"])})
        return self._kept(key, self._computed(routine))

    def left_out(self, routine: str, found: NightRange, wanted_ms: int) -> LeftOut:
        """The poses left out to last `wanted_ms`, by the estimated lengths of its sentences."""
        if str(wanted_ms) not in found.left_out:
            fit = estimated_fit(self.spec(routine))
            source = fit.spec.shortenable
            out = left_out_poses(source.routine, fit.choice) if fit.fits and source else None
            sure = fit.sure and _has_length(fit.spec)
            found = replace(found, left_out={**found.left_out, str(wanted_ms): (out, sure)})
            self._kept(self._key(routine), found)
        return found.left_out[str(wanted_ms)]

    def spoken_left_out(self, routine: str, context: BuildContext) -> tuple[tuple[str, ...], int]:
        """The poses left out by the lengths of its spoken sentences, of how many. Raises what planning does.

        Its sentences are spoken, or taken from the cache, unless that was done before with the same voice.
        """
        spec = self.spec(routine)
        shared = self._key(routine)
        lines = lines_of(spec)
        said = (*(line.line for line in lines), voices_part(spec, lines), spec.settings.length)
        key = None if shared is None else content_key("spoken", shared, *said)
        stored = None if key is None else self._cache.get(KIND, key)
        if stored is not None:
            with suppress(ValueError, TypeError):
                out, kept = json.loads(bytes(stored))
                return tuple(out), kept
        planned = plan_track(spec, context)
        source = planned.spec.shortenable
        result = ((), 0) if source is None else (left_out_poses(source.routine, planned.choice), _poses(source.routine))
        if key is not None:
            self._put(key, result)
        return result

    def source(self, routine: str) -> ScriptSource:
        """The routine's script."""
        path = self._workspace.routine_path(routine)
        read = self._workspace.read_routine(path, self._cache)
        return routine_source(read, self._flags, self._workspace, self._cache)

    def spec(self, routine: str) -> TrackSpec:
        return read_spec(self.source(routine), self._flags, self._workspace)

    def _computed(self, routine: str) -> NightRange:
        source = self.source(routine)
        spec = read_spec(source, self._flags, self._workspace)
        timeline = lay_out(spec.script, estimated_clips_ms(spec), replace(timing_of(spec.settings), length_ms=None))
        least_ms, most_ms = timeline.length_range_ms
        as_written = self._workspace.read_routine(self._workspace.routine_path(routine), self._cache)
        chosen, skipped = spec.settings.only, spec.settings.skip
        own = dict.fromkeys(step.pose.id for step in as_written.steps)
        wanted = [pose for pose in own if pose not in skipped and (not chosen or pose in chosen)]
        without_length = {**self._flags, "length": None}
        done = {cue.where.pose for cue in spec.script.cues}
        return NightRange(
            title=spec.script.title,
            place=as_written.setting,
            least_ms=least_ms,
            most_ms=most_ms,
            own_ms=timeline.guided_ms,
            poses=len(wanted),
            kept=_poses(source.shortenable.routine) if source.shortenable else len(done),
            avoided=tuple(pose for pose in wanted if pose not in done) if spec.settings.avoid else (),
            known_rate=spec.voice.rate_wpm is not None,
            length_ms=resolve_for(script_layer(source, spec.script), without_length, self._workspace.layers()).length,
        )

    def _kept(self, key: str | None, found: NightRange) -> NightRange:
        if key is not None:
            self._put(key, asdict(found))
        return found

    def _put(self, key: str, value: Any) -> None:
        with suppress(SleepwardError):  # what can't be stored is computed again next time
            self._cache.put(KIND, key, json.dumps(value).encode())

    def _key(self, routine: str) -> str | None:
        """A key of all that the range depends on: files, settings, code. None where it can't be told."""
        own = files_key([self._workspace.routine_path(routine)])
        return None if self._shared is None or own is None else content_key(self._shared, own)


def _has_length(spec: TrackSpec) -> bool:
    """Whether a shortened track surely stretches to its wanted length."""
    timing = replace(timing_of(spec.settings), length_ms=None)
    _, most_ms = lay_out(spec.script, estimated_clips_ms(spec), timing).length_range_ms
    return most_ms * (1 - ESTIMATE_SLACK) >= (spec.settings.length or 0)


def _poses(routine: Routine) -> int:
    return len({step.pose.id for step in routine.steps})


def _settings_key(flags: Flags, workspace: Workspace) -> str | None:
    """A key of the settings but for the flag of the length, and of all files that any routine may use."""
    files = files_key([*workspace.word_files(), *workspace.own_lexicons(FILE_NAME)])
    if files is None:
        return None
    given = sorted((name, text) for name, text in flags.items() if text is not None and name != "length")
    layers = [(sorted(layer.values.items()), sorted(layer.voices.items())) for layer in workspace.layers()]
    named = [text for _, text in given] + [text for values, _ in layers for _, text in values]
    return content_key(files, given, layers, [Path(text).is_file() for text in named])


def wanted_ms(flags: Flags, found: NightRange) -> int | None:
    """The wanted length of the guided part. A flag that is no length has raised an error before."""
    text = flags.get("length")
    return found.length_ms if text is None else SETTINGS["length"].kind.parse(text)
