"""Routine and pose files: what a writer gets for a right one, and what is said, and where, for every wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from generator.definition.loading import load_pose, load_routine, parse_pose, parse_routine
from generator.definition.pose_text import TEXT_VARIABLES
from generator.durations import parse_duration
from generator.errors import DefinitionError, Diagnostic, InputError, NotFoundError
from generator.model import BreathWords, HoldLength, Pose, Routine, Variant
from generator.settings import PARSERS
from generator.yaml_source import MAX_BYTES, decode

ROUTINES = Path(__file__).parent.parent / "routines"

ROUTINE = """\
title: Ten minutes in bed
summary: A short one.
setting: bed
eyes: closed
props: [pillow, folded blanket]
notes:
  - Stop before it hurts.
steps:
  - pose: figure-four
    hold: 1-3+ min
    sides: [left]
    reps: 8-12
  - pose: rest
    hold: 5 min
length: 12m
background: rain
"""

POSE = """\
name: Figure Four
also: [Reclined Pigeon]
position: supine
ends: supine
rounds: [right, left]
enter: |
  Bend both knees. [7s]

  Lay the {{ side }} ankle across. {% if first %}Rest.{% endif %} [6s]
hold_lines:
  - Soften the {{ side }} hip.
  - "Let the {{ other_side }} foot be heavy."
switch: >
  The {{ side }} ankle
  comes across now.
leave: Feet down. [6s]
easier: Stay lower. [4s]
deeper:
  say: Draw the {{ side }} thigh in.
  summary: Both hands hold the thigh.
  ends: seated
  hold_lines: [Let the arms be long.]
  involves: [deep-flexion]
  leave: ''
felt: The hip.
props: [strap]
involves: [twists]
breaths:
  - in: Arms float up.
    out: And lower, {{ second_side }} hand first.
  - out: And again.
