"""What can't be seen in a text: it is taken out before anybody reads it, or refused. Pure."""

from __future__ import annotations

import re
import unicodedata

_SEEN_AS = {"Cc": " ", "Zl": " ", "Zp": " ", "Cf": ""}  # by Unicode's general category
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BROKEN = re.compile(r"([^\W\d_]+)-$")
_REST = re.compile(r"[^\W\d_]+")
# The first halves of words that keep their hyphen: "well-known", "half-lotus", "twenty-five".
_HYPHENED = frozenset(
    "all back both cross deep down easy ever five four front full half heavy high ill left light long low mid near "
    "nine non off one over part post pre quiet ready right seven self semi short side six slow soft step still "
    "straight ten three two under up warm well wide eight twenty thirty forty fifty sixty seventy eighty ninety".split()
)
_SECOND_HALF = re.compile(r"(?!en)[^\W\d_]{4,}")  # what stands behind one: "slow-ly" and "soft-en" are one word


def clean(raw: str) -> str:
    """`raw` as it is meant to be seen: in composed Unicode, with single spaces, without invisible characters.

    A word with a soft hyphen, a zero-width space or joiner, or a word joiner in it is the word without it.
    """
    if raw.isascii() and raw.isprintable():  # nearly every line
        return " ".join(raw.split())
    visible = "".join(_SEEN_AS.get(unicodedata.category(c), c) for c in raw)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def direction_mark(raw: str) -> int | None:
    """The index of the first mark in `raw` that turns the reading direction; None if there is none."""
    found = _DIRECTION.search(raw)
    return None if found is None else found.start()


def joined_over_lines(line: str, following: str, *, soft: bool = False) -> str | None:
    """`line` as it is joined to the `following` one if a word is broken between them; None if none is.

    "verte-" and "bra" are one word. "well-" and "known" keep their hyphen. A `soft` hyphen, which `clean` has taken
    away, always breaks a word.
    """
    if soft:
        return line
    broken, rest = _BROKEN.search(line), _REST.match(following)
    if broken is None or rest is None or not rest[0][0].islower():
        return None
    compound = broken[1].lower() in _HYPHENED and _SECOND_HALF.match(following) is not None
    keeps = compound or following[rest.end() :].startswith("-")
    return line if keeps else line[:-1]
