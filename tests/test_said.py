"""What is said: the cases that people who make spoken audio reported, and every kind of notation, sign and letter."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import said
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ScriptError
from generator.model import Pause, Say
from generator.pronunciation.lexicon import Lexicon, Pronunciation
from generator.pronunciation.places import placed_remarks
from generator.pronunciation.reading import Reading
from generator.pronunciation.sentences import sentences
from generator.script import parse
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon

from .conftest import Command
from .test_lexicon import espeak_only

pytestmark = pytest.mark.usefixtures("home")
DATA = Path(__file__).parent / "data"
ROUTINES = Path(__file__).parent.parent / "routines"
CASES: list[dict[str, Any]] = yaml.safe_load((DATA / "said.yaml").read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """Words alone: case and punctuation aside."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())


def with_key(key: str) -> list[Any]:
    return [pytest.param(case["text"], case[key], id=case["text"][:40]) for case in CASES if key in case]


@pytest.fixture(params=["misaki", "espeak", None])
def reading(request: pytest.FixtureRequest) -> Reading:
    return Reading(load_lexicon("en-us", Workspace.here()), "en-us", request.param)


@pytest.mark.parametrize(("text", "said"), with_key("said"))
def test_the_words_are_those_a_person_would_read(reading: Reading, text: str, said: str) -> None:
    cues = [cue for cue in parse(text, "x").cues if isinstance(cue, Say)]
    assert plain(" ".join(reading.of(cue.text).words for cue in cues)) == said


@pytest.mark.parametrize(("text", "names"), with_key("error"))
def test_what_has_no_words_is_an_error_at_its_column(reading: Reading, text: str, names: str) -> None:
    script = parse(text, "x")
    faults = [each for each in placed_remarks(script, reading) if each.fault]
    assert [(each.line, each.column) for each in faults] == [(1, text.index(names) + 1)]
    assert names in faults[0].remark.what


@pytest.mark.parametrize(("text", "ours"), with_key("script"))
def test_a_pause_of_another_program_is_taken_as_ours_with_a_note(text: str, ours: str) -> None:
    script = parse(text, "x")
    assert [(cue.length, cue.unit) for cue in script.cues if isinstance(cue, Pause)] == [
        (cue.length, cue.unit) for cue in parse(ours, "x").cues if isinstance(cue, Pause)
    ]
    assert [note.column for note in script.notes] == [13]


@pytest.mark.parametrize(("text", "shown"), with_key("plan"))
def test_what_cannot_be_seen_is_in_no_plan(text: str, shown: str) -> None:
    assert [cue.text for cue in parse(text, "x").cues if isinstance(cue, Say)] == [shown]


