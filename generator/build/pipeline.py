"""The pipeline: what a user names to a finished track."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from .. import beds
from ..errors import TrackError
from ..formats import encoding, mp3_format, streaming, tagging
from ..formats.cover import cover, load_cover
from ..mix.mixing import Levels, Mix
from ..model import SAMPLES_PER_MS, Bed, Script, Timeline
from ..pronunciation.lexicon import Lexicon
from ..script import parse
from ..settings import CHIME_LU, Settings
from ..storage.cache import Cache, content_key
from ..system import ffmpeg
from ..timeline.layout import lay_out
from ..timeline.timing import spoken_texts, timing_of
from ..voices import Voice, open_voice
from ..voices.narration import Narration, narrate, voice_identity
from ..workspace.layers import Layer
from ..workspace.lexicons import load_lexicon
from ..workspace.sources import STDIN, Source, check_flags_fit, resolve_for, script_layer
from .output import new_track
from .plan_json import plan_dict, settings_dict, timeline_of

SCHEMA = "7"  # goes up whenever the same input makes another sound, so that no old track counts as unchanged
LOOP_SCHEMA = "loop 3"  # goes up whenever the same bed makes another encoded loop, or in another form
LARGE_BYTES = 200_000_000
FLAC_SHARE = 0.4  # of a wav's size: 0.28 over rain, 0.43 over brown
ALBUM, ARTIST, GENRE = "Nights", "sleepward", "Sleep"


@dataclass(frozen=True, slots=True)
class Means:
    """How a build works rather than what it makes: none of it changes a byte of the track.

    `progress` is called with a stage (`narration`, `background`, `sound`), what is done of its work and how much there
    is, 0 where nobody knows; `notice` with what the maker should know before it is made.
    """

    cache: Cache
    jobs: int
    shared: bool = False  # another track is being spoken meanwhile: memory stays as low as for one
    plain: bool = False  # encode in one piece, for whoever doubts the joints: the same bytes, for more work
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None
    notice: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, slots=True)
class Piece:
    """A source, read: its script, the settings that hold for it, its background, who will speak, and words how."""

    script: Script
    name: str
    settings: Settings
    background: beds.Background
    voice: Voice
    lexicon: Lexicon
    album: str = ALBUM


@dataclass(frozen=True, slots=True)
class Planned:
    """A piece whose sentences are spoken and placed."""

    piece: Piece
    narration: Narration
    timeline: Timeline
    plan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """A track that only has to be written.

    `planned` is None where its sound is there already; `renewed` are the tags it is to get then, if others.
    """

    piece: Piece
    path: Path
    key: str
    duration_ms: int
    planned: Planned | None
    bed: Bed | None
    elapsed_s: float
    renewed: tagging.Tags | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """A finished track; `fresh` is False where an unchanged one was found, `retitled` where only its tags are new."""

    path: Path
    routine: str | None
    duration_ms: int
    bytes: int
    elapsed_s: float
    settings: dict[str, Any]
    voice: str
    fresh: bool
    retitled: bool = False

    def sha256(self) -> str:
        """Of its file; a second for each gigabyte, so only where it is asked for."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


# --- the pipeline ----------------------------------------------------------------------------------------


def build(piece: Piece, path: Path, means: Means) -> Built:
    """Make the track at `path`, or find that it is there already. Raises the errors of every stage."""
    return finish(with_bed(speak(piece, path, means), means), means)


def speak(piece: Piece, path: Path, means: Means) -> Ready:
    """Speak and place every sentence, or find that the track is there already."""
    started = time.monotonic()
    key = track_key(piece)
    if (tags := _tags_there(path, key, piece)) is not None and (renewed := _renewed(tags, piece)) is not None:
        elapsed_s = time.monotonic() - started
        others = renewed if renewed != tags else None
        return Ready(piece, path, key, tags.duration_ms, None, None, elapsed_s, others)
    planned = plan(piece, means)
    if planned.plan["bytes_estimate"] > LARGE_BYTES:
        means.notice(f"{path} will take about {planned.plan['bytes_estimate'] / 1e6:,.0f} MB")
    return Ready(piece, path, key, planned.timeline.duration_ms, planned, None, time.monotonic() - started)


def with_bed(ready: Ready, means: Means) -> Ready:
    """Its bed beside it, read or made: never while sentences are spoken, as both would take more than 300 MB."""
    if ready.planned is None:
        return ready
    started = time.monotonic()
    means.progress("background", 0, 0)
    settings = ready.piece.settings
    bed = beds.load_bed(ready.piece.background, means.cache, settings.breath_ms, settings.inhale_ms)
    means.progress("background", 1, 1)
    return replace(ready, bed=bed, elapsed_s=ready.elapsed_s + time.monotonic() - started)


