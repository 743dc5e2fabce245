"""Counts how many of a thousand sentences are said rightly, for each voice: with the front end, and by the voice alone.

The sentences and what is expected of them stand in `data/said.tsv`, written by hand: words, sounds (ARPABET, as in
cmudict), errors with what they name, pauses, numbers of sentences. `--wrong` lists what is said wrongly.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ScriptError
from generator.model import Pause, Say
from generator.pronunciation.lexicon import Lexicon
from generator.pronunciation.reading import Reading
from generator.pronunciation.sentences import sentences
from generator.script import parse
from generator.voices import VoiceWithPhonemes, open_voice
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon

DATA = Path(__file__).parent / "data" / "said.tsv"
VOICES = ("heart", "en-us+klatt4")
PhonemesOf = Callable[[Sequence[str]], list[str]]

# How the sounds are compared: a letter for each, the reduced vowels as one, and those of "hot" and "law" as one.
_ARPABET = {
    "AA": "a", "AE": "æ", "AH": "ə", "AO": "a", "AW": "W", "AY": "I", "B": "b", "CH": "C", "D": "d", "DH": "ð",
    "EH": "ɛ", "ER": "əR", "EY": "A", "F": "f", "G": "g", "HH": "h", "IH": "ə", "IY": "i", "JH": "J", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p", "R": "R", "S": "s", "SH": "S", "T": "t",
    "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "Z",
}  # fmt: skip
_MISAKI = {
    "ɑ": "a", "ɔ": "a", "ʌ": "ə", "ɐ": "ə", "ɪ": "ə", "ᵻ": "ə", "ᵊ": "ə", "ɜ": "ə", "ɒ": "a", "Q": "O", "ʧ": "C",
    "ʤ": "J", "ɡ": "g", "ɹ": "R", "ʃ": "S", "ʒ": "Z", "T": "t", "ɾ": "t",
}  # fmt: skip
_ESPEAK = {
    "aI": "I", "aU": "W", "eI": "A", "OI": "Y", "oU": "O", "A@": "aR", "O@": "aR", "o@": "aR", "U@": "ʊR", "e@": "ɛR",
    "i@3": "əR", "i@": "iə", "3:": "əR", "A:": "a", "O:": "a", "i:": "i", "u:": "u", "@L": "əl", "@2": "ə", "a#": "ə",
    "aa": "æ", "I#": "ə", "I2": "ə", "0#": "a", "0": "a", "3": "əR", "@": "ə", "E#": "ə", "E": "ɛ", "I": "ə", "U": "ʊ",
    "I2;@": "iə",
    "I@": "iə", "V": "ə", "a": "æ", "i": "i", "dZ": "J", "tS": "C", "t#": "t", "t2": "t", "n-": "n", "r-": "R",
    "D": "ð", "N": "ŋ", "S": "S", "T": "θ", "Z": "Z", "r": "R",
}  # fmt: skip
_ESPEAK_CODE = re.compile("|".join(sorted(map(re.escape, _ESPEAK), key=len, reverse=True)) + "|[a-z']")


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence of the table: its kind, what is expected (said, sounds, error, pause, sentences), and that."""

    kind: str
    text: str
    what: str
    expected: str


def cases() -> list[Case]:
    """The sentences of the table."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        return [Case(kind, text.replace("\\n", "\n"), what, expected) for kind, text, what, expected in rows]


def plain_words(text: str) -> str:
    """Words alone: case and punctuation aside."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).replace(" '", " ").replace("' ", " ").strip("'").split())


def sounds_of_arpabet(codes: str) -> str:
    """Expected sounds as they are compared; a ˈ before a vowel whose stress matters (IY1); a | between two ways."""
    ways = [
        [("ˈ" if code.endswith("1") else "") + _ARPABET[code.rstrip("012")] for code in way.split()]
        for way in codes.split("|")
    ]
    return "|".join(_merged("".join(sounds)) for sounds in ways)


def sounds_of(phonemes: str, alphabet: str) -> str:
    """What a voice says, as it is compared, with its main stresses."""
    if alphabet == "misaki":
        kept = re.sub(r"[^\w ˈ]", "", phonemes.replace("ˌ", ""))
        return _merged("".join(_MISAKI.get(sound, sound) for sound in kept if sound != " "))
    codes = _ESPEAK_CODE.findall(phonemes.replace("_:", "").replace("_", ""))
    return _merged("".join("ˈ" if code == "'" else _ESPEAK.get(code, code) for code in codes))


def is_heard(expected: str, said: str) -> bool:
    """Whether expected sounds are among those said. Stress only counts where it is expected."""
    return any(way in (said if "ˈ" in way else said.replace("ˈ", "")) for way in expected.split("|"))


def _merged(sounds: str) -> str:
    """Two of one sound in a row as one; n before k, and the vowel of "you" within a word, as espeak-ng has them."""
    return re.sub(r"([^ˈ])\1+", r"\1", sounds).replace("nk", "ŋk").replace("nˈk", "ŋˈk").replace("jʊl", "jəl")


# --- the two ways to read ------------------------------------------------------------------------------------


