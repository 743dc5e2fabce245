"""The places of a script where a sentence isn't said as it is written, or can't be said. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import ScriptError
from ..model import Breathe, Cue, CuePlace, Say, Script, cues_with_words
from .reading import Reading
from .remarks import Remark


@dataclass(frozen=True, slots=True)
class PlacedRemark:
    """A remark about a `sentence`, at its line and column of the script (from 1). A `fault`: there are no words."""

    line: int
    column: int
    sentence: str
    remark: Remark
    where: CuePlace
    fault: bool


def placed_remarks(script: Script, reading: Reading) -> Iterator[PlacedRemark]:
    """All remarks of the front end about the sentences of `script`, in their order."""
    lines = [unicodedata.normalize("NFC", line) for line in script.body.split("\n")]
    for sentence, where in _spoken(script.cues):
        said = reading.of(sentence)
        for fault, remarks in ((True, said.faults), (False, said.notes)):
            for remark in remarks:
                line, column = _place(lines, where.line - script.first_line, sentence, remark.column - 1)
                yield PlacedRemark(line + script.first_line, column + 1, sentence, remark, where, fault)


def sentence_places(script: Script) -> Iterator[tuple[int, int, str]]:
    """Line and column (from 1) of each sentence of `script`, in their order."""
    lines = [unicodedata.normalize("NFC", line) for line in script.body.split("\n")]
    for sentence, where in _spoken(script.cues):
        line, column = _place(lines, where.line - script.first_line, sentence, 0)
        yield line + script.first_line, column + 1, sentence


def unsayable(script: Script, reading: Reading, is_read: Callable[[str], bool]) -> list[ScriptError]:
    """An error for every place of `script` that has no words, in sentences for which `is_read`."""
    return [
        ScriptError(each.remark.what, where=f"{script.name}:{each.line}:{each.column}")
        for each in placed_remarks(script, reading)
        if each.fault and is_read(each.sentence)
    ]


def _spoken(cues: Sequence[Cue]) -> Iterator[tuple[str, CuePlace]]:
    for cue in cues_with_words(cues):
        match cue:
            case Say():
                yield cue.text, cue.where
            case Breathe():
                for breath in cue.breaths:
                    for text, line in ((breath.inhale, breath.inhale_line), (breath.exhale, breath.exhale_line)):
                        if text:
                            yield text, CuePlace(line, cue.where.chapter, cue.where.pose, cue.where.round)


def _place(lines: Sequence[str], first: int, sentence: str, offset: int) -> tuple[int, int]:
    """Line and column (from 0) of the character at `offset` of a sentence that begins on the line `first`."""
    raw = "\n".join(lines[max(first, 0) : first + 1 + len(sentence)])
    for start, character in enumerate(raw):
        if character == sentence[0]:
            at = _aligned(raw, start, sentence, offset)
            if at is not None:
                return first + raw.count("\n", 0, at), at - (raw.rfind("\n", 0, at) + 1)
    return first, 0


def _aligned(raw: str, start: int, sentence: str, offset: int) -> int | None:
    """The index in `raw` of the character at `offset`, if the sentence stands there from `start` on.

    Spaces, line breaks, hyphens at a line's end, escapes and invisible characters don't count.
    """
    at, found = start, None
    for index, character in enumerate(sentence[: max(offset + 1, 12)]):
        if character.isspace():
            found = at if index == offset else found
            continue
        while at < len(raw) and raw[at] != character and _is_skipped(raw, at):
            at += 1
        if at >= len(raw) or raw[at] != character:
            return None
        if index == offset:
            found = at
        at += 1
    return found


def _is_skipped(raw: str, at: int) -> bool:
    return raw[at].isspace() or raw[at] in "\\-" or unicodedata.category(raw[at]) in ("Cf", "Cc")
