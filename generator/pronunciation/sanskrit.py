"""Sanskrit names as teachers of yoga say them in English, by rule. Pure.

A word in IAST, with its marks, says exactly how it sounds: ā is long, a is short, ś and ṣ are "sh", c is "ch". Without
marks the long vowels aren't known, but for the names of postures: all end in -āsana, and the stress lies there.
"""

from __future__ import annotations

import re
import unicodedata

_IAST = re.compile("[āīūṛṝḷṅṇṭḍṃṁḥśṣĀĪŪṚṜḶṄṆṬḌṂṀḤŚṢ]")
_ASANA = re.compile(r"(?P<stem>[a-z]{2,})asana(?P<many>s?)")
# Stems with a long vowel in them that plain spelling doesn't show, and those whose plain spelling hides an ṛ.
_STEMS = {
    "vrks": "vṛkṣ", "vrksh": "vṛkṣ", "vriksh": "vṛkṣ", "nav": "nāv", "tad": "tāḍ", "garud": "garuḍ", "dand": "daṇḍ",
    "parsv": "pārśv", "parsvakon": "pārśvakoṇ", "parsvottan": "pārśvottān", "uttan": "uttān", "bal": "bāl",
    "salabh": "śalabh", "shalabh": "śalabh", "sarvang": "sarvāṅg", "nataraj": "naṭarāj",
    "dhanur": "dhanur", "ustr": "uṣṭr", "ushtr": "uṣṭr", "virabhadr": "vīrabhadr",
    "krounch": "krauñc", "kurm": "kūrm", "kak": "kāk", "mayur": "mayūr", "kukkut": "kukkuṭ",
    "simh": "siṃh", "pavanamukt": "pavanamukt", "pawanmukt": "pavanamukt", "sirs": "śīrṣ",
    "shirsh": "śīrṣ", "purvottan": "pūrvottān", "hanuman": "hanumān", "anant": "anant", "ardhachandr": "ardhacandr",
    "chandr": "candr", "candr": "candr", "yoganidr": "yoganidr",
    "bharadvaj": "bharadvāj", "marichy": "marīcy", "utkat": "utkaṭ", "trikon": "trikoṇ", "shav": "śav", "sav": "śav",
    "vasisth": "vasiṣṭh", "vasishth": "vasiṣṭh", "prasarit": "prasārit", "padottan": "pādottān", "matsy": "matsy",
    "vir": "vīr", "sirsh": "śīrṣ", "samakon": "samakoṇ", "vajr": "vajr", "hal": "hal",
}  # fmt: skip

_VOWELS = {
    "ai": "aI", "au": "aU", "ā": "A:", "ī": "i:", "ū": "u:", "ṝ": "ri:", "ṛ": "rI", "ḷ": "lI", "a": "@", "i": "I",
    "u": "U", "e": "eI", "o": "oU",
}  # fmt: skip
_CONSONANTS = {
    "kṣ": "kS", "kh": "k", "gh": "g", "ch": "tS", "jh": "dZ", "ṭh": "t", "ḍh": "d", "th": "t", "dh": "d", "ph": "p",
    "bh": "b", "sh": "S", "c": "tS", "j": "dZ", "ñ": "n", "ṅ": "N", "ṇ": "n", "ṭ": "t", "ḍ": "d", "ś": "S", "ṣ": "S",
    "ṃ": "m", "ṁ": "m", "ḥ": "", "y": "j", "w": "v", "x": "kS",
}  # fmt: skip
_SOUND = re.compile("|".join(sorted({*_VOWELS, *_CONSONANTS}, key=len, reverse=True)) + "|[a-z]")


def is_sanskrit(word: str) -> bool:
    """Whether a word is written in IAST, with a mark that other languages don't have."""
    return _IAST.search(unicodedata.normalize("NFC", word)) is not None


def sanskrit_sound(word: str) -> str:
    """espeak-ng's phonemes of a word in IAST, or of a plain name in -asana; empty for any other word."""
    written = unicodedata.normalize("NFC", word).lower()
    if is_sanskrit(written):
        return _sounds(written)
    posture = _ASANA.fullmatch(written)
    if posture is None:
        return ""
    stem = _STEMS.get(posture["stem"], posture["stem"])
    return _sounds(f"{stem}āsana") + ("z" if posture["many"] else "")


def _sounds(written: str) -> str:
    """Each letter's sound, with the stress on the last long syllable but the last one."""
    letters = _SOUND.findall(written)
    if letters and letters[-1] in ("i", "u"):
        letters[-1] = {"i": "ī", "u": "ū"}[letters[-1]]  # at a word's end English has no short one
    codes = [_VOWELS.get(letter, _CONSONANTS.get(letter, letter)) for letter in letters]
    vowels = [index for index, letter in enumerate(letters) if letter in _VOWELS]
    if not vowels:
        return ""
    heavy = {
        index
        for place, index in enumerate(vowels)
        if letters[index] not in ("a", "i", "u", "ṛ", "ḷ") or _cluster(vowels, place, len(letters)) > 1
    }
    inner = [index for index in vowels[-4:-1] if index in heavy]
    main = inner[-1] if inner else vowels[max(0, len(vowels) - 3)]
    first = vowels[0]
    for index in heavy:
        if letters[index] == "a" and index in (main, first):
            codes[index] = "V"  # a short a in a closed syllable is that of "sun"
    if letters[main] == "a":
        codes[main] = "V"
    stressed = _with_mark(codes[main], "'")
    codes[main] = stressed
    if vowels.index(main) >= 2:
        if codes[first] == "@":
            codes[first] = "V"
        codes[first] = _with_mark(codes[first], ",")
    single = [code for index, code in enumerate(codes) if index == 0 or code != codes[index - 1]]  # "tt" is one sound
    return "".join(single)


def _with_mark(code: str, mark: str) -> str:
    return code[0] + mark + code[1:] if code[0] in "rl" and len(code) > 1 else mark + code


def _cluster(vowels: list[int], place: int, length: int) -> int:
    """How many consonants stand between a vowel and the next one, or the end."""
    following = vowels[place + 1] if place + 1 < len(vowels) else length
    return following - vowels[place] - 1
