"""What a player shows of a track, and what can be read back from it years later."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import ID3
from mutagen.mp3 import MP3

from generator.errors import NotFoundError
from generator.formats import CONTAINERS, MAX_CHAPTERS, LyricLine, Tags, TrackSound, merge_shortest, read_tags
from generator.formats.id3 import id3_tag
from generator.formats.mp3_frames.layout import read_structure
from generator.model import Chapter
from generator.system import ffmpeg
from tests.conftest import Command, Shown

if TYPE_CHECKING:
    from pathlib import Path

    from generator.model import Samples

CHAPTERS = (
    Chapter("Arrival", 0, 2_000),
    Chapter("Figure Four, right side", 2_000, 7_503),
    Chapter("Schlaf / 眠り “gut”", 7_503, 12_000),
)
PLAN = json.dumps(
    {"version": 1, "title": "Zehn Minuten — im Bett", "events": [{"text": "Lass los; slowly / 慢慢"}] * 400}
)
TAGS = Tags(
    title="Ten minutes / in bed — 夜",
    album="Sleepward",
    artist="en-us+klatt4",
    genre="Sleep",
    comment="Made from a script.\nSecond line.",
    chapters=CHAPTERS,
    plan_json=PLAN,
    key="5f" * 32,
    duration_ms=12_000,
    lines=(LyricLine(1_230, "Let the jaw be loose."), LyricLine(4_000, "I'll be quiet, schlaf 眠り.")),
    cover=b"\x89PNG\r\n\x1a\n" + bytes(200),
    album_artist="sleepward",
    year="2026",
    number=3,
    total=52,
    plan_sha256="ab" * 32,
    sound_sha256="cd" * 32,
)


@pytest.fixture(scope="module")
def sound() -> bytes:
    """12 s, as the encoder makes it."""

    def mix(start: int, end: int) -> Samples:
        return np.zeros((end - start, 2), np.float32)

    sink = io.BytesIO()
    CONTAINERS["mp3"].write(sink, TrackSound(mix, 12_000 * 48, bitrate_kbps=64))
    return sink.getvalue()


@pytest.fixture
def track(tmp_path: Path, sound: bytes) -> Path:
    path = tmp_path / "track.mp3"
    path.write_bytes(id3_tag(TAGS) + sound)
    return path


# --- what a player shows ---------------------------------------------------------------------------


def test_a_player_shows_title_and_chapters(track: Path) -> None:
    shown = Shown(track)
    assert {"title": "Ten minutes / in bed — 夜", "album": "Sleepward", "genre": "Sleep"}.items() <= shown.tags.items()
    assert shown.chapters == [
        (0.0, 2.0, "Arrival"),
        (2.0, 7.503, "Figure Four, right side"),
        (7.503, 12.0, "Schlaf / 眠り “gut”"),
    ]
    assert MP3(track).info.length == pytest.approx(12.0, abs=0.1)
    assert not any("Lass los" in text for text in shown.tags.values())  # the plan isn't a text to be shown


def test_the_tag_leaves_the_sound_as_it_was(track: Path, sound: bytes) -> None:
    with track.open("rb") as file:
        structure = read_structure(file, track.stat().st_size)
    assert structure.id3_bytes == len(id3_tag(TAGS))
    assert track.read_bytes()[structure.id3_bytes :] == sound
    assert len(ffmpeg.decode_at(track)) == 12_000 * 48


def test_every_player_can_read_its_version(track: Path) -> None:
    tag = ID3(track, translate=False)
    assert tag.version == (2, 3, 0)
    contents = tag.getall("CTOC")
    assert [(frame.flags, frame.child_element_ids) for frame in contents] == [
        (3, ["chapter001", "chapter002", "chapter003"])  # top level, ordered
    ]
    assert sorted(frame.element_id for frame in tag.getall("CHAP")) == contents[0].child_element_ids
    assert {frame.start_offset for frame in tag.getall("CHAP")} == {0xFFFFFFFF}
    assert tag["TLEN"].text == ["12000"]
    assert (tag["TRCK"].text, tag["TYER"].text, tag["TPE2"].text) == (["3/52"], ["2026"], ["sleepward"])


def test_lyrics_are_in_step_with_the_voice_and_plain_for_others(track: Path) -> None:
    tag = ID3(track)
    (timed,), (plain,) = tag.getall("SYLT"), tag.getall("USLT")
    assert (timed.format, timed.type) == (2, 1)  # milliseconds; lyrics
    assert timed.text == [("Let the jaw be loose.", 1_230), ("I'll be quiet, schlaf 眠り.", 4_000)]
    assert plain.text == "Let the jaw be loose.\nI'll be quiet, schlaf 眠り."


def test_nothing_makes_a_player_change_the_bedtime_level(track: Path) -> None:
    tag = ID3(track)
    assert not tag.getall("RVA2")
    assert not [frame.desc for frame in tag.getall("TXXX") if "gain" in frame.desc.lower()]


def test_thirty_chapters_come_in_order(tmp_path: Path, sound: bytes) -> None:
    names = ["Pose" + " again" * (number % 4) for number in range(30)]  # of several lengths
    chapters = tuple(Chapter(f"{name} {n}", n * 400, (n + 1) * 400) for n, name in enumerate(names))
    path = tmp_path / "many.mp3"
    path.write_bytes(id3_tag(replace(TAGS, chapters=chapters)) + sound)
    assert [title for _, _, title in Shown(path).chapters] == [chapter.title for chapter in chapters]


def test_too_many_chapters_lose_the_shortest_and_no_time(tmp_path: Path, sound: bytes) -> None:
    lengths = [10 if number % 3 == 1 else 50 for number in range(300)]
    edges = [sum(lengths[:number]) for number in range(301)]
    chapters = tuple(Chapter(f"{n}", edges[n], edges[n + 1]) for n in range(300))
    path = tmp_path / "many.mp3"
    path.write_bytes(id3_tag(replace(TAGS, chapters=chapters)) + sound)
    tags = read_tags(path)
    assert tags is not None
    assert len(tags.chapters) == MAX_CHAPTERS
    assert {chapter.title for chapter in chapters if chapter.end_ms - chapter.start_ms == 50} <= {
        chapter.title for chapter in tags.chapters
    }


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=30), st.integers(1, 30))
def test_joined_chapters_still_tile_the_track(lengths: list[int], number: int) -> None:
    edges = [sum(lengths[:index]) for index in range(len(lengths) + 1)]
    chapters = [Chapter(str(i), a, b) for i, (a, b) in enumerate(itertools.pairwise(edges))]
    kept = merge_shortest(chapters, number)
    assert len(kept) == min(number, len(chapters))
    assert [kept[0].start_ms, *(chapter.end_ms for chapter in kept)] == [
        *(chapter.start_ms for chapter in kept),
        edges[-1],
    ]


# --- what is read back -----------------------------------------------------------------------------


def test_everything_written_is_read_back(track: Path) -> None:
    assert read_tags(track) == TAGS


def test_the_plan_can_be_read_without_us(track: Path) -> None:
    """By anyone with a text editor, in plain UTF-8."""
    assert PLAN.encode() in track.read_bytes()
    assert json.loads(ID3(track).getall("GEOB")[0].data)["title"] == "Zehn Minuten — im Bett"


def test_the_same_tags_are_the_same_bytes() -> None:
    assert id3_tag(TAGS) == id3_tag(replace(TAGS))


def test_empty_texts_are_left_out(tmp_path: Path, sound: bytes) -> None:
    bare = replace(
        TAGS,
        album="",
        artist="",
        album_artist="",
        year="",
        number=0,
        total=0,
        genre="",
        comment="",
        lines=(),
        cover=b"",
        chapters=(),
        plan_sha256="",
        sound_sha256="",
    )
    path = tmp_path / "bare.mp3"
    path.write_bytes(id3_tag(bare) + sound)
    assert read_tags(path) == bare
    assert set(ID3(path)) == {"TIT2", "TLEN", "TXXX:sleepward-key", "GEOB:sleepward-plan.json"}


def test_a_correction_in_another_program_keeps_the_plan(track: Path) -> None:
    """A user renames the track in a tagger, which writes ID3v2.4."""
    tag = ID3(track)
    tag["TIT2"].text = ["My nights"]
    tag.save()
    assert read_tags(track) == replace(TAGS, title="My nights")


@pytest.mark.parametrize("content", [b"", b"ID3", b"ID3\x03\0\0\0\0\x7f\x7f", b"\xff\xfb" * 600, b"RIFF\0\0\0\0WAVE"])
def test_a_file_that_isnt_ours_has_no_tags(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    assert read_tags(path) is None


def test_a_song_of_someone_else_has_no_tags(tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(sound)
    song = ID3()
    song.save(path)
    assert read_tags(path) is None
    song.setall("GEOB", [])
    song.update(ID3(_written(tmp_path, id3_tag(replace(TAGS, key="")))))
    song.save(path)
    assert read_tags(path) is None  # a plan without a key isn't a track of ours


def _written(folder: Path, content: bytes) -> Path:
    path = folder / "other.mp3"
    path.write_bytes(content)
    return path


def test_a_missing_track_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.mp3"):
        read_tags(tmp_path / "gone.mp3")


def test_a_cover_must_be_a_picture() -> None:
    with pytest.raises(ValueError, match="PNG or a JPEG"):
        id3_tag(replace(TAGS, cover=b"GIF89a"))


# --- damaged since ---------------------------------------------------------------------------------


def test_a_track_whose_tags_were_damaged_is_made_again(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text("---\ntitle: A quiet night\n---\nLie down, and rest. [4s]\n", encoding="utf-8")
    words = ("night.txt", "--voice", "tone", "--tail", "10s")
    path = tmp_path / sleepward.json("build", *words)["path"]
    whole = path.read_bytes()
    for old, new in (
        (b"ID3", b"XD3"),
        ("sleepward-key".encode("utf-16-le"), "sleepward-kez".encode("utf-16-le")),
        (b'"settings"', b'"settingz"'),
        ("A quiet night".encode("utf-16-le"), "A quiet NIGHT".encode("utf-16-le")),
    ):
        assert old in whole
        path.write_bytes(whole.replace(old, new, 1))
        sleepward("build", *words)
        assert path.read_bytes() == whole, old


@pytest.mark.parametrize(
    ("suffix", "encoding"), [("m4b", "utf-8"), ("opus", "utf-8"), ("flac", "utf-8"), ("wav", "utf-16-le")]
)
def test_so_is_one_of_another_format(sleepward: Command, tmp_path: Path, suffix: str, encoding: str) -> None:
    (tmp_path / "night.txt").write_text("Lie down, and rest. [4s]\n", encoding="utf-8")
    words = ("night.txt", "--voice", "tone", "--tail", "10s", "-o", f"night.{suffix}")
    sleepward("build", *words)
    path = tmp_path / f"night.{suffix}"
    whole = path.read_bytes()
    tags = read_tags(path)
    assert tags is not None
    key, other = (text.encode(encoding) for text in (tags.key, tags.key[::-1]))
    assert whole.count(key) == 1
    path.write_bytes(whole.replace(key, other))
    sleepward("build", *words)
    assert path.read_bytes() == whole
