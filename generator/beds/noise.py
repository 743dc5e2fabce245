"""Seamless noise, drawn once for the whole loop, then filtered circularly.

Filters are circular convolutions, computed block by block in the frequency domain. So the last sample continues into
the first as any sample into the next; a filter that starts from rest would leave a seam. Random numbers come from fixed
seeds. All work is float32 and in place on a LoopWriter; memory holds one block at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import fft
from numpy.typing import NDArray

from ..dsp.transforms import to_sound, to_spectra
from ..model import SAMPLE_RATE

if TYPE_CHECKING:
    from .loops import LoopWriter

CORRELATION = 0.6
"""Between left and right: it sounds wide, and a single speaker loses only 1.0 dB: 10 log10((1 + 0.6) / 2)."""

_HALF_TAPS = 16_384  # filters reach 0.34 s each way: a resolution of 1.5 Hz, fine enough for a corner at 40 Hz

Gain = Callable[[NDArray[Any]], NDArray[Any]]
"""A filter's response: takes frequencies in Hz, all above 0, and returns linear gains."""


def filtered_noise(loop: LoopWriter, seed: int, gain: Gain) -> None:
    """Fill `loop` with stereo noise of RMS 1, filtered by `gain`."""
    white_noise(loop, seed)
    filter_loop(loop, gain)


def white_noise(loop: LoopWriter, seed: int) -> None:
    """Fill `loop` with white Gaussian noise of RMS 1: one noise shared by both channels, and one for each channel.

    The shared noise has `CORRELATION` of the power, which makes that the correlation of the channels.
    """
    random = np.random.default_rng(seed)
    for start, end in loop.blocks():
        common = random.standard_normal((end - start, 1), np.float32)
        own = random.standard_normal((end - start, 2), np.float32)
        loop.write(start, sqrt(CORRELATION) * common + sqrt(1 - CORRELATION) * own)


def filter_loop(loop: LoopWriter, gain: Gain) -> None:
    """Filter `loop` by `gain`, in place and across the seam, with zero phase. White noise keeps its RMS."""
    length, reach = loop.samples, 2 * _HALF_TAPS
    size = 1 << (reach + max(end - start for start, end in loop.blocks()) - 1).bit_length()
    response = fft.rfft(_taps(gain), size)[:, None]
    head, before = loop.read(0, _HALF_TAPS), loop.read(length - _HALF_TAPS, length)
    for start, end in loop.blocks():
        block = loop.read(start, end)
        after = loop.read(end, min(end + _HALF_TAPS, length))
        around = np.concatenate([before, block, after, head[: _HALF_TAPS - len(after)]])
        before = around[-reach:-_HALF_TAPS]
        filtered = to_sound(to_spectra(around, size, axis=0) * response, size, axis=0)
        loop.write(start, filtered[reach : reach + end - start])  # what precedes it has wrapped around


def apply_gain(loop: LoopWriter, gains: Callable[[NDArray[np.int64]], NDArray[Any]]) -> None:
    """Multiply each sample of `loop`, in place, by the gain that `gains` gives for its position."""
    for start, end in loop.blocks():
        loop.write(start, loop.read(start, end) * gains(np.arange(start, end))[:, None].astype(np.float32))


def mix_into(loop: LoopWriter, other: LoopWriter, gain: float = 1.0) -> None:
    """Add `other`, times `gain`, to `loop`, in place."""
    for start, end in loop.blocks():
        loop.write(start, loop.read(start, end) + np.float32(gain) * other.read(start, end))


def _taps(gain: Gain) -> NDArray[np.float32]:
    """The impulse response of `gain`: symmetric, 2 * `_HALF_TAPS` + 1 long, Hann-windowed, with an energy of 1."""
    hz = fft.rfftfreq(4 * _HALF_TAPS, 1 / SAMPLE_RATE)
    gains = np.append(0.0, gain(hz[1:]))  # a loop has no constant part
    response = np.roll(fft.irfft(gains), 2 * _HALF_TAPS)[_HALF_TAPS : 3 * _HALF_TAPS + 1]
    response *= np.hanning(len(response) + 2)[1:-1]
    taps: NDArray[np.float32] = (response / np.sqrt(np.square(response).sum())).astype(np.float32)
    return taps


def high_pass(hz: NDArray[Any], corner_hz: float, order: int) -> NDArray[Any]:
    """Gains of a Butterworth high-pass, -3 dB at its corner."""
    gains: NDArray[Any] = 1 / np.sqrt(1 + (corner_hz / hz) ** (2 * order))
    return gains


def low_pass(hz: NDArray[Any], corner_hz: float, order: int) -> NDArray[Any]:
    """Gains of a Butterworth low-pass, -3 dB at its corner."""
    return high_pass(corner_hz / hz, 1.0, order)


Curve = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""Takes positions in a loop, in samples, and returns a value for each. It is seamless, too."""


def slow_curve(samples: int, depth: float, period_s: float, seed: int) -> Curve:
    """A slow, irregular curve between -`depth` and `depth`, with periods of about `period_s`."""
    turns = samples / SAMPLE_RATE / period_s
    waves = np.arange(max(1, round(turns / 2)), max(2, round(turns * 2)))  # whole cycles per loop
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(waves))
    points = np.append(np.arange(0, samples, SAMPLE_RATE // 100), samples)
    curve = np.cos(2 * np.pi * np.outer(points / samples, waves) + phases).sum(axis=1)
    curve *= depth / np.abs(curve).max()
    return lambda at: np.interp(at, points, curve)
