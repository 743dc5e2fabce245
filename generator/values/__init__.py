"""The kinds of values of settings: each kind parses, writes and describes its values.

`parse` makes a value from text, and `write` makes the text that parses to the same value. `as_json` is the value in a
plan, `schema` describes it for editors, and `expected` for people.
"""

from __future__ import annotations

from .background import Background, BackgroundKind, BackgroundLayer, layer_texts, name_and_gain, names_file
from .cover import AUTO_COVER, Cover, CoverKind
from .kinds import (
    NO_NAMES,
    SLUG,
    Names,
    OneOf,
    Ratio,
    SettingKind,
    Slug,
    Words,
)
from .numbers import ChimeLevel, Duration, Kilobits, Number, Whole
from .paths import is_utf8, path_test, with_home
from .voices import Aloud, CountVoice, CountVoiceKind, OwnOption, OwnVoice, VoiceChoice, VoiceKind, voice_name

__all__ = [
    "AUTO_COVER",
    "NO_NAMES",
    "SLUG",
    "Aloud",
    "Background",
    "BackgroundKind",
    "BackgroundLayer",
    "ChimeLevel",
    "CountVoice",
    "CountVoiceKind",
    "Cover",
    "CoverKind",
    "Duration",
    "Kilobits",
    "Names",
    "Number",
    "OneOf",
    "OwnOption",
    "OwnVoice",
    "Ratio",
    "SettingKind",
    "Slug",
    "Text",
    "VoiceChoice",
    "VoiceKind",
    "Whole",
    "Words",
    "is_utf8",
    "layer_texts",
    "name_and_gain",
    "names_file",
    "path_test",
    "voice_name",
    "with_home",
]
