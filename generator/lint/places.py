"""Finds the words of a spoken sentence in a pose's file, although Jinja and YAML have changed them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from .sentences import words

MIN_SHARE = 0.75  # of a sentence's words must be in a line for the sentence to come from there
_SIDES = frozenset({"right", "left"})
_UNSPOKEN = re.compile(
    r"\s*(?:#|(?:name|also|felt|caution|summary|props|involves|leave_out_for|rounds|position|ends):)"
)
_KEY = re.compile(r"[\"']?([a-z_]+)[\"']?\s*:")


def find_quote(lines: Sequence[str], key: str, quote: str) -> tuple[int, int] | None:
    """Line and column (from 1) of `quote` below the top-level `key`, or below any key if `key` is empty.

    Without a quote it is the place of the key. None if the file has nothing like it: the words come from a template.
    """
    begin, end = _key_lines(lines, key)
    if not quote:
        return (begin + 1, 1) if end > begin else None
    wanted = {word.casefold() for word in words(quote)} - _SIDES
    scores = {
        number: _share_found(wanted, lines[number : number + 2])
        for number in range(begin, end)
        if not _UNSPOKEN.match(lines[number])
    }
    best = max(scores, key=lambda number: scores[number], default=0)
    if not wanted or scores.get(best, 0) < MIN_SHARE:
        return None
    return best + 1, _column(lines[best], quote)


def _key_lines(lines: Sequence[str], key: str) -> tuple[int, int]:
    """The first line of a top-level key and one past its last; all lines for no key, none for a missing key."""
    tops = [(number, match[1]) for number, line in enumerate(lines) if (match := _KEY.match(line))]
    if not key:
        return 0, len(lines)
    begin = next((number for number, name in tops if name == key), len(lines))
    return begin, next((number for number, _ in tops if number > begin), len(lines))


def _share_found(wanted: Collection[str], lines: Sequence[str]) -> float:
    """The share of the words that are in the first of `lines`. Those in the second count half: YAML folds lines."""
    first, both = (sum(word in found for word in wanted) for found in (_words(lines[:1]), _words(lines)))
    return (first + 0.5 * (both - first) * (first > 0)) / len(wanted) if wanted else 0.0


def _words(lines: Sequence[str]) -> set[str]:
    return {word.casefold() for line in lines for word in words(line)}


def _column(line: str, quote: str) -> int:
    for word in words(quote):
        if word.casefold() not in _SIDES and (at := re.search(rf"\b{re.escape(word)}\b", line, re.IGNORECASE)):
            return at.start() + 1
    return len(line) - len(line.lstrip()) + 1
