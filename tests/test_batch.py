"""Libraries as typed: only what changed is made, whatever is killed leaves nothing half, and faults name their line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from generator.formats import CONTAINERS, read_tags
from tests.conftest import SLEEPWARD, Command

SCRIPT = "---\ntitle: {title}\n---\n# Rest\nThis is {title}. [1s]\nLet the body rest. [2s]\n[sleep]\n"
SCRIPTS = """\
title: Nights
output: nights
defaults: {voice: tone, tail: 10s, bitrate: 64}
tracks:
  - {script: one.txt, background: rain}
  - {script: two.txt, background: rain}
  - {script: three.txt, background: brown, name: more/three}
"""
PUBLISHED = ("published.json", ".lrc", ".vtt", ".chapters.json", ".m3u8", ".xml", "cover.jpg", "index.html")
NAMES = ["more/three.mp3", "one/rain.mp3", "two/rain.mp3"]
ROUTINE = """\
title: {pose}
summary: A pose, and rest.
setting: bed
eyes: closed
steps:
  - {{pose: {pose}, hold: 10-20 s}}
  - {{pose: rest, hold: 10-20 s}}
"""
POSE = """\
name: {name}
position: supine
enter: |
  Lie still, like {name}. [2s]
leave: |
  Let it go. [2s]
