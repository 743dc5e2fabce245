"""Beds that move: waves and wind, made of noise whose parts swell and fade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..dsp.fades import raised_cosine
from ..model import SAMPLE_RATE, SAMPLES_PER_MS
from .noise import Curve, Gain, add, coloured, high_pass, low_pass, shape, slow_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .loops import Canvas

WAVE_S = (9.0, 14.0)
RISE = 0.4  # of a wave, as of a breath in
SWELL_DB = 3.0  # of the deep sound between waves and crests …
WASH_DB = 9.0  # … and of the bright one, which makes a wave come nearer; at 11, crests cover single words
_WASH = 0.8  # times the deep sound, at a crest

WIND_BANDS_HZ = ((160, 240), (240, 360), (360, 540), (540, 800))
_WIND_BROWN = 0.35  # times the band that sounds


# --- the beds --------------------------------------------------------------------------------------


def ocean(canvas: Canvas) -> None:
    """Waves of 9 to 14 s, each of its own length and height, rising for 40 % of it."""
    random = np.random.default_rng(211)  # of 380, the least like itself 20 s and more later
    seconds = canvas.samples / SAMPLE_RATE
    count = round(seconds / np.mean(WAVE_S))
    lengths_s = np.zeros(1)
    while lengths_s.min() < WAVE_S[0] or lengths_s.max() > WAVE_S[1]:  # they fill the loop
        lengths_s = random.uniform(*WAVE_S, count)
        lengths_s *= seconds / lengths_s.sum()
    starts = np.cumsum(lengths_s) - lengths_s
    heights = random.uniform(0.6, 1.0, count)

    def rises(at: NDArray[np.int64]) -> NDArray[np.float64]:
        here_s = at / SAMPLE_RATE
        wave = np.clip(np.searchsorted(starts, here_s, side="right") - 1, 0, count - 1)
        return heights[wave] * _wave((here_s - starts[wave]) / lengths_s[wave], RISE)

    _water(canvas, rises, seed=21)


def tide(canvas: Canvas, breath_ms: int, inhale_ms: int) -> None:
    """One wave a breath, all alike: it rises while one breathes in, and its beginning is the loop's."""
    breath = breath_ms * SAMPLES_PER_MS
    _water(canvas, lambda at: _wave(at % breath / breath, inhale_ms / breath_ms), seed=31)


def wind(canvas: Canvas) -> None:
    """Pink noise in one band and then the next, some 8 s each, over a little brown, with soft gusts."""
    top = len(WIND_BANDS_HZ) - 1
    wander = slow_curve(canvas.samples, depth=top / 2, period_s=40, seed=40)
    gust_db = slow_curve(canvas.samples, depth=1.2, period_s=15, seed=41)
    coloured(canvas, 42, lambda hz: high_pass(hz, 60, 3) * low_pass(hz, 400, 1) / hz)
    shape(canvas, lambda at: np.full(len(at), _WIND_BROWN))
    band = canvas.another()
    for index, (low_hz, high_hz) in enumerate(WIND_BANDS_HZ):
        coloured(band, 43 + index, _band(low_hz, high_hz))
        shape(band, _near(wander, top / 2, index))
        add(canvas, band)
    shape(canvas, lambda at: 10 ** (gust_db(at) / 20))


# --- what they are made of -------------------------------------------------------------------------


def _water(canvas: Canvas, rises: Curve, seed: int) -> None:
    """A deep sound and a brighter wash over it, both moving with `rises`, from 0 between waves to 1 at a crest."""
    coloured(canvas, seed, lambda hz: high_pass(hz, 60, 3) * low_pass(hz, 3_000, 2) / hz)
    shape(canvas, lambda at: 10 ** (SWELL_DB * (rises(at) - 1) / 20))
    wash = canvas.another()
    coloured(wash, seed + 1, lambda hz: high_pass(hz, 200, 2) * low_pass(hz, 2_000, 2) / np.sqrt(hz))
    shape(wash, lambda at: 10 ** (WASH_DB * (rises(at) - 1) / 20))
    add(canvas, wash, _WASH)


def _wave(share: NDArray[Any], rise: float) -> NDArray[np.float64]:
    """0 at the ends of a wave and 1 at its crest, `rise` of the way through it, without a corner."""
    return np.where(share < rise, raised_cosine(share / rise), raised_cosine((1 - share) / (1 - rise))).astype(float)


def _band(low_hz: float, high_hz: float) -> Gain:
    return lambda hz: high_pass(hz, low_hz, 3) * low_pass(hz, high_hz, 3) / np.sqrt(hz)


def _near(wander: Curve, middle: float, index: int) -> Curve:
    """How much of band `index` is heard while the wind wanders: of two neighbours, the powers add up to 1."""
    return lambda at: np.cos(np.pi / 2 * np.clip(np.abs(middle + wander(at) - index), 0, 1))
