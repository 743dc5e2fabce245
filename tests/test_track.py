"""A finished track against its plan, by its decoded sound."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Track
from tests.test_beds import mean_power

MS = 48


def speech_bounds(samples: Any, threshold_db: float = -52) -> list[tuple[int, int]]:
    """Where something sounds, in ms: 10 ms windows above the threshold, gaps under 700 ms closed."""
    windows = samples[: len(samples) // (10 * MS) * 10 * MS, 0].reshape(-1, 10 * MS)
    loud = np.flatnonzero(10 * np.log10(mean_power(windows) + 1e-12) > threshold_db)
    bounds: list[tuple[int, int]] = []
    for window in loud * 10:
        if bounds and window - bounds[-1][1] < 700:
            bounds[-1] = (bounds[-1][0], int(window) + 10)
        else:
            bounds.append((int(window), int(window) + 10))
    return bounds


@pytest.fixture(scope="module")
def heard(tracks: dict[str, Track]) -> list[tuple[int, int]]:
    """Where something sounds in the track without a bed."""
    return speech_bounds(tracks["none"].samples)


def test_speech_lies_where_the_plan_says(tracks: dict[str, Track], heard: list[tuple[int, int]]) -> None:
    said = tracks["none"].events("speech", "chime")
    assert len(heard) == len(said)
    for (start_ms, end_ms), event in zip(heard, said, strict=True):
        assert abs(start_ms - event["start_ms"]) <= 60, event
        if event["kind"] == "speech":  # (a bell rings out softly, below what counts as sound here)
            assert -60 <= end_ms - event["end_ms"] <= 90, event  # a natural voice dies away


def test_silences_are_as_long_as_planned(tracks: dict[str, Track], heard: list[tuple[int, int]]) -> None:
    said = tracks["none"].events("speech", "chime")
    for (before, after), (first, second) in zip(pairwise(heard), pairwise(said), strict=True):
        if first["kind"] == "speech":
            planned_ms = second["start_ms"] - first["end_ms"]
            assert abs((after[0] - before[1]) - planned_ms) <= 90, (first, second)


@pytest.mark.parametrize("bed", ["none", "brown", "rain"])
def test_the_length_is_exact(tracks: dict[str, Track], bed: str) -> None:
    track = tracks[bed]
    assert len(track.samples) == track.plan["duration_ms"] * MS
    assert track.built["duration_ms"] == track.plan["duration_ms"]


def test_the_bed_never_moves_the_timeline(tracks: dict[str, Track]) -> None:
    assert tracks["none"].plan["events"] == tracks["rain"].plan["events"] == tracks["brown"].plan["events"]


def test_both_sides_are_held_equally(tracks: dict[str, Track]) -> None:
    held = [event for event in tracks["none"].events("hold") if event["pose"] == "figure-four"]
    holds = {event["round"]: event["end_ms"] - event["start_ms"] for event in held}
    assert holds["right"] == holds["left"] == 22_500


def test_the_estimate_is_near(tracks: dict[str, Track]) -> None:
    for track in tracks.values():
        assert track.path.stat().st_size == track.built["bytes"]
        assert abs(track.plan["bytes_estimate"] / track.built["bytes"] - 1) < 0.02


def test_players_see_title_chapters_and_length(tracks: dict[str, Track]) -> None:
    from mutagen.mp3 import MP3

    track = tracks["rain"]
    file = MP3(track.path)
    assert file.info.sample_rate == 48_000
    assert file.info.channels == 2
    assert file.info.bitrate == 128_000
    assert abs(file.info.length * 1000 - track.plan["duration_ms"]) < 30
    assert file.tags.version == (2, 3, 0)
    assert str(file.tags["TIT2"]) == "A short night"
    assert str(file.tags.getall("COMM")[0]) == "Everything a track can hold, in a few minutes."
    for frame in ("TALB", "TPE1", "TCON"):
        assert str(file.tags[frame])
    chapters = sorted(file.tags.getall("CHAP"), key=lambda chapter: chapter.start_time)
    shown = [(str(c.sub_frames["TIT2"]), c.start_time, c.end_time) for c in chapters]
    assert shown == [(c["title"], c["start_ms"], c["end_ms"]) for c in track.plan["chapters"]]
    (contents,) = file.tags.getall("CTOC")
    assert contents.child_element_ids == [chapter.element_id for chapter in chapters]
    assert not [key for key in file.tags if "replaygain" in key.lower()]


def test_the_plan_travels_inside(tracks: dict[str, Track]) -> None:
    import json

    from generator.formats import read_tags

    tags = read_tags(tracks["rain"].path)
    assert tags is not None
    plan = json.loads(tags.plan_json)
    contours = plan.pop("contours")
    assert plan == tracks["rain"].plan
    assert contours.keys() == {event["text"] for event in tracks["rain"].events("speech")}


def test_a_seek_lands_where_it_should(tracks: dict[str, Track], tmp_path: Any) -> None:
    """Any cut at a frame decodes: every frame stands alone, none needs the one before it."""
    from generator.formats.mp3_frames import layout
    from generator.system import ffmpeg

    track = tracks["none"]
    whole = track.path.read_bytes()
    size = layout.frame_bytes(128)
    audio = whole[layout.audio_start(io.BytesIO(whole)) + size :]
    event = track.events("speech")[3]
    frame = event["start_ms"] // 24
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(audio[frame * size : (frame + 1_000) * size])
    samples, _ = ffmpeg.decode(cut)
    first_ms = speech_bounds(samples)[0][0]
    assert abs(first_ms - (event["start_ms"] - frame * 24)) <= 60


@pytest.mark.slow
def test_the_file_is_the_mix_encoded_in_one_piece(tracks: dict[str, Track], cache_folder: Path) -> None:
    """Frames cut, repeated and joined are the very bytes that encoding the whole mix at once gives."""
    from generator import beds
    from generator.beds.loops import blocks
    from generator.build import pipeline
    from generator.build.track import BuildContext
    from generator.formats.mp3_frames import layout
    from generator.mix.mixing import Levels, Mix
    from generator.storage.cache import Cache
    from generator.system import ffmpeg
    from generator.workspace import Workspace
    from generator.workspace.script_sources import ScriptSource
    from tests.conftest import NIGHT

    flags: dict[str, str | None] = {"background": "rain", "tail": "70s"}
    planned = pipeline.plan_track(
        pipeline.read_spec(ScriptSource(NIGHT, "night", "night.txt"), flags, Workspace.here()),
        BuildContext(Cache(cache_folder), 2),
    )
    bed = beds.load_bed(planned.spec.background, Cache(cache_folder), 10_000, 4_000)
    mix = Mix(planned.timeline, planned.narration.clip, bed, Levels())

    def sound() -> Iterator[bytes]:
        for block in blocks(mix.total_samples):
            yield mix.render(*block).astype("<f4").tobytes()
        yield bytes(20 * 1152 * 8)

    source, target = "-f f32le -ar 48000 -ac 2 -i -", "-write_xing 0 -id3v2_version 0 -f mp3 -"
    one_piece = ffmpeg.filter_blocks(f"{source} -c:a libmp3lame -b:a 128k -reservoir 0 {target}".split(), sound())
    whole = tracks["rain"].path.read_bytes()
    audio = whole[layout.audio_start(io.BytesIO(whole)) + 384 :]
    assert audio == one_piece[: len(audio)]
    assert io.BytesIO(audio).getbuffer().nbytes == layout.audio_frames(mix.total_samples) * 384
