"""Every other format: the very length, the level, the chapters and the plan, read back by programs that aren't ours."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import signal
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import mutagen
import numpy as np
import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mutagen.id3 import ID3
from PIL import Image

from generator.errors import NotFoundError, TrackError
from generator.formats import (
    CONTAINERS,
    LyricLine,
    Tags,
    TrackSound,
    container_named,
    container_of,
    read_tags,
    streamed,
    wav,
)
from generator.formats.cover import draw_cover
from generator.formats.streamed import StreamedContainer
from generator.model import Chapter
from generator.settings import FORMATS as SETTINGS_FORMATS
from generator.system import ffmpeg
from tests.conftest import Shown, running_ffmpegs

if TYPE_CHECKING:
    from pathlib import Path

    from generator.model import Samples

FORMATS = [name for name in CONTAINERS if name != "mp3"]
LOSSLESS = [name for name in FORMATS if CONTAINERS[name].lossless]
LOSSY = [name for name in FORMATS if name not in LOSSLESS]
DURATION_MS = 12_345  # no whole frames of anything
TOTAL = DURATION_MS * 48
CHAPTERS = (
    Chapter("Arrival", 0, 2_000),
    Chapter("Figure Four; right = “right” \\ #2", 2_000, 7_503),
    Chapter("Schlaf / 眠り \\", 7_503, DURATION_MS),
)
PLAN = {"version": 1, "title": "Zehn Minuten — im Bett", "events": [{"text": "Lass los; #1 = \\ 慢慢\n"}] * 3_000}
TAGS = Tags(
    title="Ten minutes / in bed — 夜",
    album="Nights; winter",
    artist="sleepward",
    genre="Sleep",
    comment="Made from a script.\n  ;Second = line \\ ",
    chapters=CHAPTERS,
    plan_json=json.dumps(PLAN, ensure_ascii=False),
    key="5f" * 32,
    duration_ms=DURATION_MS,
    lines=(
        LyricLine(0, "Let the jaw be loose."),
        LyricLine(2_340, "#I'll be quiet; for = a while \\ now."),
        LyricLine(3_600_000 * 2, "[hold] 眠り"),
    ),
    cover=draw_cover("Ten minutes in bed", "25 min", "ten"),
    album_artist="sleepward; too",
    year="2026",
    number=3,
    total=52,
    plan_sha256="ab" * 32,
)


def noise() -> Samples:
    """A soft bed and something like a voice in it."""
    rng = np.random.default_rng(7)
    bed = np.fft.irfft(np.fft.rfft(rng.standard_normal((TOTAL, 2)), axis=0)[:60_000], TOTAL, axis=0)  # below 5 kHz
    at = np.arange(TOTAL) / 48_000
    voice = 0.2 * np.sin(2 * np.pi * 180 * at) * np.sin(2 * np.pi * 0.5 * at) ** 2
    return (0.02 * bed / bed.std() + voice[:, None]).astype(np.float32)


SOUND = noise()


def mix(start: int, end: int) -> Samples:
    return SOUND[start:end]


def make(part: Path, kind: str, tags: Tags = TAGS, **how: Any) -> Path:
    """As the pipeline makes it, in a file whose name says nothing."""
    sound = TrackSound(how.pop("mix", mix), how.pop("total_samples", TOTAL), **how)
    with part.open("wb") as sink:
        CONTAINERS[kind].write(sink, sound, lambda: tags)
    return part


def read_back(path: Path) -> Tags:
    """The tags of a track, but for the digest of its sound, which is the right one."""
    tags, container = read_tags(path), container_of(path)
    assert tags is not None
    assert container is not None
    assert tags.sound_sha256 == container.sound_sha256(path)
    return replace(tags, sound_sha256="")


def streamed_as(kind: str) -> StreamedContainer:
    container = CONTAINERS[kind]
    assert isinstance(container, StreamedContainer)
    return container


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("formats")
    return {kind: make(folder / f".night.{kind}.part", kind) for kind in FORMATS}


@pytest.fixture(params=FORMATS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def track(made: dict[str, Path], kind: str) -> Path:
    return made[kind]


# --- the sound -------------------------------------------------------------------------------------


def announced_s(path: Path, kind: str) -> float:
    """The length that a player shows before it has played anything."""
    if kind != "m4b":
        return float(mutagen.File(path).info.length)
    head = path.read_bytes().partition(b"mvhd")[2]  # mutagen reads that of its sound, with the encoder's delay
    units_per_s, units = struct.unpack(">II", head[12:20])
    return float(units / units_per_s)


def test_it_is_as_long_as_it_says_to_the_sample(track: Path, kind: str) -> None:
    samples, rate = ffmpeg.decode(track)
    assert (rate, samples.shape) == (48_000, (TOTAL, 2))
    assert CONTAINERS[kind].check(track) == TOTAL
    assert announced_s(track, kind) == pytest.approx(DURATION_MS / 1_000, abs=0.011)


def test_it_sounds_as_loud_as_the_mix_and_begins_with_it(track: Path) -> None:
    samples, _ = ffmpeg.decode(track)
    for part in (slice(0, TOTAL), slice(0, 48_000), slice(TOTAL - 48_000, TOTAL)):
        level_db = 10 * np.log10((samples[part] ** 2).mean() / (SOUND[part] ** 2).mean())
        assert abs(level_db) < 0.5
    mono, heard = SOUND.mean(axis=1)[: 1 << 18], samples.mean(axis=1)[: 1 << 18]
    lag = np.fft.irfft(np.fft.rfft(heard, 1 << 19) * np.conj(np.fft.rfft(mono, 1 << 19))).argmax()
    assert lag == 0  # no encoder's delay is heard


@pytest.mark.parametrize("kind", LOSSLESS)
def test_what_loses_nothing_is_within_half_a_step_of_16_bits(made: dict[str, Path], kind: str) -> None:
    samples, _ = ffmpeg.decode(made[kind])
    assert np.abs(samples - SOUND).max() <= 0.5001 / 32_768


@pytest.mark.parametrize("kind", LOSSLESS)
def test_silence_stays_silent(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / "silent", kind, mix=lambda start, end: np.zeros((end - start, 2), np.float32))
    assert not ffmpeg.decode(path)[0].any()


def test_full_scale_is_clipped_not_wrapped(tmp_path: Path, kind: str) -> None:
    def loud(start: int, end: int) -> Samples:
        tone = 1.4 * np.sin(2 * np.pi * 200 / 48_000 * np.arange(start, end))
        return np.stack([tone, tone], axis=1).astype(np.float32)

    samples = ffmpeg.decode(make(tmp_path / "loud", kind, mix=loud))[0]
    assert np.abs(np.diff(samples, axis=0)).max() < 0.2  # where it wraps, it jumps by 2
    assert np.abs(samples).max() > 0.95


def test_the_same_mix_is_the_same_bytes_however_it_is_made(made: dict[str, Path], tmp_path: Path, kind: str) -> None:
    again = make(tmp_path / f"another name.{kind}", kind, jobs=1)
    assert again.read_bytes() == made[kind].read_bytes()


@pytest.mark.parametrize("kind", LOSSY)
def test_the_bit_rate_is_the_one_asked_for(tmp_path: Path, kind: str) -> None:
    plain = replace(TAGS, cover=b"", plan_json="{}")
    sizes = [make(tmp_path / f"{kbps}", kind, plain, bitrate_kbps=kbps).stat().st_size for kbps in (64, 192)]
    rng = np.random.default_rng(3)
    rough = rng.normal(0, 0.05, (TOTAL, 2)).astype(np.float32)
    path = make(tmp_path / "rough", kind, plain, bitrate_kbps=96, mix=lambda start, end: rough[start:end])
    assert sizes[1] > 1.5 * sizes[0]
    assert path.stat().st_size * 8 / (DURATION_MS / 1_000) == pytest.approx(96_000, rel=0.1)


def test_a_track_shorter_than_a_block_is_whole(tmp_path: Path, kind: str) -> None:
    tags = replace(TAGS, chapters=(Chapter("All", 0, 1),), duration_ms=1)
    path = make(tmp_path / "short", kind, tags, total_samples=48)
    assert CONTAINERS[kind].check(path) == len(ffmpeg.decode(path)[0]) == 48
    assert read_back(path) == tags


def test_progress_ends_with_the_whole(tmp_path: Path) -> None:
    seen: list[int] = []
    make(tmp_path / "track", "wav", progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == TOTAL
    assert len(seen) == -(-TOTAL // streamed.BLOCK_SAMPLES)


# --- the tags --------------------------------------------------------------------------------------


def test_everything_written_is_read_back(track: Path) -> None:
    assert read_back(track) == TAGS


def test_a_player_shows_title_chapters_and_cover(track: Path) -> None:
    shown = Shown(track)
    for name in ("title", "artist", "album", "genre", "comment"):
        assert shown.tags[name] == getattr(TAGS, name)
    (lyrics,) = (text for name, text in shown.tags.items() if name.startswith("lyrics"))
    assert "Let the jaw be loose." in lyrics
    assert shown.tags["track"].split("/")[0] == "3"
    assert shown.tags["album_artist"] == "sleepward; too"
    assert shown.tags["date"] == "2026"
    picture = Image.open(io.BytesIO(shown.picture))
    assert (picture.format, picture.size) == ("JPEG", (1_000, 1_000))
    assert [(start_s, title) for start_s, _, title in shown.chapters] == [
        (chapter.start_ms / 1_000, chapter.title) for chapter in CHAPTERS
    ]
    assert shown.chapters[-1][1] == pytest.approx(DURATION_MS / 1_000, abs=0.01)  # opus counts its pre-skip


def test_nero_and_quicktime_both_list_the_chapters(made: dict[str, Path]) -> None:
    listed = mutagen.File(made["m4b"]).chapters
    assert [(round(chapter.start * 1_000), chapter.title) for chapter in listed] == [
        (chapter.start_ms, chapter.title) for chapter in CHAPTERS
    ]
    sound, description = made["m4b"].read_bytes().split(b"moov", 1)
    for chapter in CHAPTERS:  # a part of the track of titles: two bytes of length, and the text
        title = chapter.title.encode()
        assert sound.count(struct.pack(">H", len(title)) + title) == 1
        assert description.count(bytes([len(title)]) + title) == 1


@pytest.mark.parametrize("kind", ["opus", "flac"])
def test_vorbis_comments_are_those_other_programs_read(made: dict[str, Path], kind: str) -> None:
    comments = mutagen.File(made[kind]).tags
    assert comments["CHAPTER002"] == ["00:00:02.000"]
    assert comments["CHAPTER003NAME"] == [CHAPTERS[2].title]
    assert json.loads(comments["SLEEPWARD_PLAN"][0]) == PLAN
    assert len(comments["TITLE"]) == 1


def test_a_wav_carries_an_id3_tag(made: dict[str, Path]) -> None:
    tag = mutagen.File(made["wav"]).tags
    assert isinstance(tag, ID3)
    assert [frame.sub_frames["TIT2"].text[0] for frame in sorted(tag.getall("CHAP"), key=lambda f: f.start_time)] == [
        chapter.title for chapter in CHAPTERS
    ]
    assert json.loads(tag.getall("GEOB")[0].data) == PLAN


def test_a_cover_reads_back_as_a_picture(made: dict[str, Path]) -> None:
    for path in made.values():
        tags = read_tags(path)
        assert tags is not None
        assert Image.open(io.BytesIO(tags.cover)).size == (1_000, 1_000)


def test_a_png_cover_is_one(tmp_path: Path, kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, "PNG")
    path = make(tmp_path / "png", kind, replace(TAGS, cover=file.getvalue()))
    picture = Image.open(io.BytesIO(Shown(path).picture))
    assert (picture.format, picture.size) == ("PNG", (32, 32))


def test_nothing_makes_a_player_change_the_bedtime_level(track: Path) -> None:
    assert not re.search(r"(?i)replaygain|R128_|iTunNORM", str(Shown(track).tags))


def test_empty_texts_are_left_out(tmp_path: Path, kind: str) -> None:
    bare = replace(TAGS, album="", artist="", genre="", comment="", lines=(), cover=b"", chapters=())
    bare = replace(bare, album_artist="", year="", number=0, total=0)
    path = make(tmp_path / "bare", kind, bare)
    assert read_back(path) == bare
    shown = Shown(path)
    assert not re.search(r"(?i)\b(album|artist|genre|lyrics)\b", str(shown.tags))
    assert (shown.chapters, shown.picture) == ([], b"")


def test_many_chapters_come_in_order(tmp_path: Path, kind: str) -> None:
    chapters = tuple(Chapter(f"Pose {n}" + " again" * (n % 4), n * 100, (n + 1) * 100) for n in range(123))
    chapters = (*chapters, Chapter("Rest", 12_300, DURATION_MS))
    path = make(tmp_path / "many", kind, replace(TAGS, chapters=chapters))
    tags = read_tags(path)
    assert tags is not None
    assert tags.chapters == chapters
    assert [title for _, _, title in Shown(path).chapters] == [chapter.title for chapter in chapters]


def test_too_many_chapters_are_joined(tmp_path: Path, kind: str) -> None:
    edges = [*range(0, 12_000, 40), DURATION_MS]
    chapters = tuple(Chapter(f"{start}", start, end) for start, end in itertools.pairwise(edges))
    tags = read_tags(make(tmp_path / "many", kind, replace(TAGS, chapters=chapters)))
    assert tags is not None
    assert len(tags.chapters) == 255
    assert tags.chapters[0].start_ms == 0
    assert tags.chapters[-1].end_ms == DURATION_MS


def test_an_endless_title_is_cut_between_letters(tmp_path: Path) -> None:
    path = make(tmp_path / "long", "m4b", replace(TAGS, chapters=(Chapter("眠り" * 60, 0, DURATION_MS),)))
    tags = read_tags(path)
    assert tags is not None
    assert tags.chapters[0].title == ("眠り" * 60)[:85]  # three bytes each, 255 in all


@settings(max_examples=15)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
@example("\\")
@example("\\\\\n=\\\r;\\")
def test_any_words_survive(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    lines = (LyricLine(10, line),) if (line := " ".join(words.split())) else ()
    tags = replace(TAGS, title=words, lines=lines, cover=b"", plan_json=json.dumps({"text": words}))
    folder = tmp_path_factory.mktemp("words")
    for kind in ("opus", "flac"):
        assert read_back(make(folder / kind, kind, tags, total_samples=4_800)) == tags


def test_a_large_plan_and_cover_stay_cheap_and_whole(tmp_path: Path, kind: str) -> None:
    """Of a night of eight hours, and a user's own photograph."""
    large = json.dumps([{"text": f"Breathe in; {number}", "start_ms": number} for number in range(40_000)])
    photo = b"\xff\xd8\xff" + np.random.default_rng(1).bytes(3_000_000)
    tags = replace(TAGS, plan_json=large, cover=photo)
    path = make(tmp_path / "large", kind, tags)
    assert read_back(path) == tags
    assert CONTAINERS[kind].check(path) == len(ffmpeg.decode(path)[0]) == TOTAL


