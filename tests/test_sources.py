"""What a user names: the same thing under every name that it has, and nothing that isn't what it is said to be."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.definition.routine_cache import routine_from_json, routine_to_json
from generator.errors import SleepwardError
from generator.storage.cache import SUFFIX, Cache
from generator.storage.housekeeping import CacheEntry, entries
from generator.workspace import Workspace, script_sources
from generator.workspace.script_sources import load_source
from tests.conftest import Command

SCRIPT = "Lie down, and rest. [4s]\n[hold 5 s]\n[release]\n"
QUICK = ("--voice", "tone", "--tail", "10s")


def _music(path: Path, seconds: int = 12) -> Path:
    from generator.system import ffmpeg

    path.parent.mkdir(parents=True, exist_ok=True)
    ffmpeg.run(["-f", "lavfi", "-i", f"anoisesrc=d={seconds}:c=pink:a=0.2:r=48000", "-f", "mp3", str(path)])
    return path


@pytest.fixture
def night(tmp_path: Path) -> Path:
    path = tmp_path / "night.txt"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_music_is_the_same_under_each_of_its_names(sleepward: Command, night: Path, tmp_path: Path) -> None:
    music = _music(tmp_path / "music" / "rain over sea.mp3")
    names = ["music/rain over sea.mp3", "./music/../music/rain over sea.mp3", str(music)]
    built = [sleepward.json("build", night, *QUICK, "--background", name) for name in names]
    assert [each["fresh"] for each in built] == [True, False, False]
    assert {each["settings"]["background"] for each in built} == {"music/rain over sea.mp3"}
    layered = [f"rain+{name}:-6" for name in names]
    plans = [sleepward.json("plan", night, *QUICK, "--background", name)["settings"] for name in layered]
    assert plans[1:] == plans[:1] * 2


def test_music_called_like_a_bed_stays_music(sleepward: Command, night: Path, tmp_path: Path) -> None:
    _music(tmp_path / "sea.mp3").rename(tmp_path / "rain")
    music = sleepward.json("build", night, *QUICK, "--background", "./rain")
    assert music["settings"]["background"] == "./rain"
    said = " ".join(sleepward("verify", music["path"]).stdout.split())
    assert "music, which has attacks of its own" in said
    assert sleepward.json("build", night, *QUICK, "--background", "rain")["sha256"] != music["sha256"]


def test_the_same_music_named_by_flag_file_and_script_makes_the_same_track(
    sleepward: Command, night: Path, tmp_path: Path
) -> None:
    _music(tmp_path / "music" / "sea.mp3")
    first = sleepward.json("build", night, *QUICK, "--background", "music/sea.mp3")
    (tmp_path / "sleepward.toml").write_text('background = "./music/sea.mp3"\n', encoding="utf-8")
    assert not sleepward.json("build", night, *QUICK)["fresh"]
    (tmp_path / "sleepward.toml").unlink()
    night.write_text(f"---\nbackground: music/../music/sea.mp3\n---\n{SCRIPT}", encoding="utf-8")
    again = sleepward.json("build", night, *QUICK)
    assert (again["fresh"], again["sha256"]) == (False, first["sha256"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u", "#EXTM3U\n#EXTINF:12,Sea\nmusic/sea.mp3\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:12\n#EXTINF:12,\nmusic/sea.mp3\n#EXT-X-ENDLIST\n"),
        ("sea.mp3", "ffconcat version 1.0\nfile music/sea.mp3\n"),
        ("list.pls", "[playlist]\nFile1=music/sea.mp3\nNumberOfEntries=1\n"),
    ],
)
def test_a_list_of_music_is_no_music(sleepward: Command, night: Path, tmp_path: Path, name: str, text: str) -> None:
    """It names files, which whoever wrote it needn't be trusted with."""
    _music(tmp_path / "music" / "sea.mp3")
    (tmp_path / name).write_text(text, encoding="utf-8")
    refused = sleepward("build", night, *QUICK, "--background", name, code=2).stderr
    assert f"{name}: can't be read as sound" in refused
    assert not (tmp_path / "output").exists()


