"""Beds made of noise, each a loop without a seam: noise drawn once for the whole loop, then filtered round and round.

Filters are circular convolutions, worked out block by block in the frequency domain: the last sample leads into the
first as any sample into the next, which a filter that starts from rest would break. Random numbers come from fixed
seeds. Everything is float32 and done in place: a loop is 46 MB, and making one takes little more.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import fftconvolve

from ..loudness import hop_powers, lufs
from ..model import FRAME_SAMPLES, SAMPLE_RATE

if TYPE_CHECKING:
    from ..model import Samples

LOOP_SAMPLES = 120 * SAMPLE_RATE
"""Two minutes, 5,000 MP3 frames to the sample: no ear finds the period."""

CORRELATION = 0.6
"""Between left and right: wide, and the sum that a phone on its side plays loses 1.0 dB: 10 log10((1 + 0.6) / 2)."""

_BLOCK = 2 * SAMPLE_RATE  # samples at once; LOOP_SAMPLES is a multiple
_HALF_TAPS = 16_384  # filters reach 0.34 s each way: 1.5 Hz apart, fine enough for a corner at 40 Hz

Gain = Callable[[NDArray[Any]], NDArray[Any]]
"""A filter: frequencies in Hz, all above 0, to linear gains."""


# --- the beds --------------------------------------------------------------------------------------


def brown() -> Samples:
    """Noise falling by 6 dB per octave from 45 Hz, below which a phone's speaker only rattles."""
    loop = stereo_noise(seed=1)
    filter_loop(loop, lambda hz: high_pass(hz, 40, 3) * low_pass(hz, 10_000, 2) / hz)
    return loop


def rain() -> Samples:
    """Rain: pink noise that swells by 10 % over 20 s, and 200 soft drops a second, nothing to hear above 5.5 kHz."""
    loop = stereo_noise(seed=2)
    filter_loop(loop, lambda hz: high_pass(hz, 250, 2) * low_pass(hz, 6_000, 4) / np.sqrt(hz))
    _swell(loop, depth=0.1, period_s=20, seed=3)
    _add_drops(loop, per_second=200, seed=4)
    filter_loop(loop, lambda hz: low_pass(hz, 5_500, 6))
    return loop


def silence() -> Samples:
    """Nothing, for the voice alone: 100 frames, so that a track of hours repeats it as cheaply as any bed."""
    return np.zeros((100 * FRAME_SAMPLES, 2), np.float32)


# --- what beds are made with -----------------------------------------------------------------------


def stereo_noise(seed: int) -> Samples:
    """White Gaussian noise (`LOOP_SAMPLES`, 2) of RMS 1: one noise common to both sides, and one of each side's own.

    The common one carries `CORRELATION` of the power, which is then the correlation of the sides.
    """
    random = np.random.default_rng(seed)
    loop = np.empty((LOOP_SAMPLES, 2), np.float32)
    for start in range(0, LOOP_SAMPLES, _BLOCK):
        common = random.standard_normal((_BLOCK, 1), np.float32)
        own = random.standard_normal((_BLOCK, 2), np.float32)
        loop[start : start + _BLOCK] = sqrt(CORRELATION) * common + sqrt(1 - CORRELATION) * own
    return loop


def filter_loop(loop: Samples, gain: Gain) -> None:
    """`loop` through `gain`, in place and around the seam, with zero phase; white noise keeps its RMS."""
    taps = _taps(gain)[:, None]
    head, before = loop[:_HALF_TAPS].copy(), loop[-_HALF_TAPS:].copy()
    for start in range(0, len(loop), _BLOCK):
        block = loop[start : start + _BLOCK]
        after = loop[start + _BLOCK : start + _BLOCK + _HALF_TAPS]
        around = np.concatenate([before, block, after, head[: _HALF_TAPS - len(after)]])
        before = block[-_HALF_TAPS:].copy()
        block[:] = fftconvolve(around, taps, mode="valid", axes=0)


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


def set_level(loop: Samples, target_lufs: float) -> float | None:
    """Bring `loop`, in place, to `target_lufs`; what it then measures going round and round, None for silence."""
    now_lufs = _loop_lufs(loop)
    if now_lufs == -inf:
        return None
    loop *= np.float32(10 ** ((target_lufs - now_lufs) / 20))
    return _loop_lufs(loop)


def _loop_lufs(loop: Samples) -> float:
    lead_in = loop[-SAMPLE_RATE:]  # the meter's filters come to the start as they would the second time round
    return lufs(float(hop_powers([lead_in, loop], hop_ms=100)[10:].mean()))


def _swell(loop: Samples, depth: float, period_s: float, seed: int) -> None:
    """A slow, irregular gain around 1 onto `loop`, at most `depth` off it, moving in periods of about `period_s`."""
    turns = len(loop) / SAMPLE_RATE / period_s
    waves = np.arange(max(1, round(turns / 2)), round(turns * 2))  # whole cycles per loop: it has no seam either
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(waves))
    points = np.arange(0, len(loop) + 1, SAMPLE_RATE // 100)
    curve = np.cos(2 * np.pi * np.outer(points / len(loop), waves) + phases).sum(axis=1)
    curve *= depth / np.abs(curve).max()
    for start in range(0, len(loop), _BLOCK):
        gains = 1 + np.interp(np.arange(start, start + _BLOCK), points, curve)
        loop[start : start + _BLOCK] *= gains[:, None].astype(np.float32)


DROP_PEAK = 0.6  # times the noise's RMS, before the Pareto draw: heard as drops, none plinks, none masks a consonant
DROP_CLIP = 3.0  # and at most so much louder than the softest
_DROP_SAMPLES = 30 * SAMPLE_RATE // 1000  # five times the longest decay
_DROPS_AT_ONCE = 400


def _add_drops(loop: Samples, per_second: int, seed: int) -> None:
    """Drops into `loop`, in place: decaying sines at random times, placed between left and right by equal power.

    Even placing gives the drops a correlation of 2/pi = 0.64 between the sides, near that of the noise.
    """
    random = np.random.default_rng(seed)
    count = random.poisson(per_second * len(loop) / SAMPLE_RATE)
    starts = random.integers(0, len(loop), count)
    hz = np.exp(random.uniform(np.log(800), np.log(5_000), count))
    decay_ms = random.uniform(2, 6, count)
    peak = DROP_PEAK * np.minimum(1 + random.pareto(2.5, count), DROP_CLIP)
    phase = random.uniform(0, 2 * np.pi, count)
    place = random.uniform(0, np.pi / 2, count)
    sides = np.stack([np.cos(place), np.sin(place)], axis=1).astype(np.float32)
    seconds = np.arange(_DROP_SAMPLES) / SAMPLE_RATE
    attack = 1 - np.exp(-seconds / 0.8e-3)
    for first in range(0, count, _DROPS_AT_ONCE):
        some = slice(first, first + _DROPS_AT_ONCE)
        waves = np.sin(2 * np.pi * hz[some, None] * seconds + phase[some, None]).astype(np.float32)
        waves *= peak[some, None] * attack * np.exp(-seconds * 1000 / decay_ms[some, None])
        for start, wave, side in zip(starts[some], waves, sides[some], strict=True):
            drop = wave[:, None] * side
            before = min(_DROP_SAMPLES, len(loop) - start)
            loop[start : start + before] += drop[:before]
            loop[: _DROP_SAMPLES - before] += drop[before:]  # what passes the end goes on at the start
