"""A sentence on its way from what is written to what is said: rules replace parts, and places stay known. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from .letters import folded
from .remarks import FIRST_PLACEHOLDER, Remark, Words

_PLACEHOLDER = re.compile("[\ue000-\uf8ff]")
_DASHES = str.maketrans("‐‑‒―", "--–—")  # hyphen, the one that doesn't break, figure dash, bar
PLACEHOLDER = "\ue000-\uf8ff"
"""For a rule's character class: a part that an earlier rule has replaced (a code point for private use each)."""


class UnsayableError(Exception):
    """A rule found no words. The arguments are what is wrong and the offset in the match."""


class Draft:
    """The text as it stands after some rules. What one has replaced is a placeholder, which no later rule reads."""

    def __init__(self, written: str) -> None:
        self.written = written
        self.text = _PLACEHOLDER.sub("\ufffd", written).translate(
            _DASHES
        )  # such a character has no meaning of its own in a text
        self.notes: list[Remark] = []
        self.faults: list[Remark] = []
        self._places = list(range(len(written) + 1))
        self._pieces: list[Words] = []

    def replace(self, pattern: re.Pattern[str], say: Callable[[re.Match[str]], Words | str | None]) -> None:
        """Replace every match by the words that `say` gives; None leaves it. A bare text isn't noted."""
        out: list[str] = []
        places: list[int] = []
        position = 0
        for match in pattern.finditer(self.text):
            try:
                words = say(match)
            except UnsayableError as error:
                what, offset = error.args
                self.fault(match.start() + offset, what, max(1, match.end() - match.start() - offset))
                words = ""
            if words is None:
                continue
            out.append(self.text[position : match.start()])
            places += self._places[position : match.start()]
            piece = Words(words, noted=False) if isinstance(words, str) else words
            if piece.noted:
                self._note(match, piece)
            if piece.text:
                out.append(chr(FIRST_PLACEHOLDER + len(self._pieces)))
                places.append(self._places[match.start()])
                self._pieces.append(Words(self._spelled(piece.text), piece.sound))
            position = match.end()
        if position:
            self.text = "".join([*out, self.text[position:]])
            self._places = [*places, *self._places[position:]]

    def cut(self, spans: Iterable[tuple[int, int]], note: str = "") -> None:
        """Take out what isn't said, by its first index and the one behind its last. The `note` is told of each."""
        for start, end in sorted(spans, reverse=True):
            if note:
                written = self.written[self._places[start] : self._places[end]].strip()
                self.notes.append(Remark(self._places[start] + 1, f"“{written}” {note}", written=written))
            self.text = self.text[:start] + self.text[end:]
            del self._places[start:end]

    def fold(self) -> None:
        """Write every letter in plain ones, as far as Unicode says how."""
        if self.text.isascii():
            return
        letters = [folded(character) for character in self.text]
        self._places = [place for place, letter in zip(self._places, letters, strict=False) for _ in letter] + [
            self._places[-1]
        ]
        self.text = "".join(letters)

    def fault(self, index: int, what: str, length: int = 1) -> None:
        """Remember that there are no words for the `length` characters at `index` of the text."""
        begin, end = self._places[index], self._places[min(index + length, len(self._places) - 1)]
        self.faults.append(Remark(begin + 1, what, "no-words", self.written[begin : max(end, begin + 1)].strip()))

    def parts(self) -> Iterator[Words]:
        """What is said, part by part; most parts have no sound of their own."""
        position = 0
        said = ""
        for match in _PLACEHOLDER.finditer(self.text):
            before = self.text[position : match.start()]
            if before:
                yield Words(before)
                said = before
            piece = self._pieces[ord(match[0]) - FIRST_PLACEHOLDER]
            if said[-1:].isalnum() and piece.text[:1].isalnum():
                yield Words(" ")
            yield piece
            said = piece.text
            if said[-1:].isalnum() and self.text[match.end() : match.end() + 1].isalnum():
                yield Words(" ")
                said = " "
            position = match.end()
        if self.text[position:]:
            yield Words(self.text[position:])

    def _spelled(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self._pieces[ord(match[0]) - FIRST_PLACEHOLDER].text, text)

    def _note(self, match: re.Match[str], piece: Words) -> None:
        written = self.written[self._places[match.start()] : self._places[match.end()]].strip()
        if not written:
            return
        said = self._spelled(piece.text).strip()
        end = piece.lead or f"isn't said as it is written: “{said}”"
        self.notes.append(Remark(self._places[match.start()] + 1, f"“{written}” {end}", piece.rule, written))
