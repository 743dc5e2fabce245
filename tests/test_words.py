"""The words of every style and night: what each must name, how far nights differ, how few spare has, and what fits."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations, permutations
from pathlib import Path

import pytest

from generator.lint import script_findings
from generator.lint.practice import props_in
from generator.lint.sentences import is_named_part
from generator.lint.sides import with_sides_swapped
from generator.model import POSITIONS, Breathe, Cue, Hold, Item, Routine, Say, Script
from generator.script import WordingSettings, parse
from generator.script.render import route
from generator.script.round_contexts import RoundContext, environment, is_brief, round_contexts
from generator.script.template_steps import limited
from generator.script.templates import loader_of
from generator.script.variation import NightWording
from generator.timeline.layout import lay_out
from generator.timeline.timing import Timing, spoken_texts
from generator.workspace import Workspace
from generator.workspace.script_sources import routine_script
from tests.conftest import Command

ROOT = Path(__file__).parent.parent
ROUTINES = [
    "deep-hip-opening",
    "soothing-hips",
    "ten-minute-hips",
    "psoas-release",
    "lower-back-relief",
    "internal-hip-rotation",
    "neck-and-shoulders",
    "ten-minutes-in-bed",
]
STYLES = ["gentle", "spare", "beginner", "breathing", "nidra"]
RITUAL = "nidra"  # says the same words every night
NIGHTS = range(int(os.environ.get("TEST_NIGHTS", "7")))
"""Night 0, and a night of each theme and more. CI reads 12; `TEST_NIGHTS=30 pytest tests/test_words.py`, a month."""
THEMES = 5
LEVELS = ["easier", "deeper"]
CALLED = 2  # a round that comes oftener than this is one of an alternation

every_routine = pytest.mark.parametrize("routine", ROUTINES)
every_style = pytest.mark.parametrize("style", STYLES)
every_varied_style = pytest.mark.parametrize("style", [style for style in STYLES if style != RITUAL])


# --- scripts, each rendered once -----------------------------------------------------------------------


@cache
def defined(routine: str) -> Routine:
    return Workspace.here().read_routine(ROOT / "routines" / f"{routine}.yaml")


@cache
def rendered(routine: str, style: str, night: int = 0, more: tuple[tuple[str, str], ...] = ()) -> str:
    return routine_script(defined(routine), {"style": style, "night": str(night), **dict(more)}, Workspace.here())


@cache
def scripted(routine: str, style: str, night: int = 0, more: tuple[tuple[str, str], ...] = ()) -> Script:
    return parse(rendered(routine, style, night, more), routine)


@cache
def visited(routine: str, style: str, night: int = 0) -> tuple[RoundContext, ...]:
    return tuple(
        round_contexts(defined(routine), WordingSettings(10_000, 1_500, style=style, night=night), NightWording(night))
    )


def sentences(cues: Sequence[Cue | Item]) -> Iterator[Say]:
    """What is said, but for the words that pace a breath."""
    for cue in cues:
        if isinstance(cue, Say):
            yield cue
        elif isinstance(cue, Hold):
            for group in cue.groups:
                yield from sentences(group.items)


def without_ready_lines(script: Script) -> Script:
    """The script without the lines that end holds, which lull by being the same."""
    cues = tuple(
        replace(cue, groups=tuple(each for each in cue.groups if not each.leads_to_end))
        if isinstance(cue, Hold)
        else cue
        for cue in script.cues
    )
    return replace(script, cues=cues)


def breath_words(cues: Sequence[Cue | Item]) -> Iterator[str]:
    for cue in cues:
        if isinstance(cue, Breathe):
            yield from (text for breath in cue.breaths for text in (breath.inhale, breath.exhale) if text)
        elif isinstance(cue, Hold):
            for group in cue.groups:
                yield from breath_words(group.items)


def words(texts: Iterable[str]) -> int:
    return sum(len(text.split()) for text in texts)


def alternating(script: Script) -> set[str | None]:
    rounds = Counter((cue.where.pose, cue.where.round) for cue in script.cues if isinstance(cue, Hold))
    return {pose for (pose, _), times in rounds.items() if times > CALLED}


def without_calls(script: Script) -> Counter[str]:
    """The sentences of a script, but for the short calls of its alternations, said once for each repetition."""
    poses = alternating(script)
    inside: Counter[str] = Counter()
    outside: Counter[str] = Counter()
    for say in sentences(script.cues):
        (inside if say.where.pose in poses else outside)[say.text] += 1
    return outside + Counter({text: times for text, times in inside.items() if times <= CALLED})


# --- what each script names ------------------------------------------------------------------------------


@every_style
@every_routine
def test_every_night_names_each_limb_side_support_and_caution(routine: str, style: str) -> None:
    *body, last = visited(routine, style)
    wanted = [line for visit in body for line in instructions(visit)]
    assert any(visit.mind for visit in body)
    for night in NIGHTS:
        text = rendered(routine, style, night)
        said = Counter(line.strip() for line in text.splitlines())
        missing = Counter(wanted) - said
        assert not missing, (night, [*missing])
        assert last.mind in text
        before = text.partition("[pose ")[0]
        for prop in defined(routine).props:
            assert prop.split()[-1].rstrip("s") in before, (night, prop)
        for word in ("pinch", "tingl", "numb", "louder"):
            assert word in before, (night, word)


def instructions(visit: RoundContext) -> Iterator[str]:
    for text in (visit.enter, visit.extra, visit.mind, visit.leave):
        yield from (line.strip() for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("style", ["beginner", "breathing", "nidra"])
@every_routine
def test_a_style_with_its_own_ways_names_what_gentle_names(routine: str, style: str) -> None:
    """In each round the same sides, and what is used to lie, sit or lean on, but for what is offered."""
    for usual, own in zip(visited(routine, "gentle"), visited(routine, style), strict=True):
        there = " ".join(instructions(own))
        for line in instructions(usual):
            if not re.search(r"\b(if|or)\b", line, re.IGNORECASE):
                assert props_in(line) - {"mat"} <= props_in(there), line
        assert set(SIDE.findall(" ".join(instructions(usual)))) <= set(SIDE.findall(there)), there


SIDE = re.compile(r"\b(right|left)\b")


@every_style
@every_routine
def test_no_sentence_is_too_long_to_follow(routine: str, style: str) -> None:
    others = [scripted(routine, style, 0, (("level", level),)) for level in LEVELS]
    for script in [scripted(routine, style, night) for night in NIGHTS] + others:
        for text in [*(say.text for say in sentences(script.cues)), *breath_words(script.cues)]:
            assert len(text.split()) <= 20, text
            assert len(text) <= 160, text
            assert not re.match(r"(right|left)\b", text, re.IGNORECASE), text


@every_style
@every_routine
def test_no_sentence_comes_more_than_twice(routine: str, style: str) -> None:
    """Words that pace a breath and the calls of alternations excepted."""
    others = [scripted(routine, style, 0, (("level", level),)) for level in LEVELS]
    for script in [scripted(routine, style, night) for night in NIGHTS] + others:
        often = {
            text: times
            for text, times in without_calls(without_ready_lines(script)).items()
            if times > 2 and len(text.split()) > 4
        }
        assert not often


@every_style
@every_routine
def test_a_teacher_would_change_no_sentence(routine: str, style: str) -> None:
    """The linter's rules, over nights and settings that `check` doesn't render."""
    settings = [("level", "easier"), ("level", "deeper"), ("ending", "awake"), ("words", "1.5")]
    settings += [("sleep_position", position) for position in ("back", "side", "front")]
    scripts = [scripted(routine, style, night) for night in NIGHTS]
    scripts += [scripted(routine, style, 1, (setting,)) for setting in settings]
    setting = defined(routine).setting
    found = {
        (each.rule, each.quote, each.message)
        for script in scripts
        for each in script_findings(script, setting=setting, style=style)
    }
    assert found == set()


@every_routine
def test_only_a_pose_that_came_before_is_titled_as_coming_again(routine: str) -> None:
    poses: list[str] = []
    for visit in visited(routine, "gentle"):
        if visit.first:
            poses.append(visit.pose.id)
        assert visit.title.endswith(", again") == (visit.pose.id in poses[:-1]), visit.title
    assert len(poses) > 1


# --- nights ------------------------------------------------------------------------------------------------


@every_varied_style
@every_routine
def test_any_two_nights_differ_in_a_quarter_of_their_sentences(routine: str, style: str) -> None:
    """The share of one night's sentences, each as often as it is said, that the other night doesn't have.

    Left out are what instructs and comes again and again, so that it can't vary: the calls of an alternation (28 of
    internal-hip-rotation's sentences) and the words that pace a breath (12 in one pose of neck-and-shoulders).
    """
    nights = [without_calls(scripted(routine, style, night)) for night in NIGHTS]
    # brief words are instructions, nearly all of them, and these two styles have more instructions than others
    least = 0.2 if brief(routine, style) or style in ("beginner", "breathing") else 0.25
    for (one, first), (other, second) in combinations(enumerate(nights), 2):
        is_of_one_theme = one and other % THEMES == one % THEMES
        # two nights of one theme share its phrase, and lines that open and close it
        assert difference(first, second) >= least - (0.02 if is_of_one_theme else 0), (one, other)


def difference(one: Counter[str], other: Counter[str]) -> float:
    return max((one - other).total() / one.total(), (other - one).total() / other.total())


@pytest.mark.parametrize("style", ["gentle", "beginner", "breathing"])
@every_routine
def test_the_phrase_of_a_night_comes_back_three_times(routine: str, style: str) -> None:
    themes = (ROOT / "scripts_templates" / "shared" / "themes.j2").read_text(encoding="utf-8")
    phrases = re.findall(r"'phrase': \"(.*)\"", themes)
    for night in range(1, len(phrases) + 1):
        said = all_said(scripted(routine, style, night))
        assert [said[phrase] for phrase in phrases].count(3) == 1, night
        assert said[phrases[night - 1]] == 3, night


@every_style
def test_the_same_night_says_the_same(style: str) -> None:
    routine = defined("psoas-release")
    for night in (0, 7):
        again = routine_script(routine, {"style": style, "night": str(night)}, Workspace.here())
        assert again == rendered("psoas-release", style, night)


@every_routine
def test_nidra_says_the_same_every_night_in_another_order(routine: str) -> None:
    """In a rotation that is known one can drift off; only the order of its regions and the image change."""
    rotations = [named_parts(scripted(routine, "nidra", night)) for night in NIGHTS]
    assert all(Counter(rotation) == Counter(rotations[0]) for rotation in rotations)
    assert len({tuple(rotation) for rotation in rotations}) == (1 if brief(routine, "nidra") else 6)
    assert len({rendered(routine, "nidra", night) for night in range(10)}) == 10


def brief(routine: str, style: str, breath_rate: float = 6) -> bool:
    return is_brief(defined(routine), WordingSettings(round(60_000 / breath_rate), 1_500, style=style))


def named_parts(script: Script) -> list[str]:
    return [say.text for say in sentences(script.cues) if is_named_part(say.text)]


# --- what a style is known by ------------------------------------------------------------------------------


@pytest.mark.parametrize("style", [style for style in STYLES if style != "gentle"])
@every_routine
def test_more_than_half_of_a_styles_lines_are_its_own(routine: str, style: str) -> None:
    """Of all that is said on night 0, each line as often as it is said, the words that pace a breath too."""
    usual, own = (all_said(scripted(routine, each)) for each in ("gentle", style))
    assert (own - usual).total() / own.total() > 0.5


def all_said(script: Script) -> Counter[str]:
    return Counter([*(say.text for say in sentences(script.cues)), *breath_words(script.cues)])


@every_routine
def test_nidra_goes_through_the_whole_body_before_sleep(routine: str) -> None:
    script = scripted(routine, "nidra")
    texts = [say.text for say in sentences(script.cues)]
    parts = named_parts(script)
    assert texts[-1] == "Good night."
    assert not any(is_named_part(say.text) for say in sentences(script.cues[-1:]))
    for part in ("hand", "shoulder", "hip"):
        for side in ("right", "left"):
            assert any(re.search(rf"\b{side}\b.*\b{part}\b", text) for text in texts[-120:]), (side, part)
    for part in ("back", "belly", "throat"):
        assert any(re.search(rf"\b{part}\b", text) for text in parts), part
    if not brief(routine, "nidra"):
        assert len(parts) >= 65
        numbers = "Eleven Ten Nine Eight Seven Six Five Four Three Two One".split()
        assert [text[:-1] for text in texts if text[:-1] in numbers] == numbers
        for felt in ("heavy", "light", "warm", "cool", "Imagine", "Thank your body"):
            assert any(felt in text for text in texts[-30:]), felt


@pytest.mark.parametrize("routine", ["deep-hip-opening", "soothing-hips"])
def test_who_gets_up_after_nidra_is_called_back(routine: str) -> None:
    texts = [say.text for say in sentences(scripted(routine, "nidra", 0, (("ending", "awake"),)).cues)]
    assert "Good night." not in texts
    assert len([text for text in texts if is_named_part(text)]) >= 65
    assert texts[-1] == "Open your eyes, and stay sitting for a while before you stand."


@pytest.mark.parametrize("breath_rate", [3, 4, 6, 8, 12])
@every_routine
def test_breathing_opens_with_two_minutes_of_breath(routine: str, breath_rate: int) -> None:
    """At the track's own rate; who breathes otherwise is told first to keep their pace. Brief words have no room for it."""
    for night in (0, 1, 4):
        script = scripted(routine, "breathing", night, (("breath_rate", str(breath_rate)),))
        arrival = [cue for cue in script.cues if cue.where.pose is None]
        breaths = [len(cue.breaths) for cue in arrival if isinstance(cue, Breathe)]
        if brief(routine, "breathing", breath_rate):
            assert not breaths
            continue
        assert sum(breaths) * 60 / breath_rate == pytest.approx(120, abs=1)
        before = " ".join(cue.text for cue in arrival if isinstance(cue, Say))
        assert re.search(r"your own|yours|easier|differ|fit my words|quicker|by yourself|other way around", before), (
            before
        )
        timed(script, ms_per_character=AS_MEASURED, breath_rate=breath_rate)


