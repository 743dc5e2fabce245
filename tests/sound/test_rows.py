"""Every row of the sound targets on a short night over each background, decoded: what `benchmarks/sound.py` does at
length. A row's limits stand where it is measured: `generator/verify/rows.py` and `benchmarks/_sound_rows.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import _sound_rows
import numpy as np
import pytest
from _sound_rows import Take

from generator import beds
from generator.build import pipeline
from generator.build.track import BuildContext
from generator.mix.mixing import Levels, Mix
from generator.storage.cache import Cache
from generator.workspace import Workspace
from generator.workspace.script_sources import ScriptSource
from tests.sound.conftest import MEASURED, Measured, music

NIGHT = """\
---
title: A short night
voice: en-us+klatt4
---
# Arrival
Lie down on your back, and let the mattress carry you. [4s]
Set your volume now; nothing louder follows. [4s]

# Figure Four, right side
[pose figure-four right]
Bend both knees, and rest both feet flat on the bed. [4s]
Now the right ankle comes to lie across the left thigh. [4s]
[hold 20 s]
[at 0%]
I'll be quiet for a while now.
[release]
[chime]

# Figure Four, left side
[pose figure-four left]
Put that foot down, and bend the other knee. [4s]
Now the left ankle comes to lie across the right thigh. [4s]
[hold 20 s]
[at 0%]
Let the whole hip grow heavy.
[release]

# Shoulder Rolls
[pose shoulder-rolls both]
Both shoulders move with the breath, as slowly as it goes. [4s]
[hold 2 breaths]
[breathe]
in: Shoulders up.
out: Back, and down.
[release]
[release]