@pytest.mark.parametrize(("text", "count"), with_key("sentences"))
def test_sentences_end_where_their_writer_ends_them(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@espeak_only
def test_words_with_two_sounds_and_words_of_no_dictionary() -> None:
    lexicon = load_lexicon("en-us", Workspace.here())
    cases = [case for case in CASES if "sounds" in case]
    for name, alphabet, phonemes_of in said.voices():
        reading = Reading(lexicon, "en-us", alphabet)
        heard = phonemes_of([reading.line(case["text"]) for case in cases])
        wrong = {
            case["text"]: sound
            for case, sound in zip(cases, heard, strict=True)
            for codes in case["sounds"].values()
            if not said.is_heard(said.sounds_of_arpabet(codes), said.sounds_of(sound, alphabet))
        }
        assert (name, wrong) == (name, {})


def test_mm_is_no_unit(reading: Reading) -> None:
    assert "millimeters" not in reading.of("Mm, let it go.").words.lower()
    assert reading.of("Lift it 2 mm.").words == "Lift it two millimeters."


# --- every kind, a few of each; benchmarks/said.py has a thousand -------------------------------------------

SAID = {
    # quantities
    "Stay for 5–10 breaths.": "stay for five to ten breaths",
    "2 x 30 s on each side.": "two times thirty seconds on each side",
    "Hold ~5 min.": "hold about five minutes",
    "Bend to ≥ 90°.": "bend to at least ninety degrees",
    "Make a ¼ turn.": "make a quarter turn",
    "Rest 1/2 minute.": "rest half a minute",
    "Rest 3/4 hour.": "rest three quarters of an hour",
    "An effort of 3/10.": "an effort of three out of ten",
    "Breathe 4-7-8.": "breathe four seven eight",
    "Legs in 90-90.": "legs in ninety ninety",
    "Breathe in 4, out 6.": "breathe in four out six",
    "Breathe 4 in and 6 out.": "breathe four in and six out",
    "Move it 12 in. apart.": "move it twelve inches apart",
    "A 2-min hold.": "a two minute hold",
    "A 30 s hold.": "a thirty second hold",
    "Take 10+ breaths.": "take ten or more breaths",
    "Hold 30s.": "hold thirty seconds",
    "In your 30s.": "in your thirties",
    "Rest for 2:30.": "rest for two minutes and thirty seconds",
    "At 6:05 it is dark.": "at six oh five it is dark",
    "Shift your weight 60:40.": "shift your weight sixty to forty",
    "Rest 30:70.": "rest thirty to seventy",
    "At 1 mph, or 2 mph.": "at one mile per hour or two miles per hour",
    "It has 1 mg or 5 mg.": "it has one milligram or five milligrams",
    "By 10pm, lie down.": "by ten p m lie down",
    "1,250 nights.": "one thousand two hundred and fifty nights",
    "Breathe 2x/day.": "breathe two times a day",
    "It costs $5.50.": "it costs five dollars and fifty cents",
    # abbreviations and letters
    "Lift the leg (R).": "lift the leg right",
    "Lift the R knee.": "lift the right knee",
    "Both, e.g. a pillow w/ a towel.": "both for example a pillow with a towel",
    "Rest, esp. the jaw.": "rest especially the jaw",
    "The 3rd time, see No. 3.": "the third time see number three",
    "At L5/S1, and C1–C7.": "at l five s one and c one to c seven",
    "The SI joint and the TMJ.": "the s i joint and the t m j",
    "The IT band. DO NOT rush IT.": "the i t band do not rush it",
    "Warrior II, then Warrior I.": "warrior two then warrior one",
    "On Jan. 3 we rest.": "on january third we rest",
    "#3 is the last.": "number three is the last",
    # signs and marks
    "Rest & breathe.": "rest and breathe",
    "Arms and/or legs.": "arms and or legs",
    "Rest... and go on.": "rest and go on",
    "Rest . . . and go on.": "rest and go on",
    "~ 5 breaths": "about five breaths",
    "> Let it be.": "let it be",
    "2) Sit up.": "sit up",
    "Let it __go__ and `rest`.": "let it go and rest",
    "Knees - soft - and warm.": "knees soft and warm",
    "Café, naïve, Ångström.": "cafe naive angstrom",
}


@pytest.mark.parametrize(("text", "said"), SAID.items(), ids=SAID)
def test_every_kind_of_notation_has_its_words(reading: Reading, text: str, said: str) -> None:
    done = reading.of(text)
    assert plain(done.words) == said
    assert not done.faults


NO_WORDS = {
    "Stay 5 m away.": (6, "meters or minutes"),
    "Lift it 6' up.": (10, "feet or minutes"),
    "On 12/5 we rest.": (4, "a date, a ratio or a fraction"),
    "See https://example.org now.": (5, "address"),
    "Rest <b>now</b>.": (6, "tags"),
    "Rest&nbsp;now.": (5, "the character itself"),
    "A * star.": (3, "“*”"),
    "Снизу вверх.": (1, "Cyrillic"),
    "Say नमस्ते softly.": (5, "Devanagari"),
    "10 cm² of floor.": (6, "write 'squared'"),
    "Knees ↑, hips ↓.": (7, "write 'up'"),
}


@pytest.mark.parametrize(("text", "fault"), NO_WORDS.items(), ids=NO_WORDS)
def test_what_may_mean_two_things_is_never_guessed(reading: Reading, text: str, fault: tuple[int, str]) -> None:
    faults = reading.of(text).faults
    assert faults[0].column == fault[0]
    assert fault[1] in faults[0].what


def test_places_are_those_of_the_file(reading: Reading) -> None:
    text = (
        "---\ntitle: A\n---\n# Night\nRest now. Then let the fore\u00adarm\nsoften → and\nhold verte-\nbra by \\[ 🙏.\n"
    )
    found = [(each.line, each.column) for each in placed_remarks(parse(text, "x"), reading) if each.fault]
    assert found == [(6, 8), (8, 11)]


def test_a_mark_that_turns_the_reading_direction_is_refused() -> None:
    with pytest.raises(ScriptError, match="reading direction") as caught:
        parse("Rest.\nLet \u202eit go.", "night.txt")
    assert caught.value.where == "night.txt:2:5"


def test_only_english_is_read() -> None:
    done = Reading(Lexicon(), "de", None).of("Halte 5–10 Atemzüge → 30 s.")
    assert (done.line, done.notes, done.faults) == ("Halte 5–10 Atemzüge → 30 s.", (), ())


def test_the_voice_gets_no_phonemes_from_a_text() -> None:
    for alphabet, written in (("misaki", r"\[Rest\](/ˈɑ/)."), ("espeak", r"\[\[Rest\]\].")):
        cue = parse(written, "x").cues[0]
        assert isinstance(cue, Say)
        line = Reading(Lexicon(), "en", alphabet).line(cue.text)
        assert "[[" not in line
        assert "](" not in line


ANYTHING = st.text(
    st.one_of(st.characters(), st.sampled_from("0123456789 .,:/-–+×x½°%~<>*_#[]()'\"sminAZ")), max_size=40
)


@given(ANYTHING)
def test_a_sign_is_never_dropped_in_silence(text: str) -> None:
    """Whatever is written: each sign is in the line, noted, or a fault; and no digit reaches a voice."""
    written = " ".join(unicodedata.normalize("NFC", text).split())
    done = Reading(Lexicon(), "en", "misaki").of(written)
    assert not re.search("[0-9]", done.line)
    if not done.faults:
        assert re.fullmatch(r"[A-Za-z\s.,:;!?…—–\-'\"“”‘’()¿¡。！？、，/\[\]ɐ-ᵿæðŋθ]*", done.line)


PLAIN_WORDS = st.sampled_from(
    "the hips rest, eyes soften. Breathe I A a R NOW Warrior II vs Mr Dr x Shh hmm TMJ don't ten-minute rhythm (so) “Yes” "
    "Psoas use close, etc. e.g. it's — … 'tis mm-hm by X".split()
)


@given(st.lists(PLAIN_WORDS, min_size=1).map(" ".join))
def test_the_short_way_for_plain_words_says_the_same(text: str) -> None:
    lexicon = Lexicon({"psoas": Pronunciation("so us")})
    long_way = Reading(Lexicon({**lexicon.entries, "∞": Pronunciation("ever")}), "en", None)
    assert Reading(lexicon, "en", None).of(text) == long_way.of(text)


@given(st.lists(st.sampled_from(["the", "hips", "rest,", "eyes", "soften.", "Breathe"])).map(" ".join))
def test_plain_sentences_are_given_as_they_are(text: str) -> None:
    done = Reading(Lexicon(), "en", "misaki").of(text)
    assert done.line == done.words == text
    assert not done.notes


# --- as a user meets it --------------------------------------------------------------------------------------


@espeak_only
def test_say_shows_words_phonemes_and_notes(sleepward: Command) -> None:
    done = sleepward("say", "Hold for 1-2 minutes. Use any pillow. [pause 5s]", "--json", "--voice", "en-us+klatt4")
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["text"] == "Hold for 1-2 minutes."
    assert first["said"] == "Hold for one to two minutes."
    assert first["alphabet"] == "espeak"
    assert first["notes"] == [{"column": 10, "what": "“1-2” isn't said as it is written: “one to two”"}]
    assert second["phonemes"].startswith("j'u:z ")
    assert [note["column"] for note in second["notes"]] == [39]
    refused = sleepward("say", "Inhale → exhale.", code=2)
    assert "TEXT:1:8: “→”" in refused.stderr


def test_say_writes_the_sound_and_needs_no_phonemes(sleepward: Command, tmp_path: Path) -> None:
    done = sleepward("say", "Rest", "for", "30 s.", "--json", "--voice", "tone", "-o", "out.wav")
    shown = json.loads(done.stdout)
    assert (shown["said"], shown["phonemes"], shown["alphabet"]) == ("Rest for thirty seconds.", None, None)
    assert (tmp_path / "out.wav").stat().st_size > 100_000
    refused = sleepward("say", "Rest.", "--voice", "tone", "-o", "out.txt", code=2)
    assert "the sound needs a file with a known suffix" in refused.stderr


SCRIPT = "Hold for 1-2 minutes.\nInhale → exhale. The TMJ. [pause 5s]\n[sleep]\n"


def test_check_tells_what_will_be_said_at_its_place(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(SCRIPT, encoding="utf-8")
    (checked,) = json.loads(sleepward("check", "night.txt", "--json", code=2).stdout)
    assert [(each["line"], each["column"]) for each in checked["faults"]] == [(2, 8)]
    assert [(each["line"], each["column"], each["rule"]) for each in checked["warnings"]] == [
        (1, 10, "not-as-written"),
        (2, 22, "spelled-out"),
        (2, 27, "not-as-written"),
    ]
    assert "“one to two”" in checked["warnings"][0]["message"]
    built = sleepward("build", "night.txt", "--voice", "tone", code=2)
    assert "night.txt:2:8: “→”" in built.stderr
    (tmp_path / "lexicon.yaml").write_text("→: then\n", encoding="utf-8")
    assert not json.loads(sleepward("check", "night.txt", "--json").stdout)[0]["faults"]


@espeak_only
def test_check_reads_as_the_voice_that_is_chosen_here(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text("Halte 5–10 Atemzüge → 30 s.\n[sleep]\n", encoding="utf-8")
    (tmp_path / "sleepward.toml").write_text('voice = "de+klatt4"\n')
    (checked,) = json.loads(sleepward("check", "night.txt", "--json").stdout)
    assert checked["faults"] == []
    assert "not-as-written" not in [each["rule"] for each in checked["warnings"]]


def test_check_finds_the_place_in_a_pose(sleepward: Command, tmp_path: Path) -> None:
    pose = (ROUTINES / "poses" / "chair-hip-circles.yaml").read_text(encoding="utf-8")
    changed = pose.replace("with your feet apart. [6s]", "with your\n  feet → apart by 3cm. [6s]", 1)
    assert changed != pose
    (tmp_path / "routines" / "poses").mkdir(parents=True)
    (tmp_path / "routines" / "poses" / "chair-hip-circles.yaml").write_text(changed, encoding="utf-8")
    (checked,) = json.loads(sleepward("check", "routines/poses", "--json", code=2).stdout)
    lines = changed.split("\n")
    line = next(number for number, text in enumerate(lines, 1) if "→" in text)
    assert [(each["line"], each["column"]) for each in checked["faults"]] == [(line, lines[line - 1].index("→") + 1)]
    assert (line, lines[line - 1].index("3cm") + 1) in [(each["line"], each["column"]) for each in checked["warnings"]]


def test_plan_shows_what_is_said_beside_what_is_written(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text("Hold for 1-2 minutes.\nRest.\n[sleep]\n")
    shown = sleepward("plan", "night.txt", "--said", "--voice", "tone").stdout
    assert "Hold for 1-2 minutes." in shown
    assert "said: Hold for one to two minutes." in shown
    assert "said: Rest." not in shown
    plan = sleepward.json("plan", "night.txt", "--said", "--voice", "tone")
    spoken = [event.get("said") for event in plan["events"] if event["kind"] == "speech"]
    assert spoken == ["Hold for one to two minutes.", "Rest."]
    assert all("said" not in event for event in sleepward.json("plan", "night.txt", "--voice", "tone")["events"])


# --- a thousand sentences --------------------------------------------------------------------------------------


@espeak_only
def test_a_thousand_sentences_are_said_as_their_writers_mean_them() -> None:
    lexicon = load_lexicon("en-us", Workspace.here())
    chosen = said.cases()
    assert len(chosen) > 1_000
    for name, alphabet, phonemes_of in said.voices():
        assert (name, said.wrong_with_front_end(chosen, lexicon, alphabet, phonemes_of)) == (name, [])
