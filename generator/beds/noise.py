"""Beds made of noise, each a loop without a seam: noise drawn once for the whole loop, then filtered round and round.

Filters are circular convolutions, worked out block by block in the frequency domain: the last sample leads into the
first as any sample into the next, which a filter that starts from rest would break. Random numbers come from fixed
seeds. Everything is float32 and done in place, on a Canvas: memory holds a block at a time.
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
    from .loops import Canvas

CORRELATION = 0.6
"""Between left and right: wide, and the sum that a phone on its side plays loses 1.0 dB: 10 log10((1 + 0.6) / 2)."""

_HALF_TAPS = 16_384  # filters reach 0.34 s each way: 1.5 Hz apart, fine enough for a corner at 40 Hz

Gain = Callable[[NDArray[Any]], NDArray[Any]]
"""A filter: frequencies in Hz, all above 0, to linear gains."""


# --- the beds --------------------------------------------------------------------------------------


def brown(canvas: Canvas) -> None:
    """Noise falling by 6 dB per octave from 45 Hz, below which a phone's speaker only rattles."""
    coloured(canvas, 1, lambda hz: high_pass(hz, 40, 3) * low_pass(hz, 10_000, 2) / hz)


def pink(canvas: Canvas) -> None:
    """Noise falling by 3 dB per octave from 30 Hz to 4 kHz; on to 20 kHz it would hiss, its centroid at 3 kHz."""
    coloured(canvas, 10, lambda hz: high_pass(hz, 30, 3) * low_pass(hz, 4_600, 4) / np.sqrt(hz))


def rain(canvas: Canvas) -> None:
    """Rain: pink noise that swells by 10 % over 20 s, and 200 soft drops a second, nothing to hear above 5.5 kHz."""
    coloured(canvas, 2, lambda hz: high_pass(hz, 250, 2) * low_pass(hz, 6_000, 4) / np.sqrt(hz))
    swell = slow_curve(canvas.samples, depth=0.1, period_s=20, seed=3)
    shape(canvas, lambda at: 1 + swell(at))
    _add_drops(canvas, per_second=200, seed=4)
    filter_loop(canvas, lambda hz: low_pass(hz, 5_500, 6))


def silence(canvas: Canvas) -> None:
    """Nothing, for the voice alone: a canvas as it comes."""


# --- what beds are made with -----------------------------------------------------------------------


def coloured(canvas: Canvas, seed: int, gain: Gain) -> None:
    """Fill `canvas` with stereo noise of RMS 1 through `gain`."""
    white(canvas, seed)
    filter_loop(canvas, gain)


def white(canvas: Canvas, seed: int) -> None:
    """Fill `canvas` with white Gaussian noise of RMS 1: one noise common to both sides, and one of each side's own.

    The common one carries `CORRELATION` of the power, which is then the correlation of the sides.
    """
    random = np.random.default_rng(seed)
    for start, end in canvas.blocks():
        common = random.standard_normal((end - start, 1), np.float32)
        own = random.standard_normal((end - start, 2), np.float32)
        canvas.write(start, sqrt(CORRELATION) * common + sqrt(1 - CORRELATION) * own)


def filter_loop(canvas: Canvas, gain: Gain) -> None:
    """`canvas` through `gain`, in place and around the seam, with zero phase; white noise keeps its RMS."""
    length, reach = canvas.samples, 2 * _HALF_TAPS
    size = 1 << (reach + max(end - start for start, end in canvas.blocks()) - 1).bit_length()
    response = fft.rfft(_taps(gain), size)[:, None]
    head, before = canvas.read(0, _HALF_TAPS), canvas.read(length - _HALF_TAPS, length)
    for start, end in canvas.blocks():
        block = canvas.read(start, end)
        after = canvas.read(end, min(end + _HALF_TAPS, length))
        around = np.concatenate([before, block, after, head[: _HALF_TAPS - len(after)]])
        before = around[-reach:-_HALF_TAPS]
        filtered = to_sound(to_spectra(around, size, axis=0) * response, size, axis=0)
        canvas.write(start, filtered[reach : reach + end - start])  # before, the end goes round into it


