"""A lexicon of respellings and phonemes, read from YAML and applied to the text that a voice is given.

Plan, lyrics and script keep the words as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from ..yaml_source import Node, YamlSource, read
from .alphabets import ESPEAK_PHONEME, ESPEAK_VOWEL, MISAKI, MISAKI_VOWELS, to_misaki
from .letters import folded

FILE_NAME = "lexicon.yaml"
MAX_ENTRIES = 2_000  # of one file: compiling so many takes 0.04 s
MAX_CHARACTERS = 200  # of a phrase, and of its respelling
MIN_STEM = 3  # letters of a word whose plural is looked up: "oms" may be anything
_HISSING_LETTERS = ("s", "x", "z", "ch", "sh")

ENGINES = ("say", "espeak", "misaki")
"""The parts of an entry: `say` is text for any voice, the others are phonemes in an engine's alphabet."""

PARTS_OF_SPEECH = ("verb", "noun", "adjective", "adverb", "past")
"""What an entry may tell apart: `use: {verb: yooz, noun: yooss}`. `past` is a verb's past form."""

# A vowel, or one of the sounds that are words of their own: "shh", "mmm".
_HEARD = {
    "espeak": re.compile(rf"{ESPEAK_VOWEL.pattern}|^[',]*[Smn]+$"),
    "misaki": re.compile(rf"[{MISAKI_VOWELS}]|^[ˈˌ]?[ʃmn]+$"),
}
_OPENING = re.compile(r"\[(?=\[)|(?<=\])(?=\()")
_SIGN = re.compile(r"[^\w\s'’-]|\d|_")


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How a word or phrase is said.

    A voice that takes phonemes gets those of its alphabet, or else `say`; where both are missing, the word as written.
    `espeak` serves for misaki too, in its letters. `by_part` has pronunciations by part of speech instead.
    """

    say: str = ""
    espeak: str = ""
    misaki: str = ""
    by_part: tuple[tuple[str, Pronunciation], ...] = ()

    def of_part(self, part: str) -> Pronunciation:
        """The pronunciation for a part of speech. The first that is given stands for one that isn't."""
        return dict(self.by_part).get(part, self.by_part[0][1]) if self.by_part else self

    def line(self, written: str, alphabet: str | None) -> str:
        """What a voice is given for `written`, if it reads phonemes in this alphabet (None: in none)."""
        if alphabet == "espeak" and self.espeak:
            return f"[[{self.espeak}]]"
        if alphabet == "misaki" and (self.misaki or self.espeak):
            return f"[{written}](/{self.misaki or to_misaki(self.espeak)}/)"
        if not self.say:
            return written
        # a capital letter stays: engines use it to find where a sentence begins
        return self.say[0].upper() + self.say[1:] if written[:1].isupper() else self.say


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Pronunciations by word or phrase, in the form that `normalized` returns. Equal only to itself."""

    entries: Mapping[str, Pronunciation] = field(default_factory=dict)

    def apply(self, text: str, phonemes: str | None = None) -> str:
        """`text` with its words replaced for an engine: whole words, in any case, the longest phrase first.

        `phonemes` names the alphabet that the engine reads, None if it reads none. Of a word with several parts of
        speech the first is taken: `Reading` knows which is meant. Brackets in `text` that the engine would take for
        phonemes are pulled apart.
        """
        text = without_phonemes(text, phonemes)
        out: list[str] = []
        position = 0
        for start, end, entry in self.matches(text):
            out += [text[position:start], entry.of_part("").line(text[start:end], phonemes)]
            position = end
        return "".join([*out, text[position:]])

    def matches(self, text: str) -> Iterator[tuple[int, int, Pronunciation]]:
        """Where entries stand in `text`, in order: first index, the index behind the last, and the entry."""
        for match in self.pattern.finditer(text) if self.pattern is not None else ():
            if (entry := self.entries.get(normalized(match[0]))) is not None:
                yield match.start(), match.end(), entry

    @property
    def signs(self) -> Lexicon:
        """The entries with a sign or a digit in their key. They come before the rules for numbers and signs."""
        return self._halves[0]

    @property
    def words(self) -> Lexicon:
        """The other entries."""
        return self._halves[1]

    @cached_property
    def _halves(self) -> tuple[Lexicon, Lexicon]:
        signs = {key: entry for key, entry in self.entries.items() if _SIGN.search(key)}
        return Lexicon(signs), Lexicon({key: entry for key, entry in self.entries.items() if key not in signs})

    @cached_property
    def plain(self) -> Lexicon:
        """The same with the letters of each key folded to plain ones, for texts that are folded too.

        A key that is an accent alone is left out: no such text has one.
        """
        return Lexicon({plain: entry for key, entry in self.entries.items() if (plain := folded(key))})

    def sibling(self, word: str) -> Pronunciation | None:
        """The pronunciation of a plural, a possessive or a third person whose stem has an entry; None for others."""
        looked_up = normalized(word)
        for ending in ("'s", "es", "s", "'"):
            stem = looked_up.removesuffix(ending)
            if stem != looked_up and len(stem) >= MIN_STEM and (entry := self.entries.get(stem)) is not None:
                if ending == "es" and not stem.endswith(_HISSING_LETTERS):
                    continue
                return entry if ending == "'" else _with_ending(entry, ending)
        return None

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        if not self.entries:
            return None
        by_letter: dict[str, list[str]] = {}  # eight times as fast as one long alternation
        for key in sorted(self.entries, key=len, reverse=True):
            rest = re.escape(key[1:]).replace(r"\ ", r"\s+").replace("'", "['’]")
            by_letter.setdefault(re.escape(key[0]), []).append(rest)
        phrases = "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())
        # An apostrophe beside a letter belongs to the word: "don" doesn't match in "don't", nor "s" in "it's". A sign
        # stands anywhere.
        whole = rf"(?:(?<!\w)(?<!\w['’])|(?!\w))(?:{phrases})(?:(?<!\w)|(?!\w)(?!['’]\w))"
        return re.compile(whole, re.IGNORECASE)


EMPTY_LEXICON = Lexicon()


def normalized(phrase: str) -> str:
    """A phrase as it is looked up: in lower case, with single spaces and straight apostrophes."""
    return " ".join(phrase.split()).lower().replace("’", "'")


def without_phonemes(text: str, alphabet: str | None) -> str:
    """`text` with a space in each bracket that a voice of this alphabet would take for phonemes."""
    return text if alphabet is None else _OPENING.sub(lambda match: f"{match[0]} ", text)


def _with_ending(entry: Pronunciation, ending: str) -> Pronunciation:
    if entry.by_part:
        return Pronunciation(by_part=tuple((part, _with_ending(own, ending)) for part, own in entry.by_part))
    hissing = re.search(r"(?:[szSZ]|tS|dZ)$", entry.espeak or entry.say)
    voiceless = re.search(r"[ptkfT]$", entry.espeak)
    espeak = entry.espeak and entry.espeak + ("I2z" if hissing else "s" if voiceless else "z")
    misaki = entry.misaki and entry.misaki + to_misaki("I2z" if hissing else "s" if voiceless else "z")
    return Pronunciation(entry.say and entry.say + ending, espeak, misaki)


# --- from files --------------------------------------------------------------------------------------


@lru_cache(maxsize=4)  # every track of a library asks for the same one
def merged_lexicon(files: tuple[tuple[str, str], ...]) -> Lexicon:
    """The lexicon of several texts, given with their files. A later one's entries win. Raises DefinitionError."""
    return Lexicon({key: entry for text, file in files for key, entry in parse_lexicon(text, file).entries.items()})


