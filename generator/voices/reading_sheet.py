"""The sheet from which a person reads: numbered sentences. A number keeps its sentence when a routine changes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from ..errors import InputError

SHEET_NAME = "sheet.txt"
"""Its name in the folder of the recordings."""

_HEAD = (
    "# Read each sentence aloud, one recording each, and name the recording by its number: 001.wav, 12 second try.m4a.",
    "# A number keeps its sentence: add no lines by hand, `sleepward voices --sheet ROUTINE -o` this file adds them.",
)
_LINE = re.compile(r"(\d+)[.):]?\s+(\S.*)")


def parse_sheet(text: str, shown_as: str) -> dict[int, str]:
    """Each number with its sentence. Raises InputError at a line that isn't one, or that comes twice."""
    sheet: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for row, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            hint = "write like: 12  Let the jaw be loose."
            raise InputError(f"this is no line of a sheet: {line.strip()[:60]!r}", where=f"{shown_as}:{row}", hint=hint)
        number, sentence = int(found[1]), found[2]
        if number in sheet or sentence in numbers:
            what = f"the number {number} stands" if number in sheet else f"number {numbers[sentence]} is this sentence"
            raise InputError(f"{what} here already", where=f"{shown_as}:{row}", hint="keep one of the two lines")
        sheet[number] = sentence
        numbers[sentence] = number
    return sheet


def extended(sheet: Mapping[int, str], texts: Iterable[str]) -> dict[int, str]:
    """`sheet` with those of `texts` that it lacks, under new numbers."""
    found = dict(sheet)
    known = set(sheet.values())
    following = max(sheet, default=0) + 1
    for text in dict.fromkeys(texts):
        if text not in known:
            found[following] = text
            following += 1
    return found


def sheet_text(sheet: Mapping[int, str]) -> str:
    """The sheet as `parse_sheet` reads it."""
    return "\n".join([*_HEAD, "", *(f"{number:03}  {text}" for number, text in sorted(sheet.items()))]) + "\n"


def folded(text: str) -> str:
    """A sentence as a file's name may give it: words in lower case, without marks."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "").replace("'", "")
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())
