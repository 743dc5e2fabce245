"""The marks of a script, and what each means: the table of docs/script.md is made from it."""

from __future__ import annotations

from collections.abc import Mapping

# ruff: noqa: E501  # a row of a table each
MARKS: Mapping[str, str] = {
    "`# Title`": "a chapter; no marks in it",
    "`[pose ID ROUND]`": "the pose and round of what follows, to the next such mark or `#`. Any id will do. Rounds: right, left, both, clockwise, counterclockwise, only. Optional: the voice's glide goes by poses, or else by chapters",
    "text": "spoken. Between two sentences lies 1.2 s, between two paragraphs (and into and out of a hold) 2.5 s, times the pace. A sentence may run over several lines",
    "`[4s]` `[2.5s]` `[1m30s]` `[3 breaths]`": "a pause, instead of that gap; the pace scales it, unless it is in breaths",
    "`[hold LENGTH]` … `[release]`": "a hold of exactly that length. Its lines lie inside it and never lengthen it",
    "`[hold]` … `[release]`": "a hold as long as its content, which may have pauses",
    "`[at 35%]` `[at 20s]` `[at -8s]`": "inside a hold with a length: where the next lines begin. Lines before the first such mark begin with the hold; without any mark, all lines are evenly spread",
    "`[breathe 6]`": "six breaths guided aloud at the track's breath rate",
    "`[breathe]`, `in: …` and `out: …` lines, `[release]`": "the same with words of your own, each said as its phase begins. With a number, `[breathe 6]`, the lines repeat",
    "`[count 10]` `[count 10 silent]`": "a slow count, 1.5 s each (`--count-ms`). Counts up to ten are spoken, longer ones are silent (`--count-voice`)",
    "`[chime]`": "a soft bell",
    "`[sleep]`": "the end: the tail begins. Nothing may follow",
    "`\\[`": "a bracket to speak",
}


NAMES = ("hold", "release", "at", "breathe", "count", "chime", "sleep", "pose")
"""The words that marks begin with, for whoever mistypes one."""