# --- how much is said ------------------------------------------------------------------------------------


@every_routine
def test_spare_has_half_of_the_words_of_gentle_at_most(routine: str) -> None:
    """Calls of alternations excepted: they need the same few words in each style. So short a practice as ten minutes
    has few in `gentle` already.
    """
    spare, gentle = (words(without_calls(scripted(routine, style)).elements()) for style in ("spare", "gentle"))
    assert spare <= gentle * (0.6 if routine == "ten-minutes-in-bed" else 0.5)


@pytest.mark.parametrize("style", ["gentle", "beginner", "breathing"])
@every_routine
def test_the_second_side_takes_half_of_the_first_sides_words(routine: str, style: str) -> None:
    """40 to 75 per cent of them, from the caution to the end of the hold; the way to the pose isn't part of it.

    The way back to the middle, which must be said a limb at a time, counts for the second side.
    """
    shares = {}
    for night in (0, 1, 2):
        said = [words(texts) for texts in guidance(scripted(routine, style, night), visited(routine, style, night))]
        for at, visit in enumerate(visited(routine, style, night)):
            if visit.place == 1 and not visit.alternates and visit.round in ("right", "left"):
                shares[visit.pose.id, night] = said[at] / said[at - 1]
    assert {where: share for where, share in shares.items() if not 0.4 <= share <= 0.75} == {}


