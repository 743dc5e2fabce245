"""A voice in a package of its own, as small as one can be: it hums one note a word.

The functions below are what `generator.voices.Engine` asks of a module, the class what `generator.voices.Voice` asks.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from generator.errors import TrackError
from generator.model import Recording
from generator.voices import Voice, VoiceInfo, missing_voice, speakable

RATE_HZ = 24_000
OWN_RATE_WPM = 116
PEAK = 0.4
NOTES_HZ = {"low": 160.0, "high": 240.0}
VERSION = 1  # goes up whenever the sound changes


def expect_voice() -> None:
    """There is nothing to prepare."""


def open_voice(name: str | None, *, rate: int | None, pitch: int | None) -> Voice:
    if name not in (None, *NOTES_HZ):
        raise missing_voice(f"hum:{name}", [f"hum:{note}" for note in NOTES_HZ])
    return Hum(name or "low", OWN_RATE_WPM if rate is None else rate, 50 if pitch is None else pitch)


def list_voices() -> list[VoiceInfo]:
    return [VoiceInfo(f"hum:{note}", f"{note} hum", "", "", "one note a word") for note in NOTES_HZ]


@dataclass(frozen=True)
class Hum:
    note: str
    rate_wpm: int
    pitch: int
    language: str = ""
    phonemes: str | None = None

    @property
    def label(self) -> str:
        return f"hum:{self.note}"

    @property
    def identity(self) -> str:
        return f"hum {VERSION}, {self.note}, rate {self.rate_wpm}, pitch {self.pitch}"

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        for text, line in {text: speakable(text) for text in texts}.items():
            words = re.findall(r"\w+", line)
            if not words:
                raise TrackError(f"there is nothing to hum in {text!r}", hint="Write words, or leave the line out.")
            samples = 60 * RATE_HZ // self.rate_wpm  # of each word
            hz = NOTES_HZ[self.note] * 2 ** ((self.pitch - 50) / 50)
            quiet = np.zeros(RATE_HZ // 4)
            hums = [hz * (0.95 + 0.1 * (zlib.crc32(word.casefold().encode()) % 97) / 96) for word in words]
            sound = np.concatenate([quiet, *(_hum(each, samples) for each in hums), quiet])
            yield text, Recording(sound.astype(np.float32)[:, None], RATE_HZ)


def _hum(hz: float, samples: int) -> np.ndarray:
    """One word, rising and falling; float64 (samples,)."""
    swell = np.sin(np.pi * np.arange(samples) / samples) ** 2
    return PEAK * swell * np.sin(2 * np.pi * hz * np.arange(samples) / RATE_HZ)
