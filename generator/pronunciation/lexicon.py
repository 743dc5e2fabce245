"""A lexicon of respellings and phonemes, read from YAML and applied to the text that a voice is given.

Plan, lyrics and script keep the words as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from ..yaml_source import Node, YamlSource, read

FILE_NAME = "lexicon.yaml"
MAX_ENTRIES = 2_000  # of one file: compiling so many takes 0.04 s
MAX_CHARACTERS = 200  # of a phrase, and of its respelling

ENGINES = ("say", "espeak")
"""The parts of an entry: `say` is text for any voice, `espeak` phonemes for espeak-ng's English voices."""

# The phonemes that all of espeak-ng's English voices know, by its names for them, the longest first, as it reads them.
# It drops an unknown name silently.
_VOWEL = re.compile("3:|A:|O:|i:|u:|aI|aU|eI|OI|oU|A@|O@|U@|e@|i@|o@|@2|@L|I#|I2|a#|aa|[03@EIUVai]")
_PHONEME = re.compile(rf"{_VOWEL.pattern}|dZ|tS|n-|r-|t#|[DNSTZbdfghjklmnprstvwz',% ]")
_KEY = re.compile(r"\w(?:.*\w)?")
_OPENING = re.compile(r"\[(?=\[)")


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """How a word or phrase is said. Where `espeak` is empty `say` is used; where both are, the word as written."""

    say: str = ""
    espeak: str = ""


@dataclass(frozen=True)
class Lexicon:
    """Pronunciations by word or phrase, in the form that `normalized` returns."""

    entries: Mapping[str, Pronunciation] = field(default_factory=dict)

    def apply(self, text: str, phonemes: str | None = None) -> str:
        """`text` with its words replaced for an engine: whole words, in any case, the longest phrase first.

        `phonemes` names the alphabet that the engine reads between ``[[`` and ``]]``, None if it reads none. Such
        brackets in `text` are pulled apart, so that they aren't taken for phonemes.
        """
        if phonemes is not None:
            text = _OPENING.sub("[ ", text)
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._replacement(match[0], phonemes), text)

    def _replacement(self, written: str, phonemes: str | None) -> str:
        entry = self.entries.get(normalized(written), Pronunciation())
        if phonemes == "espeak" and entry.espeak:
            return f"[[{entry.espeak}]]"
        if not entry.say:
            return written
        # a capital letter stays: engines use it to find where a sentence begins
        return entry.say[0].upper() + entry.say[1:] if written[0].isupper() else entry.say

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        if not self.entries:
            return None
        by_letter: dict[str, list[str]] = {}  # eight times as fast as one long alternation
        for key in sorted(self.entries, key=len, reverse=True):
            rest = re.escape(key[1:]).replace(r"\ ", r"\s+").replace("'", "['’]")
            by_letter.setdefault(re.escape(key[0]), []).append(rest)
        phrases = "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())
        # an apostrophe beside a letter belongs to the word: "don" doesn't match in "don't", nor "s" in "it's"
        return re.compile(rf"(?<!\w)(?<!\w['’])(?:{phrases})(?!\w)(?!['’]\w)", re.IGNORECASE)


EMPTY_LEXICON = Lexicon()


def normalized(phrase: str) -> str:
    """A phrase as it is looked up: in lower case, with single spaces and straight apostrophes."""
    return " ".join(phrase.split()).lower().replace("’", "'")


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
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.lstrip("\ufeff").splitlines()):
        return EMPTY_LEXICON
    source = read(text, file, what="the lexicon")
    entries: dict[str, Pronunciation] = {}
    lines: dict[str, int] = {}
    for key_node, node in _pairs(source.root):
        key = normalized(str(key_node.value))
        if not _KEY.fullmatch(key) or len(key) > MAX_CHARACTERS:
            message = f"a word or phrase begins and ends with a letter or digit, and has at most {MAX_CHARACTERS}"
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


def _pronunciation(node: Node, source: YamlSource) -> Pronunciation:
    if isinstance(node.value, str):
        return Pronunciation(say=_respelling(node, source))
    if not isinstance(node.value, dict):
        source.fault(node.start, "a list: write one respelling, or {say: …, espeak: …}")
        return Pronunciation()
    if not node.value:
        source.fault(node.start, "nothing is said for this: write a respelling, or delete the entry")
    parts: dict[str, str] = {}
    for key_node, part in _pairs(node):
        engine = str(key_node.value)
        if engine not in ENGINES:
            source.fault(key_node.start, f"there is no '{engine[:60]}' here: an entry may have {' and '.join(ENGINES)}")
        elif not isinstance(part.value, str):
            source.fault(part.start, f"{engine} is a text")
        else:
            parts[engine] = _respelling(part, source) if engine == "say" else _phonemes(part, source)
    return Pronunciation(**parts)


def _respelling(node: Node, source: YamlSource) -> str:
    said = " ".join(str(node.value).split())
    if not re.search(r"\w", said):
        source.fault(node.start, "this can't be spoken: write the word as it sounds, or delete the entry")
    elif len(said) > MAX_CHARACTERS:
        source.fault(node.start, f"this has {len(said)} characters: {MAX_CHARACTERS} at most")
    elif re.search(r"[\[\]]", said):
        source.fault(node.start, "brackets can't be spoken: phonemes go without them after 'espeak:'")
    return said


def _phonemes(node: Node, source: YamlSource) -> str:
    codes = " ".join(str(node.value).split())
    unknown = _PHONEME.sub("", codes)
    if unknown:
        source.fault(node.start, f"espeak-ng's English has no phoneme '{unknown[:20]}': see the table in docs/words.md")
    elif not _VOWEL.search(codes):
        source.fault(node.start, "there is no vowel in these phonemes, so nothing would be heard")
    elif len(codes) > MAX_CHARACTERS:
        source.fault(node.start, f"this has {len(codes)} characters: {MAX_CHARACTERS} at most")
    return codes