def shape(canvas: Canvas, gains: Callable[[NDArray[np.int64]], NDArray[Any]]) -> None:
    """Each sample of `canvas`, in place, times the gain that `gains` gives for its position."""
    for start, end in canvas.blocks():
        canvas.write(start, canvas.read(start, end) * gains(np.arange(start, end))[:, None].astype(np.float32))


def add(canvas: Canvas, other: Canvas, gain: float = 1.0) -> None:
    """`other` into `canvas`, in place."""
    for start, end in canvas.blocks():
        canvas.write(start, canvas.read(start, end) + np.float32(gain) * other.read(start, end))


def _taps(gain: Gain) -> NDArray[np.float32]:
    """The impulse response of `gain`: symmetric, 2 * `_HALF_TAPS` + 1 long, ended by a Hann window, of energy 1."""
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
"""Positions in a loop, in samples, to a value at each; it has no seam either."""


def slow_curve(samples: int, depth: float, period_s: float, seed: int) -> Curve:
    """A slow, irregular movement around 0, at most `depth` off it, in periods of about `period_s`."""
    turns = samples / SAMPLE_RATE / period_s
    waves = np.arange(max(1, round(turns / 2)), max(2, round(turns * 2)))  # whole cycles per loop
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(waves))
    points = np.append(np.arange(0, samples, SAMPLE_RATE // 100), samples)
    curve = np.cos(2 * np.pi * np.outer(points / samples, waves) + phases).sum(axis=1)
    curve *= depth / np.abs(curve).max()
    return lambda at: np.interp(at, points, curve)


DROP_PEAK = 0.6  # times the noise's RMS, before the Pareto draw: heard as drops, none plinks, none masks a consonant
DROP_CLIP = 3.0  # and at most so much louder than the softest
_DROP_SAMPLES = 30 * SAMPLE_RATE // 1000  # five times the longest decay


def _add_drops(canvas: Canvas, per_second: int, seed: int) -> None:
    """Drops into `canvas`, in place: decaying sines at random times, placed between left and right by equal power.

    Even placing gives the drops a correlation of 2/pi = 0.64 between the sides, near that of the noise.
    """
    random = np.random.default_rng(seed)
    count = random.poisson(per_second * canvas.samples / SAMPLE_RATE)
    starts = np.sort(random.integers(0, canvas.samples, count))
    hz = np.exp(random.uniform(np.log(800), np.log(5_000), count))
    decay_ms = random.uniform(2, 6, count)
    peak = DROP_PEAK * np.minimum(1 + random.pareto(2.5, count), DROP_CLIP)
    phase = random.uniform(0, 2 * np.pi, count)
    place = random.uniform(0, np.pi / 2, count)
    sides = (peak * np.stack([np.cos(place), np.sin(place)])).T.astype(np.float32)
    turn, fall, begin = (each.astype(np.float32)[:, None] for each in (2 * np.pi * hz, 1000 / decay_ms, phase))
    seconds = np.arange(_DROP_SAMPLES, dtype=np.float32) / SAMPLE_RATE
    attack = 1 - np.exp(-seconds / np.float32(0.8e-3))
    end_of_last = np.zeros((_DROP_SAMPLES, 2), np.float32)  # what the drops of one block leave to the next
    for start, end in canvas.blocks():
        some = slice(*np.searchsorted(starts, (start, end)))
        waves = np.sin(turn[some] * seconds + begin[some])
        waves *= np.exp(-fall[some] * seconds) * attack
        block = np.zeros((end - start + _DROP_SAMPLES, 2), np.float32)
        block[:_DROP_SAMPLES] = end_of_last
        for at, wave, side in zip(starts[some] - start, waves, sides[some], strict=True):
            block[at : at + _DROP_SAMPLES] += wave[:, None] * side
        canvas.write(start, canvas.read(start, end) + block[: end - start])
        end_of_last = block[end - start :]
    canvas.write(0, canvas.read(0, _DROP_SAMPLES) + end_of_last)
