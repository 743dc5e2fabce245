"""Signs between the words: those with a word for them, those that are a pause, and those that have none. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from .draft import PLACEHOLDER, Draft, UnsayableError
from .letters import plain_letter, script_of
from .quantities import PER_NOUNS, per
from .remarks import Words

SPOKEN_SIGNS = frozenset(".,;:!?…—–-'\"“”‘’()¿¡。！？、，")
"""What stays in a line for a voice, and is heard as a pause or not at all."""

_SPACED_DOTS = re.compile(r"\s?\.(?:\s\.)+|\.{2,}")
_SPACED_DASH = re.compile(r"(?<=\S)\s+(?:-{1,3}|–|―)\s+(?=\S)|(?<=[\w,.])\s?--+\s?(?=\w)")
_PER = re.compile(rf"(?<=[s{PLACEHOLDER}])\s?/\s?({PER_NOUNS})\b")
_OR = re.compile(rf"(?<=[\w'’.)\"”{PLACEHOLDER}])\s?/\s?(?=[\w(\"“{PLACEHOLDER}])")
_AND = re.compile(r"\s?&\s?")
_AT = re.compile(r"(?<=\s)@(?=\s)")
_PLUS = re.compile(r"(?<=\S)\s\+\s(?=\S)")
_EQUALS = re.compile(r"(?<=\S)\s=\s(?=\S)")
_TIMES = re.compile(rf"(?<=[\w{PLACEHOLDER}])\s[x×]\s(?=[\w{PLACEHOLDER}])")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)
_DOMAIN = re.compile(r"(?<![\w.])([a-z][\w-]+)\.(com|org|net|io|app|edu)\b(?!/)", re.IGNORECASE)
_EMOTICON = re.compile(r"(?<!\S)(?:[:;]-?[)(DPp]|<3)(?![^\s.,!?])")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_ENTITY = re.compile(r"&(?:[a-z]+|#\d+);", re.IGNORECASE)
_PICTURE = re.compile("[^\\w\\s.,;:!?…()\"'“”‘’]+")
_MATH = "+=<>~^|\\@#*_%°/×x&"

_ADVICE = {
    "→": "write 'then', 'to', or a new sentence", "⇒": "write 'so', 'then', or a new sentence",
    "->": "write 'then', 'to', or a new sentence", "←": "write it in words", "↑": "write 'up'", "↓": "write 'down'",
    "↔": "write 'and back', or 'to'", "*": "write it in words", "_": "leave it out", "|": "write one line for each",
    "\\": "leave it out", "^": "write it in words", "~": "write 'about'", "#": "write 'number'", "@": "write 'at'",
    "•": "begin a line with it, or leave it out", "✓": "leave it out", "<": "write 'less than', or leave it out",
    ">": "write 'more than', or 'then'", "=": "write 'is'", "+": "write 'and' or 'plus'", "/": "write 'or'",
    "²": "write 'squared'", "³": "write 'cubed'", "°": "write 'degrees'", "%": "write 'percent'",
}  # fmt: skip


def say_links(draft: Draft) -> None:
    """Refuse what only a screen understands: addresses, tags, entities. Say a bare domain."""

    def refuse(advice: str) -> Callable[[re.Match[str]], Words]:
        def say(match: re.Match[str]) -> Words:
            raise UnsayableError(f"“{match[0][:60]}” can't be said: {advice}", 0)

        return say

    draft.replace(_ADDRESS, refuse("nobody can follow an address in the dark: leave it out"))
    draft.replace(_EMOTICON, refuse("leave it out"))
    draft.replace(_TAG, refuse("tags aren't spoken: leave it out"))
    draft.replace(_ENTITY, refuse("write the character itself"))
    draft.replace(_DOMAIN, lambda match: Words(f"{match[1]} dot {match[2]}"))


def say_signs(draft: Draft) -> None:
    """Say the signs that stand between words, when the numbers have theirs."""
    draft.replace(_SPACED_DOTS, lambda match: "…")
    draft.replace(_SPACED_DASH, lambda match: " — ")
    draft.replace(_PER, lambda match: Words(f" {per(match[1])}"))
    draft.replace(_OR, lambda match: Words(" or "))
    draft.replace(_AND, lambda match: Words(" and ", noted=False))
    draft.replace(_PLUS, lambda match: Words(" plus "))
    draft.replace(_EQUALS, lambda match: Words(" equals "))
    draft.replace(_AT, lambda match: Words("at"))
    draft.replace(_TIMES, lambda match: Words(" times "))


def refuse_the_rest(draft: Draft) -> None:
    """Remember a fault for every sign and letter that still has no words."""
    skip_to = 0
    for index, character in enumerate(draft.text):
        if index < skip_to or character.isspace() or character in SPOKEN_SIGNS or "\ue000" <= character <= "\uf8ff":
            continue
        if character.isalpha() or unicodedata.category(character).startswith("M"):
            if plain_letter(character) is None:
                skip_to = _end_of_word(draft.text, index)
                word = draft.text[index:skip_to]
                what = f"“{word}” is {script_of(character)}, and this voice reads Latin letters: write it in those"
                draft.fault(index, what, len(word))
            continue
        if character in "[]{}" or (character.isascii() and character.isalnum()):
            continue
        sign = "->" if draft.text[index - 1 : index + 1] == "->" else character
        name = unicodedata.name(character, "").lower()
        advice = _ADVICE.get(sign, "write it in words, or leave it out")
        shown = f" ({name})" if name and not character.isascii() else ""
        if unicodedata.category(character) == "So":  # an emoji with its colour and its variation is one sign
            behind = _PICTURE.match(draft.text, index)
            skip_to = behind.end() if behind else index + 1
        draft.fault(index, f"“{sign}”{shown} has no words: {advice}")


def _end_of_word(text: str, index: int) -> int:
    while index < len(text) and (text[index].isalpha() or unicodedata.category(text[index]).startswith("M")):
        index += 1
    return index