def guidance(script: Script, rounds: Sequence[RoundContext]) -> Iterator[list[str]]:
    """What each round says from the first words that lead in to the end of its hold."""
    said: list[str] = []
    waiting = iter(rounds)
    visit = next(waiting)
    for cue in script.cues:
        if isinstance(cue, Say) and (visit.mind or visit.enter).startswith(cue.text):
            said = []
        said += [*(say.text for say in sentences([cue])), *breath_words([cue])]
        if isinstance(cue, Hold):
            yield said
            visit = next(waiting, visit)


@every_style
@every_routine
def test_words_thins_and_fills(routine: str, style: str) -> None:
    few, usual, many = (
        words(
            [
                *(say.text for say in sentences(script.cues)),
                *breath_words(script.cues),
            ]
        )
        for script in (scripted(routine, style, 0, (("words", amount),)) for amount in ("0.5", "1", "1.5"))
    )
    assert few < usual < many


@every_style
@every_routine
def test_nothing_is_said_after_the_first_words_of_the_final_rest(routine: str, style: str) -> None:
    for night in (0, 11):
        last = scripted(routine, style, night).cues[-1]
        assert isinstance(last, Hold)
        assert [say.text for say in sentences([last])][1:] == ["Good night."]
        assert last.groups[0].at is not None
        assert last.groups[0].at.value == 0