def wrong_with_front_end(chosen: Sequence[Case], lexicon: Lexicon, alphabet: str, phonemes_of: PhonemesOf) -> list[str]:
    """What is said wrongly, a line for each. Words must be right, and the voice must say the line as those words."""
    reading = Reading(lexicon, "en-us", alphabet)
    wrong: list[str] = []
    to_hear: list[tuple[Case, str, str]] = []
    for case in chosen:
        fault, line = _judged(case, reading)
        if fault:
            wrong.append(f"{case.kind}: {case.text!r}: {fault}")
        elif line:
            to_hear.append((case, line, reading.line(_as_sentence(case.expected)) if case.what == "said" else ""))
    heard = iter(phonemes_of([line for _, given, plain in to_hear for line in (given, plain) if line]))
    for case, _, plain in to_hear:
        said = sounds_of(next(heard), alphabet)
        wanted = sounds_of(next(heard), alphabet) if plain else sounds_of_arpabet(case.expected)
        if (said.replace("ˈ", "") != wanted.replace("ˈ", "")) if plain else not is_heard(wanted, said):
            wrong.append(f"{case.kind}: {case.text!r}: heard {said}, expected {wanted}")
    return wrong


def wrong_by_voice_alone(chosen: Sequence[Case], alphabet: str, phonemes_of: PhonemesOf) -> list[str]:
    """The same for a voice that is given the text as it is written. Only words and sounds can be judged."""
    judged = [case for case in chosen if case.what in ("said", "sounds")]
    wanted_lines = [case.expected if case.what == "said" else "" for case in judged]
    texts = [" ".join(case.text.split()) for case in judged]
    heard = phonemes_of(texts)
    plain = iter(phonemes_of([line for line in wanted_lines if line]))
    wrong: list[str] = []
    for case, line, phonemes in zip(judged, wanted_lines, heard, strict=True):
        said = sounds_of(phonemes, alphabet)
        wanted = sounds_of(next(plain), alphabet) if line else sounds_of_arpabet(case.expected)
        if (said.replace("ˈ", "") != wanted.replace("ˈ", "")) if line else not is_heard(wanted, said):
            wrong.append(f"{case.kind}: {case.text!r}: heard {said}, expected {wanted}")
    return wrong


def _as_sentence(words: str) -> str:
    """Expected words as a sentence; letters said one by one are an abbreviation there: "The I.T. band."."""
    letters = re.sub(r"\b[a-z](?: [a-z])+\b", lambda match: match[0].upper().replace(" ", ".") + ".", words)
    return letters[0].upper() + letters[1:] + "."


def _judged(case: Case, reading: Reading) -> tuple[str, str]:  # noqa: PLR0911 - one for each kind of expectation
    """What is wrong before any voice speaks, and the line to be spoken, if its sounds are to be judged."""
    if case.what == "sentences":
        found = sentences(case.text)
        return ("" if len(found) == int(case.expected) else f"cut into {found}"), ""
    try:
        script = parse(case.text, "x")
    except ScriptError as error:
        return ("" if case.expected == "E" else f"refused: {error.what}"), ""
    if case.what == "pause":
        pauses = [f"{cue.length}{'' if cue.unit == 'ms' else 'b'}" for cue in script.cues if isinstance(cue, Pause)]
        return ("" if pauses == [case.expected] and script.notes else f"pauses {pauses}"), ""
    done = [reading.of(cue.text) for cue in script.cues if isinstance(cue, Say)]
    faults = [fault for each in done for fault in each.faults]
    if case.what == "error":
        right = any(case.expected in fault.what for fault in faults)
        return ("" if right else f"not refused: said {[each.words for each in done]}"), ""
    if faults:
        return f"refused: {faults[0].what}", ""
    words = plain_words(" ".join(each.words for each in done))
    if case.what == "said" and words != case.expected:
        return f"said {words!r}, expected {case.expected!r}", ""
    return "", " ".join(each.line for each in done)


# --- voices ----------------------------------------------------------------------------------------------------


def voices() -> Iterator[tuple[str, str, PhonemesOf]]:
    """The neural voice and espeak-ng: name, alphabet, phonemes."""
    for name in VOICES:
        voice = open_voice(name)
        assert isinstance(voice, VoiceWithPhonemes)
        assert voice.phonemes is not None
        yield name, voice.phonemes, voice.phonemes_of


def main() -> None:
    """Print a table: for each kind, how many sentences there are, and how many each voice says rightly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="list what is said wrongly, too")
    given = parser.parse_args()
    chosen = cases()
    lexicon = load_lexicon("en-us", Workspace.here())
    kinds = Counter(case.kind for case in chosen)
    columns: dict[str, Counter[str]] = {}
    for name, alphabet, phonemes_of in voices():
        with_front_end = wrong_with_front_end(chosen, lexicon, alphabet, phonemes_of)
        alone = wrong_by_voice_alone(chosen, alphabet, phonemes_of)
        unjudged = Counter(case.kind for case in chosen if case.what not in ("said", "sounds"))
        columns[name] = kinds - Counter(line.partition(":")[0] for line in with_front_end)
        columns[f"{name} alone"] = kinds - unjudged - Counter(line.partition(":")[0] for line in alone)
        if given.wrong:
            print(f"--- {name}", *with_front_end, sep="\n")
    print("\t".join(["kind", "sentences", *columns]))
    for kind, number in kinds.items():
        print("\t".join([kind, str(number), *(str(right[kind]) for right in columns.values())]))
    print("\t".join(["all", str(len(chosen)), *(str(sum(right.values())) for right in columns.values())]))


if __name__ == "__main__":
    main()
