"""The rules, and what a rule finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `message` says what is wrong and what to do.

    It is about the words `quote` (in them about `part`, if given), spoken in the pose with the id `pose` (None: outside
    any pose) on `line` of the script (from 1); or about the `key` in that pose's file; or else about the step on
    `step_line` of the routine.
    """

    rule: str
    message: str
    quote: str = ""
    pose: str | None = None
    key: str = ""
    step_line: int = 0
    line: int = 0
    part: str = ""


RULES: Mapping[str, str] = {
    "no-way-out": "after every hold but the last something is said; `leave` has words where the listener must move",
    "unpaired-sides": "what is held on one side is held on the other, for the same time",
    "limb-without-side": "in a round of one side, a single limb is named with its side, or told by touch",
    "literal-side": "texts of poses say `{{ side }}` and `{{ other_side }}`, so that --first-side can mirror them",
    "long-sentence": "a sentence has 20 words and 160 characters at most",
    "side-first": "no sentence begins with a side: it would come out of the silence unheard",
    "reading-ease": "a pose reads easily (Flesch 80 or more), without words of four syllables and more",
    "never-say": "no time left, no sleep on demand, no praise, no cures, no questions, no words for a screen",
    "hold-too-full": "the lines of a hold fit its lower end, spoken at 105 words a minute",
    "unspoken-line": "the `hold_lines` of a pose are spoken: its hold is long enough for one",
    "your-body": "the listener's body is theirs: 'your knee', not 'the knee'",
    "fragment": "a sentence is whole: no body part without a verb, but for five or more named in a row",
    "plain-words": "words are as people say them: plain order, no inversion, no semicolon, American where it differs",
    "pronoun-without-noun": "'that knee' and 'them' have what they stand for in the same sentence",
    "unused-prop": "what was fetched at the start is used",
    "announcements": "silence is announced four times in a track at most",
    "setting-up": "a hold that takes long to get into usually lasts its upper end",
    "long-silence": "no hold before the last can be without a word for more than two minutes, or four in `spare`",
    "prop-out-of-reach": "a prop that is put away and comes again is put where the hand finds it, and that is said",
    "prop-not-named": "what is used was named at the start: in `props`, or in the arrival's words",
    "unsafe-ending": "the last pose can be slept in: nothing raised, twisted, folded or balanced, no way out needed",
    "not-as-written": "what is said is what is written: no abbreviation, sign or range that is put into words by rule",
    "spelled-out": "no word is spelled out letter by letter",
    "said-too-often": "no sentence of more than four words is said more than twice in a track",
}
"""Each rule's name, and what is true of words that keep the rule."""
