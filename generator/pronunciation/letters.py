"""Letters that an English voice doesn't know, folded to plain ones where Unicode says how. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Latin letters that Unicode doesn't take apart, as they are written without them (Unicode CLDR, Latin-ASCII).
_PLAIN = {
    "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D",
    "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ı": "i", "ŋ": "ng", "Ŋ": "Ng", "ħ": "h", "Ħ": "H", "ə": "e",
}  # fmt: skip


@lru_cache(maxsize=1_024)
def plain_letter(character: str) -> str | None:
    """A letter or a mark on one in plain letters; an empty text for a mark alone, None for another script's."""
    if character.isascii():
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    parts = [c for c in unicodedata.normalize("NFKD", character) if not _is_latin_mark(c)]
    plain = "".join(_PLAIN.get(c, c) for c in parts)
    return plain if plain.isascii() else None


def folded(text: str) -> str:
    """`text` with each letter in plain ones, as far as Unicode says how: "Śavāsana" is "Savasana"."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(_folded_character(c) for c in composed)


def script_of(letter: str) -> str:
    """The name of a letter's script as Unicode spells it: "Devanagari", "Greek"."""
    return unicodedata.name(letter, "unknown").split(" ")[0].capitalize()


def _is_latin_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0 and unicodedata.name(character, "").startswith("COMBINING ")


def _folded_character(character: str) -> str:
    if not (character.isalpha() or _is_latin_mark(character)):
        return character
    plain = plain_letter(character)
    return character if plain is None else plain