leave_out_for: [knees, hip-replacement]
caution: Nothing in the knee.
"""

POSES = {
    "figure-four": parse_pose(POSE, "figure-four.yaml", id="figure-four"),
    "rest": Pose("rest", "Rest", "supine", "supine", ("only",), "Lie down.", ""),
    "childs-pose": Pose("childs-pose", "Child's Pose", "kneeling", "kneeling", ("only",), "Fold.", "Rise."),
    "rising": Pose(
        *("rising", "Rising", "supine", "supine", ("only",), "Up.", ""), easier=Variant("Sit.", "", {"ends": "seated"})
    ),
    "legs-up": Pose("legs-up", "Legs Up", "supine", "legs-raised", ("only",), "Up.", ""),
}
SETTINGS: dict[str, Callable[[str], object]] = {"length": parse_duration, "background": str}


def _pose(pose_id: str) -> Pose:
    if pose_id == "broken":
        return parse_pose("name: Broken\nposition: floor\nenter: x\nleave: ''\n", "broken.yaml", id=pose_id)
    if pose_id not in POSES:
        raise NotFoundError(f"there is no pose called {pose_id!r}")
    return POSES[pose_id]


def _routine(text: str) -> Routine:
    return parse_routine(
        text, "r.yaml", name="ten-minutes", poses=_pose, known_poses=lambda: [*POSES], known_settings=SETTINGS
    )


def _faults(text: str, *, pose: bool = False) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        _ = parse_pose(text, "p.yaml", id="p") if pose else _routine(text)
    return [str(fault) for fault in caught.value.faults]


def _changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


# --- right ones ------------------------------------------------------------------------------------


def test_a_routine_keeps_everything_that_was_written() -> None:
    routine = _routine(ROUTINE)
    assert (routine.name, routine.title, routine.summary) == ("ten-minutes", "Ten minutes in bed", "A short one.")
    assert (routine.setting, routine.eyes, routine.path) == ("bed", "closed", "r.yaml")
    assert routine.props == ("pillow", "folded blanket")
    assert routine.notes == ("Stop before it hurts.",)
    assert routine.settings == {"length": "12m", "background": "rain"}
    first, last = routine.steps
    assert first.pose == POSES["figure-four"]
    assert first.hold == HoldLength("ms", 60_000, 180_000, more=True)
    assert first.hold_text == "1-3+ min"
    assert (first.rounds, first.reps, first.line) == (("left",), (8, 12), 9)
    assert (last.pose, last.rounds, last.reps, last.line) == (POSES["rest"], ("only",), None, 13)


def test_a_pose_keeps_everything_that_was_written() -> None:
    assert parse_pose(POSE, "poses/figure-four.yaml", id="figure-four") == Pose(
        id="figure-four",
        name="Figure Four",
        also=("Reclined Pigeon",),
        position="supine",
        ends="supine",
        rounds=("right", "left"),
        enter="Bend both knees. [7s]\n\nLay the {{ side }} ankle across. {% if first %}Rest.{% endif %} [6s]",
        hold_lines=("Soften the {{ side }} hip.", "Let the {{ other_side }} foot be heavy."),
        switch="The {{ side }} ankle comes across now.",
        leave="Feet down. [6s]",
        easier=Variant("Stay lower. [4s]"),
        deeper=Variant(
            "Draw the {{ side }} thigh in.",
            "Both hands hold the thigh.",
            {"ends": "seated", "hold_lines": ("Let the arms be long.",), "involves": ("deep-flexion",), "leave": ""},
        ),
        felt="The hip.",
        props=("strap",),
        involves=("twists",),
        breaths=(
            BreathWords("Arms float up.", "And lower, {{ second_side }} hand first."),
            BreathWords("", "And again."),
        ),
        leave_out_for=("knees", "hip-replacement"),
        caution="Nothing in the knee.",
        path="poses/figure-four.yaml",
    )


def test_a_pose_may_leave_out_what_has_a_default() -> None:
    pose = parse_pose("name: Rest\nposition: side\nenter: Settle.\nleave:\n", "p.yaml", id="rest")
    assert (pose.ends, pose.rounds, pose.leave, pose.switch, pose.hold_lines) == ("side", ("only",), "", "", ())


def test_a_step_without_sides_takes_the_poses_own_rounds() -> None:
    routine = _routine(_changed(ROUTINE, "    sides: [left]\n", ""))
    assert routine.steps[0].rounds == ("right", "left")


@pytest.mark.parametrize("word", ["no", "1:30", "007", "~", "true", "2026-01-01", "1e3"])
def test_words_that_yaml_would_turn_into_something_else_stay_what_was_written(word: str) -> None:
    assert _routine(_changed(ROUTINE, "A short one.", word)).summary == word


def test_a_way_in_another_position_stays_there_unless_the_pose_moves_on() -> None:
    pose = "name: P\nposition: kneeling\n{}enter: Fold.\nleave: Rise.\neasier: {{say: Lie., position: prone}}\n"
    stays = parse_pose(pose.format(""), "p.yaml", id="p")
    moves = parse_pose(pose.format("ends: supine\n"), "p.yaml", id="p")
    assert stays.easier == Variant("Lie.", "", {"ends": "prone", "position": "prone"})
    assert moves.easier == Variant("Lie.", "", {"position": "prone"})


def test_settings_that_name_several_things_may_be_lists() -> None:
    written = "length: 12m\navoid: [knees, prone]\nonly: figure-four, rest\n"
    routine = parse_routine(
        _changed(ROUTINE, "length: 12m\n", written),
        "r.yaml",
        name="r",
        poses=_pose,
        known_poses=lambda: [*POSES],
        known_settings=PARSERS,
    )
    assert routine.settings["avoid"] == "knees, prone"
    assert PARSERS["only"](routine.settings["only"]) == ("figure-four", "rest")


@pytest.mark.parametrize("reps", [("8", (8, 8)), ("8-12", (8, 12)), ("8 – 12", (8, 12))])
def test_repetitions_are_a_number_or_a_range(reps: tuple[str, tuple[int, int]]) -> None:
    assert _routine(_changed(ROUTINE, "8-12", reps[0])).steps[0].reps == reps[1]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    def marked(text: str) -> str:
        return decode(("\ufeff" + text.replace("\n", "\r\n")).encode(), "r.yaml")

    assert _routine(marked(ROUTINE)) == _routine(ROUTINE)
    assert parse_pose(marked(POSE), "p", id="p") == parse_pose(POSE, "p", id="p")


# --- wrong routines --------------------------------------------------------------------------------

WRONG_ROUTINES = [
    # what is written instead of what, then each fault in full
    ("hold: 5 min", "hold: 1:30", ['14:11: 1:30 without quotes is a number in YAML: write "1:30", or 1m30s']),
    ("hold: 5 min", "hold: 1:02:03", ['14:11: 1:02:03 without quotes is a number in YAML: write "1:02:03", or 1h2m3s']),
    ("length: 12m", "length: 29:05", ['15:9: 29:05 without quotes is a number in YAML: write "29:05", or 29m5s']),
    (
        "hold: 5 min",
        'hold: "1:75"',
        ["14:11: '1:75' isn't a time: write minutes and seconds like 29:05, or 1:04:10 with hours"],
    ),
    ("hold: 5 min", "hold: 90", ["14:11: '90' has no unit: write 90 s, or 90 breaths"]),
    ("hold: 5 min", "hold: 2.5", ["14:11: '2.5' has no unit: write 2.5 s, or 2.5 min"]),
    ("hold: 5 min", "hold: 1-3+", ["14:11: '1-3+' has no unit: write 1-3+ s, or 1-3+ breaths"]),
    ("hold: 5 min", "hold: 3-1 min", ["14:11: '3-1 min' runs backwards: write the smaller number first"]),
    ("hold: 5 min", "hold: 0 breaths", ["14:11: '0 breaths' is no hold at all: it must be more than 0"]),
    ("hold: 5 min", "hold: 4 h", ["14:11: '4 h' is longer than 3 h, the longest hold there is"]),
    (
        "hold: 5 min",
        "hold: 3000 breaths",
        ["14:11: '3000 breaths' is longer than 3 h, the longest hold there is: write fewer breaths"],
    ),
    (
        "hold: 5 min",
        "hold: count 1001",
        ["14:11: 'count 1001' counts further than 1000, the most there can be: write a smaller number"],
    ),
    (
        "hold: 5 min",
        "hold: 12345678901 s",
        ["14:11: '12345678901 s' has a number of more than 9 digits: write a smaller or rounder one"],
    ),
    (
        "hold: 5 min",
        "hold: a while",
        [
            (
                "14:11: 'a while' isn't a hold: write it like 90 s, 2 min, 1m30s, 20+ s, 1-3 min, 1-3+ min, "
                "10 breaths, 5-10 breaths, count 10 or count 10 silent"
            )
        ],
    ),
    (
        "hold: 5 min",
        "hold: [5 min]",
        ["14:11: 'hold' must be text, not a list or keys: a text with ': ' or brackets in it needs quotes"],
    ),
    (
        "hold: 5 min",
        "hold:",
        ["14:10: 'hold' has nothing in it: write something here, or leave the line out if it isn't required"],
    ),
    ("    hold: 5 min\n", "", ["13:5: 'hold' is missing: every step needs it, so add it"]),
    ("pose: figure-four", "pose: figure-for", ["9:11: there is no pose 'figure-for'; did you mean figure-four?"]),
    ("pose: figure-four", "pose: Figure Four", ["9:11: there is no pose 'Figure Four'; did you mean figure-four?"]),
    (
        "pose: figure-four",
        "pose: ../../secret",
        ["9:11: there is no pose '../../secret'; there are childs-pose, figure-four, legs-up, rest, rising"],
    ),
    ("sides: [left]", "sides: [lfet]", ["11:13: 'lfet' isn't a round; did you mean left?"]),
    (
        "sides: [left]",
        "sides: [left, both]",
        ["11:19: 'both' isn't a round of figure-four; there are right, left"],
    ),
    (
        "sides: [left]",
        "sides: [left, left]",
        ["11:19: 'left' is named twice: a pose has each round once; to do it again, add a step"],
    ),
    (
        "sides: [left]",
        "sides: []",
        ["11:12: 'sides' has no round in it: write like [right, left], or leave the line out"],
    ),
    (
        "sides: [left]",
        "sides: left",
        ["11:12: 'sides' must be a list: write [one, two], or each entry on a line of its own after '- '"],
    ),
    ("8-12", "a few", ["12:11: 'a few' isn't a number of repetitions: write it like 8 or 8-12"]),
    ("8-12", "12-8", ["12:11: '12-8' is impossible: at least 1, and the smaller number first"]),
    ("8-12", "0", ["12:11: '0' is impossible: at least 1, and the smaller number first"]),
    ("8-12", "101", ["12:11: '101' is more than 100 repetitions, the most there can be"]),
    ("8-12", "[8, 12]", ["12:11: 'reps' must be text: write it like 8 or 8-12"]),
    (
        "8-12",
        "100",
        ["12:11: 100 holds of '1-3+ min' are longer than 3 h: shorten the hold, or write fewer"],
    ),
    ("setting: bed", "setting: bde", ["3:10: 'bde' isn't a setting; did you mean bed?"]),
    (
        "eyes: closed",
        "eyes: wide",
        ["4:7: 'wide' isn't what 'eyes' can be; there are closed, open-while-standing"],
    ),
    (
        "title: Ten",
        "titel: Ten",
        [
            "1:1: 'titel' isn't a key here; did you mean title?",
            "1:1: 'title' is missing: the file needs it, so add it",
        ],
    ),
    ("length: 12m", "lenght: 12m", ["15:1: 'lenght' isn't a key here; did you mean length?"]),
    (
        "    reps: 8-12",
        "    lights: off",
        ["12:5: 'lights' isn't a key here; there are pose, hold, sides, reps, keep"],
    ),
    (
        "length: 12m",
        "length: 12",
        ["15:9: 'length': '12' has no unit: write it like 90 s, 2.5s, 25m, 2 min, 1m30s or 8h"],
    ),
    (
        "length: 12m",
        "length: [12m]",
        ["15:9: 'length' is a setting and must be text, not a list or keys: write it on one line"],
    ),
    (
        "pose: rest",
        "pose: childs-pose",
        [
            (
                "13:5: the last pose, childs-pose, ends kneeling; a track ends supine, side or prone: "
                "add a last step like 'pose: rest'"
            )
        ],
    ),
    (
        "pose: rest",
        "pose: rising",
        [
            (
                "13:5: the last pose, rising, ends seated; a track ends supine, side or prone: "
                "add a last step like 'pose: rest'"
            )
        ],
    ),
    (
        "hold: 5 min",
        "hold: 3 h\n" + "  - {pose: rest, hold: 3 h}\n" * 8,
        [
            (
                "9:3: these holds last 27h8m at their shortest, and a track lasts 24 h at most: "
                "shorten them, or leave some out"
            )
        ],
    ),
    (
        "pose: rest",
        "pose: legs-up",
        [
            (
                "13:5: the last pose, legs-up, ends legs-raised; a track ends supine, side or prone: "
                "add a last step like 'pose: rest'"
            )
        ],
    ),
    (
        "summary: A short one.",
        "summary: A short one.\ntitle: Another",
        ["3:1: 'title' stands twice, on line 1 and again on line 3: keep one of them"],
    ),
    (
        "    hold: 5 min",
        "    hold: 5 min\n    hold: 6 min",
        ["15:5: 'hold' stands twice, on line 14 and again on line 15: keep one of them"],
    ),
    (
        "[pillow, folded blanket]",
        "pillow",
        ["5:8: 'props' must be a list: write [one, two], or each entry on a line of its own after '- '"],
    ),
    (
        "- Stop before it hurts.",
        "- Stop: before it hurts.",
        ["7:5: this entry must be text, not a list or keys: a text with ': ' or brackets in it needs quotes"],
    ),
    ("setting: bed", "setting: &b bed", ["3:10: an anchor (&b), which isn't allowed here: delete it"]),
    ("setting: bed", "setting: *b", ["3:10: an alias (*b), which isn't allowed here: write the content out"]),
    (
        "setting: bed",
        "setting: !!python/name:os.system bed",
        ["3:10: a tag (tag:yaml.org,2002:python/name:os.system), which isn't allowed here: delete it"],
    ),
    (
        "A short one.",
        '"A \\x01short one."',
        ["2:10: a control character (U+0001) in a text, which can't be spoken: delete it"],
    ),
    ("A short one.", "A \x07short one.", ["2:12: a control character (U+0007), which can't be spoken: delete it"]),
    ("A short one.", "A \u2028short one.", ["2:12: a control character (U+2028), which can't be spoken: delete it"]),
    (
        "A short one.",
        "A\tshort one.",
        ["2:11: a tab, which YAML and voices stumble over: write a space instead"],
    ),
    (
        "    hold: 5 min",
        "\thold: 5 min",
        ["14:1: a tab in the indentation, which YAML doesn't allow: use spaces"],
    ),
    (
        "length: 12m\n",
        "---\nlength: 12m\n",
        ["15:1: a second document begins here: one a file, without '---' between"],
    ),
    (
        "A short one.",
        "Short: very.",
        [
            (
                "2:15: this isn't YAML: a colon and a space inside a "
                "text, or a line indented too far: put the text in quotes"
            )
        ],
    ),
    (
        "A short one.",
        '"A short one.',
        [("2:10: this isn't YAML: a quote or bracket is opened here and never closed: close it")],
    ),
    (
        "[pillow, folded blanket]",
        "[pillow, folded blanket",
        [("5:8: this isn't YAML: a comma or the closing bracket is missing: write lists like [right, left]")],
    ),
    (
        "A short one.",
        '"A \\short one."',
        ["2:13: this isn't YAML: in double quotes a backslash must be written twice"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), WRONG_ROUTINES, ids=lambda value: repr(value)[:40])
def test_each_fault_of_a_routine_is_said_where_it_stands(old: str, new: str, expected: list[str]) -> None:
    assert _faults(_changed(ROUTINE, old, new)) == [f"r.yaml:{fault}" for fault in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty: it needs at least its required keys, such as 'title' or 'name'"),
        ("# nothing yet\n", "1:1: the file is empty: it needs at least its required keys, such as 'title' or 'name'"),
        ("- a\n", "1:1: the file holds a list, not keys: write lines like 'title: Ten minutes in bed'"),
        ("rest", "1:1: the file holds text, not keys: write lines like 'title: Ten minutes in bed'"),
        ("a: " + "[" * 50, "1:11: lists or keys nested too deeply: a definition needs four levels at most"),
    ],
)
def test_a_file_of_another_shape_is_said_to_be_one(text: str, expected: str) -> None:
    assert _faults(text) == [f"r.yaml:{expected}"]


@pytest.mark.parametrize("steps", ["[]", "rest", "[rest]", "", "{pose: rest}"])
def test_steps_that_are_none_are_refused(steps: str) -> None:
    head = ROUTINE[: ROUTINE.index("steps:")]
    (fault,) = _faults(f"{head}steps: {steps}\n")
    assert fault.startswith("r.yaml:8:")


def test_every_fault_comes_at_once_in_the_order_of_the_file() -> None:
    text = ROUTINE.replace("setting: bed", "setting: sofa").replace("1-3+ min", "90").replace("12m", "soon")
    text = text.replace("[left]", "[both]").replace("title:", "titel:").replace("pose: rest", "pose: erst")
    places = [tuple(map(int, fault.split(":")[1:3])) for fault in _faults(text)]
    assert places == [(1, 1), (1, 1), (3, 10), (10, 11), (11, 13), (13, 11), (15, 9)]


def test_the_faults_of_a_pose_come_with_those_of_the_routine() -> None:
    text = _changed(_changed(ROUTINE, "pose: figure-four", "pose: broken"), "hold: 5 min", "hold: 5")
    faults = _faults(text)
    assert [fault.split(" ")[0] for fault in faults] == ["broken.yaml:2:11:", "r.yaml:14:11:"]


def test_a_fault_is_not_followed_by_others_it_caused() -> None:
    text = _changed(ROUTINE, "pose: rest\n    hold: 5 min", "pose: *a\n    hold: *b")
    assert [fault.split(" ")[0] for fault in _faults(text)] == ["r.yaml:13:11:", "r.yaml:14:11:"]


# --- wrong poses -----------------------------------------------------------------------------------

MAY_USE = "a text may use {{ side }}, {{ other_side }}, {% if … %} and {% say %}"
MAY_COMPARE = "a text can't compare like this: use == or !=, or 'in' with a list like ['right', 'left']"
KNOWN = ", ".join(TEXT_VARIABLES)
WRONG_POSES = [
    ("position: supine", "position: suppine", ["3:11: 'suppine' isn't a position; did you mean supine?"]),
    ("name: Figure Four\n", "", ["1:1: 'name' is missing: the file needs it, so add it"]),
    ("leave: Feet down. [6s]\n", "", ["1:1: 'leave' is missing: the file needs it, so add it"]),
    (
        "name: Figure Four",
        "name: Figure [Four]",
        [
            "1:7: 'name' has square brackets, but is spoken of in titles, where no marks can stand: use ( )",
        ],
    ),
    (
        "switch: >\n  The {{ side }} ankle\n  comes across now.\n",
        "",
        [
            "5:9: a pose with several rounds needs 'switch', the words that lead from one round to the next: add it",
        ],
    ),
    (
        "rounds: [right, left]",
        "rounds: [only]",
        [
            f"{place}: '{key}': '{name}' is only known in a pose whose rounds are sides: "
            "add 'rounds: [right, left]', or leave it out"
            for place, key, name in [
                ("9:14", "enter", "side"),
                ("11:19", "hold_lines", "side"),
                ("12:17", "hold_lines", "other_side"),
                ("14:10", "switch", "side"),
                ("19:20", "say", "side"),
            ]
        ],
    ),
    # marks
    (
        "Bend both knees. [7s]",
        "Bend both knees. [7]",
        ["7:20: 'enter': [7] isn't a pause: write one like [6s] or [3 breaths], or \\[ for a bracket"],
    ),
    (
        "leave: Feet down. [6s]",
        'leave: "Feet \\x64own. [hold 3s] {{ first }} [1 breaths"',
        [
            f"16:{column}: 'leave': [{inside}] isn't a pause: write one like [6s] or [3 breaths], or \\[ for a bracket"
            for column, inside in [(23, "hold 3s"), (45, "1 breaths")]
        ],
    ),
    # the new ways
    (  # kneeling has more of its letters than what was meant
        "position: supine",
        "position: lying",
        [
            (
                "3:11: 'lying' isn't a position; there are supine, prone, side, seated, kneeling, all-fours, standing, "
                "chair, legs-raised, edge"
            )
        ],
    ),
    (
        "ends: seated",
        "ends: setaed",
        ["21:9: 'setaed' isn't a position; did you mean seated?"],
    ),
    (
        "  involves: [deep-flexion]",
        "  involvs: [deep-flexion]",
        ["23:3: 'involvs' isn't a key here; did you mean involves?"],
    ),
    (
        "involves: [twists]",
        "involves: [twist]",
        ["27:12: 'twist' isn't what 'involves' can be; did you mean twists?"],
    ),
    (
        "[knees, hip-replacement]",
        "[knee, Hip Replacement, wrists, whiplashs]",
        [
            "32:17: 'knee' is called knees in a pose: write that, and --avoid will know both",
            "32:23: 'Hip Replacement' isn't a name: write it like hip-replacement, small and with hyphens",
            "32:48: 'whiplashs' isn't a condition that 'avoid' knows; did you mean whiplash?",
        ],
    ),
    (
        "  - out: And again.",
        "  - {}",
        ["31:5: this breath has no words: write 'in: …', 'out: …' or both"],
    ),
    (
        "  - out: And again.",
        "  - And again.",
        ["31:5: a breath must have keys: write 'in: …' and 'out: …'"],
    ),
    (
        "  - out: And again.",
        "  - out: And {{ agian }}.",
        ["31:17: 'out': 'agian' isn't known in a pose's text; did you mean again?"],
    ),
    (
        "  - out: And again.",
        "  - out: And again. [2s]",
        [
            "31:10: this text has a mark in square brackets, but is spoken inside a hold, which no pause can lengthen",
        ],
    ),
    (
        '"Let the {{ other_side }} foot be heavy."',
        '"Let the foot be heavy. [4s]"',
        [
            "12:5: this text has a mark in square brackets, but is spoken inside a hold, which no pause can lengthen",
        ],
    ),
    (
        "easier: Stay lower. [4s]",
        "easier: [Stay lower.]",
        ["17:9: this must be a text, or keys such as say, summary and what they change: a list can't be spoken"],
    ),
    (
        "easier: Stay lower. [4s]",
        "easier: Stay {{ lwer }}. [4s]",
        [f"17:17: 'easier': 'lwer' isn't known in a pose's text; there are {KNOWN}"],
    ),
    (
        "easier: Stay lower. [4s]",
        "easier: {position: prone}",
        ["17:9: 'summary' is missing: a way without 'say' needs it for listings, so add one of the two"],
    ),
    (
        "easier: Stay lower. [4s]",
        "easier: {say: Stay lower., switch: ''}",
        ["17:9: 'easier' has several rounds, and no 'switch' to lead from one to the next: add it"],
    ),
    # Jinja, in a block, in quotes, folded and plain
    (
        "Lay the {{ side }}",
        "Lay the {{ sied }}",
        ["9:14: 'enter': 'sied' isn't known in a pose's text; did you mean side?"],
    ),
    (
        "Lay the {{ side }}",
        "Lay {{ knee }}, {{ knee }}",
        [f"9:{column}: 'enter': 'knee' isn't known in a pose's text; there are " + KNOWN for column in (10, 22)],
    ),
    (
        "the {{ other_side }} foot",
        "\\x74he {{ othr_side }} foot",
        ["12:20: 'hold_lines': 'othr_side' isn't known in a pose's text; did you mean other_side?"],
    ),
    (
        "The {{ side }} ankle\n",
        "The ankle\n  of the {{ sid }} leg\n",
        ["15:13: 'switch': 'sid' isn't known in a pose's text; did you mean side?"],
    ),
    (
        "Feet down.",
        "Feet {{ dwn }}.",
        [
            f"16:16: 'leave': 'dwn' isn't known in a pose's text; there are {KNOWN}",
        ],
    ),
    (
        "Lay the {{ side }}",
        "Lay the { side }",
        [
            f"{place}: 'enter': a curly bracket that belongs to no {{{{ … }}}} or {{% … %}}, "
            "and can't be spoken: mend it"
            for place in ("9:11", "9:18")
        ],
    ),
    (
        "Lay the {{ side }}",
        "Lay the {{ side | shuffle }}",
        ["9:21: 'enter': a text can't use the filter 'shuffle'; there are capitalize, lower, title, trim, upper"],
    ),
    (
        "Lay the {{ side }}",
        "Lay the {{ 9**9**9 }}",
        [f"9:11: 'enter': a text can't use Jinja's 'pow': {MAY_USE}"],
    ),
    (
        "Lay the {{ side }}",
        "Lay the {{ side | trim(5) }}",
        ["9:21: 'enter': 'trim' takes nothing in brackets here: delete them"],
    ),
    *(
        ("Lay the {{ side }}", f"Lay the {{{{ {compared} }}}}", [f"9:11: 'enter': {MAY_COMPARE}"])
        for compared in ("side < 1", "side in first", "first in side")
    ),
    (
        "Lay the {{ side }}",
        "{% include 'x' %} the",
        [f"9:3: 'enter': a text can't use Jinja's 'include': {MAY_USE}"],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), WRONG_POSES, ids=lambda value: repr(value)[:40])
def test_each_fault_of_a_pose_is_said_where_it_stands(old: str, new: str, expected: list[str]) -> None:
    assert _faults(_changed(POSE, old, new), pose=True) == [f"p.yaml:{fault}" for fault in expected]


@pytest.mark.parametrize(
    ("old", "new", "at", "names"),
    [
        ("Lay the {{ side }}", "Lay the {{ side }", "9:11", "'}'"),
        ("{% if first %}", "{% fi first %}", "9:36", "'fi'"),
        ("{% endif %}", "", "9:36", ""),  # where the `if` opens
        ("both knees.", "both {{ knees.", "7:13", ""),
    ],
)
def test_what_is_no_template_is_shown_where_it_begins_to_be_none(old: str, new: str, at: str, names: str) -> None:
    """Jinja's own words stand in brackets."""
    (fault,) = _faults(_changed(POSE, old, new), pose=True)
    assert fault.startswith(f"p.yaml:{at}: 'enter': this isn't a template (")
    assert fault.endswith(f"): {MAY_USE}")
    assert names in fault.removesuffix(MAY_USE)


