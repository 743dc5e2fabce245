"""The settings that move events, and the texts that a script has spoken under them: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..model import Breathe, Count, Cue, Hold, Say, Script
from ..settings import Settings

_NUMBERS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
ALOUD_UP_TO = 10  # counts further than this are silent unless asked for: they would keep people awake


@dataclass(frozen=True, slots=True)
class Timing:
    """All of the settings that move events. `pace` scales pauses and gaps, never holds."""

    breath_ms: int = 10_000
    inhale_ms: int = 4_000
    count_ms: int = 1_500
    count_voice: Literal["auto", "on", "off"] = "auto"
    pace: float = 1.0
    chime: bool = False  # a bell as each hold ends
    length_ms: int | None = None
    tail_ms: int = 300_000
    lead_in_ms: int = 8_000  # the bed has faded in before the first word
    sentence_gap_ms: int = 1_200
    paragraph_gap_ms: int = 2_500

    def scaled(self, ms: int) -> int:
        return round(ms * self.pace)

    def gap_ms(self, gap: Literal["sentence", "paragraph"]) -> int:
        return self.scaled(self.sentence_gap_ms if gap == "sentence" else self.paragraph_gap_ms)


def timing_of(settings: Settings) -> Timing:
    """What of a track's settings moves its events."""
    return Timing(
        breath_ms=settings.breath_ms,
        inhale_ms=settings.inhale_ms,
        count_ms=settings.count_ms,
        count_voice=settings.count_voice,
        pace=settings.pace,
        chime=settings.chime is not None,
        length_ms=settings.length,
        tail_ms=settings.tail,
    )


def number_text(number: int) -> str:
    """How a count's number is spoken: a sentence of its own, so that its melody falls."""
    return f"{_NUMBERS[number - 1].capitalize()}." if number <= len(_NUMBERS) else f"{number}."


def spoken_texts(script: Script, timing: Timing) -> list[str]:
    """Every distinct text that `lay_out` will ask a clip of, in order of first use."""
    texts = [text for cue in script.cues for text in _texts_of(cue, timing)]
    return list(dict.fromkeys(texts))


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
            for group in cue.groups:
                for item in group.items:
                    yield from _texts_of(item, timing)
        case _:
            return


def _count_texts(number: int, silent: bool, timing: Timing) -> Iterator[str]:
    if not is_silent(number, silent, timing):
        yield from map(number_text, range(1, number + 1))
