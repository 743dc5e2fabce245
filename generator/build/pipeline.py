"""The pipeline: from a script's source to a finished track, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .. import beds
from ..definition.fitting import WHOLE, FitChoice, left_out_names
from ..errors import LengthError
from ..formats import CONTAINERS, BedLoop, TrackSound
from ..formats.cover import load_cover
from ..mix.mixing import Levels, Mix
from ..model import Bed, Timeline
from ..script import combined, parse
from ..settings import CHIME_LU
from ..timeline.layout import lay_out
from ..timeline.timing import texts_by_length, timing_of
from ..voices.narration import Narration
from ..workspace import Workspace
from ..workspace.lexicon_files import load_lexicon
from ..workspace.script_sources import STDIN, ScriptSource, check_flags_fit, script_layer
from ..workspace.settings_layers import layers_of, placed, resolve_for
from .fingerprint import sound_fingerprint
from .fitting import FittedTrack, fit_to_length, spoken, what_would_fit
from .plan_json import plan_dict, settings_dict
from .speakers import open_count_voice, open_speaker, unsayable_places
from .track import (
    BuildContext,
    BuildResult,
    PlannedTrack,
    PreparedTrack,
    ShortenableTrack,
    TrackSpec,
    title_of,
)
from .track_file import new_track
from .track_tags import existing_tags, tags_for, updated_tags

LARGE_BYTES = 200_000_000


def build(spec: TrackSpec, path: Path, context: BuildContext) -> BuildResult:
    """Make the track at `path`, unless it is there already. Raises the errors of every stage."""
    return render(load_background(prepare(spec, path, context), context), context)


def prepare(spec: TrackSpec, path: Path, context: BuildContext) -> PreparedTrack:
    """Speak and place every sentence, unless the track is there already."""
    started = time.monotonic()

    def present(spec: TrackSpec) -> PreparedTrack | None:
        key = sound_fingerprint(spec).key
        tags = existing_tags(path, key, spec)
        updated = None if tags is None else updated_tags(tags, spec)
        if tags is None or updated is None:
            return None
        new_tags = updated if updated != tags else None
        return PreparedTrack(spec, path, key, tags.duration_ms, None, None, time.monotonic() - started, new_tags)

    fitted = fit_to_length(spec, context, present)
    for note in fitted.spec.script.adapted:
        if note not in spec.script.adapted:
            context.notice(note)
    if isinstance(fitted, PreparedTrack):
        return fitted
    planned = _planned(fitted, context)
    if planned.plan["bytes_estimate"] > LARGE_BYTES:
        context.notice(f"{path} will take about {planned.plan['bytes_estimate'] / 1e6:,.0f} MB")
    key = sound_fingerprint(planned.spec).key
    duration_ms = planned.timeline.duration_ms
    return PreparedTrack(planned.spec, path, key, duration_ms, planned, None, time.monotonic() - started)


def load_background(prepared: PreparedTrack, context: BuildContext) -> PreparedTrack:
    """Add the bed, from the cache or made anew. Not while sentences are spoken: both would take more than 300 MB."""
    if prepared.planned is None:
        return prepared
    started = time.monotonic()
    context.progress("background", 0, 0)
    settings = prepared.spec.settings
    bed = beds.load_bed(prepared.spec.background, context.cache, settings.breath_ms, settings.inhale_ms)
    context.progress("background", 1, 1)
    return replace(prepared, bed=bed, elapsed_s=prepared.elapsed_s + time.monotonic() - started)


def render(prepared: PreparedTrack, context: BuildContext) -> BuildResult:
    """Mix, encode and tag a prepared track. If its file is there already, write only new tags, if any."""
    started = time.monotonic()
    if prepared.planned is not None and prepared.bed is not None:
        write_track(prepared.planned, prepared.bed, prepared.path, prepared.key, context)
    elif prepared.new_tags is not None:
        container = CONTAINERS[prepared.spec.settings.format]
        with new_track(prepared.path, container) as sink:
            container.replace_tags(prepared.path, sink, prepared.new_tags)
    return _result(prepared, time.monotonic() - started)


def read_spec(source: ScriptSource, flags: Mapping[str, str | None], workspace: Workspace) -> TrackSpec:
    """Parse a script, and find its settings, voice and lexicon in the `workspace`.

    Raises ScriptError for what has no words in the voice's language.
    """
    script = parse(source.text, source.shown_as, source.name)
    check_flags_fit(source, script, flags)
    own, surrounding = script_layer(source, script), workspace.layers()
    settings = resolve_for(own, flags, surrounding)
    if settings.cover.file is not None:
        load_cover(settings.cover.file)  # an invalid picture is reported before anything is spoken
    own_names = workspace.own_voices().keys()
    layers = layers_of(own, flags, surrounding)
    with placed("voice", layers):
        voice = open_speaker(settings, own_names)
    with placed("count_voice", layers):
        count_voice = open_count_voice(settings, own_names)
    name = script.routine if source.shown_as == STDIN and script.routine else source.name
    lexicon = load_lexicon(voice.language, workspace)
    spec = TrackSpec(
        script,
        name,
        settings,
        voice,
        lexicon,
        count_voice=count_voice,
        shortenable=_shortenable(source, flags, workspace) if settings.length is not None else None,
    )
    if faults := unsayable_places(spec):
        raise combined(faults)
    return spec


def _shortenable(
    source: ScriptSource, flags: Mapping[str, str | None], workspace: Workspace
) -> ShortenableTrack | None:
    shortenable = source.shortenable
    if shortenable is None:
        return None

    def spec(more_flags: Mapping[str, str], choice: FitChoice) -> TrackSpec:
        changed = {**flags, **more_flags}
        return read_spec(shortenable.source(changed, choice), changed, workspace)

    return ShortenableTrack(shortenable.routine, spec)


def plan_track(spec: TrackSpec, context: BuildContext) -> PlannedTrack:
    """Speak every sentence (or take it from the cache) and place it, shortened to its wanted length where need be."""
    return _planned(fit_to_length(spec, context), context)


def _planned(fitted: FittedTrack, context: BuildContext) -> PlannedTrack:
    spec = fitted.spec
    try:
        narration, timeline = _placed(fitted, context)
    except LengthError as error:
        if (explained := _explained(error, fitted, context)) is None:
            raise
        raise explained from error
    plan = plan_dict(
        timeline,
        spec.settings,
        routine=spec.script.routine,
        title=title_of(spec),
        voice=spec.voice,
        adapted=spec.script.adapted,
        bytes_estimate=CONTAINERS[spec.settings.format].estimate_bytes(timeline.duration_ms, spec.settings.bitrate),
    )
    return PlannedTrack(spec, narration, timeline, plan, fitted.choice)


def _placed(fitted: FittedTrack, context: BuildContext) -> tuple[Narration, Timeline]:
    """The narration and the timeline. What long holds say is spoken only where the holds turn out so long."""
    spec, narration = fitted.spec, fitted.narration
    timing = timing_of(spec.settings)
    by_length = dict.fromkeys(texts_by_length(spec.script, timing), 0)
    timeline = lay_out(spec.script, {**by_length, **narration.durations_ms}, timing)
    said = {event.text for event in timeline.events if event.kind == "speech"} & by_length.keys()
    if not said:
        return narration, timeline
    narration = narration.joined(spoken(spec, said, context))
    return narration, lay_out(spec.script, {**by_length, **narration.durations_ms}, timing)


def _explained(error: LengthError, fitted: FittedTrack, context: BuildContext) -> LengthError | None:
    """`error` with what would make the track fit, or with what was left out in vain; None if it says all."""
    spec = fitted.spec
    flags = what_would_fit(fitted, context) if spec.settings.keep == "all" else ""
    if flags:
        return LengthError(error.what, hint=f"without --keep all, steps are left out; {flags}")
    if spec.shortenable is None or fitted.choice == WHOLE:
        return None
    names = ", ".join(left_out_names(spec.shortenable.routine, fitted.choice)).lower()
    without = f" and without {names}" if names else ""
    return LengthError(f"{error.what}, in the briefest words{without}", hint=error.hint)


def write_track(planned: PlannedTrack, bed: Bed, path: Path, key: str, context: BuildContext) -> None:
    """Mix, encode and tag a track. The file appears at `path` only when it is whole."""

    def progress(done: int) -> None:
        context.progress("sound", done, mix.total_samples)

    settings = planned.spec.settings
    chime_lu = CHIME_LU if settings.chime is None else settings.chime
    levels = Levels(settings.loudness, settings.background_level, settings.glide == "on", chime_lu, settings.ear)
    mix = Mix(planned.timeline, planned.narration.clip, bed, levels)
    loop = BedLoop(mix.open, mix.loop_samples, (bed.identity, repr(mix.open_gain), settings.ear), context.cache)
    sound = TrackSound(
        mix.render,
        mix.total_samples,
        spans=mix.spans,
        sounding_ms=mix.sounding_ms,
        loop=loop,
        bitrate_kbps=settings.bitrate,
        jobs=context.jobs,
        shared=context.shared,
        plain=context.plain,
        progress=progress,
    )
    container = CONTAINERS[settings.format]
    with new_track(path, container) as sink:
        container.write(sink, sound, lambda: tags_for(planned, key))


def _result(prepared: PreparedTrack, writing_s: float) -> BuildResult:
    spec = prepared.spec
    return BuildResult(
        path=prepared.path,
        routine=spec.script.routine,
        duration_ms=prepared.duration_ms,
        bytes=prepared.path.stat().st_size,
        elapsed_s=round(prepared.elapsed_s + writing_s, 3),
        settings=settings_dict(spec.settings, spec.voice),
        voice=spec.voice.label,
        fresh=prepared.planned is not None or prepared.new_tags is not None,
        retitled=prepared.new_tags is not None,
    )