"""
MATRIX = """\
title: Nights
output: nights
defaults: {voice: tone, tail: 10s, bitrate: 64, background: none, pace: 0.5}
matrix:
  routine: [moon, star]
  style: [spare]
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A library of three scripts of some seconds, and the folder that its tracks go to."""
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.txt").write_text(SCRIPT.format(title=name), encoding="utf-8")
    (tmp_path / "library.yaml").write_text(SCRIPTS, encoding="utf-8")
    return tmp_path / "nights"


@pytest.fixture
def routines(tmp_path: Path) -> Path:
    """A library of two routines, each of a pose of its own."""
    (tmp_path / "routines" / "poses").mkdir(parents=True)
    for name in ("moon", "star"):
        (tmp_path / "routines" / f"{name}.yaml").write_text(ROUTINE.format(pose=f"{name}-pose"), encoding="utf-8")
        (tmp_path / "routines" / "poses" / f"{name}-pose.yaml").write_text(POSE.format(name=name), encoding="utf-8")
    (tmp_path / "library.yaml").write_text(MATRIX, encoding="utf-8")
    return tmp_path / "nights"


def tracks_of(sleepward: Command, *words: str | Path, **kwargs: Any) -> dict[str, dict[str, Any]]:
    shown = sleepward("batch", *words, "--json", **kwargs).stdout
    return {track["name"]: track for track in map(json.loads, shown.splitlines())}


def states(tracks: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: tracks[name]["state"] for name in sorted(tracks)}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def built(folder: Path) -> list[str]:
    """The files without those that publishing adds."""
    return sorted(name for name in files(folder) if not name.endswith(PUBLISHED))


# --- making, and not making again ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_library_is_made_once_and_the_same_on_one_core_or_two(outside: Command, scripts: Path) -> None:
    """By workers that a process of its own starts and ends."""
    first = tracks_of(outside, "-j", "2")
    assert states(first) == dict.fromkeys(NAMES, "made")
    made = files(scripts)
    assert built(scripts) == ["library.json", *NAMES]
    written = {path: path.stat().st_mtime_ns for path in scripts.rglob("*")}

    again = outside("batch", "library.yaml")
    assert again.stdout == ""
    assert "3 unchanged; 3 tracks" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in scripts.rglob("*")} == written

    tracks_of(outside, "-j", "1", "-o", "elsewhere")
    assert files(scripts.parent / "elsewhere") == made

    manifest = json.loads(made["library.json"])
    assert manifest["version"] == 1
    assert [track["name"] for track in manifest["tracks"]] == NAMES
    for track in manifest["tracks"]:
        assert {key: track[key] for key in ("bytes", "sha256", "duration_ms", "key")} == {
            key: first[track["name"]][key] for key in ("bytes", "sha256", "duration_ms", "key")
        }
        tags = read_tags(scripts / track["name"])
        assert tags is not None
        assert (tags.key, tags.album, tags.duration_ms) == (track["key"], "Nights", track["duration_ms"])


def test_a_track_is_the_one_that_build_makes(sleepward: Command, scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "library.yaml").write_text(SCRIPTS.replace("title: Nights", "title: Nights "), encoding="utf-8")
    track = tracks_of(sleepward, "--names", "one/*")["one/rain.mp3"]
    alone = sleepward.json(
        "build", "one.txt", "--voice", "tone", "--tail", "10s", "--bitrate", "64", "--background", "rain"
    )
    one, other = tmp_path / alone["path"], scripts / "one" / "rain.mp3"
    assert alone["duration_ms"] == track["duration_ms"]
    assert CONTAINERS["mp3"].sound_sha256(one) == CONTAINERS["mp3"].sound_sha256(other)


@pytest.mark.slow
def test_one_sentence_of_a_pose_makes_exactly_the_tracks_that_speak_it(
    sleepward: Command, routines: Path, tmp_path: Path
) -> None:
    assert states(tracks_of(sleepward, "-j", "1")) == {"moon/spare.mp3": "made", "star/spare.mp3": "made"}
    pose = tmp_path / "routines" / "poses" / "moon-pose.yaml"
    pose.write_text(pose.read_text().replace("like moon", "like the moon"), encoding="utf-8")
    planned = tracks_of(sleepward, "--dry-run")
    assert {name: (track["state"], track["why"]) for name, track in planned.items()} == {
        "moon/spare.mp3": ("planned", "a pose"),
        "star/spare.mp3": ("unchanged", ""),
    }
    assert planned["moon/spare.mp3"]["duration_ms"] > 10_000
    assert states(tracks_of(sleepward, "-j", "1")) == {"moon/spare.mp3": "made", "star/spare.mp3": "unchanged"}
    pose.write_text(f"# words that nobody speaks\n{pose.read_text()}", encoding="utf-8")
    assert set(states(tracks_of(sleepward, "-j", "1")).values()) == {"unchanged"}
    assert "2 unchanged" in sleepward("batch").stderr


@pytest.mark.slow
def test_a_dry_run_says_why_and_makes_nothing(sleepward: Command, scripts: Path, tmp_path: Path) -> None:
    shown = sleepward("batch", "--dry-run")
    assert "one/rain.mp3  0:2" in shown.stdout
    assert shown.stdout.count("(it is new)") == 3
    assert not scripts.exists()

    tracks_of(sleepward, "-j", "1")
    before = files(scripts)
    (scripts / "one" / "rain.mp3").unlink()
    (scripts / "two" / "rain.mp3").write_bytes(before["two/rain.mp3"][:-1000])
    library = SCRIPTS.replace("background: brown", "background: brown, glide: 'off'")
    (tmp_path / "library.yaml").write_text(library.replace("title: Nights", "title: Other nights"), encoding="utf-8")
    why = {name: track["why"] for name, track in tracks_of(sleepward, "--dry-run").items()}
    assert why == {
        "one/rain.mp3": "its file is gone",
        "two/rain.mp3": "its file isn't what was made",
        "more/three.mp3": "glide off, what players show",
    }


def test_a_chapter_without_a_title_of_its_own_goes_by_the_scripts(sleepward: Command, tmp_path: Path) -> None:
    words = ("--voice", "tone", "--tail", "10s")
    for name in ("mp3", "m4b"):
        for title in ("One", "Another"):
            (tmp_path / "a.txt").write_text(f"---\ntitle: {title}\n---\nRest.\n[sleep]\n", encoding="utf-8")
            renewed = sleepward.json("build", "a.txt", *words, "-o", f"a.{name}")["sha256"]
        assert sleepward.json("build", "a.txt", *words, "-o", f"b.{name}")["sha256"] == renewed


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["mp3", "m4b", "opus", "flac", "wav"])
def test_another_title_costs_no_encoding_and_moves_no_sound(
    sleepward: Command, scripts: Path, tmp_path: Path, format_: str
) -> None:
    library = SCRIPTS.replace("bitrate: 64", f"bitrate: 64, format: {format_}")
    (tmp_path / "library.yaml").write_text(library, encoding="utf-8")
    only = ("--names", "one/*")
    name = f"one/rain.{format_}"
    tracks_of(sleepward, *only)
    one = tmp_path / "one.txt"
    one.write_text(one.read_text().replace("title: one", "title: A longer name\nsummary: New"), encoding="utf-8")
    renewed = tracks_of(sleepward, *only)[name]
    assert renewed["state"] == "retitled"
    tags = read_tags(scripts / name)
    assert tags is not None
    assert (tags.title, tags.comment, json.loads(tags.plan_json)["title"]) == ("A longer name", "New", "A longer name")
    assert states(tracks_of(sleepward, *only)) == {name: "unchanged"}
    anew = tracks_of(sleepward, *only, "-o", "anew")[name]
    assert (anew["state"], anew["sha256"]) == ("made", renewed["sha256"])


def test_tracks_that_left_are_named_and_removed_only_where_that_is_asked(
    sleepward: Command, scripts: Path, tmp_path: Path
) -> None:
    tracks_of(sleepward, "-j", "1")
    (scripts / "mine.mp3").write_bytes(b"a file of the user's own")
    (tmp_path / "library.yaml").write_text("\n".join(SCRIPTS.splitlines()[:5]), encoding="utf-8")
    assert "no longer in the library: more/three.mp3" in sleepward("batch").stderr
    assert (scripts / "more" / "three.mp3").exists()
    planned = sleepward("batch", "--prune", "--dry-run").stderr
    assert "would be removed: more/three.mp3" in planned
    assert "--prune" not in planned
    assert (scripts / "more" / "three.mp3").exists()
    (scripts / "two" / "rain.mp3").write_bytes(b"another")
    told = sleepward("batch", "--prune", "--names", "one/*").stderr
    assert "removed: more/three.mp3" in told
    assert "not removed: two/rain.mp3" in told
    assert not (scripts / "more").exists()
    assert built(scripts) == ["library.json", "mine.mp3", "one/rain.mp3", "two/rain.mp3"]


@pytest.mark.slow
def test_a_track_that_fails_stops_no_other(sleepward: Command, scripts: Path, tmp_path: Path) -> None:
    in_the_way = scripts / "two" / "rain.mp3"
    in_the_way.mkdir(parents=True)
    done = sleepward("batch", "--json", code=1)
    found = {track["name"]: track["state"] for track in map(json.loads, done.stdout.splitlines())}
    assert found == {"one/rain.mp3": "made", "two/rain.mp3": "failed", "more/three.mp3": "made"}
    assert "2 made, 1 failed" in done.stderr
    assert built(scripts) == ["library.json", "more/three.mp3", "one/rain.mp3"]
    assert "two/rain.mp3" in done.stderr
    in_the_way.rmdir()
    assert states(tracks_of(sleepward)) == {name: "made" if "two" in name else "unchanged" for name in NAMES}


# --- ends that nobody planned -----------------------------------------------------------------------------


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    assert SLEEPWARD
    return subprocess.Popen(
        [SLEEPWARD, "batch", "--json", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.part"))


def until(process: subprocess.Popen[bytes], found: Callable[[], Any]) -> Any:
    """What `found` finds, as soon as it does; nothing where the process ended first."""
    while process.poll() is None:
        if it := found():
            return it
        time.sleep(0.005)  # how often it is looked for, which leaves the core to the process
    return None


def makers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The workers that have an encoder running."""
    found = []
    for child in psutil.Process(process.pid).children():
        try:
            if any("ffmpeg" in grandchild.name() for grandchild in child.children()):
                found.append(child)
        except psutil.Error:  # gone meanwhile
            continue
    return found


