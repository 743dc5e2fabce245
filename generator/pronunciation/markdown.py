"""Markdown as people write it into what is to be spoken: the marks of lists, quotes and emphasis aren't said. Pure."""

from __future__ import annotations

import re

from .draft import Draft
from .sentences import LIST_MARK, QUOTE_MARK

_CODE = re.compile(r"(`+)[^`]+(`+)")
_OPENING = r"(?<![\w*_])(\*{1,3}|_{1,3})(?=[^\s*_])"
_CLOSING = r"(?<=[^\s*_])(\*{1,3}|_{1,3})(?![\w*_])"
_EMPHASIS = re.compile(rf"{_OPENING}.+?(?<=[^\s*_])(\1)(?![\w*_])")
_OPENED = re.compile(rf"^[\"'“‘(]*{_OPENING}")
_CLOSED = re.compile(rf"{_CLOSING}(?=[.!?…\"'”’)]*$)")
_NOT_SAID = "isn't said as it is written: it is Markdown's, and left out"


def unmark(draft: Draft) -> None:
    """Take Markdown's marks out of a sentence. An emphasis may begin in one sentence and end in another."""
    for pattern in (QUOTE_MARK, LIST_MARK):
        if mark := pattern.match(draft.text):
            draft.cut([mark.span()], _NOT_SAID)
    _cut_pairs(draft, _CODE)
    while _cut_pairs(draft, _EMPHASIS):  # **bold with *italics* in it**
        pass
    for pattern in (_OPENED, _CLOSED):
        if mark := pattern.search(draft.text):
            draft.cut([mark.span(1)], _NOT_SAID)


def _cut_pairs(draft: Draft, pattern: re.Pattern[str]) -> bool:
    pairs = [*pattern.finditer(draft.text)]
    for match in reversed(pairs):
        draft.cut([match.span(2)])
        draft.cut([match.span(1)], _NOT_SAID)
    return bool(pairs)
