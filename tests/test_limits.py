"""Files made to take all memory, or to be read without end: each is refused with the limit, or left out."""

from __future__ import annotations

import json
import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from generator.formats import Tags, read_tags
from generator.formats.id3 import id3_tag
from generator.model import Chapter
from tests.conftest import TONE, Command

PLAN = ("plan", "ten-minutes-in-bed", *TONE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tail = " + "9" * 900, "sleepward.toml"),
        ("tail = " + "9" * 5_000, "sleepward.toml:1: this line has more than 1,000 characters"),
        ("tail = " + "[\n" * 20_000 + "]\n" * 20_000, "brackets more than some hundreds deep"),
        ("tail = " + "[" * 100_000 + "]" * 100_000, "this is over 100 kB"),
        ("\nnight = 1\n" + ".".join("a" * 20_000) + " = 1", "sleepward.toml:3: this line has more than 1,000"),
    ],
)
def test_settings_that_take_long_to_read_are_refused(sleepward: Command, tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "sleepward.toml").write_text(text, encoding="utf-8")
    assert says in sleepward(*PLAN, code=2).stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_in_the_place_of_the_settings_is_refused(sleepward: Command, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "sleepward.toml")
    assert "it is no regular file" in sleepward(*PLAN, code=2).stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_in_the_cache_is_removed_and_its_entry_made_again(sleepward: Command, tmp_path: Path) -> None:
    cache = {"SLEEPWARD_CACHE_DIR": str(tmp_path / "cache")}
    before = sleepward(*PLAN, env=cache).stdout
    entries = [path for path in (tmp_path / "cache").rglob("*.v2") if path.is_file()]
    assert entries
    for entry in entries:
        entry.unlink()
        os.mkfifo(entry)
    again = sleepward(*PLAN, env=cache)
    assert again.stdout == before
    assert "damaged cache entry was removed" in again.stderr


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        (f"  night: [{', '.join(['0-9999'] * 9_000)}]\n", "4:3: 'night' has 90,000,000 values, but there can be at most 10,000"),
        (
            f"  night: 0-9999\n  words: [{', '.join(f'{1 + number / 1000}' for number in range(99))}]\n",
            "3:3: this makes 990,000 tracks, but a library can have at most 200,000: split it",
        ),
    ],
)  # fmt: skip
def test_a_library_of_too_many_tracks_is_refused_by_check_and_batch_alike(
    sleepward: Command, tmp_path: Path, axes: str, says: str
) -> None:
    (tmp_path / "library.yaml").write_text(f"title: Nights\nmatrix:\n  routine: ten-minutes-in-bed\n{axes}", "utf-8")
    assert says in sleepward("check", "library.yaml", code=2).stdout
    assert says in sleepward("batch", "library.yaml", code=2).stderr


@pytest.mark.parametrize("rate", [1, 1_000_000_000])
def test_music_that_claims_an_impossible_rate_is_refused(sleepward: Command, tmp_path: Path, rate: int) -> None:
    sound = bytes(264_000)
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, rate, 4, 4, 16) + b"data" + struct.pack("<I", len(sound))
    (tmp_path / "music.wav").write_bytes(
        b"RIFF" + struct.pack("<I", 4 + len(form) + len(sound)) + b"WAVE" + form + sound
    )
    told = sleepward("build", "ten-minutes-in-bed", *TONE, "--background", "music.wav", "--tail", "70s", code=2).stderr
    assert f"music.wav: it says it has {rate:,} samples a second: there can be 4,000 to 768,000" in told


TAGS = Tags(
    title="A night", album="", artist="", genre="", comment="", chapters=(Chapter("All", 0, 1_000),), plan_json="{}",
    key="key", duration_ms=1_000,
)  # fmt: skip


@pytest.mark.parametrize("inside", [b"", b"CHAP"])
def test_a_packed_frame_in_a_tag_is_not_unpacked(tmp_path: Path, inside: bytes) -> None:
    def frame(name: bytes, body: bytes, flags: bytes = bytes(2)) -> bytes:
        return name + struct.pack(">I", len(body)) + flags + body

    title = b"\0" + b"z" * 5_000_000
    bomb = frame(b"TIT2", struct.pack(">I", len(title)) + zlib.compress(title), b"\0\x80")
    bomb = frame(b"CHAP", b"bomb\0" + bytes(16) + bomb) if inside else bomb
    tag = id3_tag(replace(TAGS, title="" if not inside else "A night"))[10:] + bytes(10)
    whole = bomb + tag
    size = bytes(len(whole) >> shift & 127 for shift in (21, 14, 7, 0))
    (tmp_path / "track.mp3").write_bytes(b"ID3\3\0\0" + size + whole)
    found = read_tags(tmp_path / "track.mp3")
    assert found is not None
    assert found.key == "key"
    assert all(len(title) < 100 for title in (found.title, *(chapter.title for chapter in found.chapters)))


def test_a_plan_too_deep_to_be_read_is_said(sleepward: Command, tmp_path: Path) -> None:
    plan = '{"version": 1, "events": ' + "[" * 100_000 + "]" * 100_000 + "}"
    (tmp_path / "track.mp3").write_bytes(id3_tag(replace(TAGS, plan_json=plan)))
    assert "the plan inside it can't be read" in sleepward("verify", "track.mp3", code=2).stderr


def test_a_track_for_an_unknown_ear_cannot_be_judged(sleepward: Command, tmp_path: Path) -> None:
    plan = sleepward(*PLAN, "--json").stdout.replace('"ear": "both"', '"ear": "third"')
    assert '"third"' in plan
    (tmp_path / "track.mp3").write_bytes(id3_tag(replace(TAGS, plan_json=plan)))
    assert "third" in sleepward("verify", "track.mp3", code=2).stderr


def test_a_plan_that_would_command_the_terminal_is_refused(sleepward: Command, tmp_path: Path) -> None:
    plan = sleepward.json(*PLAN)
    for changed in ({**plan, "title": "\x1b[31mred"}, {**plan, "events": [{**plan["events"][0], "text": "\x9b31m"}]}):
        (tmp_path / "track.mp3").write_bytes(id3_tag(replace(TAGS, plan_json=json.dumps(changed))))
        done = sleepward("verify", "track.mp3", code=2)
        assert "control characters" in done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert "\x9b" not in done.stdout + done.stderr
