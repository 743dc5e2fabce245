"""Builds as typed: the same bytes however they come about, nothing half-made, nothing made twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.conftest import SLEEPWARD, TONE, Command, InsideCommand

SHORT = """\
# Arrival
Lie down on your back. [2s]
Let your eyes close.
# Hold
[pose frog only]
[hold 10-20 s]
I'll be quiet now.
[release]
Let the body rest.
[sleep]
"""
BODY = "brow eyes jaw tongue throat neck shoulders arms elbows hands back ribs belly hips thighs knees calves feet toes"
SENTENCES = "\n".join([f"Let the {part} be heavy. [1s]" for part in BODY.split()] + ["[sleep]"])
QUICK = (*TONE, "--tail", "10s", "--background", "brown")
LONG_TAIL = ("--tail", "4m", "--background", "brown")  # the bed's loop is repeated
LIGHT = ("--voice", "en-us+klatt4")  # the light voice, which has processes of its own
SAMPLED_S = 0.005  # how often a part of a track is looked for, which leaves the core to the build


@pytest.fixture
def night(tmp_path: Path) -> Path:
    path = tmp_path / "night.txt"
    path.write_text(SHORT, encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_same_bytes_cold_half_cached_warm_elsewhere_with_one_worker_or_two(night: Path, tmp_path: Path) -> None:
    """The two that fill a cache are processes of their own, each with its own order of whatever is hashed."""

    def sha256(*words: str, cache: str, folder: str = ".", kind: type[Command] = InsideCommand) -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        text = shutil.copy(night, tmp_path / folder / "night.txt") if folder != "." else night
        out = tmp_path / folder / "out.mp3"
        out.unlink(missing_ok=True)
        env = {"SLEEPWARD_CACHE_DIR": str(tmp_path / cache)}
        return str(kind(tmp_path / folder).json("build", text, "-o", out, *LONG_TAIL, *words, env=env)["sha256"])

    cold = sha256("--jobs", "2", cache="a", kind=Command)
    clips = sorted((tmp_path / "a" / "clips").rglob("*"))
    assert sum(path.is_file() for path in clips) == 4
    assert sha256("--jobs", "1", cache="a") == cold  # warm
    assert sha256("--plain", cache="a") == cold  # in one piece
    for path in clips[::2]:
        if path.is_file():
            path.unlink()
    shutil.rmtree(tmp_path / "a" / "loops")
    assert sha256("--jobs", "2", cache="a") == cold  # half cached
    assert sha256("--jobs", "1", cache="b", folder="elsewhere", kind=Command) == cold
    assert sha256("--no-cache", "--jobs", "2", cache="c", folder="elsewhere") == cold
    assert not (tmp_path / "c").exists()


def test_an_unchanged_track_is_not_built_again(sleepward: Command, night: Path, tmp_path: Path) -> None:
    first = sleepward.json("build", night, *QUICK)
    path = tmp_path / first["path"]
    before = path.stat()
    again = sleepward.json("build", night, *QUICK)
    assert (first["fresh"], again["fresh"]) == (True, False)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert {**again, "elapsed_s": 0, "fresh": 0} == {**first, "elapsed_s": 0, "fresh": 0}

    assert sleepward.json("build", night, *QUICK, "--glide", "off")["fresh"]
    night.write_text(SHORT.replace("eyes close", "eyes rest"), encoding="utf-8")
    assert sleepward.json("build", night, *QUICK)["fresh"]


def test_a_new_title_changes_the_tags_and_no_sound(sleepward: Command, night: Path, tmp_path: Path) -> None:
    from generator.formats import CONTAINERS, read_tags

    path = tmp_path / sleepward.json("build", night, *QUICK)["path"]
    sound = CONTAINERS["mp3"].sound_sha256(path)
    night.write_text("---\ntitle: Another name\n---\n" + SHORT, encoding="utf-8")
    assert sleepward.json("build", night, *QUICK)["fresh"]
    assert CONTAINERS["mp3"].sound_sha256(path) == sound
    tags = read_tags(path)
    assert tags is not None
    assert tags.title == "Another name"


def test_a_plan_of_before_some_settings_were_in_it_is_read_and_renewed(
    sleepward: Command, night: Path, tmp_path: Path
) -> None:
    from generator.formats import CONTAINERS, read_tags

    path = tmp_path / sleepward.json("build", night, *QUICK)["path"]
    new = path.read_bytes()
    tags = read_tags(path)
    assert tags is not None
    plan = json.loads(tags.plan_json)
    for name in ("style", "words", "night", "sleep_position", "ending"):
        del plan["settings"][name]
    old = tmp_path / "old.mp3"
    with old.open("wb") as sink:
        CONTAINERS["mp3"].replace_tags(
            path, sink, replace(tags, plan_json=json.dumps(plan, ensure_ascii=False), plan_sha256="")
        )
    assert old.read_bytes() != new

    sleepward("verify", old)
    old.replace(path)
    assert sleepward.json("build", night, *QUICK)["fresh"]
    assert path.read_bytes() == new


@pytest.fixture(scope="module")
def whole(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """The path of the track that the script becomes, and its content."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "night.txt").write_text(SHORT, encoding="utf-8")
    path = InsideCommand(folder).json("build", "night.txt", *QUICK)["path"]
    return path, (folder / path).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["truncated", "emptied", "not ours", "one byte"])
