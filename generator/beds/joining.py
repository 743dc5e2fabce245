"""Loops computed from other loops as they are read: crossfaded to another length, or layered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..dsp.fades import raised_cosine
from ..dsp.looping import read_looped
from ..model import SAMPLE_RATE, Loop

if TYPE_CHECKING:
    from ..model import Samples

MAX_FADE = 8 * SAMPLE_RATE


class CrossfadedLoop:
    """A loop of length `samples` made from the repeated `source`; a crossfade hides the seam.

    The crossfade lies at the loop's beginning: what would follow the end fades out while the beginning fades in. No
    crossfade is needed if `samples` is a multiple of the source's length.
    """

    def __init__(self, source: Loop, samples: int, fade: int) -> None:
        self._source = source
        self.samples = samples
        is_whole = samples % source.samples == 0
        self._begins = np.zeros((0, 2), np.float32) if is_whole else self._crossfade(fade)

    def read(self, first: int, last: int) -> Samples:
        sound = read_looped(self._source, first, last)
        fading = self._begins[first:last]
        sound[: len(fading)] = fading
        return sound

    def _crossfade(self, fade: int) -> Samples:
        return crossfade(
            read_looped(self._source, self.samples, self.samples + fade), read_looped(self._source, 0, fade)
        )


def crossfade(goes: Samples, comes: Samples) -> Samples:
    """Crossfade from `goes` to `comes`, float32 (n, 2) each, at constant power for any correlation of the two.

    Uncorrelated sounds keep their loudness if the squares of the gains a and b add up to 1, identical sounds if the
    gains do. With a correlation of r, a² + b² + 2rab must be 1.
    """
    energy = float(np.sqrt(np.square(goes).sum(dtype=np.float64) * np.square(comes).sum(dtype=np.float64)))
    alike = min(max(float((goes * comes).sum(dtype=np.float64)) / energy, 0.0), 1.0) if energy else 0.0
    rising = raised_cosine((np.arange(len(comes)) + 0.5) / len(comes))[:, None]
    falling = 1 - rising
    power = np.square(rising) + np.square(falling) + 2 * alike * rising * falling
    faded: Samples = (falling * goes + rising * comes) / np.sqrt(power)
    return faded


class LayeredLoop:
    """The sum of loops of the same length, each with its gain."""

    def __init__(self, loops: Sequence[Loop], gains: Sequence[float]) -> None:
        self._loops, self._gains = loops, gains
        self.samples = loops[0].samples

    def read(self, first: int, last: int) -> Samples:
        sound = np.zeros((last - first, 2), np.float32)
        for loop, gain in zip(self._loops, self._gains, strict=True):
            sound += np.float32(gain) * loop.read(first, last)
        return sound
