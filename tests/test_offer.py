"""Samples, own music, formats chosen by a file's name: what is on offer, as typed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from generator.beds import BEDS
from generator.dsp.loudness import integrated_lufs
from generator.system import ffmpeg
from tests.conftest import TONE, Command

MINE = """\
title: Mine
summary: A short one.
setting: bed
eyes: closed
background: {background}
steps:
  - pose: reclined-butterfly
    hold: 10 s
  - pose: rest
    hold: 10-60 s
"""


def music(path: Path, seconds: float = 12, rate: int = 44_100) -> Path:
    """A chord with a slow swell, in whatever format the suffix says."""
    at = np.arange(round(seconds * rate)) / rate
    sound = 0.2 * sum(np.sin(2 * np.pi * hz * at) for hz in (220, 277, 330)) * (0.7 + 0.3 * np.sin(at))
    path.parent.mkdir(parents=True, exist_ok=True)
    args = ["-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "-", "-y", str(path)]
    ffmpeg.run(args, (sound / 3).astype("<f4").tobytes())
    return path


def loudness(path: Path) -> float:
    samples, _ = ffmpeg.decode(path)
    return integrated_lufs(samples)


def routine(folder: Path, background: str) -> Path:
    path = folder / "routines" / "mine.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(MINE.format(background=background), encoding="utf-8")
    return path


@pytest.mark.slow
def test_every_background_can_be_heard_beforehand(sleepward: Command, tmp_path: Path) -> None:
    listed = {entry["name"] for entry in sleepward.json("backgrounds")}
    assert listed == set(BEDS) >= {"brown", "pink", "rain", "ocean", "tide", "wind", "drone", "none"}
    paths = [tmp_path / line for line in sleepward("backgrounds", "--sample", "bg").stdout.splitlines()]
    assert {path.stem for path in paths} == listed - {"none"}
    for path in paths:
        samples, rate = ffmpeg.decode(path)
        assert len(samples) == 20 * rate
        assert integrated_lufs(samples) == pytest.approx(-34, abs=3)  # as between the words of a track
        assert np.abs(samples[:480]).max() < 0.001  # no sample begins with a start


def test_a_voice_can_be_heard_beforehand(sleepward: Command, tmp_path: Path) -> None:
    shown = sleepward("voices", "--sample", "v", "en-us+klatt4", "en-us+belinda").stdout.split()
    assert shown == ["v/en-us+klatt4.mp3", "v/en-us+belinda.mp3"]
    for name in shown:
        assert loudness(tmp_path / name) == pytest.approx(-22, abs=1.5)
    assert "there is no voice" in sleepward("voices", "--sample", "v", "en-us+klatt9", code=3).stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own.flac", "own.ogg", "own.m4a", "own.wav"])
def test_own_music_of_any_format_lies_under_the_voice(sleepward: Command, tmp_path: Path, name: str) -> None:
    music(tmp_path / "music" / name)
    routine(tmp_path, "../x")
    (tmp_path / "s.txt").write_text("Lie down. [20s] Rest. [20s]", encoding="utf-8")
    plan = sleepward.json("plan", "s.txt", "--background", f"music/{name}", *TONE)
    assert plan["settings"]["background"] == f"music/{name}"
    sleepward("build", "s.txt", "--background", f"music/{name}", "--tail", "10s", *TONE, "-o", "t.mp3")
    samples, rate = ffmpeg.decode(tmp_path / "t.mp3")
    assert integrated_lufs(samples[25 * rate : 40 * rate]) == pytest.approx(-34, abs=3)


@pytest.mark.slow
def test_a_routine_brings_its_own_music_from_its_own_folder(sleepward: Command, tmp_path: Path) -> None:
    music(tmp_path / "routines" / "own.ogg")
    routine(tmp_path, "own.ogg")
    built = sleepward.json("build", "mine", "--tail", "10s", *TONE)
    script = sleepward("script", "mine").stdout
    assert (
        sleepward.json("build", "-", "--tail", "10s", *TONE, "-o", "piped.mp3", input=script)["sha256"]
        == built["sha256"]
    )


@pytest.mark.parametrize("name", ["../secret.ogg", "{absolute}"])
def test_a_routine_reaches_no_file_outside_its_folder(sleepward: Command, tmp_path: Path, name: str) -> None:
    secret = music(tmp_path / "secret.ogg", 2)
    routine(tmp_path, name.format(absolute=secret))
    refused = sleepward("build", "mine", code=2).stderr
    assert "outside the folder" in refused
    assert "mine.yaml" in refused
    assert not (tmp_path / "output").exists()


def test_missing_music_is_said_before_anything_is_spoken(sleepward: Command, tmp_path: Path) -> None:
    refused = sleepward("build", "ten-minutes-in-bed", "--background", "music/none.flac", code=2).stderr
    assert "music/none.flac" in refused
    assert not (tmp_path / "output").exists()


@pytest.mark.slow
def test_layers_sound_together(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("Lie down. [20s] Rest. [20s]", encoding="utf-8")
    sounds = {}
    for background in ("rain", "drone", "rain+drone:-6"):
        sleepward("build", "s.txt", "--background", background, "--tail", "10s", *TONE, "-o", "t.mp3")
        samples, rate = ffmpeg.decode(tmp_path / "t.mp3")
        spectrum = np.abs(np.fft.rfft(samples[30 * rate : 40 * rate, 0]))
        hz = np.fft.rfftfreq(10 * rate, 1 / rate)
        sounds[background] = [
            float((spectrum[(hz > low) & (hz < high)] ** 2).sum()) for low, high in ((90, 250), (1500, 5000))
        ]
    low, high = 0, 1
    both = sounds["rain+drone:-6"]
    assert both[low] > 4 * sounds["rain"][low]
    assert both[high] > 4 * sounds["drone"][high]


def test_a_files_suffix_chooses_the_format(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("Lie down. [5s]", encoding="utf-8")
    for suffix in ("mp3", "m4b", "opus", "flac", "wav"):
        built = sleepward.json("build", "s.txt", "--tail", "10s", *TONE, "-o", f"t.{suffix}")
        assert built["settings"]["format"] == suffix
        samples, rate = ffmpeg.decode(tmp_path / f"t.{suffix}")
        assert len(samples) == pytest.approx(built["duration_ms"] * rate / 1000, abs=1)
        again = sleepward.json("build", "s.txt", "--tail", "10s", *TONE, "-o", f"t.{suffix}")
        assert not again["fresh"]
    refused = sleepward("build", "s.txt", "--format", "flac", "-o", "t.mp3", code=2).stderr
    assert ".flac" in refused


PRACTICE = """\
Lie down on your back, and rest. [4s]
[hold 40 s]
I'll be quiet now.
[at -8s]
In a moment, we move on.
[release]
Breathe out. [4s]
[hold count 5]
[release]
And rest.
[hold 40-60 s]
[release]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("ear", "silent"), [("left", 1), ("right", 0)])
def test_one_ear_hears_all_of_it(sleepward: Command, tmp_path: Path, ear: str, silent: int) -> None:
    (tmp_path / "s.txt").write_text(PRACTICE, encoding="utf-8")
    options = ("s.txt", "--background", "rain", "--tail", "20s", "--voice", "en-us+klatt4", "--ear", ear)
    built = sleepward.json("build", *options, "-o", "t.mp3")
    again = sleepward.json("build", *options, "--plain", "-o", "plain.mp3")
    assert again["sha256"] == built["sha256"]
    samples, _ = ffmpeg.decode(tmp_path / "t.mp3")
    assert np.abs(samples[:, silent]).max() < 1e-4
    report = sleepward.json("verify", "t.mp3")
    assert report["ok"]
    assert {"loudness", "gap", "speech", "ear"} <= {row["id"] for row in report["rows"] if row["ok"]}


