"""Plain text cleaned and split into sentences. Pure."""

from __future__ import annotations

import re
import unicodedata

MAX_SENTENCE = 1_000  # characters; a listener can't follow a longer one, and espeak-ng crashes on one of 20,000

_SENTENCE_END = re.compile(r"""(?:[.!?…]["'”’)]*\s+|[。！？]["'”’)」』]*\s*)""")
_ABBREVIATION = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|St|vs|approx|e\.g|i\.e)\.\s+$")
_LAST_OF_SENTENCE = re.compile(r"[.!?…:;。！？][\"'”’)]*$")


def clean(raw: str) -> str:
    """`raw` without control characters and doubled spaces, in composed Unicode."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in raw)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def sentences(text: str) -> list[str]:
    """The sentences of `text`. After the end of one, the next begins with anything but a lower-case letter."""
    parts: list[str] = []
    begin = 0
    for end in _SENTENCE_END.finditer(text):
        following = text[end.end() :].lstrip("\"'“‘(¿¡")
        if following and not following[0].islower() and not _ABBREVIATION.search(text[begin : end.end()]):
            parts.append(text[begin : end.end()].strip())
            begin = end.end()
    return [*parts, text[begin:].strip()] if text[begin:].strip() else parts


def ends_sentence(line: str) -> bool:
    """Whether a sentence ends with `line`; otherwise it continues on the next line."""
    return _LAST_OF_SENTENCE.search(line) is not None
