"""Programmes: every night can be had, files sort, and whatever is wrong in one is said where it stands."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from generator.app.programs import (
    chosen_nights,
    load_program,
    night_flags,
    night_source,
    read_program,
    track_name,
)
from generator.build.pipeline import plan_track, read_spec
from generator.build.track import BuildContext
from generator.definition.program_models import Program, ProgramNight
from generator.definition.schema import schema
from generator.errors import DefinitionError, InputError
from generator.formats import CONTAINERS
from generator.model import Say
from generator.script import parse
from generator.settings import SETTINGS
from generator.storage.cache import Cache
from generator.timeline.layout import lay_out
from generator.timeline.timing import spoken_texts, timing_of
from generator.workspace import Workspace
from tests.conftest import Command

QUICK = ("--voice", "tone", "--tail", "10s", "--background", "none")
Plans = dict[str, list[tuple[ProgramNight, dict[str, Any]]]]
LETTER_MS = 100.6  # a character of the default voice at its default rate, measured over 240 sentences
BUILT_IN = ("hips-and-back-week", "psoas-three-weeks")
MINE = """\
title: Mine
summary: Two nights.
nights:
  - routine: mine
    length: 2m
    repeat: 2
  - routine: mine
    skip: [knee-hugs]
    note: Shorter.
    say: You can leave out the hugs tonight.
"""
ROUTINE = """\
title: Mine
summary: x
setting: bed
eyes: closed
steps:
  - pose: soles-together
    hold: 20 s
  - pose: knee-hugs
    hold: 10 s
  - pose: rest
    hold: 10-90 s
"""


def no_flags(**given: str) -> dict[str, str | None]:
    return {name: given.get(name) for name in SETTINGS}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A programme and a routine of one's own, in this folder."""
    file = tmp_path / "routines" / "programs" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(MINE)
    (tmp_path / "routines" / "mine.yaml").write_text(ROUTINE)
    return file


# --- the built-in ones --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plans(cache_folder: Path) -> Plans:
    """Each night of each built-in programme, spoken by the default voice."""
    context = BuildContext(Cache(cache_folder), 2)
    planned: Plans = {}
    for name in BUILT_IN:
        entries: dict[int, dict[str, Any]] = {}
        workspace = Workspace.here()
        program = load_program(name, workspace)
        for night in program.nights:
            if night.entry not in entries:
                own = night_flags(program, night, no_flags())
                source = night_source(night, own, workspace)
                entries[night.entry] = plan_track(read_spec(source, own, workspace), context).plan
        planned[name] = [(night, entries[night.entry]) for night in program.nights]
    return planned


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_night_has_the_length_it_names(name: str, plans: Plans) -> None:
    for night, planned in plans[name]:
        assert planned["guided_ms"] == int(night.settings["length"].removesuffix("m")) * 60_000
        assert planned["events"][-2]["pose"] in ("rest", "pillow-release")


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_night_has_room_for_a_slower_or_a_quicker_voice(name: str, plans: Plans) -> None:
    """A twentieth more or less speech, and the night can still be had."""
    for night, planned in plans[name]:
        speech_ms = sum(event["end_ms"] - event["start_ms"] for event in planned["events"] if event["kind"] == "speech")
        least_ms, most_ms = planned["length_range_ms"]
        assert least_ms + speech_ms // 20 <= planned["guided_ms"] <= most_ms - speech_ms // 20, night


