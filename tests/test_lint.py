"""The linter as writers of routines meet it: each rule with words that break it and words that don't."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import pytest

from generator.definition.loading import parse_pose, parse_routine
from generator.lint import RULES, Finding, mirror_findings, pose_findings, routine_findings, script_findings
from generator.lint.sentences import reading_ease, syllables
from generator.model import Pose
from generator.script import parse
from generator.settings import PARSERS
from tests.conftest import Command

ROOT = Path(__file__).parent.parent

POSE = """\
name: Starfish
position: supine
rounds: [right, left]
enter: Open your {{ side }} arm. [6s]
switch: Now your {{ side }} arm. [6s]
leave: Both arms come in. [6s]
"""
REST = """\
name: Rest
position: supine
enter: Settle however you like to sleep. [9s]
leave: ''
"""
ROUTINE = """\
title: My night
summary: One pose, and sleep.
setting: bed
eyes: closed
props: [pillow]
steps:
  - pose: starfish
    hold: 1-3 min
  - pose: rest
    hold: 2 min
"""
SIDED = """\
Place a spare pillow near the headboard. [9s]
[pose starfish right]
{words}
[hold 60 s]
[release]
[pose starfish left]
[hold 60 s]
[at -8s]
Soon we move on.
[release]
"""


def _rules(findings: Collection[Finding]) -> set[str]:
    assert {finding.rule for finding in findings} <= set(RULES)
    return {finding.rule for finding in findings}


def _said(words: str) -> set[str]:
    """The rules that a sentence breaks, said on one side of a pose."""
    return _rules([*script_findings(parse(SIDED.format(words=words), "mine.txt"))])


def _pose(text: str, pose_id: str = "starfish") -> Pose:
    return parse_pose(text, f"{pose_id}.yaml", id=pose_id)


def _of_pose(text: str) -> set[str]:
    return _rules([*pose_findings(_pose(text))])


def _of_routine(text: str, **poses: str) -> set[str]:
    known = {"starfish": POSE, "rest": REST, **poses}
    routine = parse_routine(
        text,
        "r.yaml",
        name="r",
        poses=lambda pose_id: _pose(known[pose_id], pose_id),
        known_poses=lambda: list(known),
        known_settings=PARSERS,
    )
    return _rules([*routine_findings(routine)])


def _held(hold: str) -> set[str]:
    return _rules([*script_findings(parse(f"Lie down.\n[hold {hold}\n[release]\n[sleep]\n", "mine.txt"))])


# --- sentences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Bend the right knee and let the foot rest on the bed as softly as you would set a cup. [6s]", False),
        (
            "Bend the right knee and let the foot rest on the bed as softly as you would set a full cup. [6s]",
            True,
        ),
        (f"The sun {'shimmering' * 15} sinks. [6s]", True),
    ],
)
def test_a_sentence_is_short_enough_to_follow(words: str, broken: bool) -> None:
    assert ("long-sentence" in _said(words)) is broken


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Right knee in.", True),
        ("Left, then right.", True),
        ("Now the right knee comes in.", False),
        ("Rightly placed, the pillow holds you.", False),
    ],
)
def test_a_side_never_comes_first_out_of_the_silence(words: str, broken: bool) -> None:
    assert ("side-first" in _said(words)) is broken


@pytest.mark.parametrize(
    "words",
    [
        *("Only two more minutes.", "Thirty seconds left.", "You are almost there.", "We are half way through."),
        *("Stay for ten breaths.", "Take five slow breaths.", "Now try to sleep.", "You must relax."),
        *("If you're still awake, smile.", "Sink deeper now.", "This clears out toxins.", "Here lies stored tension."),
        *("Old emotions may leave you.", "This pose heals the back.", "Well done.", "That's it.", "Good job."),
        *("How does that feel?", "Watch your breath.", "Look at the ceiling.", "Do it as shown.", "You are safe."),
        *("Picture a lake.", "Click to go on."),
    ],
)
def test_what_is_never_said_is_found(words: str) -> None:
    assert "never-say" in _said(words)


@pytest.mark.parametrize(
    "words",
    [
        *("One more breath, as slow as it likes.", "Turn your head about halfway.", "Take a few slow breaths."),
        *("Let sleep come if it comes.", "Let deeper breaths come and go.", "Both heels rest on the bed."),
        *("If you like, try the other arm.", "Feel the watchful mind grow quiet.", "You can stop at any time."),
        *("Feelings may come; let them pass.", "Thank your body.", "It's over now."),
    ],
)
def test_what_only_sounds_like_it_is_not(words: str) -> None:
    assert "never-say" not in _said(words)


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Let the pelvis be comfortable.", False),
        ("Feel the musculature.", True),
        ("Feel the muscles.", False),
    ],
)
def test_a_long_word_is_found_unless_everyone_knows_it(words: str, broken: bool) -> None:
    assert ("reading-ease" in _said(words)) is broken


def test_a_text_of_many_syllables_is_hard_and_one_of_few_is_easy() -> None:
    hard = (
        "Progressive relaxation follows deliberate exhalation, gradually releasing tension surrounding major muscles. "
    )
    easy = "Let the breath go out. Let the back be heavy. The bed holds you. "
    assert "reading-ease" in _said(hard.replace("deliberate exhalation", "breathing outward") * 3)
    assert "reading-ease" not in _said(easy * 3)
    assert reading_ease(["Too few words to judge."]) is None


@pytest.mark.parametrize(
    ("word", "number"),
    [
        *(("hip", 1), ("knees", 1), ("breathe", 1), ("rises", 2), ("ankle", 2), ("ankles", 2), ("relaxed", 2)),
        *(("rested", 2), ("gently", 2), ("shoulder", 2), ("shoulders", 2), ("places", 2), ("pillow", 2), ("edges", 2)),
        *(("forehead", 2), ("everything", 4), ("comfortable", 4), ("counterclockwise", 4), ("I'll", 1)),
    ],
)
def test_syllables_are_counted_about_right(word: str, number: int) -> None:
    assert abs(syllables(word) - number) <= (word in ("forehead", "everything"))


# --- as people speak -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Bend the right knee.", True),
        ("Let the breath be slow.", True),
        ("Soften the jaw.", True),
        ("Bend your right knee.", False),
        ("Feel the back of your neck.", False),
        ("Let the leg on top be heavy.", False),
        ("Face the foot of the bed.", False),
        ("You may feel this in the hip that turns.", False),
        ("Lean against the headboard.", False),
    ],
)
def test_the_listeners_body_is_the_listeners(words: str, broken: bool) -> None:
    assert ("your-body" in _said(words)) is broken


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Draw your right knee in, hips level, your back down.", True),
        ("Bend your knees, your feet flat.", True),
        ("Feet together, and breathe.", True),
        ("Back to the middle.", True),
        ("Down sideways.", True),
        ("Bend your knees, and set your feet flat.", False),
        ("Bend your knees, with your feet flat.", False),
        ("As you breathe in, both shoulders lift.", False),
        ("Face both hips forward.", False),
        ("When you're ready, your right knee comes in.", False),
    ],
)
def test_a_sentence_is_whole(words: str, broken: bool) -> None:
    assert ("fragment" in _said(words)) is broken


PARTS = ("Your right thumb.", "Your index finger.", "The palm of your hand.", "Your right wrist.", "Your elbow.")


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        (" [3s]\n".join(PARTS), False),
        (" [3s]\n".join(PARTS[:4]), True),
        (" [3s]\n".join((*PARTS[:4], "Rest.", *PARTS[4:])), True),
        ("Your right thumb.", True),
        ("The space between your eyebrows.", True),
        ("Now your left knee.", False),  # the call of an alternation
        ("Your right knee drops.", False),
    ],
)
def test_parts_of_the_body_are_named_in_a_row_or_with_a_verb(words: str, broken: bool) -> None:
    assert ("fragment" in _rules([*script_findings(parse(words, "mine.txt"))])) is broken


def test_words_that_pace_a_breath_need_not_be_sentences() -> None:
    paced = "Lie down.\n[breathe 2]\nin: Shoulders up.\nout: Back, and down.\n[release]\n"
    assert "fragment" not in _rules([*script_findings(parse(paced, "mine.txt"))])


@pytest.mark.parametrize(
    "words",
    [
        *(
            "Should it be too strong, do less.",
            "You need know nothing yet.",
            "You needn't hurry.",
            "The end of this is near.",
        ),
        *("I'll let the quiet have you for a while.", "Before long, something else begins.", "Let no hand pull."),
        *(
            "This part is complete.",
            "Welcome to Deep hip opening in bed.",
            "Go the other way round.",
            "Wrap your arms round the shins.",
        ),
        *(
            "If a knee complains, do less.",
            "When this breath has gone, we move.",
            "Rest; stay here.",
            "You'll know, for I'll tell you.",
            "Rest your head on the pillow beside the pillow.",
        ),
        "Walk to bed, putting out each light behind you.",
    ],
)
def test_what_nobody_says_is_found(words: str) -> None:
    assert "plain-words" in _said(words)


@pytest.mark.parametrize(
    "words",
    [
        "Round your back as you breathe out.",
        "Turn around.",
        "You don't have to hurry.",
        "Lie in the warm, round hollow.",
        "You should be warm.",
        "Lay your right ankle across your left knee, and press your right knee away.",
        "Lay one pillow on the other pillow.",
    ],
)
def test_what_people_say_is_plain(words: str) -> None:
    assert "plain-words" not in _said(words)


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Lower your left foot, and lay your right ankle across that knee.", True),
        ("Rest that knee on the pillow.", True),
        ("Reach between them.", True),
        ("Lift your right ankle off, and set that foot down.", False),
        ("Lower your knees until they rest.", False),
        ("Breathe out, and let it go.", False),
    ],
)
def test_a_pronoun_has_its_noun_in_its_sentence(words: str, broken: bool) -> None:
    assert ("pronoun-without-noun" in _said(words)) is broken


# --- sides -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Bend the knee.", True),
        ("Let your arm float up.", True),
        ("With the left hand, lift the leg.", True),
        ("Bend the right knee.", False),
        ("Bend both knees, and lift one foot.", False),
        ("Bend the right knee, the foot flat.", False),
        ("Rest the hand on your belly.", False),
        ("Let the leg on top be heavy.", False),
        ("Lower that foot, and let its knee fall open.", False),
        ("Let the bent knee rest.", False),
        ("Let the crossed ankle rest.", False),
        ("Set the feet hip-wide.", False),
        ("Let the shoulder blades spread.", False),
        ("Let each breath soften the hip.", False),
        ("If the shoulder is easy, let the right arm rest.", False),
    ],
)
def test_a_single_limb_is_told_from_its_twin(words: str, broken: bool) -> None:
    assert ("limb-without-side" in _said(words)) is broken


def test_where_both_sides_do_the_same_a_limb_needs_no_side() -> None:
    script = parse("Lie down. Bend the knee.\n[pose starfish only]\nBend the knee.\n[hold 9 s]\n[release]", "mine.txt")
    assert "limb-without-side" not in _rules([*script_findings(script)])


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ("Open your {{ side }} arm", "Open your right arm", True),
        ("Open your {{ side }} arm", "Now {{ 'open your left' if first else 'open your other' }} arm", True),
        (
            "Open your {{ side }} arm",
            "Now {% if side == 'left' %}let{% else %}see{% endif %} the {{ side }} arm",
            False,
        ),
        ("Open your {{ side }} arm", "Lie upright, and open the {{ side }} arm", False),
        ("rounds:", "easier: Rest the left hand.\nrounds:", True),
        ("rounds:", "hold_lines: [All is right.]\nrounds:", True),
        ("rounds:", "felt: The right arm.\nrounds:", False),
    ],
)
def test_a_pose_names_its_sides_by_variables(old: str, new: str, broken: bool) -> None:
    assert POSE.count(old) == 1
    assert ("literal-side" in _of_pose(POSE.replace(old, new))) is broken


def test_a_side_that_a_template_names_itself_shows_in_the_mirror() -> None:
    script = parse("Lie on the right side. Open the right arm.", "one")
    mirrored = parse("Lie on the right side. Open the left arm.", "other")
    assert [finding.quote for finding in mirror_findings(script, mirrored)] == ["Lie on the right side."]


@pytest.mark.parametrize(
    ("sides", "broken"), [("[right, left]", False), ("[left, right]", False), ("[right]", True), ("[left]", True)]
)
def test_what_one_side_gets_the_other_gets_too(sides: str, broken: bool) -> None:
    step = f"hold: 1-3 min\n    sides: {sides}"
    assert ("unpaired-sides" in _of_routine(ROUTINE.replace("hold: 1-3 min", step))) is broken
    assert ("unpaired-sides" in _of_pose(POSE.replace("[right, left]", sides))) is broken


def test_the_sides_of_a_pose_may_stand_in_two_steps_if_their_holds_are_equal() -> None:
    first = "hold: 1-3 min\n    sides: [right]\n  - pose: starfish\n    hold: {hold}\n    sides: [left]"
    two = ROUTINE.replace("hold: 1-3 min", first)
    assert "unpaired-sides" not in _of_routine(two.replace("{hold}", "1-3 min"))
    assert "unpaired-sides" in _of_routine(two.replace("{hold}", "1-2 min"))


def test_a_script_holds_both_sides_of_a_pose_for_the_same_time() -> None:
    longer = SIDED.replace("left]\n[hold 60 s]", "left]\n[hold 90 s]").format(words="Open up.")
    assert "unpaired-sides" in _rules([*script_findings(parse(longer, "mine.txt"))])
    assert "unpaired-sides" not in _said("Open up.")


# --- ways out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        (POSE, False),
        (POSE.replace("leave: Both arms come in. [6s]", "leave: ''"), True),
        (REST, False),
        (REST + "ends: side\n", True),
        (REST.replace("supine", "kneeling"), True),
        (REST + "involves: [inversion]\n", True),
        (POSE + "easier: {summary: On a chair., position: chair, enter: Sit., leave: Stay.}\n", False),
        (POSE + "easier: {summary: On a chair., position: chair, enter: Sit.}\n", True),
        (POSE + "easier: {summary: Sit., leave: ''}\n", True),
    ],
)
def test_a_pose_says_how_one_comes_out_of_it(text: str, broken: bool) -> None:
    assert ("no-way-out" in _of_pose(text)) is broken


def test_only_the_last_step_may_end_in_silence() -> None:
    assert "no-way-out" not in _of_routine(ROUTINE)
    assert "no-way-out" in _of_routine(ROUTINE + "  - pose: rest\n    hold: 2 min\n")


@pytest.mark.parametrize(
    ("between", "broken"), [("", True), ("Lower the arms.", False), ("[9s]", True), ("[chime]", False)]
)
def test_a_hold_that_runs_into_the_next_is_ended_by_a_word_or_a_bell(between: str, broken: bool) -> None:
    text = f"Lie down.\n[hold 20 s]\n[release]\n{between}\n[hold 20 s]\n[release]\n[sleep]\n"
    assert ("no-way-out" in _rules([*script_findings(parse(text, "mine.txt"))])) is broken


@pytest.mark.parametrize(
    ("pose", "broken"),
    [
        (REST, False),
        (REST + "props: [two pillows]\n", False),
        (REST + "involves: [inversion]\n", True),
        (REST + "props: [chair]\n", True),
        (REST.replace("supine", "seated") + "ends: supine\n", True),
        (REST.replace("supine", "prone"), False),
        (REST.replace("supine", "prone") + "props: [pillow]\n", True),
        (POSE, True),
    ],
)
def test_the_last_pose_can_be_slept_in(pose: str, broken: bool) -> None:
    assert ("unsafe-ending" in _of_routine(ROUTINE, rest=pose)) is broken


# --- props, holds, and what is said again ------------------------------------------------------------


@pytest.mark.parametrize(
    ("props", "broken"), [("pillow", False), ("two pillows", False), ("chair", True), ("bolster, pillow", True)]
)
def test_a_routine_names_what_its_poses_use(props: str, broken: bool) -> None:
    assert ("prop-not-named" in _of_routine(ROUTINE, starfish=POSE + f"props: [{props}]\n")) is broken


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Slide the pillow under both knees.", False),
        ("Lay the blanket over both knees.", True),
        ("Rest both feet on the chair.", True),
        ("Push any blanket aside.", False),
    ],
)
def test_nobody_is_asked_for_what_was_not_named_at_the_start(words: str, broken: bool) -> None:
    assert ("prop-not-named" in _said(words)) is broken


def test_a_bed_has_a_pillow_for_the_head_and_a_mat_has_none() -> None:
    script = parse("Lie down.\n[hold 9 s]\n[release]\nRest your head on the pillow.\n", "mine.txt")
    assert "prop-not-named" not in _rules([*script_findings(script)])
    assert "prop-not-named" in _rules([*script_findings(script, setting="mat")])


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Slide the pillow under both knees.", False),
        ("Draw both knees in.", True),
    ],
)
def test_what_is_fetched_is_used(words: str, broken: bool) -> None:
    assert ("unused-prop" in _said(words)) is broken


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        ("Push the pillow aside.", True),
        ("Draw the pillow out from under you.", True),
        ("Push the pillow up beside your head.", False),
        ("Push any pillow aside.", False),
        ("Move away from the pillow.", False),
    ],
)
def test_what_comes_again_is_put_where_the_hand_finds_it(words: str, broken: bool) -> None:
    script = parse(
        SIDED.format(words=words) + "[pose rest only]\nReach for the pillow.\n[hold 9 s]\n[release]\n", "mine.txt"
    )
    assert ("prop-out-of-reach" in _rules([*script_findings(script)])) is broken


LINE = "Let the breath go where it likes."  # seven words: four seconds at 105 a minute


@pytest.mark.parametrize(
    ("hold", "style", "broken"),
    [
        ("5 min]", "gentle", True),
        ("5 min]", "spare", True),
        ("3 min]", "spare", False),
        ("3 min]", "gentle", True),
        ("2 min]", "gentle", False),
        ("1-3+ min]\n[at 50%]\nRest.", "gentle", True),  # it may be stretched to nine minutes
        ("1-3+ min]\n[at 50%]\nRest.\n[every 2 min]\nRest.", "gentle", False),
        ("1-3+ min]\n[every 3 min]\nRest.", "gentle", True),
        ("30 breaths]", "gentle", True),
        ("10 min]\nRest.\nStay.\nBreathe.\nRest on.\nStay on.", "gentle", False),
    ],
)
def test_nobody_is_left_without_a_word_for_long_before_the_last_rest(hold: str, style: str, broken: bool) -> None:
    script = parse(f"Lie down.\n[hold {hold}\n[release]\nSettle.\n[hold 9 min]\n[release]\n[sleep]\n", "mine.txt")
    assert ("long-silence" in _rules([*script_findings(script, style=style)])) is broken


@pytest.mark.parametrize(
    ("hold", "setting_up", "broken"),
    [
        ("20-40 s", "[50s]", False),
        ("20-40 s", "[90s]", True),
        ("20-40 s, usually 40 s", "[90s]", False),
        ("20 s", "[90s]", False),  # it can't last longer
        ("count 10", "[90s]", False),
    ],
)
def test_a_hold_that_takes_long_to_get_into_lasts_longer(hold: str, setting_up: str, broken: bool) -> None:
    text = f"[pose frog only]\nKneel. {setting_up}\n[hold {hold}]\n[release]\nLie down.\n[hold 9 min]\n[release]\n[sleep]\n"
    script = parse(text, "mine.txt")
    assert ("setting-up" in _rules([*script_findings(script)])) is broken


@pytest.mark.parametrize(("times", "broken"), [(4, False), (5, True)])
def test_silence_is_announced_seldom(times: int, broken: bool) -> None:
    holds = "".join(f"Lie down {number}.\n[hold 60 s]\nI'll be quiet now.\n[release]\n" for number in range(times))
    assert ("announcements" in _rules([*script_findings(parse(f"{holds}Go on.", "mine.txt"))])) is broken


@pytest.mark.parametrize(
    ("hold", "broken"),
    [
        (f"20 s]\n{LINE}", False),
        (f"3-60 s]\n{LINE}", True),
        (f"30 s]\n{LINE}\n{LINE}\n{LINE}", False),
        (f"12 s]\n{LINE}\n{LINE}\n{LINE}", True),
        (f"20-60 s]\n[at 30%]\n{LINE}\n[at -8s]\n{LINE}", False),
        (f"20-60 s]\n[at 50%]\n{LINE}\n[at -8s]\n{LINE}", True),
        (f"20-60 s]\n[at -3s]\n{LINE}", True),
        ("1 breaths]\n[at 0%]\n[breathe 2]", True),
        ("count 10]", False),
    ],
)
def test_the_lines_of_a_hold_fit_its_lower_end(hold: str, broken: bool) -> None:
    assert ("hold-too-full" in _held(hold)) is broken


@pytest.mark.parametrize(
    ("sentence", "times", "broken"),
    [
        ("Let the bed carry you now.", 2, False),
        ("Let the bed carry you now.", 3, True),
        ("Now the other arm.", 5, False),
    ],
)
def test_a_sentence_is_said_twice_at_most_unless_it_is_short(sentence: str, times: int, broken: bool) -> None:
    script = parse(f"{sentence} [4s]\n" * times, "mine.txt")
    assert ("said-too-often" in _rules([*script_findings(script)])) is broken


def test_the_calls_of_alternations_come_as_often_as_they_must() -> None:
    rounds = "".join(
        f"[pose sway {side}]\nAnd now let the knees sway over.\n[hold 9 s]\n[release]\n"
        for side in ("right", "left") * 3
    )
    assert "said-too-often" not in _rules([*script_findings(parse(rounds, "mine.txt"))])


# --- the command -------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a routine whose words could be better."""
    (tmp_path / "routines" / "poses").mkdir(parents=True)
    pose = POSE.replace(
        "Open your {{ side }} arm. [6s]", "|\n  Open\n  your {{ side }} arm. [6s]\n  Lift your leg. [6s]"
    )
    (tmp_path / "routines" / "my-night.yaml").write_text(ROUTINE.replace("props: [pillow]\n", ""), encoding="utf-8")
    (tmp_path / "routines" / "poses" / "starfish.yaml").write_text(pose, encoding="utf-8")
    return tmp_path