@pytest.mark.slow
def test_a_killed_worker_costs_no_track(sleepward: Command, scripts: Path, tmp_path: Path) -> None:
    reference = tracks_of(sleepward, "-j", "1", "-o", "whole")
    process = start(tmp_path, "-j", "2")
    victims = until(process, lambda: parts(scripts) and makers(process))
    assert victims, "it ended before it could be killed"
    victims[0].kill()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    found = {track["name"]: track for track in map(json.loads, output.decode().splitlines())}
    assert states(found) == dict.fromkeys(NAMES, "made")
    assert {name: track["sha256"] for name, track in found.items()} == {
        name: track["sha256"] for name, track in reference.items()
    }
    for part in parts(scripts):  # what was killed couldn't clear up; the next build of that track an hour later does
        part.unlink()
    assert files(scripts) == files(tmp_path / "whole")


@pytest.mark.slow
def test_a_track_that_kills_its_worker_is_reported(sleepward: Command, scripts: Path, tmp_path: Path) -> None:
    text = SCRIPTS.replace("two.txt,", "two.txt, tail: 8h, format: flac,")
    (tmp_path / "library.yaml").write_text(text, encoding="utf-8")
    process = start(tmp_path, "-j", "1")
    met: set[Path] = set()
    for _ in range(3):
        (part,) = until(process, lambda: {part for part in parts(scripts) if part.name.startswith(".8h")} - met)
        met.add(part)
        for victim in psutil.Process(process.pid).children():
            victim.kill()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors.decode()
    found = {track["name"]: track for track in map(json.loads, output.decode().splitlines())}
    assert states(found) == {
        "more/three.mp3": "made",
        "one/rain.mp3": "made",
        "two/8h-rain.flac": "failed",
    }
    assert "ended 3 times" in found["two/8h-rain.flac"]["error"]


