"""`verify` tells what was changed in a track since it was built, however right it sounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.formats import CONTAINERS, LyricLine, Tags, read_tags
from generator.settings import FORMATS
from generator.system import ffmpeg
from generator.verify import judge, measure, read_plan, verify
from tests.conftest import TONE, Command

MS = 48
NIGHT = """\
---
title: Two sides
---
# Knees
Lie down on your back, and rest both feet on the bed. [3s]
Hug your right knee in to your chest, as far as it likes. [4s]
Let it go, and put your foot down. [3s]
Hug your left knee in to your chest, as far as it likes. [4s]
Let it go, and lie still. [3s]
[sleep]
"""
RIGHT, LEFT = (
    "Hug your right knee in to your chest, as far as it likes.",
    "Hug your left knee in to your chest, as far as it likes.",
)


def failing(path: Path) -> set[str]:
    return {row.id for row in verify(path).failed}


# --- sentences in each other's place ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """The same night, spoken by the natural voice and by the light one, over three backgrounds."""
    folder = tmp_path_factory.mktemp("nights")
    (folder / "night.txt").write_text(NIGHT, encoding="utf-8")
    command = Command(folder)
    for voice in ("heart", "en-us+klatt4"):
        for bed in ("none", "brown", "rain"):
            words = ("build", "night.txt", "--tail", "20s", "--voice", voice, "--background", bed)
            command(*words, "-o", f"{voice}-{bed}.wav")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("voice", ["heart", "en-us+klatt4"])
@pytest.mark.parametrize("bed", ["none", "brown", "rain"])
def test_right_and_left_in_each_others_place(nights: Path, voice: str, bed: str) -> None:
    path = nights / f"{voice}-{bed}.wav"
    tags = read_tags(path)
    assert tags is not None
    planned = read_plan(tags.plan_json, "it")
    voice_alone, _ = ffmpeg.decode(nights / f"{voice}-none.wav")
    both, _ = ffmpeg.decode(path)
    first, second = (next(each for each in planned.speech if each.text == text) for text in (RIGHT, LEFT))
    spoken_ms = min(first.duration_ms, second.duration_ms) + 100
    right, left = (slice((at.start_ms - 20) * MS, (at.start_ms + spoken_ms) * MS) for at in (first, second))
    exchanged = voice_alone.copy()
    exchanged[right], exchanged[left] = voice_alone[left], voice_alone[right]

    def rows(sound: Any) -> dict[str, Any]:
        heard = measure([sound], planned.timeline.duration_ms)
        return {row.id: row for row in judge(heard, planned, tags)}

    assert rows(both)["sentences"].ok
    wrong = rows(exchanged + (both - voice_alone))["sentences"]
    assert wrong.ok is False
    assert wrong.note.startswith("“Hug your left knee")
    assert "instead of “Hug your right knee" in wrong.note


def test_a_sentence_that_was_never_spoken(nights: Path) -> None:
    tags = read_tags(nights / "heart-rain.wav")
    assert tags is not None
    plan = json.loads(tags.plan_json)
    words = next(event for event in plan["events"] if event["text"] == RIGHT)
    words["text"] = LEFT
    sound, _ = ffmpeg.decode(nights / "heart-rain.wav")
    planned = read_plan(json.dumps(plan), "it")
    rows = {row.id: row for row in judge(measure([sound], planned.timeline.duration_ms), planned, tags)}
    assert rows["sentences"].ok is False
    assert rows["tags"].ok is False  # the lyrics still have the words that were spoken


# --- the sound ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    folder = tmp_path_factory.mktemp("built")
    (folder / "night.txt").write_text(NIGHT, encoding="utf-8")
    for name in FORMATS:
        Command(folder)("build", "night.txt", *TONE, "--tail", "20s", "-o", f"night.{name}")
    return folder


@pytest.fixture(params=["mp3", *(pytest.param(name, marks=pytest.mark.slow) for name in FORMATS if name != "mp3")])
def track(request: Any, built: Path) -> Path:
    path: Path = built / f"night.{request.param}"
    return path


def test_a_track_as_it_was_built_is_unchanged(track: Path) -> None:
    assert {row.id: row.ok for row in verify(track).rows if row.id in ("sound", "tags")} == {
        "sound": True,
        "tags": True,
    }


CHANGES = {"2 dB louder": "volume=2dB", "left and right exchanged": "pan=stereo|c0=c1|c1=c0", "encoded again": "anull"}


@pytest.mark.parametrize("change", CHANGES)
def test_another_sound_with_the_same_tags(track: Path, change: str, tmp_path: Path) -> None:
    other, tags = tmp_path / track.name, read_tags(track)
    assert tags is not None
    container = CONTAINERS[track.suffix[1:]]
    codec = {"m4b": ["-c:a", "aac", "-f", "ipod"], "mp3": ["-c:a", "libmp3lame", "-b:a", "96k"]}.get(
        track.suffix[1:], []
    )
    ffmpeg.run(["-i", str(track), "-map", "0:a", "-af", CHANGES[change], *codec, str(tmp_path / f"x{track.suffix}")])
    with other.open("w+b") as sink:
        container.replace_tags(tmp_path / f"x{track.suffix}", sink, tags)
    row = next(row for row in verify(other).rows if row.id == "sound")
    assert row.ok is (change == "encoded again" and container.lossless)


def test_new_tags_leave_the_digest_of_the_sound(track: Path, tmp_path: Path) -> None:
    tags = read_tags(track)
    assert tags is not None
    copy = tmp_path / track.name
    with copy.open("w+b") as sink:
        CONTAINERS[track.suffix[1:]].replace_tags(track, sink, replace(tags, year="2031"))
    found = read_tags(copy)
    assert found is not None
    assert (found.year, found.sound_sha256) == ("2031", tags.sound_sha256)
    assert not {"sound", "tags"} & failing(copy)


def test_tags_of_before_there_were_digests_get_them(track: Path, tmp_path: Path) -> None:
    tags = read_tags(track)
    assert tags is not None
    old = replace(tags, sound_sha256="", plan_sha256="")
    copy = tmp_path / track.name
    with copy.open("w+b") as sink:
        CONTAINERS[track.suffix[1:]].replace_tags(track, sink, old)
    found = read_tags(copy)
    assert found is not None
    assert found.sound_sha256 == tags.sound_sha256


# --- the tags ----------------------------------------------------------------------------------------------------


def changed_plan(change: Callable[[dict[str, Any]], Any]) -> Callable[[Tags], Tags]:
    def changed(tags: Tags) -> Tags:
        plan = json.loads(tags.plan_json)
        change(plan)
        return replace(tags, plan_json=json.dumps(plan, ensure_ascii=False))

    return changed


def event(plan: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in plan["events"] if each["kind"] == kind)
    return found


TAG_CHANGES: dict[str, Callable[[Tags], Tags]] = {
    "a line of the plan": changed_plan(lambda plan: event(plan, "speech").update(text="Get up, and go.")),
    "the plan's title": changed_plan(lambda plan: plan.update(title="Another")),
    "a pause of the plan": changed_plan(lambda plan: event(plan, "pause").update(pose="frog")),
    "a setting of the plan": changed_plan(lambda plan: plan["settings"].update(pace=1.5)),
    "the title": lambda tags: replace(tags, title="Another"),
    "a word of the lyrics": lambda tags: replace(tags, lines=(LyricLine(0, "Get up."), *tags.lines[1:])),
    "the times of the lyrics": lambda tags: replace(
        tags, lines=tuple(replace(line, start_ms=line.start_ms + 500) for line in tags.lines)
    ),
    "a line less": lambda tags: replace(tags, lines=tags.lines[:-1]),
    "a line more": lambda tags: replace(tags, lines=(*tags.lines, LyricLine(40_000, "Get up."))),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", TAG_CHANGES)
def test_changed_tags(track: Path, change: str, tmp_path: Path) -> None:
    tags = read_tags(track)
    assert tags is not None
    copy = tmp_path / track.name
    with copy.open("w+b") as sink:
        CONTAINERS[track.suffix[1:]].replace_tags(track, sink, TAG_CHANGES[change](tags))
    assert "tags" in failing(copy)


def test_a_changed_plan_is_made_again_and_never_confirmed(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(NIGHT, encoding="utf-8")
    words = ("build", "night.txt", *TONE, "--tail", "20s", "-o", "night.mp3")
    sleepward(*words)
    path = tmp_path / "night.mp3"
    tags = read_tags(path)
    assert tags is not None
    whole = path.read_bytes()
    with (tmp_path / "other.mp3").open("w+b") as sink:
        CONTAINERS["mp3"].replace_tags(path, sink, TAG_CHANGES["a line of the plan"](tags))
    (tmp_path / "other.mp3").replace(path)
    sleepward(*words)
    assert path.read_bytes() == whole


@pytest.mark.slow
def test_the_details_of_a_place_are_no_change(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "library.yaml").write_text(
        "title: Nights\noutput: .\ndefaults: {voice: tone, tail: 20s}\ntracks:\n"
        "  - {script: night.txt, background: none}\n  - {script: night.txt, background: brown}\n",
        encoding="utf-8",
    )
    (tmp_path / "night.txt").write_text(NIGHT, encoding="utf-8")
    sleepward("batch", "library.yaml")
    made = sorted(tmp_path.rglob("*.mp3"))
    assert len(made) == 2
    assert not set().union(*map(failing, made)) & {"tags", "sound"}
