"""What hurts: the words of `--avoid`, and what each pose does with each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.definition.adapt import at_level
from generator.definition.bodies import CONDITIONS, LOADS, WORDS, avoidable_words, avoided_in, canonical
from generator.definition.loading import load_pose
from generator.model import POSITIONS, Level, Pose
from generator.workspace import Workspace
from generator.workspace.script_sources import routine_source
from tests.conftest import TONE, Command

LEVELS: tuple[Level, ...] = ("standard", "easier", "deeper")
POSES = {path.stem: load_pose(path) for path in sorted(Path("routines/poses").resolve().glob("*.yaml"))}
MAXIMAL_FLEXION = ("knee-hugs", "knees-to-chest", "happy-baby", "happy-baby-armpits")


def script(name: str, **flags: str) -> str:
    workspace = Workspace.here()
    return routine_source(workspace.read_routine(workspace.routine_path(name)), flags, workspace).text


def part(text: str, pose: str) -> str:
    """What is said of `pose`, its ways in and out included."""
    return "".join(re.findall(rf"(?ms)^\[pose {pose} .*?(?=^\[pose (?!{pose} )|^# |\Z)", text))


def ways() -> Iterator[tuple[str, Level, Pose]]:
    for pose in POSES.values():
        yield from ((pose.id, level, at_level(pose, level)) for level in LEVELS)


def outcome(pose: Pose, word: str) -> str:
    """`stays`, `easier` or `out`: what becomes of the standard way of `pose`."""
    if not avoided_in(pose, [word]):
        return "stays"
    return "out" if avoided_in(at_level(pose, "easier"), [word]) else "easier"


@pytest.mark.parametrize("style", ["gentle", "spare", "beginner", "breathing", "nidra"])
@pytest.mark.parametrize(
    ("routine", "poses"),
    [
        ("deep-hip-opening", ("knees-to-chest", "happy-baby")),
        ("lower-back-relief", ("knee-hugs",)),
        ("ten-minutes-in-bed", ("knee-hugs",)),
        ("soothing-hips", ("happy-baby-armpits",)),
    ],
)
def test_sore_knees_are_held_behind_the_thighs_and_told_so(routine: str, poses: tuple[str, ...], style: str) -> None:
    text = script(routine, avoid="knees", style=style)
    for pose in poses:
        said = part(text, pose)
        assert re.search(
            r"behind (both|your( right| left)?) thighs?|backs of both thighs|thigh in from behind", said
        ), said
        assert not re.search(r"\b(shins?|ankles|edges of)\b", said), said
        sides = re.findall(rf"(?m)^\[pose {pose} (right|left|both)\]", text)
        assert len(re.findall("thigh", said)) >= max(1, len(sides)), said


def test_no_knee_is_bent_as_far_as_it_goes_knelt_on_or_twisted_with_sore_knees() -> None:
    for routine in ("deep-hip-opening", "lower-back-relief", "soothing-hips", "ten-minute-hips", "ten-minutes-in-bed"):
        text = script(routine, avoid="knee")
        assert not re.search(r"(?i)hands and knees|over your (right|left) knee|across your (right|left) knee", text)


@pytest.mark.parametrize(
    ("word", "out", "easier", "stays"),
    [
        ("knees", "childs-pose pigeon pigeon-low lizard figure-four thread-the-needle reclined-hero",
         "knee-hugs knees-to-chest happy-baby happy-baby-armpits cat-cow frog reclined-butterfly",
         "supine-twist legs-up-the-wall chair-90-90 open-book rest"),
        ("hips", "pigeon frog figure-four knees-together-sway", "reclined-butterfly leg-dangle", "chair-90-90 head-turns"),
        ("lower-back", "leg-dangle frog", "gentle-bridge spinal-twist supine-twist supine-hip-flexor cat-cow",
         "knees-to-chest chair-90-90 pillow-release legs-up-the-wall"),
        ("neck", "ear-to-shoulder nose-to-armpit head-turns prone-internal-rotation supine-twist", "cat-cow gentle-bridge",
         "self-hug knees-to-chest"),
        ("shoulders", "open-book lizard", "self-hug chest-rest shoulder-rolls", "figure-four head-turns"),
        ("wrists", "lizard pigeon childs-pose reclined-hero", "cat-cow figure-four-seated frog", "seated-butterfly rest"),
        ("ankles", "childs-pose reclined-hero", "frog", "figure-four standing-sway"),
        ("pregnancy", "knee-hugs chair-90-90 prone-internal-rotation supine-twist legs-up-the-wall pillow-release",
         "childs-pose supine-internal-rotation", "self-hug open-book pelvic-circles rest"),
        ("reflux", "legs-up-the-wall gentle-bridge childs-pose prone-internal-rotation", "", "open-book rest"),
        ("dizziness", "legs-up-the-wall leg-dangle head-turns", "standing-sway pelvic-circles", "figure-four"),
        ("vertigo", "head-turns small-nod open-book supine-twist", "cat-cow standing-sway", "figure-four chair-90-90"),
        ("glaucoma", "legs-up-the-wall childs-pose frog prone-internal-rotation", "pigeon", "figure-four supine-twist"),
        ("balance", "leg-dangle", "standing-sway pelvic-circles supine-hip-flexor", "cat-cow"),
        ("osteoporosis", "spinal-twist supine-twist open-book childs-pose", "cat-cow", "figure-four"),
        ("hip-replacement", "supine-twist knee-hugs pigeon supine-internal-rotation", "", "chair-90-90 legs-up-the-wall"),
        ("sacroiliac", "pigeon pigeon-low frog figure-four lizard", "leg-dangle spinal-twist", "chair-90-90"),
    ],
)  # fmt: skip
def test_each_word_spares_what_it_names(word: str, out: str, easier: str, stays: str) -> None:
    for expected, poses in (("out", out), ("easier", easier), ("stays", stays)):
        assert {pose: outcome(POSES[pose], word) for pose in poses.split()} == dict.fromkeys(poses.split(), expected)


@pytest.mark.parametrize(
    "alias", ["knee", "back", "late-pregnancy", "heartburn", "bppv", "hands", "hip", "eyes", "on-the-belly"]
)
def test_other_names_do_the_same(alias: str) -> None:
    for pose in POSES.values():
        assert outcome(pose, alias) == outcome(pose, canonical(alias)), pose.id


def test_whoever_lies_flat_on_the_back_or_prone_is_told_of_in_late_pregnancy() -> None:
    for pose_id, level, pose in ways():
        if pose.position in ("supine", "prone") and pose_id != "rest":  # which is on the side then
            assert avoided_in(pose, ["pregnancy"]), (pose_id, level)


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        (r"hands and knees|[Ll]ean back on(to)? (your|both) hands|[Pp]ress (up )?(on|in)to both hands", "wrist-weight"),
        (r"forearms", "arm-weight"),
        (r"[Tt]urn your (face|head)|head roll|ear sink|chin sink|[Ll]ower your chin", "neck-range"),
        (r"[Hh]old your \{\{ side \}\} shin|around your shins|over your shins|edges of your feet", "knee-flexion"),
    ],
)
def test_what_the_words_ask_for_is_in_the_data(said: str, asks: str) -> None:
    optional = {"lizard", "supine-internal-rotation", "reclined-hero"}  # forearms in place of hands
    for pose_id, level, pose in ways():
        text = _at(pose.enter + pose.extra + pose.leave, level)
        if re.search(said, text) and not (asks == "arm-weight" and pose_id in optional):
            assert avoided_in(pose, [asks]), (pose_id, level)


def _at(text: str, level: str) -> str:
    """`text` as it is spoken at `level`, as far as the level decides."""
    from generator.script.round_contexts import first_round_variables, render_text

    pose = POSES["figure-four"]
    values = {**first_round_variables(pose), "level": level, "round": "right"}
    rendered = render_text(text, values, "x")
    return re.sub(r"\bright shin\b", "{{ side }} shin", rendered)


def test_the_note_says_the_word_that_was_typed(sleepward: Command) -> None:
    notes = sleepward.json("plan", "ten-minutes-in-bed", "--avoid", "sciatica,knee", *TONE)["adapted"]
    assert "Knee Hugs: the easier way, to avoid knee." in notes
    assert "Supine Twist: the easier way, to avoid sciatica." in notes


def test_an_easier_way_that_asks_for_more_gives_way_to_the_standard_one() -> None:
    text = script("soothing-hips", avoid="wrists", level="easier")
    assert "Butterfly: not the easier way, to avoid wrists." in text
    assert "Lean on both hands behind you" not in text


def test_in_pregnancy_the_night_is_on_the_side_unless_one_says_otherwise() -> None:
    text = script("neck-and-shoulders", avoid="pregnancy")
    assert "onto your side" in part(text, "rest")
    assert "You fall asleep on your side" in text
    assert "onto your side" not in part(script("neck-and-shoulders", avoid="pregnancy", sleep_position="back"), "rest")


@pytest.mark.parametrize(("word", "says"), [("kneez", "did you mean knees"), ("elephants", "knees, hips")])
def test_an_unknown_word_is_told_what_there_is(sleepward: Command, word: str, says: str) -> None:
    said = sleepward("plan", "deep-hip-opening", "--avoid", word, code=2).stderr
    assert says in said
    assert "lower-back" in said


def test_every_word_has_one_meaning_and_every_load_is_asked_for_by_some_pose() -> None:
    names = [*WORDS, *POSITIONS, *LOADS, *(alias for word in WORDS.values() for alias in word.aliases)]
    assert len(names) == len(set(names))
    assert set(CONDITIONS) <= set(avoidable_words(POSES.values()))
    asked = {load for load in LOADS for _, _, pose in ways() if avoided_in(pose, [load])}
    assert asked == set(LOADS)
    assert all(any(outcome(pose, word) != "stays" for pose in POSES.values()) for word in WORDS)


def test_tonight_takes_no_routine_of_which_little_is_left(
    sleepward: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLEEPWARD_DATA_DIR", str(tmp_path))
    chosen = sleepward.json("tonight", "--minutes", "20", "--avoid", "hips", "--dry-run", "--voice", "tone")
    assert "more than half of its poses" in chosen["reasons"]["ten-minute-hips"]
    assert chosen["routine"] not in ("ten-minute-hips", "deep-hip-opening")
