"""The tone engine, for tests and CI: it hums words with the timing of speech, instantly and alike on every machine."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model import SAMPLE_RATE, Recording
from . import LAST_RANK, VoiceInfo, missing_voice, speakable
from ._failures import without_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from . import Voice

__all__ = ["ToneVoice", "expect_voice", "list_voices", "open_voice"]

OWN_RATE_WPM = 116
RMS_DBFS = -20.0
HEAD_MS = 120  # silence before and after, as real engines leave it, so that trimming is tested
TAIL_MS = 400
COMMA_MS = 180
EDGE_MS = 40  # a word's rise and fall
MIDDLE_PITCH_HZ = 300.0
_VERSION = 2  # part of the identity: raise it when the sound changes
_HARMONICS = (1.0, 0.5, 0.25, 0.12, 0.06)  # amplitudes; the highest lies under 2.5 kHz
_STEP = 256  # samples
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SYLLABLE = re.compile(r"[aeiouyà-öø-ÿ]+", re.IGNORECASE)


def expect_voice() -> None:
    """There is nothing to prepare."""


def open_voice(name: str | None, *, rate: int | None, pitch: int | None) -> Voice:
    """The only voice there is, ``tone``: see :func:`generator.voices.open_voice`."""
    if name not in (None, "tone"):
        raise missing_voice(f"tone:{name}", ["tone:tone"])
    return ToneVoice(OWN_RATE_WPM if rate is None else rate, pitch=50 if pitch is None else pitch)


def list_voices() -> list[VoiceInfo]:
    return [
        VoiceInfo(
            "tone:tone", "Tone", "", "", "hums instead of words: for tests and for trying a routine's timing", LAST_RANK
        )
    ]


@dataclass(frozen=True, slots=True)
class ToneVoice:
    """Hums at exactly `rate_wpm` words a minute (commas add COMMA_MS); `pitch` 0 to 99 spans two octaves."""

    rate_wpm: int
    pitch: int = 50
    label: str = "tone:tone"
    language: str = ""
    phonemes: str | None = None

    @property
    def identity(self) -> str:
        return f"tone {_VERSION}, rate {self.rate_wpm}, pitch {self.pitch}"

    def speak(
        self,
        texts: Sequence[str],
        jobs: int,
    ) -> Iterator[tuple[str, Recording]]:
        for text, line in {text: speakable(text) for text in dict.fromkeys(texts)}.items():
            yield text, Recording(self._hum(text, line), SAMPLE_RATE)

    def _hum(self, text: str, line: str) -> NDArray[np.float32]:
        """float32 (samples, 1) at 48 kHz."""
        import numpy as np

        words = [(match[0], match.end()) for match in _WORD.finditer(line)]
        if not words:
            raise without_words(self.label, text)
        total = len(words) * 60 * SAMPLE_RATE // self.rate_wpm
        # longer words take longer, and together exactly what the rate gives
        weights = np.cumsum([0] + [len(word) + 2 for word, _ in words])
        edges = weights * total // weights[-1]
        parts: list[NDArray[np.float64]] = []
        for (word, end), start, stop in zip(words, edges, edges[1:], strict=False):
            parts.append(self._word(word, int(stop - start)))
            if line[end : end + 1] in (",", ";", ":") or line[end : end + 2] in (" –", " —"):
                parts.append(np.zeros(COMMA_MS * SAMPLE_RATE // 1000))
        speech = np.concatenate(parts)
        speech *= 10 ** (RMS_DBFS / 20) / np.sqrt(np.mean(speech**2))
        padded = np.pad(speech, (HEAD_MS * SAMPLE_RATE // 1000, TAIL_MS * SAMPLE_RATE // 1000))
        return padded.astype(np.float32).reshape(-1, 1)

    def _word(self, word: str, samples: int) -> NDArray[np.float64]:
        import numpy as np

        chance = zlib.crc32(word.casefold().encode())  # the same word always hums alike
        base_hz = MIDDLE_PITCH_HZ * 2 ** ((self.pitch - 50) / 50)
        frequency_hz = base_hz * (0.94 + 0.12 * (chance % 97) / 96)
        level = 0.6 + 0.4 * (chance // 97 % 89) / 88
        hum = np.polyval((*reversed(_HARMONICS), 0.0), _phasor(frequency_hz / SAMPLE_RATE, samples)).imag
        # a dip to a third between syllables, silence at both ends of the word
        syllables = max(1, len(_SYLLABLE.findall(word)))
        swell = 0.675 - 0.325 * _phasor(syllables / samples, samples).real
        sound: NDArray[np.float64] = level * hum * swell
        whole = EDGE_MS * SAMPLE_RATE // 1000
        rising = min(whole, (samples + 1) // 2)
        falling = min(rising, samples - rising)
        edge = np.sin(np.pi / 2 * np.arange(rising + 1) / whole) ** 2
        sound[:rising] *= edge[:-1]
        sound[samples - falling :] *= edge[falling:0:-1]
        return sound


def _phasor(turns_per_sample: float, samples: int) -> NDArray[np.complex128]:
    """A rotating phasor that starts at 1: the cosine and sine at each sample.

    It is built by adding angles, because computing a sine for every sample would take most of the time.
    """
    import numpy as np

    fine = np.exp(2j * np.pi * turns_per_sample * np.arange(_STEP))
    coarse = np.exp(2j * np.pi * turns_per_sample * np.arange(0, samples, _STEP))
    phasor: NDArray[np.complex128] = np.outer(coarse, fine).ravel()[:samples]
    return phasor