# --- what fits ---------------------------------------------------------------------------------------------


def timed(script: Script, *, ms_per_word: float = 0, ms_per_character: float = 0, breath_rate: float = 6) -> int:
    """The shortest guided part in ms, if each text takes so long. Raises ScriptError where a line doesn't fit."""
    breath_ms = round(60_000 / breath_rate)
    timing = Timing(
        breath_ms=breath_ms,
        inhale_ms=round(0.4 * breath_ms),
        pace=float(script.settings.get("pace", "1")),
        slowing=script.settings.get("slowing") != "off",
    )
    clips = {
        text: 800
        if text.lower().rstrip(".") in NUMBERS
        else round(len(text.split()) * ms_per_word + len(text) * ms_per_character)
        for text in spoken_texts(script, timing)
    }
    return lay_out(script, clips, timing).length_range_ms[0]


NUMBERS = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
AT_RATE_105 = 60_000 / 105  # the slowest that a track is planned for
AS_MEASURED = (
    100.6  # ms a character of the default voice at its default rate, over 240 sentences; the error averages out
)


@every_style
@every_routine
def test_every_hold_has_room_for_its_lines(routine: str, style: str) -> None:
    for night in (0, 1, 13, 29):
        timed(scripted(routine, style, night), ms_per_word=AT_RATE_105)
    for more in (("words", "1.5"), ("level", "easier"), ("level", "deeper"), ("ending", "awake")):
        timed(scripted(routine, style, 1, (more,)), ms_per_word=AT_RATE_105)


