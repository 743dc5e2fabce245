"""What may be written for a setting: each kind of value parses, writes and describes itself.

A value travels parsed. `parse` reads a text, `write` gives the text that reads back as the same value, `plain` is
what a plan holds of it, `schema` tells editors, and `may_be` tells people.
"""

from __future__ import annotations

from .background import Background, BackgroundKind, BackgroundLayer, layer_texts, name_and_gain, names_file
from .cover import AUTO_COVER, Cover, CoverKind
from .kinds import (
    NO_NAMES,
    SLUG,
    ChimeLevel,
    Choice,
    Duration,
    Kilobits,
    Names,
    Number,
    Ratio,
    SettingKind,
    Slug,
    Text,
    Whole,
    Words,
)

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
]