def test_a_warning_points_at_the_words_in_the_pose_and_is_said_once(sleepward: Command, folder: Path) -> None:
    done = sleepward("check")
    assert done.stdout.count("(limb-without-side)") == 1
    assert "  routines/poses/starfish.yaml:7:3: “Lift your leg.”: which leg isn't said: name its side" in done.stdout
    assert "2 files, 2 with warnings" in done.stderr


def test_warnings_fail_only_where_that_is_asked_and_faults_always(sleepward: Command, folder: Path) -> None:
    sleepward("check", code=0)
    sleepward("check", "--strict", code=1)
    sleepward("check", "--strict", "--json", code=1)
    with (folder / "routines" / "my-night.yaml").open("a", encoding="utf-8") as file:
        file.write("colour: blue\n")
    sleepward("check", "--strict", code=2)


def test_strict_is_content_with_good_words(sleepward: Command, folder: Path) -> None:
    pose = folder / "routines" / "poses" / "starfish.yaml"
    pose.write_text(
        pose.read_text(encoding="utf-8").replace("Lift your leg", "Lift your {{ other_side }} leg"), "utf-8"
    )
    assert "all well" in sleepward("check", "--strict").stderr


def test_machines_get_each_warning_with_its_place_and_rule(sleepward: Command, folder: Path) -> None:
    by_path = {checked["path"]: checked["warnings"] for checked in sleepward.json("check")}
    (warning,) = by_path["routines/poses/starfish.yaml"]
    assert (warning["file"], warning["line"], warning["column"], warning["rule"]) == (
        "routines/poses/starfish.yaml",
        7,
        3,
        "limb-without-side",
    )


