"""The script's grammar: every mark understood, everything else refused at its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ScriptError
from generator.model import Breathe, Chime, Count, Hold, HoldLength, HoldOffset, Pause, Say
from generator.script import ScriptFaultsError, parse
from generator.script.front_matter import decode_script, split_front_matter, write_front_matter
from generator.yaml_source import MAX_BYTES

EXAMPLE = """\
# Figure Four, right side
[pose figure-four right]
Bend your knees, and rest both feet on the bed. [6s]
Now the right ankle comes to lie across the left knee. [7s]
[hold 1-3 min]
I'll be quiet for a while now.
[at 35%]
Let the jaw be loose.
[at -8s]
In a moment, we change sides.
[release]
The right foot slides back to the bed. [6s]
"""


def test_the_example_of_the_documentation_reads_as_it_says() -> None:
    script = parse(EXAMPLE, "example.txt")
    assert script.chapters == ("Figure Four, right side",)
    kinds = [type(cue) for cue in script.cues]
    assert kinds == [Say, Pause, Say, Pause, Hold, Say, Pause]
    hold = script.cues[4]
    assert isinstance(hold, Hold)
    assert hold.length == HoldLength("ms", 60_000, 180_000)
    assert [group.at for group in hold.groups] == [None, HoldOffset("percent", 35, 7), HoldOffset("from_end", 8_000, 9)]
    assert {(cue.where.pose, cue.where.round) for cue in script.cues} == {("figure-four", "right")}
    assert [cue.where.line for cue in script.cues] == [3, 3, 4, 4, 5, 12, 12]


def test_sentences_paragraphs_and_wrapped_lines() -> None:
    script = parse("One sentence. Another one\nthat is wrapped! “A third?” Yes.\n\nA new paragraph.", "x")
    says = [(cue.text, cue.gap, cue.where.line) for cue in script.cues if isinstance(cue, Say)]
    assert says == [
        ("One sentence.", "paragraph", 1),
        ("Another one that is wrapped!", "sentence", 1),
        ("“A third?”", "sentence", 2),
        ("Yes.", "sentence", 2),
        ("A new paragraph.", "paragraph", 4),
    ]


def test_pauses_bells_counts_and_breaths() -> None:
    script = parse("[2.5s] [3 breaths] [chime] [count 10] [count 5 silent] [breathe 2]", "x")
    pause, breaths, bell, count, silent, breathe = script.cues
    assert isinstance(pause, Pause)
    assert (pause.length, pause.unit) == (2_500, "ms")
    assert isinstance(breaths, Pause)
    assert (breaths.length, breaths.unit) == (3, "breaths")
    assert isinstance(bell, Chime)
    assert isinstance(count, Count)
    assert (count.number, count.silent) == (10, False)
    assert isinstance(silent, Count)
    assert (silent.number, silent.silent) == (5, True)
    assert isinstance(breathe, Breathe)
    assert [breath.inhale for breath in breathe.breaths] == ["Breathe in.", "In."]


def test_lines_of_a_breath_repeat_for_a_movement_paced_by_it() -> None:
    (breathe,) = parse("[breathe 3]\nin: Arch the back.\nout: Round the back.\n[release]", "x").cues
    assert isinstance(breathe, Breathe)
    assert [(b.inhale, b.exhale) for b in breathe.breaths] == [("Arch the back.", "Round the back.")] * 3


def test_a_half_of_a_breath_without_words_is_silent() -> None:
    (breathe,) = parse(
        "[breathe]\nout: Sigh.\nin: Fill up.\nin: Once more.\nout: Let go.\nout: Rest.\n[release]", "x"
    ).cues
    assert isinstance(breathe, Breathe)
    assert [(b.inhale, b.exhale) for b in breathe.breaths] == [
        ("", "Sigh."), ("Fill up.", ""), ("Once more.", "Let go."), ("", "Rest."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "length", "unit"),
    [
        ("<break time='2.5s'/>", 2_500, "ms"),
        ('<BREAK TIME=".5S"></BREAK>', 500, "ms"),
        ("(pause for ten seconds)", 10_000, "ms"),
        ("(Wait about 300 Milliseconds)", 300, "ms"),
        ("*Silence: 5 breaths*", 5, "breaths"),
        ("{five second pause}", 5_000, "ms"),
        ("[[slnc 2000]]", 2_000, "ms"),
        ("<#2#>", 2_000, "ms"),
        ("[PAUSE 5 sec]", 5_000, "ms"),
        ("[half a minute pause]", 30_000, "ms"),
        ("[rest for two minutes]", 120_000, "ms"),
    ],
)
def test_a_pause_as_other_programs_have_it_is_one(written: str, length: int, unit: str) -> None:
    _, pause, _ = parse(f"Lie down. {written} Rest.", "x").cues
    assert isinstance(pause, Pause)
    assert (pause.length, pause.unit) == (length, unit)


def test_counts_and_breaths_inside_a_hold_are_no_nested_blocks() -> None:
    (hold,) = parse("[hold 2 min]\nRest.\n[at 20s]\n[breathe 2]\n[at 60s]\n[count 5]\n[release]", "x").cues
    assert isinstance(hold, Hold)
    assert [type(group.items[0]) for group in hold.groups] == [Say, Breathe, Count]


def test_an_escaped_bracket_is_spoken() -> None:
    (say,) = parse(r"Look \[gently\].", "x").cues
    assert isinstance(say, Say)
    assert say.text == "Look [gently]."


def test_control_characters_never_reach_the_voice() -> None:
    (say,) = parse("Breathe\x01200S\x07 in.", "x").cues
    assert isinstance(say, Say)
    assert say.text == "Breathe 200S in."


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "empty"),
        ("\n \n# Title\n", None, "empty"),
        ("Hi.\n[hold 3 s]\nHi.", 2, "never closed"),
        ("Hi.\n\n[foo 3]", 3, "isn't a mark"),
        ("[relese]", 1, "isn't a mark"),
        ("[hold 3s]\n[hold 3s]\n[release]\n[release]", 2, "inside the hold of line 1"),
        ("[hold 3s]\n# Title\n[release]", 2, "inside the hold of line 1"),
        ("[hold 3s]\n[sleep]\n[release]", 2, "inside the hold of line 1"),
        ("Hi [there.", 1, "a [ that is never closed"),
        ("Hi there].", 1, "a ] without the [ that opens it"),
        ("[sleep]\nHi.", 2, "nothing may follow"),
        ("[sleep] [4s]", 1, "nothing may follow"),
        ("Hi.\n[at 3s]", 2, "inside a hold"),
        ("[hold]\n[at 3s]\nHi.\n[release]", 2, "needs a hold with a length"),
        ("[hold 1 min]\n[at 100%]\nHi.\n[release]", 2, "outside the hold"),
        ("[hold 1 min]\n[at 20%]\n[at 40%]\nHi.\n[release]", 3, "nothing follows"),
        ("Hi.\n[every 2 min]", 2, "inside a hold"),
        ("[hold]\n[every 2 min]\nHi.\n[release]", 2, "needs a hold with a length"),
        ("[hold 9 min]\n[every 5 s]\nHi.\n[release]", 2, "too often"),
        ("[hold 9 min]\n[every 2 min]\n[release]", 3, "nothing follows"),
        ("[hold 9 min]\n[every 2 min]\nHi.\n[at 20%]\nYou.\n[release]", 4, "can't follow"),
        ("[hold 9 min]\n[every 2 min]\nHi.\n[every 3 min]\nYou.\n[release]", 4, "already"),
        ("[hold 9 min]\n[every 2 min]\n[count 3]\n[release]", 3, "sentences only"),
        ("[hold 10s]\n[4s]\n[release]", 2, "a pause"),
        ("[release]", 1, "closes nothing"),
        ("...", 1, "no word to speak"),
        ("[breathe]\nHi.", 1, "number of breaths"),
        ("[breathe]\nin: Up\nHi.\n[release]", 3, "between [breathe] and [release]"),
        ("[breathe 1]\nin: Up\nin: Up\n[release]", 1, "lines for 2 breaths"),
        ("[breathe 2]\nin: Up\n", 1, "never closed"),
        ("in: Up", 1, "outside [breathe]"),
        ("[pose figure-four]", 1, "an id and a round"),
        ("[pose figure-four rigth]", 1, "isn't a round"),
        ("# A [4s] title", 1, "can't hold marks"),
        ("#", 1, "no title"),
        ("[hold 30]\n[release]", 1, "has no unit"),
        ("[hold 1:75]\n[release]", 1, "like 29:05"),
        ("[0s]", 1, "no time at all"),
        ("[count]", 1, "isn't a hold"),
        ("---\ntitle: a\nHi.", 1, "never closed"),
        ("---\ntitle: a\ntitle: b\n---\nHi.", 3, "twice"),
        ("---\ntitle: [a, b]\n---\nHi.", 2, "plain text"),
        ("---\ntitle: a\nrate: {a: b}\n---\nHi.", 3, "plain text"),
        ("---\n# A\n\ntitle: a\ntitle: b\n---\nHi.", 5, "on line 4 and again on line 5"),
        ("---\ntitle: a\nsummary: &x b\n---\nHi.", 3, "an anchor (&x)"),
        ("---\ntitle: a\nsummary: *x\n---\nHi.", 3, "an alias (*x)"),
        ("---\ntitle: a\nrate: !!int 3\n---\nHi.", 3, "a tag"),
        ("---\ntitle: a\x07\n---\nHi.", 2, "a control character"),
        ("---\ntitle: a: b\n---\nHi.", 2, "put the text in quotes"),
        ("---\ntitle: a\nsummary: 'b\n---\nHi.", 3, "never closed"),
        ("---\n- a\n---\nHi.", 2, "it holds a list, not keys"),
        ("---\na: " + "[" * 5_000 + "\n---\nHi.", 2, "nested too deeply"),
        ("Hi.\n[hold 999999 breaths]\n[release]", 2, "longer than 3 h"),
        ("[hold 181 min]\n[release]", 1, "longer than 3 h"),
        ("[hold 3h1s]\n[release]", 1, "longer than 3 h"),
        ("[999999 breaths]", 1, "longer than 3 h"),
        ("[0 breaths]", 1, "must be more than 0"),
        ("[breathe 999999]", 1, "longer than 3 h"),
        ("[breathe 0]", 1, "must be more than 0"),
        ("[breathe six]", 1, "isn't a number of breaths"),
        ("[count 1001]", 1, "counts further than 1000"),
        *(
            (mark.replace("N", "9" * 5_000), 1, "more than 9 digits")
            for mark in ("[N s]", "[N breaths]", "[breathe N]", "[count N]", "[hold N s]", "[hold N breaths]")
        ),
    ],
)
def test_what_cannot_be_is_refused_at_its_line(text: str, line: int | None, says: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(text, "night.txt")
    assert says in caught.value.what
    assert _line_of(caught.value) == line
    assert caught.value.exit_code == 2


@given(st.text(alphabet="[]#-:%\\ \n.+0123456789abcdehilnoprstSi'é\x01", max_size=120))
def test_any_text_is_read_or_refused_but_never_spoken_as_a_mark(text: str) -> None:
    try:
        script = parse(text, "any.txt")
    except ScriptError as error:
        assert error.where
        return
    for cue in script.cues:
        if isinstance(cue, Say):
            assert any(character.isalnum() for character in cue.text)
            if "\\" not in text:
                assert "[" not in cue.text
                assert "]" not in cue.text


@pytest.mark.parametrize("head", ["", "\n", "# title: nothing yet\n"])
def test_front_matter_may_say_nothing(head: str) -> None:
    script = parse(f"---\n{head}---\nHi.", "x")
    assert (script.title, script.settings) == ("", {})
    assert script.cues[0].where.line == head.count("\n") + 3


def test_front_matter_keeps_values_as_they_were_written_and_settings_with_their_lines() -> None:
    head = split_front_matter('---\ntitle: no\n# slow\nrate: 0116\ntail: "1:30"\nvoice: ~\n---\nHi.', "x")
    assert head.title == "no"
    assert head.settings == {"rate": "0116", "tail": "1:30", "voice": "~"}
    assert head.setting_lines == {"rate": 4, "tail": 5, "voice": 6}


def test_a_script_file_over_one_megabyte_or_in_another_encoding_is_refused() -> None:
    assert decode_script("Hé.".encode() + b"." * (MAX_BYTES - 4), "night.txt").startswith("Hé.")
    with pytest.raises(ScriptError, match="the file is over 1 MB: a script is a few kB of text") as caught:
        decode_script(b"." * (MAX_BYTES + 1), "night.txt")
    assert caught.value.where == "night.txt:1:1"
    with pytest.raises(
        ScriptError, match=r"byte 0xe9 isn't UTF-8 text: save the file with the encoding UTF-8"
    ) as caught:
        decode_script(b"Hi.\nH\xe9.", "night.txt")
    assert caught.value.where == "night.txt:2:2"


values = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and text.strip() == text and text)


@given(title=values, summary=values, settings=st.dictionaries(st.sampled_from(["rate", "tail", "voice"]), values))
def test_front_matter_reads_back_what_was_written(title: str, summary: str, settings: dict[str, str]) -> None:
    text = write_front_matter(title=title, routine="frog", summary=summary, adapted=(), settings=settings) + "Hi."
    head = split_front_matter(text, "x")
    assert (head.title, head.summary, head.routine) == (title, summary, "frog")
    assert head.settings == settings
    assert head.body == "Hi."
    assert parse(text, "x").cues[0].where.line == text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ein schöner Abend. Öffne die Hände.", ["Ein schöner Abend.", "Öffne die Hände."]),
        ("Dr. Smith rests. So do you, i.e. lie down.", ["Dr. Smith rests.", "So do you, i.e. lie down."]),
        ("深呼吸。慢慢来。", ["深呼吸。", "慢慢来。"]),
        ("Wait… and breathe. 10 times.", ["Wait… and breathe.", "10 times."]),
    ],
)
def test_sentences_end_as_writers_mean(text: str, expected: list[str]) -> None:
    assert [cue.text for cue in parse(text, "x").cues if isinstance(cue, Say)] == expected


def test_guided_breaths_in_a_hold_need_no_release_of_their_own() -> None:
    hold, say = parse("[hold 1 min]\n[breathe 3]\n[release]\nBye.", "x").cues
    assert isinstance(hold, Hold)
    assert isinstance(hold.groups[0].items[0], Breathe)
    assert isinstance(say, Say)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("Hi. [sleep] Good night.", 1, "nothing may follow"),
        ("# A\n# B\nHi.", 1, "nothing happens in this chapter"),
        ("x" * 1_100, 1, "1100 characters"),
        ("[pause]", 1, "isn't a mark"),
        ("<break/>", 1, "isn't a mark"),
        ("(short pause)", 1, "isn't a mark"),
        ("[hold 1 min]\n[release now]", 2, "takes nothing, but it has 'now'"),
        ("[breathe 2]\nin: Let [2s] go.\n[release]", 2, "the lines of a breath can't hold marks"),
        ("---\nroutine: ../x\n---\nHi.", 2, "can't be a routine's name"),
    ],
)
def test_more_that_cannot_be(text: str, line: int, says: str) -> None:
    with pytest.raises(ScriptError, match=says.replace("(", r"\(")) as caught:
        parse(text, "night.txt")
    assert _line_of(caught.value) == line


@pytest.mark.parametrize("text", ["[hold 1 min]\nRest.", "[hold]\nRest.", "[breathe 2]\nin: Up."])
def test_what_is_never_closed_is_told_how_to_be(text: str) -> None:
    with pytest.raises(ScriptError, match="is never closed") as caught:
        parse(text, "night.txt")
    assert caught.value.hint == "add [release] after its lines"


def test_a_rule_of_markdown_ends_a_paragraph_with_a_word_about_it() -> None:
    script = parse("Lie down.\n***\nRest.", "night.txt")
    assert [(say.text, say.gap) for say in script.cues if isinstance(say, Say)] == [
        ("Lie down.", "paragraph"), ("Rest.", "paragraph"),
    ]  # fmt: skip
    [note] = script.notes
    assert (note.line, note.what) == (2, "“***” isn't said as it is written: it is Markdown's, and ends a paragraph")


def test_several_faults_stand_where_the_first_does() -> None:
    with pytest.raises(ScriptError) as caught:
        parse("Hi.\nRest. [zz]\n[qq]", "night.txt")
    assert caught.value.where == "night.txt:2:7"
    assert [line.split(" ")[0] for line in str(caught.value).splitlines() if line.startswith("night")] == [
        "night.txt:2:7:", "night.txt:3:1:",
    ]  # fmt: skip


def test_the_title_of_a_script_without_one_is_its_name_not_its_path() -> None:
    assert parse("Hi.", "./folder/night.txt", "night").chapters == ("night",)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Lie down. [8s", "[8s]"),
        ("Lie down. [2.5 s", "[2.5 s]"),
        ("Lie down. [1m30s", "[1m30s]"),
        ("Lie down. [3 breaths", "[3 breaths]"),
        ("Lie down. [8s Then rest. [4s]", "[8s]"),
        ("[hold 1-3 min", "[hold 1-3 min]"),
        ("[hold 5 breaths", "[hold 5 breaths]"),
        ("[hold 2 min\n[release]", "[hold 2 min]"),
        ("[at -8s", "[at -8s]"),
        ("[pose figure-four right", "[pose figure-four right]"),
        ("Good night. [sleep", "[sleep]"),
    ],
)
def test_a_forgotten_bracket_is_told_with_the_mark_that_was_meant(text: str, meant: str) -> None:
    with pytest.raises(ScriptError, match="is never closed") as caught:
        parse(text, "night.txt")
    assert caught.value.where == f"night.txt:1:{text.index('[') + 1}"
    assert caught.value.hint == f"write {meant}"


@pytest.mark.parametrize(
    ("mark", "meant"),
    [
        ("[hodl 10 s]", "did you mean [hold 10 s]?"),
        ("[Hold 10 s]", "did you mean [hold 10 s]?"),
        ("[relese]", "did you mean [release]?"),
        ("[breath 6]", "did you mean [breathe 6]?"),
        ("[bell]", None),
        ("[wait]", "a pause is its length alone, like [5s]"),
    ],
)
def test_an_unknown_mark_is_told_with_the_nearest(mark: str, meant: str | None) -> None:
    with pytest.raises(ScriptError, match="isn't a mark") as caught:
        parse(mark, "night.txt")
    assert caught.value.hint == (meant or r"write \[ for a bracket to be spoken")


def _faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ScriptFaultsError) as caught:
        parse(text, "night.txt")
    assert str(caught.value) == "\n".join(map(str, caught.value.faults))
    return [(fault.where or "", fault.what) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Lie down. [4s] Rest. [foo] Sleep.", "1:22"),
        ("  [hold 1:75]\n[release]", "1:3"),
        ("Rest. [4s]\n\tBreathe. [foo]", "2:11"),
        ("[4s] Rest. [4s] [4x]", "1:17"),
        ("Rest. [4s] And there] it is.", "1:21"),
        ("Lie down.\n  ... [4s]", "2:3"),
        ("Rest.\n [hold 1 min]\nBreathe.", "2:2"),
    ],
)
def test_a_fault_is_told_with_its_column(text: str, place: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(text, "night.txt")
    assert caught.value.where == f"night.txt:{place}"


def test_a_pause_in_a_hold_that_is_never_closed_tells_of_the_hold() -> None:
    """The [release] was forgotten: whoever reads "a pause inside a hold" looks for the fault in the wrong line."""
    after = ("", "[sleep]\n", "# Two\nRest.\n", "[hold 20 s]\n[release]\n", "[pose frog only]\nRest.\n")
    for rest in after:
        with pytest.raises(ScriptError) as caught:
            parse(f"# One\nLie down. [4s]\n[hold 60 s]\nBreathe.\nNow get up. [6s]\n{rest}", "night.txt")
        assert (caught.value.where, caught.value.what) == ("night.txt:3:1", "[hold 60 s] is never closed")
    with pytest.raises(ScriptError, match="inside a hold of given length"):
        parse("[hold 60 s]\nBreathe. [6s]\n[release]", "night.txt")


def _line_of(error: ScriptError) -> int | None:
    _, *place = (error.where or "").split(":")
    return int(place[0]) if place else None


def test_every_fault_of_a_script_is_told_at_once_and_none_that_follows_from_another() -> None:
    script = """\