def test_a_flac_isnt_written_twice_for_its_tags(tmp_path: Path) -> None:
    path = tmp_path / "track"
    flac = streamed_as("flac")
    flac.encode(path, TrackSound(mix, TOTAL), padding_bytes=flac.padding_bytes(TAGS))
    before = path.read_bytes()
    flac.complete(path, TAGS)
    assert path.stat().st_size == len(before)
    assert path.read_bytes()[-300_000:] == before[-300_000:]


def test_a_correction_in_another_program_keeps_the_plan(made: dict[str, Path], tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"mine.{kind}"
    path.write_bytes(made[kind].read_bytes())
    file = mutagen.File(path)
    if isinstance(file.tags, ID3):
        file.tags["TIT2"].text = ["My nights"]
    else:
        file = mutagen.File(path, easy=True)
        file["title"] = ["My nights"]
    file.save()
    assert read_back(path) == replace(TAGS, title="My nights")


# --- above 4 GB ------------------------------------------------------------------------------------


def test_a_wav_above_4_gb_has_sizes_of_64_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made short here: what begins at 4 GB begins at 1 MB."""
    monkeypatch.setattr(wav, "LONG_BYTES", 1_000_000)
    path = make(tmp_path / "long", "wav")
    assert path.read_bytes()[:4] == b"RF64"
    assert CONTAINERS["wav"].check(path) == len(ffmpeg.decode(path)[0]) == TOTAL
    assert read_back(path) == TAGS
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 2)
    with pytest.raises(TrackError, match="it should have"):
        CONTAINERS["wav"].check(path)


# --- what isn't whole ------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 3, 100, 0.3, 0.9, -1])
def test_a_file_cut_off_is_noticed(made: dict[str, Path], tmp_path: Path, kind: str, kept: float) -> None:
    whole = made[kind].read_bytes()
    cut = round(kept * len(whole)) if isinstance(kept, float) else kept
    path = tmp_path / f"night.{kind}"
    path.write_bytes(whole[:cut])
    with pytest.raises(TrackError, match=f"this {kind} is broken") as caught:
        CONTAINERS[kind].check(path)
    assert caught.value.where == str(path)
    read_tags(path)  # whatever it finds, it raises nothing


def test_a_missing_stretch_is_noticed(made: dict[str, Path], tmp_path: Path, kind: str) -> None:
    whole = made[kind].read_bytes()
    middle = len(whole) * 2 // 3
    (tmp_path / "track").write_bytes(whole[:middle] + whole[middle + 40_000 :])
    with pytest.raises(TrackError):
        CONTAINERS[kind].check(tmp_path / "track")


@pytest.mark.parametrize("kind", ["opus", "flac"])
def test_what_was_added_at_the_end_is_noticed(made: dict[str, Path], tmp_path: Path, kind: str) -> None:
    (tmp_path / "track").write_bytes(made[kind].read_bytes() * 2)
    with pytest.raises(TrackError):
        CONTAINERS[kind].check(tmp_path / "track")


def test_a_turned_bit_in_an_opus_is_noticed(made: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray(made["opus"].read_bytes())
    content[-5_000] ^= 4
    (tmp_path / "track").write_bytes(content)
    with pytest.raises(TrackError, match="check sum of page"):
        CONTAINERS["opus"].check(tmp_path / "track")


def test_zeros_in_the_place_of_sound_are_noticed_in_a_flac(made: dict[str, Path], tmp_path: Path) -> None:
    """What a power cut may leave."""
    content = bytearray(made["flac"].read_bytes())
    content[-300_000:-200_000] = bytes(100_000)
    (tmp_path / "track").write_bytes(content)
    with pytest.raises(TrackError, match=r"the frame at \d+\.\d+ s is missing"):
        CONTAINERS["flac"].check(tmp_path / "track")


def test_another_kind_of_file_isnt_a_track(made: dict[str, Path], tmp_path: Path, kind: str) -> None:
    other = made["wav" if kind != "wav" else "flac"]
    with pytest.raises(TrackError, match=f"this {kind} is broken"):
        CONTAINERS[kind].check(other)
    (tmp_path / "letter").write_text("Dear diary, today it rained.\n" * 50)
    with pytest.raises(TrackError, match=f"this {kind} is broken"):
        CONTAINERS[kind].check(tmp_path / "letter")
    assert read_tags(tmp_path / "letter") is None


def test_a_missing_track_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(NotFoundError, match="gone"):
        CONTAINERS[kind].check(tmp_path / "gone")


def test_a_song_of_someone_else_has_no_tags(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "song"
    streamed_as(kind).encode(path, TrackSound(mix, TOTAL), metadata=";FFMETADATA1\ntitle=A song\n")
    assert read_tags(path) is None


def test_every_format_of_the_settings_is_a_container_of_that_name() -> None:
    assert tuple(CONTAINERS) == SETTINGS_FORMATS
    assert [container.name for container in CONTAINERS.values()] == list(SETTINGS_FORMATS)
    assert len({container.mime_type for container in CONTAINERS.values()}) == len(CONTAINERS)
    assert all(container.mime_type.startswith("audio/") for container in CONTAINERS.values())


def test_a_file_tells_its_container_by_its_first_bytes_not_its_name(track: Path, kind: str) -> None:
    assert container_of(track) is CONTAINERS[kind]
    assert container_named(str(track)) is None  # it ends in .part
    assert container_named(f"night.{kind}") is CONTAINERS[kind]


def test_other_tags_give_what_encoding_with_them_would(track: Path, tmp_path: Path, kind: str) -> None:
    others = replace(
        TAGS, title="Another night", album="", cover=b"", lines=(LyricLine(0, "Other words."),), plan_json="{}"
    )
    with (tmp_path / "renewed").open("wb") as sink:
        CONTAINERS[kind].replace_tags(track, sink, others)
    assert (tmp_path / "renewed").read_bytes() == make(tmp_path / "anew", kind, others).read_bytes()


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("m4b", 720_000, 720_000), ("opus", 720_000, 720_000), ("flac", 0.3, 0.5), ("wav", 1, 1)],
)
def test_a_size_is_foretold(kind: str, least: float, most: float) -> None:
    """Of a minute: by the bit rate, or as a share of the samples' own size, which a flac's sound decides."""
    told = CONTAINERS[kind].estimate_bytes(60_000, 96)
    assert least <= (told / (60_000 * 48 * 4) if CONTAINERS[kind].lossless else told) <= most


# --- what goes wrong on the way --------------------------------------------------------------------


def test_a_killed_encoder_fails_the_track(tmp_path: Path, kind: str) -> None:
    def killing(start: int, end: int) -> Samples:
        if start >= 3 * streamed.BLOCK_SAMPLES:
            for child in running_ffmpegs():
                child.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        return np.zeros((end - start, 2), np.float32)

    with pytest.raises(TrackError, match="ffmpeg was ended by signal 9" if os.name != "nt" else "ffmpeg"):
        make(tmp_path / "track", kind, mix=killing, total_samples=60 * 48_000)
    assert not running_ffmpegs()


@pytest.mark.parametrize("error", [TrackError("the voice broke off"), KeyboardInterrupt()])
def test_a_mix_that_fails_leaves_no_encoder_and_no_thread(tmp_path: Path, error: BaseException) -> None:
    def failing(start: int, end: int) -> Samples:
        if start >= 4 * streamed.BLOCK_SAMPLES:
            raise error
        return np.zeros((end - start, 2), np.float32)

    before = psutil.Process().num_threads()
    with pytest.raises(type(error)):
        make(tmp_path / "track", "wav", mix=failing, total_samples=3600 * 48_000)
    assert not running_ffmpegs()
    assert psutil.Process().num_threads() <= before


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, kind: str) -> None:
    with pytest.raises(TrackError, match="no such folder"):
        streamed_as(kind).encode(tmp_path / "no such folder" / "track", TrackSound(mix, TOTAL))


def test_a_mix_of_another_length_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the mix gave"):
        make(tmp_path / "track", "wav", mix=lambda start, end: np.zeros((end - start - 1, 2), np.float32))


def test_mixing_runs_no_further_ahead_than_it_says(tmp_path: Path) -> None:
    """Or a night of sound would gather in memory before a slow encoder."""
    begun: list[int] = []
    taken: list[int] = []
    ahead: list[int] = []

    def counting(start: int, end: int) -> Samples:
        begun.append(end)
        ahead.append((max(begun) - (taken[-1] if taken else 0)) // streamed.BLOCK_SAMPLES)
        return np.zeros((end - start, 2), np.float32)

    make(tmp_path / "track", "opus", mix=counting, total_samples=300 * 48_000, progress=taken.append)
    assert max(ahead) <= streamed.BLOCKS_AHEAD + 1


def test_a_chunk_of_odd_size_keeps_its_padding_byte(tmp_path: Path) -> None:
    for words in ("a", "ab", "abc", "abcd"):
        path = make(tmp_path / words, "wav", replace(TAGS, plan_json=json.dumps(words)))
        content = path.read_bytes()
        assert len(content) % 2 == 0
        assert struct.unpack_from("<I", content, 4)[0] == len(content) - 8
        tags = read_tags(path)
        assert tags is not None
        assert json.loads(tags.plan_json) == words