def test_a_script_is_warned_of_at_its_line(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("---\ntitle: Mine\n---\nLie down. [4s]\n\nWell done. [4s]\n", encoding="utf-8")
    assert "mine.txt:6:1: “Well done.”: 'Well done': praise" in sleepward("check", "mine.txt").stdout


def test_words_of_a_template_are_quoted_at_the_step_that_says_them(sleepward: Command, folder: Path) -> None:
    own = folder / "scripts_templates" / "gentle"
    shutil.copytree(ROOT / "scripts_templates" / "gentle", own)
    lines = own / "lines.j2"
    lines.write_text(
        lines.read_text(encoding="utf-8").replace("In a moment, we'll change sides", "Still awake"), "utf-8"
    )
    done = sleepward("check", "routines/my-night.yaml")
    assert "routines/my-night.yaml:6:1: “Still awake.”" in done.stdout
    assert "(never-say)" in done.stdout


def test_positions_that_no_words_connect_are_a_fault_already(sleepward: Command, folder: Path) -> None:
    pose = folder / "routines" / "poses" / "starfish.yaml"
    pose.write_text(pose.read_text(encoding="utf-8").replace("position: supine", "position: standing"), "utf-8")
    assert "warn" in sleepward("check", "routines/my-night.yaml").stdout
    own = folder / "scripts_templates" / "shared"
    shutil.copytree(ROOT / "scripts_templates" / "shared", own)
    ways = (own / "ways.j2").read_text(encoding="utf-8")
    (own / "ways.j2").write_text(ways.replace(" standing':", " nowhere':"), encoding="utf-8")
    assert "no words lead from supine to standing" in sleepward("check", "routines/my-night.yaml", code=2).stdout


def test_every_built_in_text_is_clean(sleepward: Command) -> None:
    done = sleepward("check", "--strict", ROOT / "routines")
    assert "all well" in done.stderr