def test_a_bell_ends_each_hold_but_the_last_and_the_counted(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(PRACTICE, encoding="utf-8")
    options = ("s.txt", "--background", "none", "--tail", "10s", "--voice", "en-us+klatt4")
    quiet, rung, soft = (sleepward.json("plan", *options, "--chime", how) for how in ("off", "on", "17"))
    holds = [event for event in rung["events"] if event["kind"] == "hold"]
    bells = [event for event in rung["events"] if event["kind"] == "chime"]
    assert [event["end_ms"] for event in bells] == [holds[0]["end_ms"]]
    others = [event for event in rung["events"] if event["kind"] != "chime"]
    moved = [(now, before) for now, before in zip(others, quiet["events"], strict=True) if now != before]
    assert [now["text"] for now, _ in moved] == ["In a moment, we move on."], "said before the bell, not into it"
    assert all(now["end_ms"] < bells[0]["start_ms"] < before["end_ms"] + 1_200 for now, before in moved)
    assert all(now["end_ms"] - now["start_ms"] == before["end_ms"] - before["start_ms"] for now, before in moved)
    peaks = {}
    for how, plan in (("on", rung), ("17", soft)):
        sleepward("build", *options, "--chime", how, "-o", "t.wav")
        samples, rate = ffmpeg.decode(tmp_path / "t.wav")
        bell = next(event for event in plan["events"] if event["kind"] == "chime")
        peaks[how] = np.abs(samples[bell["start_ms"] * rate // 1000 : bell["end_ms"] * rate // 1000]).max()
    assert 20 * np.log10(peaks["on"] / peaks["17"]) == pytest.approx(6, abs=0.1)