@pytest.mark.parametrize("style", ["gentle", "spare", "beginner", "breathing", "nidra"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_style_and_night_can_be_had_at_the_length_it_names(name: str, style: str) -> None:
    """By the letters of what is said; a twentieth more or less speech leaves room for other voices."""
    workspace = Workspace.here()
    program = load_program(name, workspace)
    entries = {night.entry: night for night in program.nights}
    for night in entries.values():
        for number in ("0", "3"):
            own = night_flags(program, night, no_flags(style=style, night=number))
            piece = read_spec(night_source(night, own, workspace), own, workspace)
            timing = replace(timing_of(piece.settings), length_ms=None)
            spoken_ms = {text: round(len(text) * LETTER_MS) for text in spoken_texts(piece.script, timing)}
            timeline = lay_out(piece.script, spoken_ms, timing)
            speech_ms = sum(event.duration_ms for event in timeline.events if event.kind == "speech")
            least_ms, most_ms = timeline.length_range_ms
            assert piece.settings.length is not None
            assert least_ms + speech_ms // 20 <= piece.settings.length <= most_ms - speech_ms // 20, (night, number)


def test_the_three_weeks_grow_as_the_practice_says(
    plans: Plans,
) -> None:
    """One or two stretches to begin with; five to ten minutes of holds in the second week; then all of it."""
    nights = plans["psoas-three-weeks"]
    assert [night.number for night, _ in nights] == list(range(1, 22))
    holds = [[event for event in planned["events"] if event["kind"] == "hold"] for _, planned in nights]
    assert all(len({event["pose"] for event in night} - {"rest"}) <= 2 for night in holds[:7])
    held_ms = [sum(event["end_ms"] - event["start_ms"] for event in night) for night in holds]
    assert all(5 * 60_000 <= ms <= 10 * 60_000 for ms in held_ms[7:14]), held_ms
    whole = {step.pose.id for step in _routine("psoas-release").steps}
    assert {event["pose"] for event in holds[-1]} == whole
    guided_ms = [planned["guided_ms"] for _, planned in nights]
    assert max(guided_ms[:7]) < max(guided_ms[7:14]) < min(guided_ms[14:])


def _routine(name: str) -> Any:
    workspace = Workspace.here()
    return workspace.read_routine(workspace.routine_path(name))


def test_the_week_is_all_in_bed_and_for_hips_and_back() -> None:
    routines = [night.routine for night in load_program("hips-and-back-week", Workspace.here()).nights]
    assert len(routines) == 7
    assert {_routine(name).setting for name in routines} == {"bed"}
    assert {"lower-back-relief", "deep-hip-opening"} <= set(routines)
    assert all(one != other for one, other in zip(routines, routines[1:], strict=False))


def test_the_built_in_ones_suit_their_schema() -> None:
    for name in BUILT_IN:
        file = Path(load_program(name, Workspace.here()).path)
        assert file.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../schemas/program.json\n")
        jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema("program"))


# --- listing and building -----------------------------------------------------------------------------


def test_programmes_and_their_nights_are_listed(sleepward: Command, mine: Path) -> None:
    assert {each["name"] for each in sleepward.json("program")} == {*BUILT_IN, "mine"}
    assert "psoas-three-weeks: Three weeks for the psoas (21 nights)" in sleepward("program").stdout
    rows = sleepward.json("program", "mine")
    assert [(row["first"], row["last"], row["length"]) for row in rows] == [(1, 2, "2m"), (3, 3, None)]
    assert rows[0]["poses"] == ["Soles Together", "Knee Hugs", "Rest"]
    assert rows[1]["poses"] == ["Soles Together", "Rest"]
    shown = sleepward("program", "routines/programs/mine.yaml", "--days", "2-3", "--skip", "knee-hugs").stdout
    assert re.search(r"^2 +2m +Mine \[mine\]", shown, re.MULTILINE)
    assert "Knee Hugs" not in shown
    assert "Shorter." in shown


@pytest.mark.parametrize("style", ["gentle", "spare"])
def test_a_programme_speaks_its_own_word_after_the_greeting(mine: Path, style: str) -> None:
    program = load_program("mine", Workspace.here())
    first, *_, last = (
        night_source(night, night_flags(program, night, no_flags(style=style)), Workspace.here()).text
        for night in program.nights
    )
    greeting, word, *_ = (cue.text for cue in parse(last, "x").cues if isinstance(cue, Say))
    assert greeting == "Good evening."
    assert word == "You can leave out the hugs tonight."
    assert word not in first


@pytest.mark.slow
def test_nights_become_files_that_sort(sleepward: Command, mine: Path, tmp_path: Path) -> None:
    sleepward("program", "mine", "--build", *QUICK)
    folder = tmp_path / "output" / "mine"
    assert [file.name for file in sorted(folder.glob("*.mp3"))] == ["01-mine.mp3", "02-mine.mp3", "03-mine.mp3"]
    first, second = (folder / f"0{number}-mine.mp3" for number in (1, 2))
    assert CONTAINERS["mp3"].sound_sha256(first) == CONTAINERS["mp3"].sound_sha256(second)
    again = sleepward("program", "mine", "--build", "--days", "2", "--json", *QUICK).stdout
    facts = [json.loads(line) for line in again.splitlines()]
    assert [(each["night"], each["fresh"], each["duration_ms"]) for each in facts] == [(2, False, 130_000)]
    sleepward("program", "mine", "--build", "--days", "3", "-o", "nights", "--format", "wav", *QUICK)
    assert [file.name for file in (tmp_path / "nights").glob("*-mine.wav")] == ["03-mine.wav"]


def test_a_night_that_cannot_be_made_stops_no_other(sleepward: Command, mine: Path, tmp_path: Path) -> None:
    mine.write_text(MINE.replace("2m", "50m"))
    done = sleepward("program", "mine", "--build", *QUICK, code=2)
    assert "night 1: 50m isn't possible" in done.stderr
    assert [file.name for file in (tmp_path / "output" / "mine").glob("*.mp3")] == ["03-mine.mp3"]


def test_a_programme_of_ones_own_comes_first(sleepward: Command, mine: Path) -> None:
    mine.rename(mine.with_name("psoas-three-weeks.yml"))
    assert [row["title"] for row in sleepward.json("program", "psoas-three-weeks")] == ["Mine", "Mine"]


def test_flags_then_environment_then_the_night_then_the_routine(mine: Path) -> None:
    program = Program(
        "x", "x", "x", (), (night := ProgramNight(1, 0, "mine", {"tail": "2m", "rate": "110"}),), str(mine)
    )
    flags = night_flags(program, night, no_flags(rate="120"), {})
    assert (flags["rate"], flags["tail"]) == ("120", "2m")
    flags = night_flags(program, night, no_flags(), {"SLEEPWARD_TAIL": "1m"})
    assert (flags["rate"], flags["tail"]) == ("110", None)


def test_a_programme_reaches_no_file_outside_its_folder(sleepward: Command, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(b"RIFF")
    mine.write_text(MINE.replace("length: 2m", "background: ../../secret.wav"))
    done = sleepward("program", "mine", "--build", "--voice", "tone", "--days", "1", code=2)
    assert "outside the folder" in done.stderr
    assert "mine.yaml:4" in done.stderr


def test_names_sort_however_many_nights_there_are() -> None:
    nights = tuple(ProgramNight(number, 0, "mine") for number in range(1, 121))
    program = Program("x", "x", "x", (), nights)
    names = [track_name(program, night) for night in nights]
    assert names == sorted(names)
    assert track_name(Program("x", "x", "x", (), nights[:9]), nights[0]) == "01-mine"


# --- what is wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("title: Mine\n", "", "1:1: 'title' is missing"),
        ("nights:", "noets: [x]\nnights:", "3:1: 'noets' isn't a key here; did you mean notes"),
        ("  - routine: mine\n    length", "  - length", "4:5: 'routine' is missing"),
        ("routine: mine\n    skip", "routine: mien\n    skip", "7:14: there is no routine 'mien'; did you mean mine"),
        ("routine: mine\n    skip", "routine: ../mine\n    skip", "7:14: there is no routine '../mine'"),
        ("length: 2m", "length: 6", "5:13: 'length': '6' has no unit"),
        ("length", "lenght", "5:5: 'lenght' isn't a key here; did you mean length"),
        ("repeat: 2", "repeat: 0", "6:13: '0' isn't a number of nights: write one from 1 to 100"),
        ("repeat: 2", "repeat: often", "6:13: 'often' isn't a number of nights"),
        ("repeat: 2", "repeat: [2]", "6:13: 'repeat' takes one value"),
        ("[knee-hugs]", "[knee-hug]", "8:11: 'skip': mine has no pose 'knee-hug'; did you mean knee-hugs"),
        ("note: Shorter.", "level: harder", "9:12: 'level': 'harder' isn't one of easier"),
        ("note: Shorter.", "routine: mine", "9:5: 'routine' stands twice"),
        ("note: Shorter.", "note: {a: b}", "9:11: "),
        (MINE[MINE.index("nights:") :], "nights: []\n", "3:9: 'nights' is empty"),
        (MINE[MINE.index("nights:") :], "nights: soon\n", "3:9: 'nights' must be a list"),
        (MINE[MINE.index("nights:") :], "nights:\n  - mine\n", "4:5: "),
    ],
)
def test_faults_stand_at_their_place(sleepward: Command, mine: Path, old: str, new: str, fault: str) -> None:
    assert old in MINE
    mine.write_text(MINE.replace(old, new, 1))
    with pytest.raises(DefinitionError) as raised:
        read_program(mine, Workspace.here())
    assert any(str(each).startswith(f"{mine}:{fault}") for each in raised.value.faults), str(raised.value)
    assert len(raised.value.faults) == 1, str(raised.value)