def of_kind(cache: Cache, kind: str) -> list[CacheEntry]:
    return [entry for entry in entries(cache.folder) if entry.kind == kind]


def test_rendered_scripts_are_kept_and_follow_their_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    built_in = Path(script_sources.__file__).parents[2] / "scripts_templates" / "shared" / "routine.j2"
    own = tmp_path / "scripts_templates" / "gentle" / "routine.j2"
    own.parent.mkdir(parents=True)
    cache = Cache(tmp_path / "cache")

    def script(last_words: str) -> str:
        own.write_text(f"{built_in.read_text(encoding='utf-8')}\n{last_words}\n", encoding="utf-8")
        return load_source("ten-minutes-in-bed", {}, Workspace.here(), cache).text

    def kept() -> list[Path]:
        return sorted(entry.path for entry in of_kind(cache, "scripts"))

    before, first = script("Sleep well."), kept()
    assert {entry.kind for entry in entries(cache.folder)} == {"routines", "scripts"}
    assert script("Sleep well.") == before
    assert kept() == first
    after = script("Rest now.")
    assert after.endswith("Rest now.\n")
    assert len(kept()) == 2
    assert script("Sleep well.") == before
    assert load_source("ten-minutes-in-bed", {"night": "3"}, Workspace.here(), cache).text != before

    for path in kept():
        path.write_bytes(path.read_bytes()[:-1])
    assert script("Rest now.") == after
    assert "damaged" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_templates_behind_a_link_are_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("elsewhere", "scripts_templates/gentle"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "scripts_templates" / "gentle" / "more").symlink_to(tmp_path / "elsewhere")
    built_in = Path(script_sources.__file__).parents[2] / "scripts_templates" / "shared" / "routine.j2"
    own = f"{built_in.read_text(encoding='utf-8')}\n{{% include 'more/last.j2' %}}\n"
    (tmp_path / "scripts_templates" / "gentle" / "routine.j2").write_text(own, encoding="utf-8")
    for words in ("Sleep well.", "Rest now."):
        (tmp_path / "elsewhere" / "last.j2").write_text(words, encoding="utf-8")
        assert load_source("ten-minutes-in-bed", {}, Workspace.here(), Cache(tmp_path / "cache")).text.endswith(
            f"{words}\n"
        )


BUILT_IN = Workspace.here()


@pytest.mark.parametrize("name", BUILT_IN.routine_names())
def test_a_routine_that_is_kept_comes_back_as_it_was(name: str) -> None:
    routine = BUILT_IN.read_routine(BUILT_IN.routine_path(name))
    assert routine_from_json(routine_to_json(routine)) == routine


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        b"cbuiltins\nexec\n(S'raise SystemExit'\ntR.",  # a pickle that runs code
        b'{"poses": {}, "routine": {"steps": [{"pose": "rest"}]}}',
    ],
)
def test_what_is_kept_of_a_routine_and_is_none_is_read_again(tmp_path: Path, wrong: bytes) -> None:
    cache = Cache(tmp_path / "cache")
    before = load_source("ten-minutes-in-bed", {}, Workspace.here(), cache).text
    (entry,) = of_kind(cache, "routines")
    cache.put("routines", entry.path.name.removesuffix(SUFFIX), wrong)
    for kept in of_kind(cache, "scripts"):
        kept.path.unlink()
    assert load_source("ten-minutes-in-bed", {}, Workspace.here(), cache).text == before


IN_BED = routine_to_json(BUILT_IN.read_routine(BUILT_IN.routine_path("ten-minutes-in-bed")))


@given(st.data())
def test_a_kept_routine_with_a_value_of_another_kind_is_none(data: st.DataObject) -> None:
    written = json.loads(IN_BED)
    inside, key = written, "routine"
    while isinstance(inside[key], (dict, list)) and inside[key] and data.draw(st.booleans() | st.just(value=True)):
        inside = inside[key]
        key = data.draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else range(len(inside))))
    inside[key] = data.draw(st.sampled_from([1.5, [None], {"a": 1}]))
    with pytest.raises(ValueError, match="this is no routine"):
        routine_from_json(json.dumps(written).encode())


