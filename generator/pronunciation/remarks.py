"""What the rules pass on: words with their sound, and remarks for the writer. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .lexicon import Pronunciation

FIRST_PLACEHOLDER = 0xE000  # a code point for private use stands for each part that has its words already
_BRACKETS = str.maketrans("[]{}", "()()")


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """What a writer should know about what is `written` at the place `column` (from 1) of a sentence."""

    column: int
    what: str
    rule: str = "not-as-written"
    written: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said for a part of the text.

    `sound` is how they are said, if the words alone don't tell. `noted` tells the writer what is said, under `rule`;
    `lead` is the note's end, if it isn't that.
    """

    text: str
    sound: Pronunciation | None = None
    noted: bool = True
    rule: str = "not-as-written"
    lead: str = ""


def bracketless(text: str) -> str:
    """Square and curly brackets as round ones: voices read them as pauses, and some take square ones for marks."""
    return text.translate(_BRACKETS)