def finish(ready: Ready, means: Means) -> Built:
    """Mix, encode and tag what is ready, bed included, where it isn't there already."""
    started = time.monotonic()
    if ready.planned is not None and ready.bed is not None:
        write_track(ready.planned, ready.bed, ready.path, ready.key, means)
    elif ready.renewed is not None:
        format_ = ready.piece.settings.format
        with new_track(ready.path, format_) as sink:
            tagging.renew_tags(ready.path, sink, format_, ready.renewed)
    return _built(ready, time.monotonic() - started)


def read(source: Source, flags: Mapping[str, str | None], around: Sequence[Layer] | None = None) -> Piece:
    """Parse a script and settle what holds for it; settings lie `around` it as `resolve_for` says."""
    script = parse(source.text, source.shown_as, source.name)
    check_flags_fit(source, script, flags)
    settings = resolve_for(script_layer(source, script), flags, around)
    background = beds.parse_background(settings.background)  # an unknown one is said before anything is spoken
    if settings.cover not in ("auto", "none"):
        load_cover(Path(settings.cover))  # and so is a picture that isn't one
    voice = open_voice(settings.voice, rate=settings.rate, pitch=settings.pitch)
    name = script.routine if source.shown_as == STDIN and script.routine else source.name
    return Piece(script, name, settings, background, voice, load_lexicon(voice.language))


def plan(piece: Piece, means: Means) -> Planned:
    """Speak every sentence (or take it from the cache) and place it."""
    timing = timing_of(piece.settings)
    texts = spoken_texts(piece.script, timing)
    progress = partial(means.progress, "narration")
    narration = narrate(texts, piece.voice, means.cache, means.jobs, progress, lexicon=piece.lexicon)
    timeline = lay_out(piece.script, narration.durations_ms, timing)
    written = plan_dict(
        timeline,
        piece.settings,
        routine=piece.script.routine,
        title=title_of(piece),
        voice=piece.voice.label,
        adapted=piece.script.adapted,
        bytes_estimate=_bytes_estimate(timeline.duration_ms, piece.settings),
    )
    return Planned(piece, narration, timeline, written)


def write_track(planned: Planned, bed: Bed, path: Path, key: str, means: Means) -> None:
    """Mix, encode and tag; the file appears at `path` only when it is whole."""

    def progress(done: int) -> None:
        means.progress("sound", done, mix.total_samples)

    settings = planned.piece.settings
    chime_lu = CHIME_LU if settings.chime is None else settings.chime
    levels = Levels(settings.loudness, settings.background_level, settings.glide == "on", chime_lu, settings.ear)
    mix = Mix(planned.timeline, planned.narration.clip, bed, levels)
    if settings.format != "mp3":
        tags = _tags(planned, key)
        with new_track(path, settings.format) as sink:
            part = Path(sink.name)
            streaming.encode(
                part,
                format=settings.format,
                mix=mix.render,
                total_samples=mix.total_samples,
                bitrate_kbps=settings.bitrate,
                metadata=tagging.stream_metadata(settings.format, tags),
                padding_bytes=tagging.padding_bytes(settings.format, tags),
                jobs=means.jobs,
                progress=progress,
            )
            tagging.write_tags(part, settings.format, tags)
        return

    def head() -> bytes:
        return tagging.id3_tag(_tags(planned, key))

    loop = None if means.plain else _encoded_loop(mix, bed, settings, means)
    with new_track(path, "mp3") as sink:
        if means.plain:
            sink.write(head())
            encoding.encode_plain(
                sink,
                mix=mix.render,
                total_samples=mix.total_samples,
                bitrate_kbps=settings.bitrate,
                progress=progress,
            )
        else:
            encoding.encode_mp3(
                sink,
                spans=mix.spans,
                mix=mix.render,
                total_samples=mix.total_samples,
                bitrate_kbps=settings.bitrate,
                jobs=means.jobs,
                shared=means.shared,
                loop=loop,
                sounding_ms=mix.sounding_ms,
                head=head,
                progress=progress,
            )


def _bytes_estimate(duration_ms: int, settings: Settings) -> int:
    """How large the file becomes, tags aside: exactly for mp3 and wav."""
    if settings.format == "mp3":
        return mp3_format.mp3_bytes(duration_ms * SAMPLES_PER_MS, settings.bitrate)
    wav_bytes = duration_ms * SAMPLES_PER_MS * 4
    return {"wav": wav_bytes, "flac": round(wav_bytes * FLAC_SHARE)}.get(
        settings.format, duration_ms * settings.bitrate // 8
    )


# --- keys, tags, beds ------------------------------------------------------------------------------------


def track_key(piece: Piece) -> str:
    """A hash of everything that makes the track's sound; its title and other tags stay out of it.

    It is taken before anything is spoken, so a setting counts even where this script has no use for it.
    """
    return content_key(
        SCHEMA,
        piece.script.body,
        json.dumps(_respelled(piece)),
        json.dumps(asdict(replace(piece.settings, voice=None, background="", cover="")), sort_keys=True),
        voice_identity(piece.voice),
        beds.bed_identity(piece.background, piece.settings.breath_ms, piece.settings.inhale_ms),
        ffmpeg.identity(),
    )


