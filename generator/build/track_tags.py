"""A track's tags: those of a new track, those in a finished file, and those that the file should have now."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from ..dsp import contours
from ..durations import spoken_length
from ..errors import TrackError
from ..formats import CONTAINERS, Tags, lyric_lines, read_tags, sha256_of
from ..formats.cover import draw_cover, load_cover
from ..mix.segments import to_samples
from ..model import CLIP_HEAD_MS, SAMPLES_PER_MS, TITLE_JOINT
from ..settings import Settings
from ..values import AUTO_COVER
from .plan_json import PLAN_DAMAGES, settings_dict, timeline_of
from .track import ARTIST, PlannedTrack, TrackSpec, shown_title, title_of

GENRE = "Sleep"
LONG_TAIL_MS = 15 * 60_000  # a longer one isn't part of what is listened to
_SOUNDS = {"brown": "brown noise", "pink": "pink noise", "none": "silence", "drone": "a drone", "tide": "tides"}


def tags_for(planned: PlannedTrack, key: str) -> Tags:
    place = planned.spec.place
    plan_json = json.dumps(planned.plan | {"contours": _contours(planned)}, ensure_ascii=False)
    return Tags(
        title=shown_title(planned.spec),
        album=place.album,
        artist=ARTIST,
        album_artist=ARTIST,
        year=place.year,
        number=place.number,
        total=place.total,
        genre=GENRE,
        comment=planned.spec.script.summary,
        chapters=planned.timeline.chapters,
        plan_json=plan_json,
        key=key,
        duration_ms=planned.timeline.duration_ms,
        lines=lyric_lines(planned.timeline),
        cover=_cover(planned.spec, planned.timeline.duration_ms),
        plan_sha256=sha256_of(plan_json),
    )


def _contours(planned: PlannedTrack) -> dict[str, str]:
    """The contour of each sentence, for `verify`."""
    narration = planned.narration

    def contour(text: str) -> str:
        sound = to_samples(narration.clip(text))[:, 0]
        return contours.to_text(contours.contour_of(sound, CLIP_HEAD_MS * SAMPLES_PER_MS, narration.durations_ms[text]))

    spoken = dict.fromkeys(event.text for event in planned.timeline.events if event.kind == "speech")
    return {text: contour(text) for text in spoken}


def existing_tags(path: Path, key: str, spec: TrackSpec) -> Tags | None:
    """The tags of the track at `path`, if it is whole and has this key; else None."""
    if not path.is_file():
        return None
    tags = read_tags(path)
    if tags is None or tags.key != key or not tags.plan_is_whole:
        return None
    try:
        total_samples = CONTAINERS[spec.settings.format].check(path)
    except TrackError:  # damaged since: it is made again
        return None
    return tags if total_samples == tags.duration_ms * SAMPLES_PER_MS else None


def updated_tags(tags: Tags, spec: TrackSpec) -> Tags | None:
    """The tags that an existing track should have now; None if it needs a new build.

    It needs one if its tags are damaged, or if its container can't replace titles of chapters that have changed.
    """
    try:
        plan = json.loads(tags.plan_json)
        timeline = timeline_of(plan)
        before = (tags.title, plan["title"], plan["routine"], plan["settings"]["cover"])
    except PLAN_DAMAGES:  # damaged since: it is made again
        return None
    titles = spec.script.chapters  # the first chapter may have the script's title
    if timeline.duration_ms != tags.duration_ms or len(titles) != len(timeline.chapters):
        return None
    chapters = tuple(replace(chapter, title=title) for chapter, title in zip(timeline.chapters, titles, strict=True))
    if chapters != timeline.chapters and not CONTAINERS[spec.settings.format].can_replace_chapters:
        return None
    now = plan | {
        "chapters": [asdict(chapter) for chapter in chapters],
        "routine": spec.script.routine,
        "title": title_of(spec),
        "voice": spec.voice.label,
        "adapted": list(spec.script.adapted),
        "settings": settings_dict(spec.settings, spec.voice),
    }
    plan_json = json.dumps(now, ensure_ascii=False)
    title, place = shown_title(spec), spec.place
    drawn_alike = before == (title, now["title"], now["routine"], "auto") and spec.settings.cover == AUTO_COVER
    return replace(
        tags,
        title=title,
        album=place.album,
        album_artist=ARTIST,
        year=place.year,
        number=place.number,
        total=place.total,
        comment=spec.script.summary,
        chapters=tags.chapters if chapters == timeline.chapters else chapters,
        plan_json=plan_json,
        lines=lyric_lines(timeline),
        cover=tags.cover if drawn_alike else _cover(spec, tags.duration_ms),
        plan_sha256=sha256_of(plan_json),
    )


def _cover(spec: TrackSpec, duration_ms: int) -> bytes:
    """The picture that players show; empty if the settings want none."""
    if spec.settings.cover.file is not None:
        return load_cover(spec.settings.cover.file)
    if spec.settings.cover.drawn:
        below = (TITLE_JOINT.join(spec.place.details), cover_line(spec.settings, duration_ms))
        return draw_cover(title_of(spec), "\n".join(filter(None, below)), spec.script.routine or spec.name)
    return b""


def cover_line(settings: Settings, duration_ms: int) -> str:
    """How long the track lasts, as its cover says: ``45 minutes``, or ``10 minutes, then 8 hours of rain``."""
    if settings.tail <= LONG_TAIL_MS:
        return spoken_length(duration_ms)
    layers = [_SOUNDS.get(layer.name, layer.name) for layer in settings.background.layers]
    sound = " and ".join("music" if "." in name else name for name in layers)
    return f"{spoken_length(duration_ms - settings.tail)}, then {spoken_length(settings.tail)} of {sound}"
