"""Level, avoid, first side, selection, repetitions: what a listener is led through, as typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from generator.errors import InputError
from generator.script.parse import parse
from generator.workspace.script_sources import routine_source
from tests.conftest import TONE, Command

ROUTINES = (
    "deep-hip-opening",
    "internal-hip-rotation",
    "lower-back-relief",
    "neck-and-shoulders",
    "psoas-release",
    "soothing-hips",
    "ten-minute-hips",
    "ten-minutes-in-bed",
)
LEVELS = ("easier", "standard", "deeper")


def script(name: str, **flags: str) -> str:
    from generator.workspace import Workspace

    workspace = Workspace.here()
    return routine_source(workspace.read_routine(workspace.routine_path(name)), flags, workspace).text


def rounds(text: str) -> list[tuple[str, str]]:
    return [(match[1], match[2]) for match in re.finditer(r"\[pose (\S+) (\S+)\]", text)]


def poses(text: str) -> list[str]:
    return list(dict.fromkeys(pose for pose, _ in rounds(text)))


def exchanged(text: str) -> str:
    """`text` with every right a left, and the other way round."""
    other = {"right": "left", "left": "right", "Right": "Left", "Left": "Right"}
    return re.sub(r"\b(right|left|Right|Left)\b", lambda word: other[word[0]], text)


def body(text: str) -> str:
    return text.split("---\n", 2)[2]


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ROUTINES)
def test_the_left_side_first_is_the_same_practice_mirrored(name: str, level: str) -> None:
    right = script(name, level=level)
    left = script(name, level=level, first_side="left")
    assert exchanged(body(right)) == body(left)
    if any(side in ("right", "left") for _, side in rounds(right)):
        assert body(left) != body(right)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ROUTINES)
def test_every_level_of_every_routine_is_a_script_that_ends_in_a_rest(name: str, level: str) -> None:
    text = script(name, level=level)
    parsed = parse(text, name)
    last = parsed.cues[-1]
    assert type(last).__name__ == "Hold"
    assert last.length is not None  # type: ignore[union-attr]
    assert last.length.elastic  # type: ignore[union-attr]
    assert last.where.pose == ("pillow-release" if name == "psoas-release" else "rest")


def test_levels_differ_where_a_pose_has_its_own_ways() -> None:
    easier, standard, deeper = (script("deep-hip-opening", level=level) for level in LEVELS)
    assert len({easier, standard, deeper}) == 3
    assert "[pose frog only]" in easier
    assert "belly" in easier.partition("[pose frog only]")[2].partition("[hold")[0]


def test_avoiding_swaps_for_the_easier_way_or_leaves_out_and_says_so(sleepward: Command) -> None:
    plan = sleepward.json("plan", "deep-hip-opening", "--avoid", "kneeling,heart-failure", *TONE)
    done = {event["pose"] for event in plan["events"]}
    assert "legs-up-the-wall" not in done
    assert "frog" in done
    assert any("Frog" in note and "easier" in note and "kneeling" in note for note in plan["adapted"])
    assert any(
        "Legs up the Wall" in note and "left out" in note and "heart-failure" in note for note in plan["adapted"]
    )
    shown = sleepward("plan", "deep-hip-opening", "--avoid", "kneeling,heart-failure", *TONE).stdout
    assert all(note.split(":")[0] in shown for note in plan["adapted"])


def test_nothing_that_only_a_pose_left_out_asks_for_is_fetched() -> None:
    assert "folded blanket" in script("deep-hip-opening")
    assert "folded blanket" not in script("deep-hip-opening", skip="legs-up-the-wall")


def test_what_is_avoided_must_exist(sleepward: Command) -> None:
    done = sleepward("plan", "deep-hip-opening", "--avoid", "kneelin", code=2)
    assert "did you mean kneeling" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ROUTINES)
def test_positions_connect_whatever_is_left_out(name: str) -> None:
    own = poses(script(name))[:-1]
    for pose in own:
        assert pose not in poses(script(name, skip=pose)) or len(own) == 1
        alone = poses(script(name, only=pose))
        assert alone[:1] == [pose]
        assert len(alone) == 2
    backwards = poses(script(name, order=",".join(reversed(own))))
    assert backwards[:-1] == list(reversed(own))


def test_a_pose_that_comes_twice_is_ordered_one_by_one() -> None:
    text = script("lower-back-relief", order="childs-pose,childs-pose")
    assert [pose for pose, _ in rounds(text)][:2] == ["childs-pose", "childs-pose"]


def test_the_last_pose_gives_way_to_rest_where_it_must_go() -> None:
    text = script("psoas-release", skip="pillow-release")
    assert poses(text)[-1] == "rest"
    assert "gives way to Rest" in text


@pytest.mark.parametrize("wrong", [{"only": "frogs"}, {"skip": "nothing-here"}, {"order": "no-such"}])
def test_a_pose_that_is_not_there_is_said(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match="no pose"):
        script("deep-hip-opening", **wrong)


def test_nothing_left_to_do_is_said() -> None:
    with pytest.raises(InputError, match="nothing is left"):
        script("ten-minutes-in-bed", avoid="supine")


@pytest.mark.parametrize(("asked", "holds"), [(None, 16), ("8", 16), ("12", 24)])
def test_repetitions_are_there_and_backs(asked: str | None, holds: int) -> None:
    flags = {"reps": asked} if asked else {}
    done = rounds(script("internal-hip-rotation", **flags))
    for pose in ("supine-internal-rotation", "prone-internal-rotation"):
        sides = [side for name, side in done if name == pose]
        assert sides == ["right", "left"] * (holds // 2)
    parsed = parse(script("internal-hip-rotation", **flags), "x")
    assert sum("Rotation" in chapter for chapter in parsed.chapters) == 2


def test_repetitions_outside_the_range_are_refused() -> None:
    with pytest.raises(InputError, match="8 to 12"):
        script("internal-hip-rotation", reps="20")


def test_flags_that_shape_words_come_too_late_for_a_script(sleepward: Command) -> None:
    text = sleepward("script", "ten-minutes-in-bed", "--level", "easier").stdout
    done = sleepward("plan", "-", "--level", "deeper", input=text, code=2)
    assert "script already" in done.stderr
    assert "sleepward script ROUTINE --level deeper" in done.stderr
    assert sleepward.json("plan", "-", "--level", "easier", *TONE, input=text)["settings"]["level"] == "easier"


@pytest.mark.parametrize(("routine", "says"), [("soothing-hips", True), ("deep-hip-opening", False)])
def test_knees_that_only_the_way_to_the_floor_needs_are_told_of(sleepward: Command, routine: str, says: bool) -> None:
    adapted = sleepward.json("plan", routine, "--avoid", "kneeling", *TONE)["adapted"]
    assert any("by way of one knee" in note for note in adapted) is says


def test_a_script_carries_what_was_adapted(sleepward: Command) -> None:
    text = sleepward("script", "deep-hip-opening", "--avoid", "kneeling").stdout
    piped = sleepward.json("plan", "-", *TONE, input=text)
    assert piped["adapted"] == sleepward.json("plan", "deep-hip-opening", "--avoid", "kneeling", *TONE)["adapted"] != []


def test_avoid_may_stand_in_a_routine_as_a_list(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "mine.yaml").write_text(
        "title: Mine\nsummary: x\nsetting: bed\neyes: closed\navoid: [kneeling, twists]\nsteps:\n"
        "- {pose: supine-twist, hold: 1 min}\n- {pose: frog, hold: 1 min}\n- {pose: rest, hold: 1-2 min}\n",
        encoding="utf-8",
    )
    plan: dict[str, Any] = sleepward.json("plan", "mine", *TONE)
    assert plan["settings"]["avoid"] == ["kneeling", "twists"]
    assert len(plan["adapted"]) == 2


def test_what_is_left_out_is_said_once_and_the_summary_promises_none_of_it(sleepward: Command) -> None:
    plan = sleepward.json("plan", "lower-back-relief", "--avoid", "knees", *TONE)
    assert len(plan["adapted"]) == len(set(plan["adapted"])) > 3  # Child's Pose comes twice
    whole, less = (parse(script("deep-hip-opening", **flags), "x") for flags in ({}, {"avoid": "glaucoma"}))
    assert "legs up the wall" in whole.summary
    assert less.summary == (
        "Reclined Butterfly, Knees to Chest, Happy Baby, Figure Four, Thread the Needle, Supine Twist and Rest."
    )
    assert parse(script("deep-hip-opening", level="easier", order="frog"), "x").summary == whole.summary


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--avoid", "nees"), "Error: --avoid: nothing asks for 'nees'"),
        (("--only", "frogs"), "Error: --only: deep-hip-opening has no pose 'frogs'"),
        (("--skip", "frogs"), "Error: --skip: there is no pose 'frogs'"),
        (("--order", "frogs"), "Error: --order: there is no pose 'frogs'"),
    ],
)
def test_a_setting_is_named_once(sleepward: Command, tmp_path: Path, words: tuple[str, str], says: str) -> None:
    assert sleepward("plan", "deep-hip-opening", *words, code=2).stderr.startswith(f"{says}\n")
    (tmp_path / "sleepward.toml").write_text(f'{words[0][2:]} = ["{words[1]}"]\n')
    told = sleepward("plan", "deep-hip-opening", code=2).stderr
    assert told.startswith(f"Error: sleepward.toml:1: {words[0][2:]}: ")