def is_english(language: str) -> bool:
    """Whether a voice speaks English. A voice of unknown language counts as English, the language of the routines."""
    return not language or re.split("[-_]", language.lower())[0] == "en"


def parse_lexicon(text: str, file: str) -> Lexicon:
    """The lexicon in `text`: lines of ``word or phrase: respelling``, or of a mapping by engine.

    Faults name `file`. Raises DefinitionError with every fault.
    """
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return EMPTY_LEXICON
    source = read(text, file, what="the lexicon")
    entries: dict[str, Pronunciation] = {}
    lines: dict[str, int] = {}
    for key_node, node in _pairs(source.root):
        key = normalized(str(key_node.value))
        if not key or len(key) > MAX_CHARACTERS:
            message = f"a word, phrase or sign has between one and {MAX_CHARACTERS} characters"
            source.fault(key_node.start, message)
        elif key in lines:
            message = f"'{key}' stands here and on line {lines[key]}, as capitals don't count: keep one of them"
            source.fault(key_node.start, message)
        lines.setdefault(key, source.line_of(key_node.start))
        entries[key] = _pronunciation(node, source)
    if len(entries) > MAX_ENTRIES:
        source.fault(0, f"there are {len(entries)} entries: {MAX_ENTRIES} at most, those that your tracks speak")
    source.raise_faults()
    return Lexicon(entries)


