"""Every command as a user types it; what is wrong is said with where and what to do, and its exit code."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import SLEEPWARD, TONE, Command

HI = "Lie down, and rest.\n[hold 1-2 min]\n[release]\n"


def test_help_names_every_command(sleepward: Command) -> None:
    from generator.cli.commands import COMMANDS

    shown = sleepward("--help").stdout
    for command in COMMANDS:
        assert command in shown
        assert f"sleepward {command} " in sleepward(command, "--help").stdout


def test_plan_takes_what_build_takes_and_shows_what_it_uses(sleepward: Command) -> None:
    from generator.cli.build import build_command, plan_command
    from generator.settings import SETTINGS

    takes = {
        command.name: {name for each in command.params for name in each.opts}
        for command in (build_command, plan_command)
    }
    assert takes["build"] - takes["plan"] == {"sources"}
    built, planned = (set(re.findall(r"--[a-z-]+", sleepward(name, "--help").stdout)) for name in ("build", "plan"))
    assert {info.flag for info in SETTINGS.values()} <= built
    assert built - planned == {"--plain", "--background-level", "--loudness", "--glide", "--ear", "--cover"}


def test_help_is_in_groups_with_values_and_defaults_and_no_empty_brackets(sleepward: Command) -> None:
    shown = sleepward("build", "--help").stdout
    groups = re.findall(r"(?m)^(\w+):$", shown)
    assert groups == ["Options", "Practice", "Voice", "Sound", "Words", "File"]
    text = " ".join(shown.split())
    for said in (
        "--background NAME what sounds under the voice",
        "brown, pink, rain, ocean, tide, wind, drone, none [default: brown]",
        "knees, hips, hip-replacement, lower-back,",
        "--level easier|standard|deeper",
        "beginner, breathing, gentle, nidra, spare [default: gentle]",
        "[default: heart]",
        "[default: all cores]",
        "[default: off]",
    ):
        assert said in text
    for command in ("build", "plan", "script", "tonight", "program", "batch", "voices", "say"):
        text = " ".join(sleepward(command, "--help").stdout.split())
        assert not re.search(r"\[\]|\[default: \]|\(all cores\)|<=x<=256", text), command


def test_alone_it_says_the_three_lines_one_needs(sleepward: Command) -> None:
    lines = sleepward().stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["list", "build", "--help"]
    assert all(len(line) <= 90 for line in lines)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["build"], 2, ["sleepward build", "ROUTINE|FILE|-..."]),
        (["biuld", "x"], 2, ["Did you mean 'build'"]),
        (["build", "deep-hip-openin"], 2, ["deep-hip-openin", "did you mean deep-hip-opening"]),
        (["build", "nowhere.yaml"], 2, ["nowhere.yaml"]),
        (["build", "folder/night.txt"], 2, ["folder/night.txt"]),
        (["build", "night.txt", "--rate", "fast"], 2, ["--rate", "whole number from 60 to 300"]),
        (["build", "night.txt", "--pace", "nan"], 2, ["--pace", "0.5 to 3"]),
        (["build", "night.txt", "--tail", "300"], 2, ["--tail", "has no unit"]),
        (["build", "night.txt", "--tail", "5s"], 2, ["--tail", "10 s at least"]),
        (["build", "night.txt", "--length", "3h"], 2, ["3h", "--pace"]),
        (["build", "night.txt", "--background", "rian"], 2, ["rian", "rain"]),
        (["build", "night.txt", "--bitrate", "100"], 2, ["--bitrate", "128"]),
        (["build", "night.txt", "--voice", "en-us+klat4"], 3, ["klat4", "en-us+klatt4"]),
        (["build", "night.txt", "--voice", "nobody:x"], 3, ["nobody"]),
        (["build", "night.txt", "other.txt", "-o", "a.mp3"], 2, ["-o names one file"]),
        (["build", "night.txt", "-o", "a"], 2, ["-o a", "write a.mp3, or a/ for a folder"]),
        (["build", "night.txt", "-o", "a.m4b", "--format", "flac"], 2, ["-o", ".m4b", "--format", "-o a.flac"]),
        (["build", "-", "night.txt", "-"], 2, ["standard input can be read only once, but - stands twice"]),
        (
            ["build", "deep-hip-opening", "--avoid", "supine"],
            2,
            ["--avoid", "supine", "everyone is brought to lie down"],
        ),
        (["plan", "night.txt", "--plot", "a.gif"], 2, ["--plot a.gif", "write a.png"]),
        (["voices", "--sample", "night.txt", "tone"], 2, ["night.txt/tone", "another folder with --sample"]),
        (["backgrounds", "--sample", "night.txt"], 2, ["night.txt/brown.mp3", "another folder with --sample"]),
        (["voices", "--sample", "a", "--json"], 2, ["give only one of them"]),
        (["backgrounds", "--sample", "a", "--json"], 2, ["give only one of them"]),
        (["voices", "tone"], 2, ["voices can be named only with --sample or --audition"]),
        (["show", "frig"], 2, ["frig"]),
        (["script", "frig"], 2, ["frig"]),
        (["build", "empty.txt"], 2, ["empty.txt", "empty"]),
        (["build", "latin.txt"], 2, ["latin.txt:2", "UTF-8"]),
    ],
)
def test_errors_say_what_where_and_what_to_do(
    sleepward: Command, tmp_path: Path, words: list[str], code: int, says: list[str]
) -> None:
    for name in ("night.txt", "other.txt"):
        (tmp_path / name).write_text(HI, encoding="utf-8")
    (tmp_path / "empty.txt").write_text("\n\n")
    (tmp_path / "latin.txt").write_bytes("Hi.\nNamasté.".encode("latin-1"))
    before = sorted(tmp_path.rglob("*"))
    done = sleepward(*words, code=code)
    assert all(part in done.stderr for part in says), done.stderr
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before, "something was written all the same"


def test_settings_most_specific_wins(sleepward: Command, home: Path, tmp_path: Path) -> None:
    script = tmp_path / "night.txt"
    user = home / "config" / "sleepward" / "config.toml"
    user.parent.mkdir(parents=True, exist_ok=True)
    user.write_text('voice = "tone"\nrate = 101\npace = 1.1\ntail = "11s"\ncount_ms = 1100\nbackground = "none"\n')

    def settings(*words: str, env: dict[str, str] | None = None) -> list[object]:
        shown = sleepward.json("plan", script, *words, env=env)["settings"]
        return [shown[name] for name in ("rate", "pace", "tail", "count_ms", "background")]

    try:
        script.write_text(HI)
        assert settings() == [101, 1.1, "11s", 1100, "none"]
        (tmp_path / "sleepward.toml").write_text('rate = 102\npace = 1.2\ntail = "12s"\ncount_ms = 1200\n')
        assert settings() == [102, 1.2, "12s", 1200, "none"]
        script.write_text(f"---\nrate: 103\npace: 1.3\ntail: 13s\n---\n{HI}")
        assert settings() == [103, 1.3, "13s", 1200, "none"]
        env = {"SLEEPWARD_RATE": "104", "SLEEPWARD_PACE": "1.4"}
        assert settings(env=env) == [104, 1.4, "13s", 1200, "none"]
        assert settings("--rate", "105", env=env) == [105, 1.4, "13s", 1200, "none"]
    finally:
        user.unlink()


def test_a_voice_may_have_a_name_with_a_rate_of_its_own(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(HI)
    (tmp_path / "sleepward.toml").write_text('rate = 120\n[voices.calm]\nvoice = "tone"\nrate = 100\npitch = 40\n')

    def shown(*words: str) -> list[object]:
        settings = sleepward.json("plan", "night.txt", *words)["settings"]
        return [settings[name] for name in ("voice", "rate", "pitch")]

    assert shown("--voice", "calm") == ["tone:tone", 100, 40]
    assert shown("--voice", "calm", "--rate", "110") == ["tone:tone", 110, 40]
    assert shown("--voice", "tone") == ["tone:tone", 120, None]
    (tmp_path / "sleepward.toml").write_text("[voices.calm]\nrate = 100\n")
    assert "sleepward.toml:1" in sleepward("plan", "night.txt", code=2).stderr


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("sleepward.toml", "rate = 102\nbackgruond = 'rain'\n", ["sleepward.toml:2", "did you mean background"]),
        ("sleepward.toml", "rate = 1020\n", ["sleepward.toml:1", "60 to 300"]),
        ("sleepward.toml", "length = 25\n", ["sleepward.toml:1", "has no unit"]),
        ("sleepward.toml", "rate = [1]\n", ["sleepward.toml:1", "rate"]),
        ("sleepward.toml", "rate = \n", ["sleepward.toml", "TOML"]),
        ("sleepward.toml", "rate = true\n", ["sleepward.toml:1", "it takes WPM"]),
        ("sleepward.toml", "tail = '1m'\nglide = false\n", ["sleepward.toml:2", 'write glide = "off"']),
        ("night.txt", f"---\ntitle: x\nrat: 100\n---\n{HI}", ["night.txt:3", "did you mean rate"]),
    ],
)
def test_a_wrong_setting_in_a_file_is_an_error_at_its_line(
    sleepward: Command, tmp_path: Path, file: str, text: str, says: list[str]
) -> None:
    (tmp_path / "night.txt").write_text(HI)
    (tmp_path / file).write_text(text)
    done = sleepward("plan", "night.txt", "--voice", "tone", code=2)
    assert all(part in done.stderr for part in says), done.stderr


def test_a_wrong_setting_in_the_environment_is_an_error(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(HI)
    done = sleepward("plan", "night.txt", env={"SLEEPWARD_RATES": "100"}, code=2)
    assert "$SLEEPWARD_RATES" in done.stderr
    assert "did you mean rate" in done.stderr


def test_the_plan_is_public_and_whole(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(HI)
    plan = sleepward.json("plan", "night.txt", "--voice", "tone")
    assert plan["version"] == 1
    assert set(plan) >= {
        *("routine", "title", "duration_ms", "guided_ms", "tail_ms", "length_range_ms", "bytes_estimate"),
        *("settings", "chapters", "events"),
    }
    assert plan["duration_ms"] == plan["guided_ms"] + plan["tail_ms"]
    assert plan["length_range_ms"][1] - plan["length_range_ms"][0] == 60_000
    for event in plan["events"]:
        assert set(event) == {"kind", "start_ms", "end_ms", "text", "chapter", "pose", "round"}
    assert not (tmp_path / "output").exists()


def test_the_plan_for_people_shows_when_what_happens(sleepward: Command) -> None:
    plan = json.loads(sleepward("plan", "deep-hip-opening", "--voice", "tone", "--json").stdout)
    shown = sleepward("plan", "deep-hip-opening", "--voice", "tone").stdout
    from generator.durations import clock

    for chapter in plan["chapters"]:
        assert any(clock(chapter["start_ms"]) in line and chapter["title"] in line for line in shown.splitlines())
    events = sleepward("plan", "deep-hip-opening", "--voice", "tone", "--events").stdout
    assert all(event["text"].split()[0] in events for event in plan["events"] if event["kind"] == "speech")


def test_results_go_to_stdout_and_the_rest_to_stderr(outside: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(HI)
    done = outside("build", "night.txt", "--tail", "10s", "--json")
    assert len(done.stdout.splitlines()) == 1
    built = json.loads(done.stdout)
    assert set(built) >= {"path", "routine", "duration_ms", "bytes", "sha256", "elapsed_s", "settings", "voice"}
    assert built["voice"] == "hibari:heart"
    assert built["path"] == "output/night.mp3"


def test_list_and_show(sleepward: Command) -> None:
    listed = sleepward("list").stdout
    assert "deep-hip-opening" in listed
    assert "lower-back-relief" in listed
    assert {routine["name"] for routine in sleepward.json("list")} >= {"deep-hip-opening", "lower-back-relief"}
    shown = sleepward("show", "deep-hip-opening").stdout
    assert "5-10 min" in shown
    assert "pillow" in shown
    assert "glaucoma" in shown
    assert "inner thigh" in sleepward("show", "frog").stdout.lower()


def test_voices_name_the_default(sleepward: Command) -> None:
    done = sleepward("voices")
    assert "heart" in done.stderr
    ids = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert ids[0] == "hibari:heart", "the default comes first"
    assert sum(each.startswith("pyttsx3:") for each in ids) == 7
    assert len(sleepward("voices", "--all").stdout.splitlines()) > 100
    assert len(sleepward.json("voices")) > 100


def test_doctor_finds_all_well(outside: Command) -> None:
    done = outside("doctor")
    assert "FAIL" not in done.stdout
    assert "spoke" in done.stdout
    assert "read it back" in done.stdout


def test_doctor_names_the_one_command_that_mends_it(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = sleepward("doctor", env={"SLEEPWARD_CACHE_DIR": str(tmp_path / "file" / "cache")}, code=3)
    assert "FAIL  cache" in done.stdout
    assert "mend it with: export SLEEPWARD_CACHE_DIR=" in done.stdout


def test_own_routines_poses_and_templates_override_by_name(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "routines" / "poses").mkdir(parents=True)
    (tmp_path / "scripts_templates" / "gentle").mkdir(parents=True)
    (tmp_path / "routines" / "mine.yaml").write_text(
        "title: Mine\nsummary: My own.\nsetting: bed\neyes: closed\nsteps:\n  - pose: starfish\n    hold: 30 s\n"
    )
    (tmp_path / "routines" / "poses" / "starfish.yaml").write_text(
        "name: Starfish\nposition: supine\nenter: |\n  Spread both arms and both legs. [6s]\nleave: ''\n"
    )
    script = sleepward("script", "mine").stdout
    assert "# Starfish" in script
    assert "Spread both arms and both legs. [6s]" in script
    assert "mine" in sleepward("list").stdout
    template = tmp_path / "scripts_templates" / "gentle" / "routine.j2"
    template.write_text(
        "{% for visit in visits %}[pose {{ visit.pose.id }} {{ visit.round }}]\n{{ visit.enter }}\n"
        "[hold {{ visit.hold }}]\n[release]\n{% endfor %}[sleep]\n"
    )
    assert "# Arrival" not in sleepward("script", "mine").stdout
    template.write_text("{{ visits[0].enter }}\n[sleep]\n")
    assert "starfish, only, is in mine" in sleepward("script", "mine", code=2).stderr


def test_a_template_that_breaks_is_an_error_that_names_it(sleepward: Command, tmp_path: Path) -> None:
    folder = tmp_path / "scripts_templates" / "gentle"
    folder.mkdir(parents=True)
    (folder / "routine.j2").write_text("Hi.\n{{ nothing_like_it }}\n")
    done = sleepward("script", "deep-hip-opening", code=2)
    assert "gentle/routine.j2:2: this template doesn't render: " in done.stderr
    assert "nothing_like_it" in done.stderr
    (folder / "routine.j2").write_text("Hi.\n{% if %}\n")
    assert "gentle/routine.j2:2" in sleepward("script", "deep-hip-opening", code=2).stderr
    (folder / "routine.j2").write_text("{{ routine.__class__.__mro__ }}\n")
    sleepward("script", "deep-hip-opening", code=2)


def test_a_place_that_would_lose_something_is_refused(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(HI)
    (tmp_path / "file").write_text("in the way")
    for out, says in (
        ("night.txt", "a track is a file .mp3"),
        ("night.ogg", "a track is a file .mp3"),
        ("file/night.mp3", "file/night.mp3"),
        ("n" * 300 + ".mp3", "too long"),
    ):
        done = sleepward("build", "night.txt", "-o", out, "--voice", "tone", "--tail", "10s", code=2)
        assert says in done.stderr
    assert (tmp_path / "night.txt").read_text() == HI
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "night.txt"]


@pytest.mark.slow
def test_tracks_go_into_a_folder_and_never_over_each_other(sleepward: Command, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(HI)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text(HI)
    quick = ("--voice", "tone", "--tail", "10s")
    sleepward("build", "a.txt", "b.txt", "-o", "nights/", *quick)
    assert sorted(path.name for path in (tmp_path / "nights").iterdir()) == ["a.mp3", "b.mp3"]
    done = sleepward("build", "a.txt", "other/a.txt", *quick, code=2)
    assert "a.txt and" in done.stderr or "would both become" in done.stderr
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["a.mp3"]


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/b", "..", ".hidden", "a\\b"])
def test_a_script_cannot_say_where_its_track_goes(sleepward: Command, tmp_path: Path, name: str) -> None:
    done = sleepward("build", "-", "--voice", "tone", input=f"---\nroutine: {name}\n---\nHi.\n", code=2)
    assert "<stdin>:2" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="its shell can't close it")
def test_a_closed_standard_input_is_told(tmp_path: Path) -> None:
    assert SLEEPWARD
    command = ["sh", "-c", '"$0" build - <&-', SLEEPWARD]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "standard input is closed" in done.stderr


def test_one_broken_routine_hides_no_other(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "broken.yaml").write_text("title: x\n")
    done = sleepward("list", code=2)
    assert "deep-hip-opening" in done.stdout
    assert "broken.yaml:1" in done.stderr
    assert "mend it with: edit" in sleepward("doctor", code=2).stdout


def test_poses_are_listed_and_found_by_name(sleepward: Command) -> None:
    assert "figure-four" in sleepward("list", "--poses").stdout
    assert sleepward("show", "Figure Four").stdout == sleepward("show", "figure-four").stdout
    assert "did you mean figure-four" in sleepward("show", "figure-fuor", code=2).stderr
    assert "en-us+belinda" in sleepward("build", "deep-hip-opening", "--voice", "belinda", code=3).stderr


def test_repetitions_are_rounds_under_one_chapter(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "mine.yaml").write_text(
        "title: Mine\nsummary: x\nsetting: bed\neyes: closed\nsteps:\n"
        "  - pose: figure-four\n    hold: 20 s\n    reps: 2-3\n  - pose: rest\n    hold: 1-10 min\n"
    )
    plan = sleepward.json("plan", "mine", "--voice", "tone")
    holds = [
        (event["round"], event["end_ms"] - event["start_ms"]) for event in plan["events"] if event["kind"] == "hold"
    ]
    assert holds[:-1] == [("right", 20_000), ("left", 20_000)] * 2
    assert [chapter["title"] for chapter in plan["chapters"]] == ["Arrival", "Figure Four", "Rest"]


@pytest.mark.parametrize("hold", ["count 10", "count 30", "2 s", "5 breaths", "45 s"])
def test_any_hold_may_be_the_last(sleepward: Command, tmp_path: Path, hold: str) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "mine.yaml").write_text(
        f"title: Mine\nsummary: x\nsetting: bed\neyes: closed\nsteps:\n  - pose: rest\n    hold: {hold}\n"
    )
    holds = [event for event in sleepward.json("plan", "mine", "--voice", "tone")["events"] if event["kind"] == "hold"]
    assert [event["pose"] for event in holds] == ["rest"]


def test_nothing_is_said_after_the_last_hold(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "mine.yaml").write_text(
        "title: Mine\nsummary: x\nsetting: bed\neyes: closed\nsteps:\n  - pose: reclined-butterfly\n    hold: 1-3 min\n"
    )
    for name in ("mine", "deep-hip-opening", "lower-back-relief"):
        events = sleepward.json("plan", name, "--voice", "tone")["events"]
        hold = [event for event in events if event["kind"] == "hold"][-1]
        inside = [event for event in events if event["kind"] == "speech" and event["start_ms"] >= hold["start_ms"]]
        assert inside[0]["start_ms"] == hold["start_ms"]
        assert [event["text"] for event in inside[1:]] == ["Good night."]  # right after its first words
        assert inside[1]["start_ms"] - inside[0]["end_ms"] < 3_000
        assert events[-1]["kind"] == "tail"
        assert events[-1]["start_ms"] == hold["end_ms"]


def test_what_is_to_be_avoided_is_told_with_the_file_that_says_so(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "sleepward.toml").write_text('tail = "1m"\navoid = ["supine"]\n', encoding="utf-8")
    assert "sleepward.toml:2: nothing is left to end with" in sleepward("plan", "deep-hip-opening", code=2).stderr


def test_letters_that_the_pictures_font_lacks_are_told_and_nothing_is_warned_of(
    sleepward: Command, tmp_path: Path
) -> None:
    (tmp_path / "night.txt").write_text(
        f"---\ntitle: \u591c\u306e\u7720\u308a, Schlaf\n---\n# \u6df1 Ночь\n{HI}", "utf-8"
    )
    for picture in ("plan.png", "plan.svg"):
        done = sleepward("plan", "night.txt", "--voice", "tone", "--plot", picture)
        boxes = "the picture's font has no \u306e\u308a\u591c\u6df1\u7720, and shows boxes instead"
        assert done.stderr == f"{picture}: {boxes}\n"
        assert (tmp_path / picture).stat().st_size > 5_000
    (tmp_path / "night.txt").write_text(f"# Ночь, Nuit d\u2019\u00e9t\u00e9\n{HI}", "utf-8")
    assert sleepward("plan", "night.txt", "--voice", "tone", "--plot", "plan.png").stderr == ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there, age alone tells what is abandoned")
def test_what_killed_builds_left_goes_at_the_next_start_and_what_is_in_use_stays(
    outside: Command, tmp_path: Path
) -> None:
    (tmp_path / "night.txt").write_text(HI, encoding="utf-8")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (temporary / "sleepward-voice-notours0").symlink_to(tmp_path)
    (tmp_path / ".download.part").write_bytes(b"somebody else's")
    env = {"TMPDIR": str(temporary)}
    night = ["build", "night.txt", *TONE, "--tail", "8h", "--no-cache", "-o"]
    with contextlib.ExitStack() as stack:
        killed, living = (
            stack.enter_context(
                subprocess.Popen([SLEEPWARD or "", *night, name], cwd=tmp_path, env={**os.environ, **env})
            )
            for name in ("killed.flac", "living.flac")
        )
        for build in (killed, living):
            stack.callback(build.kill)
        while len(list(temporary.glob("sleepward-tags-*/in-use"))) < 2:  # made last, when the part is there
            time.sleep(0.005)  # how often it is looked for, which leaves the core to the builds
            assert killed.poll() is living.poll() is None
        killed.kill()
        killed.wait()
        assert len(list(temporary.glob("sleepward-*"))) == 5
        outside("build", "night.txt", *TONE, "--tail", "10s", "--no-cache", "-o", "new.mp3", env=env)
        left = sorted(path.name.split("-")[1] for path in temporary.iterdir())
        assert left == ["cache", "tags", "voice"]
        assert [path.name.split(".")[1] for path in tmp_path.glob(".*.flac.*")] == ["living"]
        living.terminate()
        assert living.wait() == 143
    assert [path.name for path in temporary.iterdir()] == ["sleepward-voice-notours0"]
    assert sorted(path.name for path in tmp_path.glob(".*")) == [".download.part"]


@pytest.mark.skipif(os.name != "posix", reason="only a POSIX shell can start a program without it")
def test_nothing_is_lost_where_there_is_no_standard_error(tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text("Rest. [2s]\n")
    assert SLEEPWARD is not None
    command = [SLEEPWARD, "plan", "night.txt", "--voice", "tone"]
    done = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *command], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, b"0:" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "night.txt", "--voice", "tone"),
        ("plan", "night.txt", "--voice", "tone", "--events"),
        ("program", "hips-and-back-week"),
        ("cache", "info"),
        ("show", "psoas-release"),
    ],
)
def test_what_is_piped_has_no_spaces_at_the_ends_of_lines(
    sleepward: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "night.txt").write_text(f"# One\n{HI}# Two\n[hold 20 s]\n[release]\nRest.\n", encoding="utf-8")
    lines = sleepward(*words).stdout.split("\n")
    assert len(lines) > 1
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_list_that_is_wrapped_keeps_its_indent(sleepward: Command) -> None:
    shown = sleepward("program", "hips-and-back-week", env={"COLUMNS": "60"}).stdout
    below = shown.partition("Good to know:\n")[2].partition("\n\n")[0].splitlines()
    assert len(below) > 4
    assert all(line.startswith("  ") for line in below), below
    poses = shown.partition("[deep-hip-opening]\n")[2].splitlines()[:3]
    assert len({len(line) - len(line.lstrip()) for line in poses}) == 1, poses


@pytest.mark.skipif(os.name != "posix", reason="only there are terminals to try")
def test_a_terminal_gets_long_lines_under_their_own_beginning(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    subprocess.run(
        [SLEEPWARD or "", "show", "psoas-release"],
        stdout=theirs,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "60"},
        check=True,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65_536):
            shown += part
    os.close(ours)
    lines = shown.decode().replace("\r", "").split("\n")
    assert max(map(len, lines)) <= 60
    begin = next(number for number, line in enumerate(lines) if line.startswith("  Edge-of-Bed Leg Dangle: Mind"))
    assert lines[begin + 1].startswith("    ")