def test_all_faults_are_said_at_once_and_hide_no_other_programme(sleepward: Command, mine: Path) -> None:
    mine.write_text(MINE.replace("2m", "6").replace("knee-hugs", "knee-hug"))
    done = sleepward("program", code=2)
    assert "mine.yaml:5:13" in done.stderr
    assert "mine.yaml:8:11" in done.stderr
    assert "psoas-three-weeks" in done.stdout


@pytest.mark.parametrize("days", ["0", "4", "2-1", "1-4", "x", "", "1-", "9" * 5000])
def test_nights_that_are_not_there_are_refused(mine: Path, days: str) -> None:
    with pytest.raises(InputError, match="--days"):
        chosen_nights(read_program(mine, Workspace.here()), days)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["psoas-three-week"], ["did you mean psoas-three-weeks"]),
        (["nowhere.yaml"], ["nowhere.yaml", "no such file"]),
        (["--build"], ["name a programme"]),
        (["mine", "--build", "-o", "a.mp3"], ["-o a.mp3", "folder"]),
        (["mine", "--rate", "fast"], ["--rate"]),
        (["mine", "--only", "figure-four"], ["--only", "figure-four"]),
    ],
)
def test_what_cannot_be_is_said(
    sleepward: Command, mine: Path, tmp_path: Path, words: list[str], says: list[str]
) -> None:
    done = sleepward("program", *words, code=2)
    assert all(part in done.stderr for part in says), done.stderr
    assert not (tmp_path / "output").exists()


def test_the_schema_refuses_what_we_refuse() -> None:
    """What an editor would underline."""
    good = yaml.safe_load(MINE)
    checker = jsonschema.Draft202012Validator(schema("program"))
    assert checker.is_valid(good)
    night = {"routine": "mine"}
    for wrong in ({**night, "lenght": "3m"}, {**night, "repeat": 0}, {"length": "3m"}, {**night, "level": "harder"}):
        assert not checker.is_valid({**good, "nights": [wrong]})
    assert not checker.is_valid({**good, "nights": []})


def test_every_programme_is_found() -> None:
    assert Workspace.here().program_names() == sorted(BUILT_IN)