def _pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    assert isinstance(node.value, dict)  # `read` ensures it for the root, `_pronunciation` for the rest
    yield from node.value.values()


def _pronunciation(node: Node, source: YamlSource, *, nested: bool = True) -> Pronunciation:
    if isinstance(node.value, str):
        return Pronunciation(say=_respelling(node, source))
    if not isinstance(node.value, dict):
        source.fault(node.start, "a list: write one respelling, or {say: …, espeak: …}")
        return Pronunciation()
    if not node.value:
        source.fault(node.start, "nothing is said for this: write a respelling, or delete the entry")
    parts: dict[str, str] = {}
    by_part: dict[str, Pronunciation] = {}
    for key_node, part in _pairs(node):
        name = str(key_node.value)
        if name in PARTS_OF_SPEECH and nested:
            by_part[name] = _pronunciation(part, source, nested=False)
        elif name not in ENGINES:
            known = f"{' and '.join(ENGINES)}, or {' and '.join(PARTS_OF_SPEECH)}"
            source.fault(key_node.start, f"there is no '{name[:60]}' here: an entry may have {known}")
        elif not isinstance(part.value, str):
            source.fault(part.start, f"{name} is a text")
        else:
            parts[name] = _respelling(part, source) if name == "say" else _phonemes(part, source, name)
    if parts and by_part:
        source.fault(node.start, "give say, espeak and misaki inside each part of speech, or give no part of speech")
    return Pronunciation(**parts, by_part=tuple(by_part.items()))


def _respelling(node: Node, source: YamlSource) -> str:
    said = " ".join(str(node.value).split())
    if not re.search(r"\w", said):
        source.fault(node.start, "this can't be spoken: write the word as it sounds, or delete the entry")
    elif len(said) > MAX_CHARACTERS:
        source.fault(node.start, f"this has {len(said)} characters: {MAX_CHARACTERS} at most")
    elif re.search(r"[\[\]]", said):
        source.fault(node.start, "brackets can't be spoken: phonemes go without them after 'espeak:'")
    return said


def _phonemes(node: Node, source: YamlSource, alphabet: str) -> str:
    codes = " ".join(str(node.value).split())
    if alphabet == "misaki":
        unknown, whose = "".join(c for c in codes if c not in MISAKI), "misaki"
    else:
        unknown, whose = ESPEAK_PHONEME.sub("", codes), "espeak-ng's English"
    if unknown:
        source.fault(node.start, f"{whose} has no phoneme '{unknown[:20]}': see the table in docs/words.md")
    elif not (_HEARD[alphabet].search(codes)):
        source.fault(node.start, "there is no vowel in these phonemes, so nothing would be heard")
    elif len(codes) > MAX_CHARACTERS:
        source.fault(node.start, f"this has {len(codes)} characters: {MAX_CHARACTERS} at most")
    return codes