@pytest.mark.parametrize("breath_rate", [4, 5, 8])
@every_routine
def test_breath_words_fit_slower_and_quicker_breaths(routine: str, breath_rate: int) -> None:
    for night in (0, 5):
        script = scripted(routine, "breathing", night, (("breath_rate", str(breath_rate)),))
        timed(script, ms_per_character=AS_MEASURED, breath_rate=breath_rate)


@pytest.mark.parametrize("style", ["gentle", "spare"])
def test_ten_minutes_are_ten_minutes_with_every_pose(style: str) -> None:
    for night in NIGHTS:
        assert timed(scripted("ten-minutes-in-bed", style, night), ms_per_character=AS_MEASURED) < 600_000
    for level in LEVELS:
        for night in (0, 1, 2, 3):
            script = scripted("ten-minutes-in-bed", style, night, (("level", level),))
            assert timed(script, ms_per_character=AS_MEASURED) < 600_000


# --- sides, places, endings --------------------------------------------------------------------------------


@every_style
@every_routine
def test_the_left_side_first_is_the_exchange_of_sides(routine: str, style: str) -> None:
    for night in (0, 9):
        mirrored = rendered(routine, style, night, (("first_side", "left"),))
        assert mirrored.splitlines() == with_sides_swapped(rendered(routine, style, night)).splitlines()
        assert mirrored != rendered(routine, style, night) or not re.search("right", mirrored)


@pytest.mark.parametrize("setting", ["bed", "mat"])
@every_style
def test_each_position_leads_safely_to_each_other(style: str, setting: str) -> None:
    ways = way_between(style, setting)
    for start, end in permutations(POSITIONS, 2):
        text = ways(start, end)
        steps = [re.fullmatch(r"([^\[\].]+\.) \[(\d+)s\]", line) for line in text.splitlines()]
        assert steps, (start, end)
        assert all(steps), (start, end, text)  # one sentence a line, and time to do it
        for step in steps:
            assert step is not None
            sentence, seconds = step[1], int(step[2])
            assert len(sentence.split()) <= 20
            assert seconds >= (12 if re.search(r"\b(roll|lie down on|lie on)\b", sentence.lower()) else 4), sentence
            assert seconds >= 8 or not re.search(r"\bstand (up|slowly)", sentence), sentence
        if start == "supine" and end in ("seated", "all-fours", "kneeling", "standing", "chair"):
            assert "side" in steps[0][1]  # type: ignore[index]  # onto the side first, never straight up
        if end == "standing":
            assert re.search(r"hold|something steady|hands? on", text.lower()), text
            assert "eyes" in text.lower()
        if setting == "bed" and start == "edge":
            assert "hand on the mattress" in text or "both feet on the bed" in text
        if setting == "bed" and end == "edge":
            assert "hand on the mattress" in text
        assert "{" not in text