@pytest.mark.usefixtures("night")
def test_a_damaged_track_is_built_again(
    sleepward: Command, tmp_path: Path, whole: tuple[str, bytes], damage: str
) -> None:
    path, content = tmp_path / whole[0], whole[1]
    middle = len(content) // 2
    damaged = {
        "truncated": content[:-1000],
        "emptied": b"",
        "not ours": b"RIFF" + bytes(5000),
        "one byte": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(damaged[damage])
    again = sleepward.json("build", "night.txt", *QUICK)
    assert (again["path"], again["fresh"]) == (whole[0], True)
    assert path.read_bytes() == content


def test_a_damaged_cache_entry_is_noticed_said_and_made_again(sleepward: Command, night: Path, tmp_path: Path) -> None:
    env = {"SLEEPWARD_CACHE_DIR": str(tmp_path / "cache")}
    first = sleepward.json("build", night, *QUICK, env=env)
    entry = next(path for path in (tmp_path / "cache" / "clips").rglob("*") if path.is_file())
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1  # one bit of one sample
    entry.write_bytes(content)
    (tmp_path / first["path"]).unlink()
    done = sleepward("build", night, *QUICK, "--json", env=env)
    assert "damaged" in done.stderr
    assert json.loads(done.stdout)["sha256"] == first["sha256"]


@pytest.fixture(scope="module")
def unbroken(home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the sentences' track, made at one go and with no cache."""
    folder = tmp_path_factory.mktemp("unbroken")
    (folder / "night.txt").write_text(SENTENCES, encoding="utf-8")
    words = ("build", "night.txt", *LIGHT, "-o", "new.mp3", "--tail", "10s", "--no-cache")
    return str(InsideCommand(folder).json(*words)["sha256"])


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["speaking", "writing"])
def test_killed_anywhere_leaves_nothing_half_made(
    sleepward: Command, night: Path, tmp_path: Path, unbroken: str, moment: str
) -> None:
    """The moment is when a part of the track, or of the cache, first shows itself: no clock is involved."""
    assert SLEEPWARD
    cache = tmp_path / "cache"
    env = {**os.environ, "SLEEPWARD_CACHE_DIR": str(cache)}
    out = tmp_path / "out.mp3"
    night.write_text(SENTENCES, encoding="utf-8")
    words = [SLEEPWARD, "build", "night.txt", *LIGHT, "-o", "out.mp3", "--tail", "8h"]
    process = subprocess.Popen(words, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    family = psutil.Process(process.pid)
    folder, pattern = {"speaking": (cache / "clips", "*/*"), "writing": (tmp_path, ".out.mp3*.part")}[moment]
    while process.poll() is None and not list(folder.glob(pattern)):
        time.sleep(SAMPLED_S)
    children = family.children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive, "a child outlived its build"

    half_filled = {"SLEEPWARD_CACHE_DIR": str(cache)}
    built = sleepward.json("build", "night.txt", *LIGHT, "-o", "out.mp3", "--tail", "10s", env=half_filled)
    assert built["sha256"] == unbroken


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_leaves_130_and_no_part(night: Path, tmp_path: Path) -> None:
    assert SLEEPWARD
    words = [SLEEPWARD, "build", "night.txt", "-o", "out.mp3", "--tail", "8h"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while process.poll() is None and not list(tmp_path.glob(".out.mp3*.part")):
        time.sleep(SAMPLED_S)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["night.txt"]
    assert not psutil.wait_procs(children, timeout=30)[1]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_track(night: Path, tmp_path: Path) -> None:
    """Peak of the whole process tree, as the operating system counts it (proportional set size)."""
    assert SLEEPWARD

    def peak_mb(tail: str, *more: str, source: str = "night.txt", cache: str = "cache") -> float:
        words = [SLEEPWARD, "build", source, "-o", f"{tail}.mp3", "--tail", tail, "--background", "rain"]
        words += ["--jobs", "2", *more]
        env = {**os.environ, "SLEEPWARD_CACHE_DIR": str(tmp_path / cache)}
        process = psutil.Popen(words, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            family = [process, *process.children(recursive=True)]
            total = 0
            for member in family:
                try:
                    total += member.memory_full_info().pss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            peak = max(peak, total)
            time.sleep(0.05)  # a sampling interval, not a wait for something to happen
        assert process.returncode == 0
        return peak / 1e6

    short = peak_mb("10m")  # cold: the bed is made, the sentences are spoken
    long = peak_mb("8h")
    assert short < 450
    assert long < 450
    assert long - short < 100
    many_cores = ("--jobs", "8", "--pace", "0.5")  # (short pauses: as many sentences, and less to encode)
    assert peak_mb("10s", *many_cores, source="ten-minutes-in-bed", cache="another") < 450  # a whole routine, cold


def test_script_piped_into_build_is_the_routine(sleepward: Command, tmp_path: Path) -> None:
    words = (*TONE, "--tail", "10s", "--background", "none")
    direct = sleepward.json("build", "ten-minutes-in-bed", *words, "-o", "a.flac")
    script = sleepward("script", "ten-minutes-in-bed").stdout
    piped = sleepward.json("build", "-", *words, "-o", "b.flac", input=script)
    assert piped["sha256"] == direct["sha256"]
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()
    assert piped["routine"] == "ten-minutes-in-bed"


def test_settings_given_to_script_travel_in_it(sleepward: Command) -> None:
    script = sleepward("script", "ten-minutes-in-bed", "--length", "20m", "--voice", "tone").stdout
    plan = json.loads(sleepward("plan", "-", "--json", input=script).stdout)
    assert plan["guided_ms"] == 20 * 60_000
    assert plan["voice"].startswith("tone")


def test_a_large_file_is_announced_before_it_is_built(sleepward: Command, night: Path) -> None:
    done = sleepward("build", night, "--tail", "4h", "--bitrate", "128", *TONE, "--background", "none", "--json")
    assert "231 MB" in done.stderr
    assert json.loads(done.stdout)["bytes"] > 200_000_000


def test_several_tracks_at_once_and_one_that_cannot_be_made(sleepward: Command, night: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("[hold 3 s]", encoding="utf-8")
    done = sleepward("build", night, "bad.txt", night, *QUICK, "--json", code=2)
    assert [json.loads(line)["fresh"] for line in done.stdout.splitlines()] == [True, False]
    assert "bad.txt:1" in done.stderr


@pytest.mark.slow
def test_tracks_made_together_are_those_made_alone_and_told_in_order(
    sleepward: Command, night: Path, tmp_path: Path
) -> None:
    """The second is spoken while the first is encoded; one that fails between them is told in its turn."""
    (tmp_path / "bad.txt").write_text("[hold 3 s]", encoding="utf-8")
    (tmp_path / "other.txt").write_text(SHORT.replace("eyes close", "eyes rest"), encoding="utf-8")
    both = sleepward("build", night, "other.txt", "bad.txt", *QUICK, "--json", "-o", "together/", code=2)
    own = {"SLEEPWARD_CACHE_DIR": str(tmp_path / "alone-cache")}
    alone = [
        sleepward.json("build", source, *QUICK, "-o", "alone/", env=own)["sha256"] for source in (night, "other.txt")
    ]
    assert [json.loads(line)["sha256"] for line in both.stdout.splitlines()] == alone
    assert "bad.txt:1" in both.stderr
