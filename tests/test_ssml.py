"""The SSML export against the W3C schema's rules, written down here from the recommendation (SSML 1.1, section 3 and
appendix D): which element may stand in which, attributes needed and allowed, and the patterns of their values.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.model import Timeline
from generator.script import parse
from generator.script.ssml import NAMESPACE, to_ssml
from generator.settings import Settings
from generator.timeline.layout import lay_out
from generator.timeline.timing import Timing, spoken_texts
from tests.conftest import NIGHT

XML = "{http://www.w3.org/XML/1998/namespace}"
ANYURI_OR_TOKEN = r"\S+(?: \S+)*"
TIME = r"\+?(?:[0-9]*\.)?[0-9]+(?:ms|s)"
LANGUAGE = r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*"
NCNAME = r"[A-Za-z_][\w.-]*"

INLINE = {"audio", "break", "emphasis", "mark", "phoneme", "prosody", "say-as", "sub", "token", "w", "voice", "lang"}
HEAD = ("meta", "metadata", "lexicon")
CHILDREN = {
    "speak": {*INLINE, *HEAD, "p", "s", "lookup"},
    "p": {*INLINE, "s"},
    "s": INLINE,
    "break": set(),
    "mark": set(),
}
TEXT = {"speak", "p", "s"}
ATTRIBUTES = {
    "speak": {"version": r"1\.1", f"{XML}lang": LANGUAGE, f"{XML}base": ANYURI_OR_TOKEN},
    "p": {f"{XML}lang": LANGUAGE},
    "s": {f"{XML}lang": LANGUAGE},
    "break": {"time": TIME, "strength": "none|x-weak|weak|medium|strong|x-strong"},
    "mark": {"name": ANYURI_OR_TOKEN},
    "metadata": {},
}
NEEDED = {"speak": {"version", f"{XML}lang"}, "mark": {"name"}}


def faults(node: ET.Element) -> list[str]:
    """What in `node` the schema doesn't allow."""
    own = node.tag.removeprefix(f"{{{NAMESPACE}}}")
    if own not in ATTRIBUTES:
        return [f"<{own}> isn't known"]
    found = [f"<{own}> lacks {name}" for name in NEEDED.get(own, set()) - set(node.attrib)]
    for name, value in node.attrib.items():
        if not re.fullmatch(ATTRIBUTES[own].get(name, r"(?!)"), value):
            found.append(f"<{own} {name}={value!r}>")
    if own == "metadata":  # anything of another namespace
        return found + [f"<{child.tag}> in metadata" for child in node if child.tag.startswith(f"{{{NAMESPACE}}}")]
    texts = [node.text, *(child.tail for child in node)]
    if own not in TEXT and any((text or "").strip() for text in texts):
        found.append(f"text in <{own}>")
    body = False
    for child in node:
        name = child.tag.removeprefix(f"{{{NAMESPACE}}}")
        if name not in CHILDREN[own]:
            found.append(f"<{name}> in <{own}>")
            continue
        if name in HEAD and body:
            found.append(f"<{name}> after other elements")
        body = body or name not in HEAD
        found += faults(child)
    return found


def planned(text: str, **settings: object) -> tuple[str, Timeline]:
    """The SSML of a script whose clips last 100 ms a letter, and its timeline."""
    script = parse(text, "night.txt", "night")
    chosen = Settings(**settings)  # type: ignore[arg-type]
    timing = Timing(pace=chosen.pace)
    timeline = lay_out(script, {said: 100 * len(said) for said in spoken_texts(script, timing)}, timing)
    return to_ssml(script, timeline, chosen), timeline


def break_ms(root: ET.Element) -> list[int]:
    return [int(node.attrib["time"].removesuffix("ms")) for node in root.iter(f"{{{NAMESPACE}}}break")]


SHORT_NIGHT = NIGHT.replace("20-30 s", "40-50 s").replace("[hold count 5]", "[hold count 5 silent]")
BREATHS = "[breathe]\nin: And in.\nout: And out.\n[release]\n[sleep]"


@pytest.fixture(scope="module")
def night() -> tuple[str, Timeline]:
    return planned(SHORT_NIGHT.replace("[breathe 2]", "[3 breaths]"))


def test_the_schema_allows_all_of_it(night: tuple[str, Timeline]) -> None:
    root = ET.fromstring(night[0])
    assert root.tag == f"{{{NAMESPACE}}}speak"
    assert faults(root) == []