def way_between(style: str, setting: str):  # type: ignore[no-untyped-def]
    made = environment(loader_of(Workspace.here().template_folders(style)))
    with limited():
        template = made.from_string(
            '{% from "ways.j2" import transition with context %}{{ transition(start, end, "right") }}'
        )
    names = {
        "setting": setting,
        "ground": setting,
        "route": route,
        "missing": None,
        "brief": False,
        "_choose": NightWording(0).choose,
    }

    def way(start: str, end: str) -> str:
        with limited():
            return template.render(start=start, end=end, **names)

    return way


@every_style
@every_routine
def test_who_gets_up_again_is_woken_slowly(routine: str, style: str) -> None:
    more = (("ending", "awake"),)
    closings = set()
    for night in range(6):
        text = rendered(routine, style, night, more)
        closing = text.partition("# Coming back")[2]
        assert re.search(r"onto one side.*\n.*both hands.*\n", closing)  # by way of the side, a step at a time
        assert "yes" in closing  # eyes, opened
        assert not re.search("if sleep comes|to sleep", text.partition("# Arrival")[2])
        assert "your bed" not in text  # nobody is sent to bed
        closings.add(closing)
    assert len(closings) >= 3
    assert "Coming back" not in rendered(routine, style)


@every_style
@pytest.mark.parametrize("routine", ["deep-hip-opening", "soothing-hips", "ten-minutes-in-bed"])
def test_how_one_sleeps_decides_how_one_settles(routine: str, style: str) -> None:
    texts = {
        position: rendered(routine, style, 0, (("sleep_position", position),))
        for position in ("any", "back", "side", "front")
    }
    assert len(set(texts.values())) == 4
    endings = {position: text.rpartition("# Rest")[2] for position, text in texts.items()}
    assert "on your back" in endings["back"]
    assert re.search("your side", endings["side"])
    assert "your belly" in endings["front"]
    if routine != "ten-minutes-in-bed":  # which has no time for it
        arrivals = {position: text.partition("[pose ")[0] for position, text in texts.items()}
        assert "between your knees" in arrivals["side"]
        assert "under your knees" in arrivals["back"]
        assert "under one hip" in arrivals["front"]


# --- a style of one's own --------------------------------------------------------------------------------


def test_a_style_of_ones_own_replaces_the_files_it_has(sleepward: Command, tmp_path: Path) -> None:
    own = tmp_path / "scripts_templates" / "ours"
    own.mkdir(parents=True)
    (own / "lines.j2").write_text(
        "{% macro quiet(visit) %}\nHush now.\n{% endmacro %}\n"
        "{% macro ready(visit) %}\n{% say %}Almost.{% or %}Nearly.{% endsay %}\n\n{% endmacro %}\n"
        "{% macro returning() %}\nUp we get.\n{% endmacro %}\n",
        encoding="utf-8",
    )
    ours = sleepward("script", "deep-hip-opening", "--style", "ours").stdout
    gentle = sleepward("script", "deep-hip-opening").stdout
    assert ours.count("Hush now.") == 8
    assert ours.count("Almost.") == 11
    assert "Nearly." not in ours
    assert "Nearly." in sleepward("script", "deep-hip-opening", "--style", "ours", "--night", "1").stdout
    changed = [line for line in ours.splitlines() if line not in gentle.splitlines()]
    assert set(changed) == {'style: "ours"', "Hush now.", "Almost."}
    assert "there is no style called 'our'" in sleepward("script", "psoas-release", "--style", "our", code=2).stderr


def test_a_file_in_the_working_folder_wins_over_the_same_built_in_one(sleepward: Command, tmp_path: Path) -> None:
    own = tmp_path / "scripts_templates" / "spare"
    own.mkdir(parents=True)
    shutil.copy(ROOT / "scripts_templates" / "spare" / "lines.j2", own)
    lines = (own / "lines.j2").read_text(encoding="utf-8")
    (own / "lines.j2").write_text(lines.replace("Soon we'll change sides.", "Over to the other."), encoding="utf-8")
    spare = sleepward("script", "psoas-release", "--style", "spare").stdout
    assert "Over to the other." in spare
    assert "Welcome" not in spare  # the rest is still spare's own