def underway(folder: Path, scripts: Path) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """A run that has told of its first track and has others, of eight hours, in hand; and its processes below."""
    text = SCRIPTS.replace("two.txt,", "two.txt, tail: 8h,").replace("three.txt,", "three.txt, tail: 8h,")
    (folder / "library.yaml").write_text(text, encoding="utf-8")
    process = start(folder, "-j", "2")
    assert process.stdout
    assert json.loads(process.stdout.readline())["name"] == "one/rain.mp3"
    assert until(process, lambda: parts(scripts))
    return process, psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_finishes_nothing_half(
    sleepward: Command, scripts: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    process, children = underway(tmp_path, scripts)
    os.killpg(process.pid, ending)  # as a terminal's Ctrl-C goes to all of them
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if ending == signal.SIGINT else 143), errors.decode()
    assert b"Traceback" not in errors
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert built(scripts) == ["library.json", "one/rain.mp3"]
    assert [track["name"] for track in json.loads((scripts / "library.json").read_bytes())["tracks"]] == [
        "one/rain.mp3"
    ]


@pytest.mark.slow
def test_a_leader_killed_by_force_leaves_no_worker_and_its_tracks_are_found(
    sleepward: Command, scripts: Path, tmp_path: Path
) -> None:
    process, children = underway(tmp_path, scripts)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive, "a worker outlived its leader"
    assert not parts(scripts)
    assert not (scripts / "library.json").exists()
    (tmp_path / "library.yaml").write_text(SCRIPTS, encoding="utf-8")
    found = tracks_of(sleepward, "-j", "1")
    assert found["one/rain.mp3"]["state"] == "unchanged", "it was there, whole"
    assert [track["name"] for track in json.loads((scripts / "library.json").read_bytes())["tracks"]] == NAMES


