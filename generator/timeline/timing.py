"""The settings that affect the timeline, and the texts that a script speaks under them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from ..model import Breathe, Chime, Count, Cue, Hold, Pause, Say, Script
from ..settings import Settings
from ..values import Aloud

_NUMBERS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
CHIME_MS = 4_000  # a soft bell has decayed to silence by then
ALOUD_UP_TO = 10  # longer counts are silent by default, because they would keep people awake


@dataclass(frozen=True, slots=True)
class Timing:
    """The settings that affect the timeline. `pace` scales pauses and gaps, never holds."""

    breath_ms: int = 10_000
    inhale_ms: int = 4_000
    count_ms: int = 1_500
    count_voice: Aloud = "auto"
    pace: float = 1.0
    slowing: bool = True  # gaps between sentences grow toward sleep
    chime: bool = False  # a bell as each hold ends
    length_ms: int | None = None
    tail_ms: int = 300_000
    lead_in_ms: int = 8_000  # the bed has faded in before the first word
    sentence_gap_ms: int = 1_200
    paragraph_gap_ms: int = 2_500

    def scaled(self, ms: int) -> int:
        return round(ms * self.pace)

    def gap_ms(self, gap: Literal["sentence", "paragraph"], scale: float = 1.0) -> int:
        """The gap before a sentence or a paragraph. `scale` is the place's, and stretches those of sentences only."""
        return self.scaled(round(self.sentence_gap_ms * scale) if gap == "sentence" else self.paragraph_gap_ms)


def timing_of(settings: Settings) -> Timing:
    """Those of a track's settings that affect its timeline."""
    return Timing(
        breath_ms=settings.breath_ms,
        inhale_ms=settings.inhale_ms,
        count_ms=settings.count_ms,
        count_voice=settings.count_voice.aloud,
        pace=settings.pace,
        slowing=settings.slowing == "on" and settings.ending == "sleep",
        chime=settings.chime is not None,
        length_ms=settings.length,
        tail_ms=settings.tail,
    )


def number_text(number: int) -> str:
    """The spoken text of a count's number. It is a sentence, so that the voice falls at its end."""
    return f"{_NUMBERS[number - 1].capitalize()}." if number <= len(_NUMBERS) else f"{number}."


_NUMBER_TEXTS = frozenset(number_text(number) for number in range(1, len(_NUMBERS) + 1))


def is_number(text: str) -> bool:
    """Whether a text is a number by itself, as counts speak it."""
    digits = text.removesuffix(".")
    return text in _NUMBER_TEXTS or (digits.isdecimal() and int(digits) > len(_NUMBERS))


def spoken_texts(script: Script, timing: Timing) -> list[str]:
    """Every distinct text whose clip length `lay_out` needs, in order of first use."""
    texts = [text for cue in script.cues for text in _texts_of(cue, timing)]
    return list(dict.fromkeys(texts))


def texts_by_length(script: Script, timing: Timing) -> set[str]:
    """Those of `spoken_texts` that are only said if a hold turns out long. No other length depends on theirs."""
    companies = (cue.company for cue in script.cues if isinstance(cue, Hold))
    texts = {say.text for company in companies if company is not None for say in company.says}
    always = (replace(cue, company=None) if isinstance(cue, Hold) else cue for cue in script.cues)
    return texts.difference(text for cue in always for text in _texts_of(cue, timing)) if texts else texts


def is_silent(number: int, silent: bool, timing: Timing) -> bool:
    if silent or timing.count_voice == "off":
        return True
    return timing.count_voice == "auto" and number > ALOUD_UP_TO


def _texts_of(cue: Cue, timing: Timing) -> Iterator[str]:
    match cue:
        case Say():
            yield cue.text
        case Count():
            yield from _count_texts(cue.number, cue.silent, timing)
        case Breathe():
            for breath in cue.breaths:
                yield from (text for text in (breath.inhale, breath.exhale) if text)
        case Hold():
            if cue.length is not None and cue.length.unit == "count":
                yield from _count_texts(cue.length.low, cue.length.silent, timing)
            for item in cue.items:
                yield from _texts_of(item, timing)
        case Pause() | Chime():
            return
        case _:
            assert_never(cue)


def _count_texts(number: int, silent: bool, timing: Timing) -> Iterator[str]:
    if not is_silent(number, silent, timing):
        yield from map(number_text, range(1, number + 1))