@pytest.mark.parametrize(
    "wrong",
    [
        '<speak xmlns="{0}" xml:lang="en"/>',
        '<speak xmlns="{0}" version="1.0" xml:lang="en"/>',
        '<speak xmlns="{0}" version="1.1"/>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><p><p/></p></speak>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><s><p/></s></speak>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><break time="3"/></speak>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><break time="-3s"/></speak>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><mark/></speak>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><mark name="a">text</mark></speak>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><p/><metadata/></speak>',
        '<speak xmlns="{0}" version="1.1" xml:lang="en"><desc>no</desc></speak>',
    ],
)
def test_the_checker_itself_refuses(wrong: str) -> None:
    assert faults(ET.fromstring(wrong.format(NAMESPACE)))


def test_breaks_and_clips_add_up_to_the_guided_part(night: tuple[str, Timeline]) -> None:
    text, timeline = night
    said_ms = sum(event.duration_ms for event in timeline.events if event.kind == "speech")
    assert sum(break_ms(ET.fromstring(text))) + said_ms == timeline.guided_ms


def test_every_sentence_is_there_once_in_order(night: tuple[str, Timeline]) -> None:
    text, timeline = night
    sentences = [node.text for node in ET.fromstring(text).iter(f"{{{NAMESPACE}}}s")]
    assert sentences == [event.text for event in timeline.events if event.kind == "speech"]


def test_each_chapter_and_bell_has_its_mark_at_its_time(night: tuple[str, Timeline]) -> None:
    text, timeline = night
    lengths = iter(event.duration_ms for event in timeline.events if event.kind == "speech")
    at_ms = 0
    marks = {}
    for node in ET.fromstring(text).iter():
        if node.tag.endswith("}break"):
            at_ms += int(node.attrib["time"].removesuffix("ms"))
        elif node.tag.endswith("}s"):
            at_ms += next(lengths)
        elif node.tag.endswith("}mark"):
            marks[node.attrib["name"]] = at_ms
    starts = [chapter.start_ms for chapter in timeline.chapters]
    assert [ms for name, ms in marks.items() if name.startswith("chapter")] == starts
    assert marks["chapter-2-figure-four-right-side"] == starts[1]
    assert [marks["chime-1"]] == [event.start_ms for event in timeline.events if event.kind == "chime"]
    assert all(re.fullmatch(NCNAME, name) for name in marks)


def test_a_long_silence_parts_paragraphs_and_a_short_one_does_not() -> None:
    text, _ = planned("One. Two.\n\nThree.\n[30s]\nFour.\n[sleep]")
    paragraphs = [[s.text for s in p.iter(f"{{{NAMESPACE}}}s")] for p in ET.fromstring(text).iter(f"{{{NAMESPACE}}}p")]
    assert paragraphs == [["One.", "Two."], ["Three."], ["Four."]]


def test_the_quiet_of_a_hold_is_one_break() -> None:
    text, _ = planned("Rest.\n[hold 10 min]\n[release]\nGood night.\n[sleep]")
    assert max(break_ms(ET.fromstring(text))) == 600_000 + 2 * 2_500


def test_breath_words_fall_on_their_phases() -> None:
    text, timeline = planned(BREATHS)
    assert faults(ET.fromstring(text)) == []
    said = [event for event in timeline.events if event.kind == "speech"]
    assert break_ms(ET.fromstring(text))[1] == said[1].start_ms - said[0].end_ms


def test_what_xml_would_take_for_marks_is_spoken_as_it_is() -> None:
    text, _ = planned("---\ntitle: Salt & <pepper>\n---\n# “Tea” & <rest>\nSalt & pepper, 1 < 2.\n[sleep]")
    root = ET.fromstring(text)
    assert faults(root) == []
    assert [node.text for node in root.iter(f"{{{NAMESPACE}}}s")] == ["Salt & pepper, 1 < 2."]
    assert "".join(root[0].itertext()) == "Salt & <pepper>"


@given(title=st.text(max_size=30), language=st.sampled_from(["en", "en-GB", "de"]))
def test_any_title_makes_a_document_that_can_be_read(title: str, language: str) -> None:
    from dataclasses import replace

    script = parse("# Rest\nRest here.\n[sleep]", "night.txt", "night")
    timeline = lay_out(script, {"Rest here.": 1_000}, Timing())
    chapters = tuple(replace(chapter, title=title) for chapter in timeline.chapters)
    text = to_ssml(replace(script, title=title), replace(timeline, chapters=chapters), Settings(), language)
    assert faults(ET.fromstring(text.encode("utf-8"))) == []
