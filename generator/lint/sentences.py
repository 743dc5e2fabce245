"""Rules for one sentence by itself: its length, its beginning, its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

MAX_WORDS = 20
MAX_CHARACTERS = 160
# Flesch, "A new readability yardstick", 1948: 60 to 70 is plain English, 70 to 80 fairly easy, 80 to 90 easy. A reader
# can go back, and a listener half asleep can't. The hardest of our own texts has 85; their average is 97.
MIN_READING_EASE = 80.0
MIN_WORDS = 30  # for a text to be judged: in fewer, one long word decides
HARD_SYLLABLES = 4
FAMILIAR = frozenset({"comfortable", "comfortably", "counterclockwise", "deliberate", "deliberately", "exhalation"})

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SIDE_FIRST = re.compile(r"\W*(right|left)\b", re.IGNORECASE)
_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty)"
_NEVER: Mapping[str, Sequence[str]] = {
    "time that is left keeps people awake: say what comes next, or nothing": (
        rf"(?:{_NUMBER}|a few|few|some) (?:more )?(?:minutes?|seconds?|breaths?) (?:left|more|longer|remain\w*|to go)",
        rf"{_NUMBER} more (?:minutes?|seconds?)",
        rf"(?!one\b){_NUMBER} more breaths?",
        r"time (?:is )?(?:left|remaining|up)",
        r"half ?way (?:there|through)",
        r"(?:almost|nearly) (?:there|done|over|finished)",
    ),
    "a number of breaths makes people count: say 'breathe at your own pace'": (
        rf"(?:for|take|stay|hold) (?:\w+ )?(?!one\b){_NUMBER} (?:\w+ )?breaths",
    ),
    "sleep and rest don't come on demand: say 'let sleep come if it comes'": (
        r"try(?:ing)? (?:to|and) (?:sleep|fall asleep|relax|rest|drift|doze)",
        r"go to sleep now",
        r"you (?:must|should|have to|need to) (?:sleep|relax|fall asleep)",
    ),
    "who hears of being awake wakes up: leave it out": (
        r"still awake",
        r"(?:are|if) you(?:['’]re| are)? awake",
        r"not (?:yet )?asleep",
        r"(?:can['’]t|cannot|can not) (?:sleep|fall)",
    ),
    "'deeper' asks for more: say 'as far as is easy', or let it be": (r"deeper(?! breath| exhale| inhale)",),
    "no pose does anything about toxins: say what is felt": (
        r"toxins?|toxic|detox\w*|purif(?:y|ies|ied|ying)|cleans(?:e|es|ed|ing)",
    ),
    "nobody should be told of stored trauma in the dark: 'feelings may come; let them pass' is enough": (
        r"trauma\w*",
        r"(?:stored|old|stuck|trapped) (?:emotions?|tensions?|stress|pain|feelings?)",
    ),
    "a pose promises no cure: say what is felt": (
        r"cur(?:e|es|ed|ing)|heal(?:s|ed|ing)?|remed(?:y|ies)|therap(?:y|ies|eutic)|fix(?:es|ed|ing)?",
    ),
    "praise means being looked at: leave it out": (
        r"well done",
        r"(?:good|great|nice|wonderful|amazing|fantastic) (?:job|work)",
        r"excellent|perfect|awesome|beautifully|bravo",
        r"you(?:['’]re| are) doing (?:so |very |really )?(?:well|great|fine)",
        r"proud of you",
        r"that['’]s (?:it|great|right|perfect|good)",
    ),
    "words for a screen make people open their eyes: say what is felt, or where it is": (
        r"watch(?:es|ing)?|look(?:ing)? (?:at|how|here)",
        r"as shown|shown (?:here|above|below)|as you (?:can )?see|see (?:how|here|below)",
        r"pictures?|pictured|images?|photos?|videos?|screens?",
        r"click(?:s|ing)?|scroll|swipe",
    ),
    "safety can't be promised: say 'you can stop at any time'": (r"you(?:['’]re| are) safe",),
}
_NEVER_SAY = {
    advice: re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE) for advice, patterns in _NEVER.items()
}
_QUESTION = re.compile(r"\?[\"'”’)]*$")


@lru_cache(maxsize=16_384)  # a check sees the same sentence in many scripts
def broken_rules(sentence: str) -> tuple[tuple[str, str], ...]:
    """The rules that a sentence breaks by itself, as pairs of rule and message."""
    return tuple(_broken_rules(sentence))


def _broken_rules(sentence: str) -> Iterator[tuple[str, str]]:
    found = words(sentence)
    if len(found) > MAX_WORDS:
        yield "long-sentence", f"{len(found)} words in one sentence, and {MAX_WORDS} are the most: make two of it"
    elif len(sentence) > MAX_CHARACTERS:
        what = f"{len(sentence)} characters in one sentence, and {MAX_CHARACTERS} are the most"
        yield "long-sentence", f"{what}: make two of it"
    if side := _SIDE_FIRST.match(sentence):
        what = f"a sentence that begins with '{side[1].lower()}' comes out of the silence unheard"
        yield "side-first", f"{what}: begin like 'Now the {side[1].lower()} …'"
    for advice, pattern in _NEVER_SAY.items():
        if said := pattern.search(sentence):
            yield "never-say", f"'{said[0]}': {advice}"
    if _QUESTION.search(sentence):
        yield "never-say", "a question wants an answer, and wakes: say it as a statement"
    for word in found:
        if syllables(word) >= HARD_SYLLABLES and word.lower() not in FAMILIAR:
            what = f"'{word}' has {HARD_SYLLABLES} syllables or more, hard to follow half asleep"
            yield "reading-ease", f"{what}: find a plainer word"


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def reading_ease(sentences: Sequence[str]) -> float | None:
    """Flesch reading ease of `sentences`: about 0 to 120, higher is easier; None for too few words."""
    said = [word for sentence in sentences for word in words(sentence)]
    if len(said) < MIN_WORDS:
        return None
    return 206.835 - 1.015 * len(said) / len(sentences) - 84.6 * sum(map(syllables, said)) / len(said)


@lru_cache(maxsize=4_096)
def syllables(word: str) -> int:
    """About how many syllables an English word has: its groups of vowels, without mute endings.

    >>> [syllables(word) for word in ("knee", "ankle", "softened", "shoulders", "comfortable")]
    [1, 2, 2, 2, 4]
    """
    word = re.sub(r"['’].*", "", word.lower())
    number = len(_VOWELS.findall(word))
    if (
        re.search(r"[^aeiouylr]e$|[^aeiouy][aeiouy]+[lr]e$", word)
        or re.search(r"[^aeiouytd]ed$", word)
        or (re.search(r"[^aeiouysxz]es$", word) and not re.search(r"(?:ch|sh|[cg]|[^aeiouy]l)es$", word))
    ):
        number -= 1
    return max(number, 1)