def _respelled(piece: Piece) -> list[str]:
    """What the voice is given where that isn't what is written: all that a lexicon changes in this very track."""
    texts = spoken_texts(piece.script, timing_of(piece.settings))
    lines = ((text, piece.lexicon.given(text, piece.voice.phonemes)) for text in texts)
    return [line for text, line in lines if line != text]


def _encoded_loop(mix: Mix, bed: Bed, settings: Settings, means: Means) -> memoryview | None:
    """The open bed's encoded loop, kept across tracks: it costs as much as two minutes of voiced spans.

    None where a track would repeat too little of it.
    """
    if not encoding.needs_loop(mix.spans, mix.loop_samples):
        return None
    made_of = (bed.identity, repr(mix.open_gain), settings.ear, settings.bitrate, ffmpeg.identity())
    key = content_key(LOOP_SCHEMA, *made_of)
    stored = means.cache.get("loops", key)
    if stored is None:
        stored = memoryview(encoding.encode_loop(mix.open, mix.loop_samples, settings.bitrate, means.jobs))
        means.cache.put("loops", key, stored)
    return stored


def _tags_there(path: Path, key: str, piece: Piece) -> tagging.Tags | None:
    """The tags of the track at `path`, where it is whole and its sound made of the very same things."""
    if not path.is_file():
        return None
    tags = tagging.read_tags(path)
    if tags is None or tags.key != key:
        return None
    try:
        total_samples = tagging.check_whole(path, piece.settings.format)
    except TrackError:  # damaged since: it is made again
        return None
    return tags if total_samples == tags.duration_ms * SAMPLES_PER_MS else None


def _renewed(tags: tagging.Tags, piece: Piece) -> tagging.Tags | None:
    """A track's tags as they should be now, where its sound stays; None where they are damaged, or written with it."""
    try:
        plan = json.loads(tags.plan_json)
        told = timeline_of(plan)
        before = (plan["title"], plan["routine"], plan["settings"]["cover"])
    except (ValueError, KeyError, TypeError):  # damaged since: it is made again
        return None
    titles = piece.script.chapters  # the first may be called like the script
    if told.duration_ms != tags.duration_ms or len(titles) != len(told.chapters):
        return None
    chapters = tuple(replace(chapter, title=title) for chapter, title in zip(told.chapters, titles, strict=True))
    if chapters != told.chapters and piece.settings.format == "m4b":
        return None
    now = plan | {
        "chapters": [asdict(chapter) for chapter in chapters],
        "routine": piece.script.routine,
        "title": title_of(piece),
        "voice": piece.voice.label,
        "adapted": list(piece.script.adapted),
        "settings": settings_dict(piece.settings, piece.voice.label),
    }
    drawn_alike = before == (now["title"], now["routine"], "auto") and piece.settings.cover == "auto"
    return replace(
        tags,
        title=now["title"],
        album=piece.album,
        comment=piece.script.summary,
        chapters=tags.chapters if chapters == told.chapters else chapters,
        plan_json=json.dumps(now, ensure_ascii=False),
        cover=tags.cover if drawn_alike else _cover(piece, tags.duration_ms),
    )


def _tags(planned: Planned, key: str) -> tagging.Tags:
    return tagging.Tags(
        title=planned.plan["title"],
        album=planned.piece.album,
        artist=ARTIST,
        genre=GENRE,
        comment=planned.piece.script.summary,
        chapters=planned.timeline.chapters,
        plan_json=json.dumps(planned.plan, ensure_ascii=False),
        key=key,
        duration_ms=planned.timeline.duration_ms,
        lyrics="\n".join(event.text for event in planned.timeline.events if event.kind == "speech"),
        cover=_cover(planned.piece, planned.timeline.duration_ms),
    )


def _cover(piece: Piece, duration_ms: int) -> bytes:
    """The picture that players show; none where none is wanted."""
    if piece.settings.cover == "none":
        return b""
    if piece.settings.cover == "auto":
        return cover(title_of(piece), f"{round(duration_ms / 60_000)} minutes", piece.script.routine or piece.name)
    return load_cover(Path(piece.settings.cover))


def _built(ready: Ready, writing_s: float) -> Built:
    piece = ready.piece
    return Built(
        path=ready.path,
        routine=piece.script.routine,
        duration_ms=ready.duration_ms,
        bytes=ready.path.stat().st_size,
        elapsed_s=round(ready.elapsed_s + writing_s, 3),
        settings=settings_dict(piece.settings, piece.voice.label),
        voice=piece.voice.label,
        fresh=ready.planned is not None or ready.renewed is not None,
        retitled=ready.renewed is not None,
    )


def title_of(piece: Piece) -> str:
    return piece.script.title or piece.name
