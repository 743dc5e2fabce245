"""Plain text split into sentences. Pure."""

from __future__ import annotations

import re

MAX_SENTENCE = 1_000  # characters; a listener can't follow a longer one, and espeak-ng crashes on one of 20,000

LIST_MARK = re.compile(r"(?:[-*+•▪◦‣·]\s+(?=\S)|\d{1,3}[.)]\s+(?=[\"'“‘(*_`]*(?:[^\W\d_]|\d+\s+[a-z])))")
"""What a list's item begins with: `- `, `* `, `• `, `1. `, `1) `, and then a word."""

QUOTE_MARK = re.compile(r"(?:>\s*)+(?=\S)")
"""What a quoted line begins with in Markdown."""

RULE = re.compile(r"(?:[-*_=]\s*){3,}")
"""A line of Markdown that parts two paragraphs, and has no words."""

_CLOSING = r"[\"'”’)*_]*"
_SENTENCE_END = re.compile(rf"(?:[.!?…]{_CLOSING}\s+|[。！？]{_CLOSING.replace(')', ')」』')}\s*)")
_SPACED_ELLIPSIS = re.compile(r"\.(?:\s\.)+\s*$")
# Titles and other words whose full stop ends no sentence, whatever follows.
_NEVER_LAST = re.compile(
    r"\b(?:Dr|Mr|Mrs|Ms|Prof|St|Mt|Ft|Rev|Fr|Capt|Gen|Lt|Col|Sgt|Hon|vs|[Aa]pprox|[Ii]ncl|[Ee]sp|[Ee]\.g|[Ii]\.e|[Cc]f|[Cc]a)\.\s+$"
)
# Those that only a number follows.
_BEFORE_NUMBER = re.compile(
    r"\b(?:[Nn]os?|[Ff]igs?|[Vv]ol|[Cc]h|[Ss]ec|[Pp]t|[Pp]p?|[Aa]rt|[Mm]ax|[Mm]in"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.\s+$"
)
_INITIAL = re.compile(r"(?:^|[\s.(\"“‘'])[A-HJ-Z]\.\s+$")  # not "I.", the pronoun
_LAST_OF_SENTENCE = re.compile(rf"[.!?…:;。！？]{_CLOSING.replace(')', ')」』')}$")


def sentences(text: str) -> list[str]:
    """The sentences of `text`. After the end of one, the next begins with anything but a lower-case letter.

    A list's number at the very beginning, a single capital and a known abbreviation end none.
    """
    parts: list[str] = []
    listed = LIST_MARK.match(text)
    begin = 0
    for end in _SENTENCE_END.finditer(text, listed.end() if listed else 0):
        following = text[end.end() :].lstrip("\"'“‘(¿¡*_")
        if following and not following[0].islower() and not _goes_on(text[begin : end.end()], following):
            parts.append(text[begin : end.end()].strip())
            begin = end.end()
    return [*parts, text[begin:].strip()] if text[begin:].strip() else parts


def ends_sentence(line: str) -> bool:
    """Whether a sentence ends with `line`; otherwise it continues on the next line."""
    return _LAST_OF_SENTENCE.search(line) is not None and not _goes_on(line + " ", "")


def _goes_on(so_far: str, following: str) -> bool:
    """Whether a sentence goes on behind the full stop and the space that `so_far` ends with."""
    if following.startswith("."):
        return True  # ". . ."
    if _NEVER_LAST.search(so_far) or (_INITIAL.search(so_far) and not _SPACED_ELLIPSIS.search(so_far)):
        return True
    return _BEFORE_NUMBER.search(so_far) is not None and following[:1].isdigit()