@pytest.mark.slow
def test_two_batches_at_once_do_no_harm(sleepward: Command, scripts: Path, tmp_path: Path) -> None:
    both = [start(tmp_path, "-j", "1") for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    together = files(scripts)
    assert states(tracks_of(sleepward)) == dict.fromkeys(NAMES, "unchanged")
    tracks_of(sleepward, "-j", "1", "-o", "alone")
    assert files(tmp_path / "alone") == together


# --- what can't be had ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  style: [spare]", "  length: [25q]", ["library.yaml:6:12", "25q"]),
        (
            "  style: [spare]",
            "  length: [20s, 9h]",
            ["library.yaml:6:12", "library.yaml:6:17", "moon", "isn't possible"],
        ),
        ("  style: [spare]", "  style: [spare, spartan]", ["library.yaml:6:18", "spartan", "did you mean spare"]),
        ("  style: [spare]", "  background: [rian]", ["library.yaml:6:16", "rian", "rain"]),
        ("  style: [spare]", "  background: [music/harp.ogg]", ["library.yaml:6:16", "music/harp.ogg", "isn't there"]),
        ("  style: [spare]", "  cover: [mine.png]", ["library.yaml:6:11", "mine.png"]),
        ("  style: [spare]", "  level: [deepest]", ["library.yaml:6:11", "deepest"]),
        ("  style: [spare]", "  only: [frog]", ["library.yaml:6:10", "moon has no pose", "star has no pose"]),
        ("  style: [spare]", "  avoid: [elephants]", ["library.yaml:6:11", "elephants"]),
        ("[moon, star]", "[moon, sun]", ["library.yaml:5:19", "sun"]),
        ("background: none", "style: spartan", ["library.yaml:3:56", "spartan"]),
        ("output: nights", "output: ../nights", ["library.yaml:2:9", "leads out"]),
        ("matrix:", "exclude: [{style: spare}]\nmatrix:", ["library.yaml:4:10", "no track is left"]),
        ("matrix:", "tracks: [{script: none.txt}]\nmatrix:", ["library.yaml:4:19", "none.txt"]),
        ("matrix:", "tracks: [{script: link.txt}]\nmatrix:", ["library.yaml:4:19", "leads out"]),
        ("matrix:", "tracks: [{script: own.txt, style: spare}]\nmatrix:", ["library.yaml:4:35", "'style'", "script"]),
        ("matrix:", "tracks: [{script: own.txt, name: con}]\nmatrix:", ["library.yaml:4:10", "Windows", "con"]),
        (
            "matrix:",
            "tracks: [{script: own.txt, name: Moon/Spare}]\nmatrix:",
            ["library.yaml:4:10", "Moon/Spare.mp3", "line 6"],
        ),
    ],
)
def test_faults_are_said_at_the_line_that_makes_them_before_anything_is_made(
    sleepward: Command, routines: Path, tmp_path: Path, old: str, new: str, says: list[str]
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.txt"
    outside.write_text("Rest.\n[sleep]\n", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(outside)
    (tmp_path / "own.txt").write_text("Rest.\n[sleep]\n", encoding="utf-8")
    (tmp_path / "library.yaml").write_text(MATRIX.replace(old, new), encoding="utf-8")
    shown = sleepward("batch", code=2).stderr
    assert all(part in shown for part in says), shown
    assert not routines.exists()


def test_a_voice_that_isnt_there_is_said_at_its_line_with_its_own_exit_code(sleepward: Command, scripts: Path) -> None:
    text = SCRIPTS.replace("voice: tone", "voice: nobody:x")
    (scripts.parent / "library.yaml").write_text(text, encoding="utf-8")
    assert "library.yaml:3" in sleepward("batch", code=3).stderr


def test_the_environment_wins_over_defaults_and_not_over_a_tracks_own(sleepward: Command, scripts: Path) -> None:
    env = {"SLEEPWARD_TAIL": "12s", "SLEEPWARD_BACKGROUND": "ocean"}
    tracks_of(sleepward, "--names", "one/*", env=env)
    plan = json.loads(read_tags(scripts / "one" / "rain.mp3").plan_json)  # type: ignore[union-attr]
    assert plan["settings"]["tail"] == "12s"
    assert plan["settings"]["background"] == "rain"


def test_a_manifest_of_another_program_is_left_alone(sleepward: Command, scripts: Path) -> None:
    scripts.mkdir()
    (scripts / "library.json").write_text('{"books": []}', encoding="utf-8")
    assert "nights/library.json" in sleepward("batch", code=2).stderr
    assert files(scripts) == {"library.json": b'{"books": []}'}
