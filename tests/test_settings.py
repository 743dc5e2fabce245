"""Every setting: what it reads, writes, shows in a plan and tells an editor is one and the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from generator.durations import DURATION_PATTERN, format_ms
from generator.settings import SETTINGS, Settings, json_settings, written_settings
from generator.values import AUTO_COVER, CountVoice, CountVoiceKind, Cover, Duration, Names, VoiceKind, Whole

SCHEMAS = {name: Draft202012Validator(info.schema()) for name, info in SETTINGS.items()}
NAME = st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True)
FILE = st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}\.(ogg|jpg)", fullmatch=True)
NUMBER = st.one_of(st.integers(-40, 20_000), st.floats(-40, 400).map(lambda value: round(value, 3)))
COUNT_VOICE = st.builds("{} {}".format, st.sampled_from(["auto", "on", "off"]), NAME)
DURATION = st.integers(0, 40_000_000).map(format_ms)
LAYERS = st.lists(st.tuples(NAME | FILE, st.integers(-45, 15)), min_size=1, max_size=5)
BACKGROUND = LAYERS.map(lambda layers: "+".join(f"{name}:{gain_db:+d}" for name, gain_db in layers))
WORDS = st.sampled_from(sorted({word for info in SETTINGS.values() for word in info.metavar.split("|")}))
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="_"), max_size=30)
WRITTEN = st.one_of(
    NUMBER.map(str),
    DURATION,
    st.lists(NAME, max_size=3).map(", ".join),
    FILE,
    BACKGROUND,
    COUNT_VOICE,
    WORDS,
    WORDS.map(str.upper),
    st.sampled_from([64, 128, 320, 500]).map("{}k".format),
    TEXT,
)
NUMERAL = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[ox][0-9a-fA-F]+|[-+]?\.(inf|nan)", re.IGNORECASE
)


def _read(name: str, text: str) -> tuple[bool, Any]:
    """Whether a setting takes a text, and what it makes of it."""
    try:
        return True, SETTINGS[name].kind.parse(text)
    except ValueError as error:
        assert str(error)
        return False, None


def _as_editors_read(text: str) -> Any:
    """A plain YAML scalar by the core schema of YAML 1.2; what has no one form in JSON is left out."""
    assume(text.lower() not in ("", "~", "null", "true", "false"))
    if not NUMERAL.fullmatch(text):
        return text
    try:
        number = json.loads(text)
    except ValueError:
        number = None
    assume(json.dumps(number) == text)  # neither 007 nor +5
    assume(isinstance(number, int) or number != int(number))  # JSON has one number where we have 116 and 116.0
    return number


@settings(max_examples=300)
@given(text=WRITTEN.map(str.strip))
def test_what_is_written_again_reads_as_the_same_and_editors_take_and_refuse_what_we_do(text: str) -> None:
    shown = _as_editors_read(text)
    for name, info in SETTINGS.items():
        taken, value = _read(name, text)
        if taken:
            assert info.kind.parse(info.kind.write(value)) == value, name
            json.dumps(info.kind.as_json(value))
            info.kind.check(text)
        if info.names_files:
            taken = bool(text)  # what is in a folder, no schema knows
        elif isinstance(info.kind, Duration) and not taken and re.fullmatch(DURATION_PATTERN, text):
            continue  # how long it is, no pattern tells
        assert SCHEMAS[name].is_valid(shown) is taken, name


def test_every_kind_refuses_with_what_it_may_be() -> None:
    for info in SETTINGS.values():
        if not isinstance(info.kind, VoiceKind | CountVoiceKind | Names) and not info.names_files:
            with pytest.raises(ValueError, match=r"\ufffd") as caught:
                info.kind.parse("\ufffd")
            assert info.kind.expected in str(caught.value), info.name
    assert any(isinstance(info.kind, Whole) for info in SETTINGS.values())


def test_defaults_are_written_and_shown_like_any_value() -> None:
    assert written_settings(Settings()) == {}
    for info in SETTINGS.values():
        if info.default_text:
            assert info.kind.parse(info.default_text) == info.default
    assert list(json_settings(Settings())) == list(SETTINGS)
    chosen = Settings(tail=90_000, breath_ratio=(3, 7), avoid=("knees", "prone"), pace=1.25, chime=11.0, cover=Cover())
    assert written_settings(chosen) == {
        "pace": "1.25",
        "breath_ratio": "3:7",
        "tail": "1m30s",
        "chime": "11",
        "avoid": "knees, prone",
        "cover": "none",
    }
    assert json_settings(chosen) == {
        **json_settings(Settings()),
        "pace": 1.25,
        "breath_ratio": "3:7",
        "tail": "1m30s",
        "chime": 11.0,
        "avoid": ["knees", "prone"],
        "cover": "none",
    }


def test_the_voice_of_numbers_is_told_from_whether_they_are_spoken() -> None:
    kind = SETTINGS["count_voice"].kind
    assert kind.parse("off") == CountVoice("off")
    assert kind.parse("en-us+belinda") == CountVoice("auto", "en-us+belinda")
    assert kind.parse("on English (America)") == CountVoice("on", "English (America)")
    assert kind.parse(kind.write(CountVoice("auto", "on"))) == CountVoice("auto", "on"), "a voice of that name"
    with pytest.raises(ValueError, match="speaks no numbers"):
        kind.parse("off tone")


def test_a_picture_called_like_a_word_is_told_from_it() -> None:
    kind = SETTINGS["cover"].kind
    assert kind.parse("auto") == AUTO_COVER
    assert kind.parse("./auto").file is not None
    assert kind.parse(kind.write(kind.parse("./auto"))) == kind.parse("./auto")
