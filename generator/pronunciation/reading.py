"""From a sentence as it is written to what is said, and to the line that a voice is given. Pure.

One front end for all engines: what can't be seen, letters, abbreviations, numbers and signs come first, and give plain
words. Then each word is looked up: in the lexicon, by part of speech where it has two sounds, by rule where it is
Sanskrit. Only English is read; other languages keep their text, and their users' lexicon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .homographs import part_of_speech
from .lexicon import EMPTY_LEXICON, Lexicon, Pronunciation, is_english, without_phonemes
from .remarks import FIRST_PLACEHOLDER, Remark, Words, bracketless
from .sanskrit import sanskrit_sound

# Sentences of plain words, for which no rule of notation can matter: `tests/test_said.py` compares the two ways.
_PLAIN = re.compile(r"[\"“‘(]*[A-Za-z](?:[A-Za-z,;:?!…—'’“”\"()]|-(?=[A-Za-z])|\s(?=\S))*[.?!…]?[\"'”’)]*")
_NOT_AS_WRITTEN = re.compile(
    r"[A-Z]{2}|([A-Za-z])\1\1|\s[:;]|\b(?:[B-HJ-Z]|[IVX]+(?<!\bI))\b|\b[A-Z][a-z]+\sI\b(?!['’])|\sx\s"
    r"|\b(?:eg|ie|etc|vs|approx|incl|Dr|Prof|Mr|Mrs|Ms)\b"
    r"|(?<![\w'’-])(?![Yy])[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{2,}(?![\w])"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[.,;:!?…—–()\"“”]|[\ue000-\uf8ff]")
_SOUNDED = re.compile("[\ue000-\uf8ff]")
_SPACES = re.compile(r"\s+")
_BEFORE_POINT = re.compile(r"\s+([,.;:!?](?:\s|$))")


@dataclass(frozen=True, slots=True)
class Said:
    """What becomes of one sentence.

    `words` is what is said, as a person would read it. `line` is what the voice is given. `notes` tell where something
    isn't said as it is written, `faults` where there are no words; both are sorted by column.
    """

    text: str
    words: str
    line: str
    notes: tuple[Remark, ...] = ()
    faults: tuple[Remark, ...] = ()


class Reading:
    """How a voice reads sentences: with which lexicon, in which phoneme alphabet, in which language."""

    def __init__(self, lexicon: Lexicon = EMPTY_LEXICON, language: str = "", phonemes: str | None = None) -> None:
        self._lexicon = lexicon
        self._alphabet = phonemes
        self._english = is_english(language)
        self.of = lru_cache(maxsize=4_096)(self._of)

    def line(self, text: str) -> str:
        """What the voice is given for a sentence."""
        return self.of(text).line

    def _of(self, text: str) -> Said:
        if not self._english:
            return Said(text, text, self._lexicon.apply(text, self._alphabet))
        words, signs = self._words_and_signs
        if _PLAIN.fullmatch(text) and not _NOT_AS_WRITTEN.search(text) and not signs.entries:
            return Said(text, text, self._line([Words(text)]))
        from .notation import written_out  # most sentences are plain words, and never need its rules

        draft = written_out(text, words, signs)
        parts = [Words(bracketless(piece.text), piece.sound) for piece in draft.parts()]
        said = _tidied("".join(piece.text for piece in parts), text)
        line = _tidied(self._line(parts), text)
        return Said(text, said, line, tuple(sorted(draft.notes)), tuple(sorted(draft.faults)))

    @cached_property
    def _words_and_signs(self) -> tuple[Lexicon, Lexicon]:
        return self._lexicon.plain.words, self._lexicon.plain.signs

    # --- words --------------------------------------------------------------------------------------------

    def _line(self, parts: Sequence[Words]) -> str:
        """The line: every word as the lexicon, its part of speech or a rule says it."""
        sounds = [piece for piece in parts if piece.sound is not None]
        codes = iter(range(FIRST_PLACEHOLDER, FIRST_PLACEHOLDER + len(sounds)))
        joined = "".join(piece.text if piece.sound is None else chr(next(codes)) for piece in parts)
        text = without_phonemes(joined, self._alphabet)
        out: list[str] = []
        position = 0
        for start, end, entry in self._pronounced(text):
            out += [text[position:start], entry.line(text[start:end], self._alphabet)]
            position = end
        line = "".join([*out, text[position:]])

        def sound_of(match: re.Match[str]) -> str:
            piece = sounds[ord(match[0]) - FIRST_PLACEHOLDER]
            return piece.sound.line(piece.text, self._alphabet) if piece.sound else piece.text

        return _SOUNDED.sub(sound_of, line) if sounds else line

    def _pronounced(self, text: str) -> Iterator[tuple[int, int, Pronunciation]]:
        """Where words with a pronunciation of their own stand, in order, with that of the part of speech they are."""
        lexicon = self._words_and_signs[0]
        tokens: list[tuple[int, str]] = []
        position = 0
        for start, end, entry in [*lexicon.matches(text), (len(text), len(text), None)]:
            for word in _WORD.finditer(text, position, start):
                if (found := lexicon.sibling(word[0]) or _by_rule(word[0])) is not None:
                    yield word.start(), word.end(), self._of_part(found, text, word.start(), word.end(), tokens)
            if entry is not None:
                yield start, end, self._of_part(entry, text, start, end, tokens)
            position = end

    def _of_part(
        self, entry: Pronunciation, text: str, start: int, end: int, tokens: list[tuple[int, str]]
    ) -> Pronunciation:
        if not entry.by_part:
            return entry
        if not tokens:
            tokens += [(match.start(), match[0].lower()) for match in _TOKEN.finditer(text)]
        index = next(number for number, (place, _) in enumerate(tokens) if place >= start)
        words = [token for _, token in tokens]
        return entry.of_part(part_of_speech(words, index, [part for part, _ in entry.by_part]))


@lru_cache(maxsize=4)
def reading_of(lexicon: Lexicon, language: str, phonemes: str | None) -> Reading:
    """The reading of a voice. The last ones are kept, with the sentences that they have read."""
    return Reading(lexicon, language, phonemes)


def _by_rule(word: str) -> Pronunciation | None:
    sound = sanskrit_sound(word)
    return Pronunciation(espeak=sound) if sound else None


def _tidied(said: str, written: str) -> str:
    """What is said with single spaces, none before a point, and a capital where the sentence as written has one."""
    text = _BEFORE_POINT.sub(r"\1", _SPACES.sub(" ", said)).strip()
    first = next((c for c in written if c.isalnum()), "")
    if first.isdigit() or first.isupper():
        at = next((index for index, c in enumerate(text) if c.isalpha()), None)
        if at is not None and text[:at].strip("\"'“‘(") == "":
            return text[:at] + text[at].upper() + text[at + 1 :]
    return text