# --- files nobody meant well with ------------------------------------------------------------------


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    faults = _faults(bomb)
    assert "r.yaml:1:5: an anchor (&a0), which isn't allowed here: delete it" in faults
    assert "r.yaml:2:10: an alias (*a0), which isn't allowed here: write the content out" in faults


def test_a_file_over_one_megabyte_is_refused() -> None:
    expected = ["r.yaml:1:1: the file is over 1 MB: a routine or pose is a few kB of text; is this the right file?"]
    assert _faults(ROUTINE + "#" * MAX_BYTES) == expected
    assert _faults(ROUTINE + "#" + "é" * (MAX_BYTES // 2)) == expected


def test_thousands_of_faults_are_counted_rather_than_listed() -> None:
    faults = _faults(ROUTINE + "".join(f"key{n}: x\n" for n in range(5_000)))
    assert len(faults) == 101
    assert faults[-1].endswith("… and 4900 faults more: mend these first")


def test_a_file_that_isnt_utf_8_is_refused_at_the_byte() -> None:
    with pytest.raises(DefinitionError) as caught:
        decode("title: é\nsummary: é".encode() + "é".encode("latin-1"), "r.yaml")
    expected = "r.yaml:2:11: byte 0xe9 isn't UTF-8 text: save the file with the encoding UTF-8"
    assert [str(fault) for fault in caught.value.faults] == [expected]


def _read(text: str) -> None:
    """Read as a routine and as a pose; anything but DefinitionError is a fault of ours."""
    lines = text.replace("\r\n", "\n").split("\n")
    for parse in (_routine, lambda text: parse_pose(text, "p.yaml", id="p")):
        faults: tuple[Diagnostic, ...] | None = None
        try:
            parse(text)
        except DefinitionError as error:
            faults = error.faults
        assert faults is None or faults
        for fault in faults or ():
            assert fault.message
            if fault.file != "broken.yaml":
                assert 1 <= fault.line <= len(lines)
                assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1


@given(st.binary(max_size=200))
@example(b"\xff\xfet\x00i\x00")
def test_no_bytes_raise_anything_but_a_definition_error(data: bytes) -> None:
    try:
        text = decode(data, "r.yaml")
    except DefinitionError:
        return
    _read(text)


PIECES = [
    *(
        "title",
        "name",
        "steps",
        "pose",
        "hold",
        "sides",
        "enter",
        "switch",
        "hold_lines",
        "rest",
        "figure-four",
        "reps",
    ),
    *(
        ": ",
        ":\n",
        "\n",
        "\n  ",
        "\n  - ",
        "- ",
        " |\n  ",
        " >-\n   ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "? ",
        "# ",
        "---\n",
        "...",
    ),
    *(
        "&a ",
        "*a",
        "!!str ",
        "!",
        '"',
        "'",
        "\\",
        "\\x01",
        "\\ud800",
        "%YAML 1.1\n",
        "\t",
        "\x00",
        "\x85",
        "\r",
        "\ufeff",
    ),
    *(
        "{{ ",
        " }}",
        "{% if ",
        " %}",
        "{% endif %}",
        "{{ side }}",
        "{# ",
        "{%- else -%}",
        "{% raw %}",
        "side",
        "9" * 5_000,
    ),
    *("1:30", "90 s", "1-3 min", "8-12", "é", "😴", "\ud800", "|", "~", "'a' * 9"),
    *("first", " in ", " not in ", " < ", " == ", "(5)", "['right']", " | trim", " is defined"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@settings(max_examples=300)
def test_nothing_yaml_like_raises_anything_but_a_definition_error(text: str) -> None:
    _read(text)


@given(
    st.sampled_from([ROUTINE, POSE]),
    st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 12), st.sampled_from(["", *PIECES])), min_size=1, max_size=3
    ),
)
@settings(max_examples=300)
def test_no_slip_of_the_pen_raises_anything_but_a_definition_error(
    text: str, slips: list[tuple[int, int, str]]
) -> None:
    for at, cut, piece in slips:
        text = text[:at] + piece + text[at + cut :]
    _read(text)


@given(st.lists(st.sampled_from([piece for piece in PIECES if piece.isprintable()]), max_size=12).map("".join))
@settings(max_examples=200)
def test_a_text_that_is_accepted_can_be_rendered_for_a_side(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    try:
        pose = parse_pose(_changed(POSE, "Feet down. [6s]", quoted), "p.yaml", id="p")
    except DefinitionError:
        return
    values = dict.fromkeys(TEXT_VARIABLES, "right") | {"first": True, "again": False, "last": True}
    SandboxedEnvironment(undefined=StrictUndefined).from_string(pose.leave).render(values)


# --- files -----------------------------------------------------------------------------------------


def test_a_file_gives_its_routine_and_its_poses_by_their_file_names(tmp_path: Path) -> None:
    (tmp_path / "figure-four.yaml").write_text(POSE, encoding="utf-8")
    path = tmp_path / "ten-minutes.yaml"
    path.write_text(ROUTINE, encoding="utf-8")
    pose = load_pose(tmp_path / "figure-four.yaml")
    routine = load_routine(
        path,
        poses=lambda pose_id: pose if pose_id == "figure-four" else _pose(pose_id),
        known_poses=lambda: [*POSES],
        known_settings=SETTINGS,
    )
    assert (pose.id, pose.path) == ("figure-four", str(tmp_path / "figure-four.yaml"))
    assert (routine.name, routine.path, routine.steps[0].pose) == ("ten-minutes", str(path), pose)


def test_a_file_that_isnt_there_or_cant_be_read_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no such file"):
        load_pose(tmp_path / "nowhere.yaml")
    with pytest.raises(InputError, match="it can't be read"):
        load_pose(tmp_path)


@pytest.mark.parametrize("path", sorted(ROUTINES.glob("poses/*.yaml")), ids=lambda path: path.stem)
def test_every_pose_of_the_house_loads(path: Path) -> None:
    pose = load_pose(path)
    assert pose.id == path.stem
    assert pose.enter


@pytest.mark.parametrize("path", sorted(ROUTINES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_routine_of_the_house_loads(path: Path) -> None:
    folder = ROUTINES / "poses"
    routine = load_routine(
        path,
        poses=lambda pose_id: load_pose(folder / f"{pose_id}.yaml"),
        known_poses=lambda: [pose.stem for pose in folder.glob("*.yaml")],
        known_settings=PARSERS,
    )
    assert routine.name == path.stem
    assert routine.steps
