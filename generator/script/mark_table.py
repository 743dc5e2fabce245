"""The marks of a script and their meanings; the table in docs/script.md is made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import nearest

# ruff: noqa: E501  # each is a row of that table
MARKS: Mapping[str, str] = {
    "`# Title`": "a chapter; no marks in it",
    "`[pose ID ROUND]`": "the pose and round of what follows, to the next such mark or `#`. Any id will do. Rounds: right, left, both, clockwise, counterclockwise, only. Optional: the voice's glide goes by poses, or else by chapters",
    "text": "spoken. Between two sentences lies 1.2 s (growing to 1.9 s toward the end, unless `--slowing off`), between two paragraphs (and into and out of a hold) 2.5 s, times the pace. A sentence may run over several lines",
    "`[4s]` `[2.5s]` `[1m30s]` `[1:30]` `[3 breaths]`": "a pause, instead of that gap; the pace scales it, unless it is in breaths",
    "`[hold LENGTH]` … `[release]`": "a hold of exactly that length. Its lines lie inside it and never lengthen it",
    "`[hold]` … `[release]`": "a hold as long as its content, which may have pauses",
    "`[at 35%]` `[at 20s]` `[at -8s]`": "inside a hold with a length: where the next lines begin. Lines before the first such mark begin with the hold; without any mark, all lines are evenly spread",
    "`[every 2 min]`": "last in a hold with a length: its sentences are said in turn, wherever the hold would otherwise be without a word for longer. A hold that stays short has none of them",
    "`[breathe 6]`": "six breaths guided aloud at the track's breath rate",
    "`[breathe]`, `in: …` and `out: …` lines, `[release]`": "the same with words of your own, each said as its phase begins. With a number, `[breathe 6]`, the lines repeat",
    "`[count 10]` `[count 10 silent]`": "a slow count, 1.5 s each (`--count-ms`). Counts up to ten are spoken, longer ones are silent (`--count-voice`)",
    "`[chime]`": "a soft bell",
    "`[sleep]`": "the end: the tail begins. Nothing may follow",
    "`\\[`": "a bracket to speak",
}


NAMES = ("hold", "release", "at", "every", "breathe", "count", "chime", "sleep", "pose")
"""The words that marks begin with; a mistyped one is compared with them."""
_UNITS = "breaths?|hours?|minutes?|mins?|seconds?|secs?|h|m|s"
_DURATION = rf"(?:\d+(?::\d\d)+\s?|(?:[\d.]+\s*(?:{_UNITS})(?![a-z])\s?)+)"
_LIKE_A_MARK = re.compile(rf"\s*(?:(?:{'|'.join(NAMES)})\b[^.!?…]*|{_DURATION})")
_TO_BE_SPOKEN = r"write \[ for a bracket to be spoken"
_SAID_BY_LENGTH = ("pause", "wait", "rest", "silence")  # what people write for a pause


def unpaired_bracket(bracket: str, following: str) -> tuple[str, str]:
    """What is wrong with an unpaired `bracket`, which the text `following` comes after, and what to do."""
    if bracket == "]":
        return "a ] without the [ that opens it", r"write \] for a bracket to be spoken"
    if mark := _LIKE_A_MARK.match(following):
        opened = f"[{mark[0].strip()}"
        return f"the bracket of {opened} is never closed", f"write {opened}]"
    return "a [ that is never closed", r"write ] where the mark ends, or \[ for a bracket to be spoken"


def suggestion(word: str, rest: str) -> str:
    """What to write instead of an unknown mark, which has this first `word` and `rest`."""
    if word in _SAID_BY_LENGTH:
        return "a pause is its length alone, like [5s]"
    near = nearest(word, NAMES)
    return f"did you mean [{' '.join(filter(None, (near[0], rest)))}]?" if near else _TO_BE_SPOKEN