POSE = """\
name: Rest
position: supine
ends: supine
rounds: [only]
enter: {enter}
leave: ""
hold_lines: [{line}]
"""
ROUTINE = """\
title: A short night
summary: Rest.
setting: bed
eyes: closed
props: []
steps:
  - pose: rest
    hold: {hold}
"""


def test_a_routine_that_was_read_before_follows_its_files(sleepward: Command, tmp_path: Path) -> None:
    """Its own, those of its poses, and those that come to hide them; what has a fault has it the second time too."""
    routine, pose = tmp_path / "night.yaml", tmp_path / "routines" / "poses" / "rest.yaml"
    cache = Cache(tmp_path / "cache")

    def planned(code: int = 0) -> str:
        words = ("plan", routine, *QUICK, "--json")
        done = sleepward(*words, env={"SLEEPWARD_CACHE_DIR": str(cache.folder)}, code=code)
        return done.stdout or done.stderr

    def kept() -> int:
        return len(of_kind(cache, "routines"))

    routine.write_text(ROUTINE.format(hold="1 min"), encoding="utf-8")
    built_in = planned()
    assert (planned(), kept()) == (built_in, 1)
    pose.parent.mkdir(parents=True)
    pose.write_text(POSE.format(enter="Come to lie down.", line="Rest."), encoding="utf-8")
    own = planned()
    assert "Come to lie down." in own
    assert (planned(), kept()) == (own, 2)
    pose.write_text(POSE.format(enter="Lie down now.", line="Rest."), encoding="utf-8")
    shorter = planned()
    assert "Lie down now." in shorter
    routine.write_text(ROUTINE.format(hold="2 min"), encoding="utf-8")
    longer = planned()
    assert json.loads(longer)["duration_ms"] - json.loads(shorter)["duration_ms"] == 60_000
    pose.write_text(POSE.format(enter="Lie [down] now.", line="Rest."), encoding="utf-8")
    refused = planned(code=2)
    assert "rest.yaml:5" in refused
    assert planned(code=2) == refused
    for entry in of_kind(cache, "routines"):
        entry.path.write_bytes(entry.path.read_bytes()[:-1])
    pose.write_text(POSE.format(enter="Lie down now.", line="Rest."), encoding="utf-8")
    assert planned() == longer


def test_a_pose_that_changes_between_two_routines_is_kept_as_each_was_read(tmp_path: Path) -> None:
    cache, pose = Cache(tmp_path / "cache"), tmp_path / "routines" / "poses" / "rest.yaml"
    pose.parent.mkdir(parents=True)
    for name, words in (("first", "Come to lie down."), ("second", "Lie down now.")):
        pose.write_text(POSE.format(enter=words, line="Rest."), encoding="utf-8")
        (tmp_path / f"{name}.yaml").write_text(ROUTINE.format(hold="1 min"), encoding="utf-8")
        for _ in range(2):
            assert words in load_source(f"{name}.yaml", {}, Workspace.here(), cache).text
    assert len(of_kind(cache, "routines")) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_files_that_no_routine_names_do_not_matter(tmp_path: Path) -> None:
    """A pipe, a folder, a name that is no text, more than fits into memory."""
    cache, poses = Cache(tmp_path / "cache"), tmp_path / "routines" / "poses"
    poses.mkdir(parents=True)
    os.mkfifo(poses / "pipe.yaml")
    (poses / "folder.yaml").mkdir()
    Path(os.fsdecode(os.fsencode(poses) + b"/caf\xe9.yaml")).touch()
    with (poses / "large.yaml").open("wb") as file:
        file.truncate(1 << 40)
    (tmp_path / "night.yaml").write_text(ROUTINE.format(hold="1 min"), encoding="utf-8")
    assert "[hold" in load_source("night.yaml", {}, Workspace.here(), cache).text


@pytest.mark.parametrize("name", ["x" * 300 + ".yaml", "night\udce9.yaml"])
def test_a_routine_whose_name_can_not_be_is_an_error_with_a_cache_too(tmp_path: Path, name: str) -> None:
    with pytest.raises(SleepwardError):
        load_source(name, {}, Workspace.here(), Cache(tmp_path / "cache"))
