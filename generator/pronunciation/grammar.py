"""What the words around a word tell of its part of speech. Pure.

The rules look at what kinds of words stand before and behind it. They are made for instructions, where a sentence
mostly begins with a verb.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cached_property

DETERMINERS = frozenset(
    "a an the this that these those my your our his her its their each every another any some no which what whose "
    "whatever either neither such many few several one's".split()
)
NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty sixty".split()
)
PREPOSITIONS = frozenset(
    "of in on at by for from with without into onto over under between through during before after against along "
    "around round behind beside besides near past per toward towards across above below about like than off out up "
    "down inside outside within beneath upon despite via back away apart together forward forwards".split()
)
MODALS = frozenset(
    "can could will would shall should may might must do does did don't won't can't cannot couldn't wouldn't "
    "shouldn't didn't doesn't to let's i'll you'll we'll they'll it'll he'll she'll please i'd you'd we'd they'd help "
    "helps never "
    "not".split()
)
SUBJECTS = frozenset("i you we they who".split())
SUBJECTS_AFTER_LET = frozenset("it him her them me us yourself itself everything anything nothing".split())
_THIRD_PERSONS = frozenset("he she it that which this".split())
BE = frozenset(
    "am is are was were be been being isn't aren't wasn't weren't it's that's there's i'm you're we're they're he's "
    "she's feel feels felt stay stays stayed remain remains become becomes became seem seems keep keeps kept get gets "
    "stand stands come comes draw draws hold holds lie lies sit sits rest rests bring brings move moves snuggle".split()
)
COPULAS = frozenset(
    "am is are was were be been being isn't aren't wasn't weren't it's that's there's i'm you're we're they're he's "
    "she's feel feels felt remain remains become becomes seem seems stay".split()
)
HAVE = frozenset("have has had having i've you've we've they've haven't hasn't hadn't".split())
JOINING = frozenset(
    "and or but then so now if when while until once as because though although whenever first next".split()
)
OBJECTS = (
    frozenset(
        "it them him me us yourself itself both all one more less only just whatever everything something".split()
    )
    | DETERMINERS
    | NUMBERS
)
_ADVERBS = frozenset(
    "just also always never not again simply only still even now then soon very so too quite rather really almost "
    "nearly more most less as once twice slightly fully wholly well".split()
)
_SUBORDINATING = frozenset("as when while if until because since so but then once although though".split())
_CAUSES = frozenset("let lets feel watch see make makes help notice allow hear".split())
MARKS = frozenset('.,;:!?…—–()"“”')
_PLURAL_WITHOUT_S = frozenset("feet teeth people men women children".split())
_NOT_PLURAL = re.compile(r"(?:ss|us|is|as|ous|this|always|perhaps|towards|it's|yes|across|pass|less)$")
TEMPORAL = frozenset("yesterday ago already just once last before then".split())
_ADJECTIVE = re.compile(
    r"\w+(?:ful|ous|ive|ical|less|able|ible|ish|ward)|tender|gentle|little|long|short|small|big|great|good|strong|light|"
    r"daily|whole|same|new|old|own|next|last|first|second|third|soft|slow|slight|steady|sudden|cold|warm|cool|right|left|"
    r"other|deep|full|clear|free|best|regular|final|simple|single|quiet"
)


class Place:
    """A word of a sentence, with what stands around it."""

    def __init__(self, tokens: Sequence[str], index: int) -> None:
        self.words = [token.replace("’", "'") for token in tokens]
        self.index = index
        self.word = self.words[index]

    def at(self, offset: int) -> str:
        place = self.index + offset
        return self.words[place] if 0 <= place < len(self.words) else ""

    @cached_property
    def before(self) -> str:
        """The word before, past adverbs: "gently close". A mark or an empty text at a clause's beginning."""
        return self.words[self._before_at] if self._before_at >= 0 else ""

    @cached_property
    def _before_at(self) -> int:
        place = self.index - 1
        while place >= 0 and is_adverb(self.words[place]):
            place -= 1
        return place

    @cached_property
    def behind(self) -> str:
        return self.at(1)

    @property
    def ends(self) -> bool:
        """Whether a clause ends with the word."""
        return self.behind in MARKS or not self.behind

    @property
    def begins(self) -> bool:
        """Whether a clause begins with the word: nothing, a mark, or a joining word stands before it."""
        return self.before in MARKS or not self.before or self.before in JOINING or self.before in ("let's", "please")

    @cached_property
    def governed(self) -> bool:
        """Whether the noun phrase before is what lets, feels or helps: "let the knees separate"."""
        clause = self.clause_before
        return any(word in _CAUSES for word in clause[:-1]) and not any(
            word in COPULAS - {"feel", "feels", "felt"} or word in PREPOSITIONS - {"of"} for word in clause[1:]
        )

    @cached_property
    def clause_before(self) -> Sequence[str]:
        begin = next((i + 1 for i in range(self.index - 1, -1, -1) if self.words[i] in MARKS | _SUBORDINATING), 0)
        return self.words[begin : self.index]

    @cached_property
    def in_noun_phrase(self) -> bool:
        """Whether a determiner opens the phrase that the word stands in, with nothing but adjectives between."""
        for place in range(self.index - 1, max(-1, self.index - 4), -1):
            word = self.words[place]
            if word in DETERMINERS or re.search(r"\w['’]s$|s['’]$", word):
                return True
            if not (_ADJECTIVE.fullmatch(word) or word in NUMBERS or is_adverb(word)):
                return False
        return False

    def part(self, parts: Collection[str]) -> str:
        """By grammar alone."""
        if "verb" not in parts:
            return "adjective" if "adjective" in parts and self.before in BE else "noun"
        return "verb" if self.is_verb() else self._other(parts)

    def _other(self, parts: Collection[str]) -> str:
        if "noun" not in parts:
            return "adjective"
        if "adjective" not in parts:
            return "noun"
        return "adjective" if self.before in BE or not (self.ends or self.behind in PREPOSITIONS) else "noun"

    def is_verb(self) -> bool:
        """Whether the word tells to do something, or says what is done."""
        before = self.before
        if before in ("to", "not", "never") or before in MODALS:
            return not (before == "to" and (self.ends and self.at(-2) in ("close", "due", "used", "next")))
        if self.in_noun_phrase:
            return False
        if before in SUBJECTS or (before in _THIRD_PERSONS and self.word.endswith("s")):
            return True
        if before in SUBJECTS_AFTER_LET:
            return self.governed or len(self.clause_before) == 1
        if before in HAVE or before in COPULAS or before in PREPOSITIONS or before in NUMBERS:
            return False
        return self._begins_as_verb() if self.begins else self._follows_as_verb()

    def _follows_as_verb(self) -> bool:
        """Whether a word behind a noun is a verb: "the muscles contract", "let the day close"."""
        before, behind = self.before, self.behind
        if is_plural(before):
            return not self.verb_stands_before() or self.governed
        if self.governed:
            return self.ends or behind in PREPOSITIONS | JOINING | OBJECTS | {"to"} or is_adverb(behind)
        if self.word.endswith("s") and not self.verb_stands_before() and behind != "of":
            return True  # "the mind refuses"
        if self.verb_stands_before() or _ADJECTIVE.fullmatch(before):
            return False
        return behind in OBJECTS

    def _begins_as_verb(self) -> bool:
        behind = self.behind
        joined = self.before in ("and", "or") and self._before_at > 0
        first = self.words[self._before_at - 1] if joined else ""
        if joined and (first in DETERMINERS or _ADJECTIVE.fullmatch(first)):
            return False
        if behind == "of" or behind in COPULAS | HAVE or (behind in MODALS - {"to", "not"}):
            return False
        if joined and (self.ends or behind in ("of", "and", "or")):
            alone = len(self.clause_before) <= 2  # "inhale, and bow"
            return alone or (self.clause_before[:1] != [first] and not self._noun_before_joined())
        return True

    def _noun_before_joined(self) -> bool:
        """Whether the word is joined to a noun: "the hip and the knee", "for rest and use"."""
        place = self._before_at - 1
        inner = Place(self.words, place)
        return inner.in_noun_phrase or inner.before in PREPOSITIONS

    def verb_stands_before(self) -> bool:
        """Whether the clause has its verb already, so that this word is none: "take the breaths close together"."""
        clause = [word for word in self.clause_before if not is_adverb(word)]
        if not clause:
            return False
        first = clause[0]
        if len(clause) > 1 and _ADJECTIVE.fullmatch(first) and is_plural(clause[1]):
            return False  # "slow breaths"
        return first not in DETERMINERS | SUBJECTS | JOINING | NUMBERS | PREPOSITIONS | {
            "both",
            "all",
            "it",
            "as",
        } and not is_plural(first)


def is_adverb(word: str) -> bool:
    return word in _ADVERBS or (word.endswith("ly") and len(word) > 4 and word not in ("belly", "only", "family"))


def is_plural(word: str) -> bool:
    return word in _PLURAL_WITHOUT_S or (word.endswith("s") and len(word) > 3 and not _NOT_PLURAL.search(word))
