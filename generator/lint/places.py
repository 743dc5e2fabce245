"""Where in a pose's file the words of a sentence stand, though Jinja and YAML have moved them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from .sentences import words

MIN_SHARE = 0.75  # of a sentence's words must stand in a line, for it to come from there
_SIDES = frozenset({"right", "left"})
_UNSPOKEN = re.compile(
    r"\s*(?:#|(?:name|also|felt|caution|summary|props|involves|leave_out_for|rounds|position|ends):)"
)
_KEY = re.compile(r"[\"']?([a-z_]+)[\"']?\s*:")


def find_quote(lines: Sequence[str], key: str, quote: str) -> tuple[int, int] | None:
    """Line and column (from 1) of `quote` below the top-level `key` (any, where empty); of the key without a quote.

    None where the file has nothing like it: then the words are a template's.
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
    """The lines of a top-level key, first and one past the last; all of them for no key, none for a missing one."""
    tops = [(number, match[1]) for number, line in enumerate(lines) if (match := _KEY.match(line))]
    if not key:
        return 0, len(lines)
    begin = next((number for number, name in tops if name == key), len(lines))
    return begin, next((number for number, _ in tops if number > begin), len(lines))


def _share_found(wanted: Collection[str], lines: Sequence[str]) -> float:
    """The share of the words that stand in the first of `lines`; less counts what folding has moved to the second."""
    first, both = (sum(word in found for word in wanted) for found in (_words(lines[:1]), _words(lines)))
    return (first + 0.5 * (both - first) * (first > 0)) / len(wanted) if wanted else 0.0


def _words(lines: Sequence[str]) -> set[str]:
    return {word.casefold() for line in lines for word in words(line)}


def _column(line: str, quote: str) -> int:
    for word in words(quote):
        if word.casefold() not in _SIDES and (at := re.search(rf"\b{re.escape(word)}\b", line, re.IGNORECASE)):
            return at.start() + 1
    return len(line) - len(line.lstrip()) + 1