# Rest
[pose rest only]
Settle in whatever way you like to sleep. [5s]
There is nothing more to do tonight. [4s]
[hold 3 breaths]
[release]
[sleep]
"""
BEDS = (*(name for name, kind in beds.BEDS.items() if kind.texture != "none"), "music")
USUAL = ("tide",)  # it rises and falls, and follows the breath; the others are slow

PLAN = (
    "structure",
    "duration",
    "speech",
    "stray",
    "dropouts",
    "tail",
    "chapters",
    "seams",
    "sound",
    "sentences",
    "tags",
)
TARGETS = (
    *("loudness", "true-peak", "gap", "gap-tenth", "startle"),
    *("stoi-tenth", "stoi-least", "estoi-tenth", "estoi-least"),
    *("glide-end", "glide-steps", "glide-sides"),
    *("fade-in", "fade-out", "end", "onset", "edges", "treble", "centroid", "rough"),
    *("centre", "correlation", "mono", "small-voice", "small-bed", "small-estoi"),
    *("cues", "tide-start", "tide-end", "pace", "bells", "bells-attack"),
)
OF_THE_TIDE = {"tide-start", "tide-end"}


def follows_breath(bed: str) -> bool:
    return bed in beds.BEDS and beds.BEDS[bed].follows_breath


NOT_OF_MUSIC = {"stray", "seams", "rough", "correlation", "mono"}


@pytest.fixture(scope="module")
def over(measure: Callable[..., Measured], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Measured]:
    folder = tmp_path_factory.mktemp("music")

    @cache
    def measured(bed: str) -> Measured:
        background = str(music(folder / "music.flac", 30)) if bed == "music" else bed
        return measure(NIGHT, background, tail="30s")

    return measured


@pytest.mark.parametrize("name", [*TARGETS, *PLAN])
@pytest.mark.parametrize("bed", [bed if bed in USUAL else pytest.param(bed, marks=pytest.mark.slow) for bed in BEDS])
def test_row(over: Callable[[str], Measured], bed: str, name: str, record_property: Any) -> None:
    row = over(bed).rows[name]
    if (bed == "music" and name in NOT_OF_MUSIC) or (name in OF_THE_TIDE and not follows_breath(bed)):
        assert row.ok is None
        assert row.note
        return
    record_property(MEASURED, (row.basis, row.what, bed, row.measured))
    assert row.ok, f"{row.what}: {row.measured}, not {row.limit} {row.note}"


def test_no_row_is_forgotten(over: Callable[[str], Measured]) -> None:
    assert set(over("tide").rows) - {"holds"} == {*TARGETS, *PLAN}  # a script's own holds may differ
    measured = {row.basis.removeprefix("row ") for row in over("tide").rows.values() if row.ok}
    assert measured >= {str(number) for number in range(1, 15)}


# --- what is wrong is noticed ----------------------------------------------------------------------------------

MS = 48


def closer_background(take: Take) -> Take:
    clean, track = take.clean, take.track[: len(take.clean)]
    return replace(take, track=clean + 4 * (track - clean))


def one_pose_louder(take: Take) -> Take:
    track = np.array(take.track)
    for event in take.planned.speech:
        if event.round == "left":
            track[event.start_ms * MS : event.end_ms * MS] *= 1.12
    return replace(take, track=track)


def no_glide(take: Take) -> Take:
    return replace(take, track=take.clean)


def hard_onsets(take: Take) -> Take:
    """Nothing before each phrase, and then at once a hum."""
    track = np.array(take.track)
    hum = 0.05 * np.sin(2 * np.pi * 200 * np.arange(50 * MS) / 48_000)
    for event in take.planned.speech:
        track[(event.start_ms - 30) * MS : (event.start_ms + 10) * MS] = 0
        track[(event.start_ms + 10) * MS : (event.start_ms + 60) * MS] += hum
    return replace(take, track=track)


def clips_cut_off(take: Take) -> Take:
    return replace(take, clean=take.clean + np.float32(0.001))


def sharper(take: Take) -> Take:
    return replace(take, track=10 * np.diff(take.track, prepend=np.float32(0)))


def humming(take: Take) -> Take:
    at = np.arange(len(take.track)) / 48_000
    return replace(take, track=(take.track * (1 + 0.2 * np.sin(2 * np.pi * 70 * at))).astype(np.float32))


def too_deep(take: Take) -> Take:
    return replace(take, track=take.track + np.float32(0.2) * np.sin(np.arange(len(take.track), dtype=np.float32) / 80))


def late(take: Take) -> Take:
    return replace(take, track=np.roll(take.track, 150 * MS))


def bells_loud_and_sudden(take: Take) -> Take:
    clean = np.array(take.clean)
    for event in take.planned.timeline.events:
        if event.kind == "chime":
            clean[event.start_ms * MS : (event.start_ms + 25) * MS] = 0
            clean[event.start_ms * MS : event.end_ms * MS] *= 2
    return replace(take, clean=clean)


@pytest.mark.parametrize(
    ("damaged", "group", "failing"),
    [
        (closer_background, _sound_rows.understood, {"stoi-tenth", "stoi-least", "estoi-tenth", "estoi-least"}),
        (one_pose_louder, _sound_rows.glide, {"glide-steps", "glide-sides"}),
        (no_glide, _sound_rows.glide, {"glide-end", "glide-steps"}),
        (hard_onsets, _sound_rows.onsets, {"onset"}),
        (clips_cut_off, _sound_rows.onsets, {"edges"}),
        (sharper, _sound_rows.brightness, {"treble", "centroid"}),
        (humming, _sound_rows.roughness, {"rough"}),
        (too_deep, _sound_rows.small_speaker, {"small-bed"}),
        (late, _sound_rows.breath, {"cues", "tide-start", "tide-end"}),
        (bells_loud_and_sudden, _sound_rows.bells, {"bells", "bells-attack"}),
    ],
)
def test_damage_is_noticed(over: Callable[[str], Measured], damaged: Any, group: Any, failing: set[str]) -> None:
    assert {row.id for row in group(damaged(over("tide").take)) if row.ok is False} == failing


# --- the end, after the shortest tail and the default one -------------------------------------------------------

WAVE_DB = 4.0  # a background's own, over ten seconds
STEP_DB = 6.0  # brown noise has 4 by itself from one tenth of a second to the next; a sound cut off falls by 20


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.square(sound.astype(np.float64)).mean() + 1e-12))


@pytest.mark.parametrize("bed", BEDS)
@pytest.mark.parametrize(("tail", "fade_s"), [("10s", 10), ("5m", 60)])
def test_the_end_comes_softly(cache_folder: Path, tmp_path: Path, bed: str, tail: str, fade_s: int) -> None:
    background = str(music(tmp_path / "music.wav", 20)) if bed == "music" else bed
    context = BuildContext(Cache(cache_folder), 1)
    source = ScriptSource("Rest here.\n[sleep]", "end", "end.txt")
    planned = pipeline.plan_track(
        pipeline.read_spec(source, {"background": background, "tail": tail, "voice": "tone:"}, Workspace.here()),
        context,
    )
    bed_itself = beds.load_bed(planned.spec.background, context.cache, 10_000, 4_000)
    mix = Mix(planned.timeline, planned.narration.clip, bed_itself, Levels())
    fade = mix.render(mix.total_samples - fade_s * 1_000 * MS, mix.total_samples)
    seconds = [level_db(part) for part in np.split(fade, fade_s)]
    assert seconds[-1] <= -70
    assert seconds[0] > -50  # there was something to fade
    if fade_s == 60:
        smooth = [level_db(part) for part in np.split(fade[: 50 * 1_000 * MS], 5)]
        assert np.all(np.diff(smooth) < WAVE_DB)  # never louder again, but for a wave
        assert np.min(np.diff(smooth)) > -12
    steps_db = np.diff([level_db(part) for part in np.split(fade, fade_s * 10)])
    heard = [step for step, second in zip(steps_db, np.repeat(seconds, 10)[1:], strict=True) if second > -60]
    assert min(heard) > -STEP_DB  # in no tenth of a second does it fall away
