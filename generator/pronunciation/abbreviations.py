"""Abbreviations in words, and those that are said letter by letter. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from .alphabets import letter_names
from .draft import Draft
from .lexicon import Pronunciation
from .remarks import Words

# With their full stop; where the full stop may be missing, it is in _WITHOUT_STOP as well.
_WORDS = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "approx.": "approximately",
    "incl.": "including", "excl.": "excluding", "esp.": "especially", "cf.": "compare", "ca.": "about",
    "max.": "maximum", "min.": "minimum", "resp.": "respectively", "reps.": "repetitions", "rep.": "repetition",
    "Dr.": "Doctor", "Prof.": "Professor", "Mt.": "Mount", "Ft.": "Fort", "Rev.": "Reverend", "Capt.": "Captain",
    "Gen.": "General", "Lt.": "Lieutenant", "Col.": "Colonel", "Sgt.": "Sergeant", "Hon.": "Honorable",
    "Jr.": "Junior", "Sr.": "Senior", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "St.": "Saint",
    "Inc.": "Incorporated", "Ltd.": "Limited", "dept.": "department", "temp.": "temperature",
    "a.k.a.": "also known as",
    "opp.": "opposite", "alt.": "alternate", "ext.": "extension", "abd.": "abduction", "bilat.": "bilateral",
    "lat.": "lateral", "ant.": "anterior", "post.": "posterior", "sup.": "superior", "inf.": "inferior",
}  # fmt: skip
_MAY_END = {"etc.", "a.k.a.", "approx.", "Jr.", "Sr.", "Inc.", "Ltd.", "St.", "Mt.", "Ft.", "dept.", "bilat."}
_SAID_IN_PLACE = {"Mr.", "Mrs.", "Ms.", "Dr."}  # so usual that nobody needs to be told
_WITHOUT_STOP = {
    "eg": "for example", "ie": "that is", "etc": "et cetera", "vs": "versus", "approx": "approximately",
    "incl": "including", "Dr": "Doctor", "Prof": "Professor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz",
}  # fmt: skip
_BEFORE_NUMBER = {
    "fig": "figure", "figs": "figures", "vol": "volume", "ch": "chapter", "sec": "section", "pt": "part", "p": "page",
    "pp": "pages", "art": "article", "min": "minimum", "max": "maximum",
}  # fmt: skip
_SLASHED = {
    "w/": "with", "w/o": "without", "b/c": "because", "n/a": "not applicable", "c/o": "care of",
    "and/or": "and or", "L/R": "left or right", "R/L": "right or left", "l/r": "left or right", "r/l": "right or left",
}  # fmt: skip
_SIDES = {"R": "right", "L": "left"}
_LIMBS = (
    "ankle|arm|armpit|big toe|breast|buttock|calf|cheek|chest|ear|elbow|eye|finger|fingers|foot|forearm|glute|groin|"
    "hamstring|hand|heel|hip|inner|knee|leg|lung|nostril|outer|palm|pinky|psoas|quad|ribs|shin|shoulder|side|sole|"
    "thigh|thumb|toe|toes|wrist"
)

# Said letter by letter, though they have a vowel. Those without one are always.
_INITIALISMS = frozenset(
    "AC ACL AI AIS ANS ASIS PSIS AIIS ASMR ACDF ADHD AED BIPOC CEO CFO CNS CPR DIY DNA DOMS EFT EEG EKG ECG EMG EMDR "
    "ENT ER EU FAQ GI GIF HIIT IBS ICU ID IFS IQ IUD IV MCI MCL MRI NSAID OCD OB OBGYN OS PCOS PIP PSI RA REM SAD SI "
    "SIJ TENS TIA UK UN USA USB UTI UV".split()
) - {"REM", "SAD", "TENS", "PIP", "DOMS", "HIIT", "NSAID"}
_BAND = re.compile(r"\s(?:bands?|tract)\b")

_DOTTED = re.compile(
    rf"(?<![\w.])(?:{'|'.join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True))})(?!\w)", re.IGNORECASE
)
_BARE = re.compile(rf"(?<![\w.'’])(?:{'|'.join(_WITHOUT_STOP)})(?![\w.'’])")
_NUMBERED = re.compile(
    rf"(?<![\w.])({'|'.join(sorted(_BEFORE_NUMBER, key=len, reverse=True))})\.\s?(?=\d)", re.IGNORECASE
)
_SHORT = re.compile(
    rf"(?<![\w/])(?:{'|'.join(sorted(map(re.escape, _SLASHED), key=len, reverse=True))})"
    r"(?!/)(?![^\W\d_]*/)(?<!\w/(?=\w))"
)
_BRACKETED_SIDE = re.compile(r"\(([RL])\)")
_SIDE = re.compile(rf"(?<![\w.'’])([RL])\.?\s(?=(?:{_LIMBS})s?\b|(?:&|and|or)\s[RL]\s(?:{_LIMBS})s?\b)")
_BEHIND_THE = re.compile(r"(?<=\bthe\s)[RL](?=[.,;:!?)]|$)")
_ALONE = re.compile(r"(?<![\w.'’/])[RL](?![\w'’/]|\.\s?\S)")
_CAPITALS = re.compile(r"(?<![\w'’.])[A-Z]{2,}(?=(?:s|['’]s)?(?![\w'’]))")
_DOTTED_CAPITALS = re.compile(r"(?<![\w.])(?:[A-Z]\.)+[A-Z](?:\.(?!\W*$))?(?!\w)")
_NO_VOWEL = re.compile(r"(?<![\w'’.-])[b-df-hj-np-tv-xz]{2,}(?=(?:['’]s)?(?![\w'’-]))", re.IGNORECASE)
_VOWEL = re.compile("[AEIOUY]")
# Words without a vowel that have a sound of their own: the lexicon has it.
_SOUNDS = re.compile(r"(?:m{2,}|s+h+|h+m+|sh+|s{2,}|z{2,}|ps+t|b+r+|gr+|pf+t|ts+k|h{2,}|nth)", re.IGNORECASE)
_STRETCHED = re.compile(r"(?<![\w'’])(?=[A-Za-z]*([A-Za-z])\1\1)[A-Za-z]+", re.IGNORECASE)
_THREE = re.compile(r"([A-Za-z])\1{2,}", re.IGNORECASE)
_TRULY_DOUBLE = frozenset(
    "cool food foot good look loose mood moon roof room smooth smoothly soothe tooth too zoom".split()
)
SPELLED = "spelled-out"


def say_abbreviations(draft: Draft) -> None:
    """Put the abbreviations of a sentence into words, before its numbers are."""
    draft.replace(_NUMBERED, lambda match: Words(f"{_cased(_BEFORE_NUMBER[match[1].lower()], match[1])} "))
    draft.replace(_BRACKETED_SIDE, lambda match: Words(_SIDES[match[1]]))
    if {"R", "L"} <= set(_ALONE.findall(draft.text)):
        draft.replace(_ALONE, lambda match: Words(_SIDES[match[0]]))
    draft.replace(_BEHIND_THE, lambda match: Words(_SIDES[match[0]]))
    draft.replace(_SIDE, lambda match: Words(f"{_SIDES[match[1]]} "))
    draft.replace(_SHORT, lambda match: Words(f"{_SLASHED[match[0]]} "))
    draft.replace(_DOTTED, _dotted)
    draft.replace(_BARE, lambda match: Words(_WITHOUT_STOP[match[0]], noted=f"{match[0]}." not in _SAID_IN_PLACE))


def say_letters(draft: Draft) -> None:
    """Put what is said letter by letter as single letters, and words in capitals as words."""
    shouted = not re.search("[a-z]", draft.written)

    def capitals(match: re.Match[str]) -> Words | str | None:
        word = match[0]
        if _SOUNDS.fullmatch(word) or word in _MEANT:
            return _MEANT.get(word, word.lower())
        known = word in _INITIALISMS or (word == "IT" and _BAND.match(match.string[match.end() :])) or word == "US"
        if not _VOWEL.search(word) or (known and not shouted):
            return _letters(word)
        return word.capitalize() if match.start() == 0 else word.lower()

    draft.replace(_STRETCHED, _unstretched)
    draft.replace(_DOTTED_CAPITALS, _dotted_capitals)
    draft.replace(_CAPITALS, capitals)
    draft.replace(_NO_VOWEL, lambda match: None if _SOUNDS.fullmatch(match[0]) else _letters(match[0].upper()))


_MEANT = {"OK": "okay"}


def _dotted(match: re.Match[str]) -> Words | None:
    """An abbreviation with its full stop; at the end of a sentence the full stop stays."""
    written = match[0]
    known = next((word for word in (written, written.lower()) if word in _WORDS), None)
    if known is None or re.search(r"\d[\s-]?$", match.string[: match.start()]):
        return None  # "2 ft.": a unit
    behind = match.string[match.end() :].strip("\"'”’)*_ ")
    if not behind and known not in _MAY_END:
        return None  # a word, "one more rep.", with the full stop of its sentence
    if known == "St." and not re.match(r"\s[A-Z]", match.string[match.end() :]):
        return Words("Street" if behind else "Street.")
    said = _cased(_WORDS[known], written)
    return Words(said if behind else f"{said}.", noted=known not in _SAID_IN_PLACE)


def _dotted_capitals(match: re.Match[str]) -> Words:
    letters = match[0].replace(".", "")
    return replace(_letters(letters), noted=False)


def _unstretched(match: re.Match[str]) -> Words | str | None:
    """A word with a letter written three times and more, as it is written without: "sloooow", "aaand", "sleeeep"."""
    word = match[0]
    if _SOUNDS.fullmatch(word):
        return None
    double = _THREE.sub(r"\1\1", word)
    kept = double.lower() in _TRULY_DOUBLE
    said = double if kept else _THREE.sub(lambda found: found[1] * (2 if found[1] in "eElL" else 1), word)
    return Words(said, noted=False)


def _letters(word: str) -> Words:
    said = " ".join(word)
    sound = Pronunciation(said, letter_names(word))
    return Words(said, sound, rule=SPELLED, lead=f"is spelled out letter by letter: “{said}”")


def _cased(said: str, written: str) -> str:
    return said[0].upper() + said[1:] if written[0].isupper() else said