# One
Hi. [8s
[hold 1:75]
[at 35%]
Yes.
[release]
[foo]
# Two
[hold 1 min]
Rest.
[relese]
[hold 2 min]
[release]
...
# Three
[release]
[sleep]
Still here.
And here.
"""
    told = [(where, what[:24]) for where, what in _faults(script)]
    assert told == [
        ("night.txt:2:5", "the bracket of [8s is ne"),
        ("night.txt:3:1", "'1:75' isn't a time: wri"),
        ("night.txt:7:1", "[foo] isn't a mark"),
        ("night.txt:11:1", "[relese] isn't a mark"),
        ("night.txt:14:1", "there is no word to spea"),
        ("night.txt:16:1", "[release] closes nothing"),
    ]


def test_a_script_of_nothing_but_faults_names_no_more_than_anyone_would_read() -> None:
    with pytest.raises(ScriptFaultsError) as caught:
        parse("[foo]\n" * 10_000, "night.txt")
    assert len(caught.value.faults) == 100
    assert str(caught.value).endswith("… and 9900 faults more: mend these first")


def test_every_fault_of_the_front_matter_is_told_at_once() -> None:
    told = _faults("---\ntitle: [a]\nrate: {a: b}\ntail: 1m\ntail: 2m\n---\nHi.")
    assert [where for where, _ in told] == ["night.txt:2:8", "night.txt:3:7", "night.txt:5:1"]


def test_names_may_stand_as_a_list_in_front_matter() -> None:
    head = split_front_matter("---\navoid: [knees, prone]\nskip:\n  - frog\nonly: []\n---\nHi.", "x")
    assert head.settings == {"avoid": "knees, prone", "skip": "frog", "only": "none"}
    with pytest.raises(ScriptError, match="'rate' must be plain text, not a list or keys: write one value"):
        parse("---\nrate: [100, 110]\n---\nHi.", "x")
    with pytest.raises(ScriptError, match="'avoid' must be plain text"):
        parse("---\navoid: [[knees]]\n---\nHi.", "x")
