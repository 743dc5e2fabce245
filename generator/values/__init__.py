"""What may be written for a setting: each kind of value parses, writes and describes itself.

A value travels parsed. `parse` reads a text, `write` gives the text that reads back as the same value, `as_json` is
what a plan holds of it, `schema` tells editors, and `expected` tells people.
"""

from __future__ import annotations

from .background import Background, BackgroundKind, BackgroundLayer, layer_texts, name_and_gain, names_file
from .cover import AUTO_COVER, Cover, CoverKind
from .kinds import (
    NO_NAMES,
    SLUG,
    Choice,
    Names,
    Ratio,
    SettingKind,
    Slug,
    Text,
    Words,
)
from .numbers import ChimeLevel, Duration, Kilobits, Number, Whole
from .paths import path_test

__all__ = [
    "AUTO_COVER",
    "NO_NAMES",
    "SLUG",
    "Background",
    "BackgroundKind",
    "BackgroundLayer",
    "ChimeLevel",
    "Choice",
    "Cover",
    "CoverKind",
    "Duration",
    "Kilobits",
    "Names",
    "Number",
    "Ratio",
    "SettingKind",
    "Slug",
    "Text",
    "Whole",
    "Words",
    "layer_texts",
    "name_and_gain",
    "names_file",
    "path_test",
]
