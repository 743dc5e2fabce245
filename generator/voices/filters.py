"""The voice's filters, for `CHAIN_RATE`: the equaliser, the de-esser's crossover, and one voice's own colour. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, inf, log10, pi, sqrt
from typing import TYPE_CHECKING

from ..dsp.biquads import Filter, all_pass, bell, high_pass, high_shelf, low_pass
from ..dsp.loudness import k_weighting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Spectrum = tuple[NDArray[np.float64], NDArray[np.float64]]
    """Frequencies in Hz, and the power at each."""

CHAIN_RATE = 24_000
"""What the chain works at, in Hz: the night's voice ends at 8 kHz, so that half the track's rate holds all of it."""

DE_ESS_HZ = 4_500

Band = tuple[float, float]
PRESENCE: Band = (2_000, 5_000)  # Hz: where consonants are told apart
PRESENCE_SHARE_DB = (-14.0, -10.0)  # its share of a voice's power: below, noise covers words; above, the voice is sharp
MAX_PRESENCE_DB = 8.0
TREBLE: Band = (5_000, inf)
MAX_TREBLE_SHARE_DB = -26.0  # its share at most: 2 dB in hand, as ten sentences speak for all
MAX_TREBLE_CUT_DB = 24.0
STEP_DB = 0.5


@dataclass(frozen=True, slots=True)
class VoiceEq:
    """What one voice needs beside the equaliser of all: a bell at 2.5 kHz and a shelf from 4.5 kHz, in dB."""

    presence_db: float = 0.0
    treble_db: float = 0.0


@lru_cache(maxsize=2)  # all clips of a voice go through one
def voice_eq(eq: VoiceEq) -> Filter:
    """The filter that gives `colour`."""
    import numpy as np

    presence = bell(2_500, eq.presence_db, 0.7, CHAIN_RATE)
    return Filter(np.vstack([presence, high_shelf(4_500, eq.treble_db, CHAIN_RATE)]), CHAIN_RATE)


@lru_cache(maxsize=2)
def weighted_voice_eq(eq: VoiceEq) -> Filter:
    """`voice_eq`, K-weighted: its power is as loud as what that gives."""
    import numpy as np

    return Filter(np.vstack([voice_eq(eq).sections, k_weighting(CHAIN_RATE).sections]), CHAIN_RATE)


def fit_voice_eq(spectrum: Spectrum) -> VoiceEq:
    """The least colour that brings a voice of this long-term spectrum to where a voice of the night should be.

    The targets are presence within `PRESENCE_SHARE_DB` and treble at `MAX_TREBLE_SHARE_DB` at most. Each gain stays
    within its own limit, even where that misses the target.
    """
    eq = VoiceEq()

    def share_db(band: Band, eq: VoiceEq) -> float:
        return _share_db(spectrum, voice_eq(eq), band)

    for _ in range(3):  # each moves the other a little
        treble = (replace(eq, treble_db=0.0 - db) for db in _steps(MAX_TREBLE_CUT_DB))
        eq = _first_fitting(treble, lambda tried: share_db(TREBLE, tried) <= MAX_TREBLE_SHARE_DB)
        sign = 1 if share_db(PRESENCE, replace(eq, presence_db=0.0)) < PRESENCE_SHARE_DB[0] else -1
        presence = (replace(eq, presence_db=0.0 + sign * db) for db in _steps(MAX_PRESENCE_DB))
        eq = _first_fitting(
            presence, lambda tried: PRESENCE_SHARE_DB[0] <= share_db(PRESENCE, tried) <= PRESENCE_SHARE_DB[1]
        )
    return eq


def _steps(most_db: float) -> Iterator[float]:
    return (step * STEP_DB for step in range(round(most_db / STEP_DB) + 1))


def _first_fitting(candidates: Iterator[VoiceEq], fits: Callable[[VoiceEq], bool]) -> VoiceEq:
    """The first that fits, or else the last."""
    tried = VoiceEq()
    for tried in candidates:
        if fits(tried):
            break
    return tried


def _share_db(spectrum: Spectrum, filtering: Filter, band: Band) -> float:
    """How much of the spectrum's power lies in `band` after `filtering`."""
    hz, power = spectrum
    after = power * abs(filtering.response(hz)) ** 2
    return 10 * log10(after[(hz >= band[0]) & (hz < band[1])].sum() / after.sum() + 1e-12)


@lru_cache(maxsize=1)
def equaliser() -> Filter:
    """High-pass 80 Hz, +2 dB at 200 Hz, shelf -4 dB from 5 kHz, low-pass 8 kHz: warm and dull, for all voices alike.

    The passes are Butterworth's, of the second and fourth order. Then four all-passes, which leave the colour alone
    and spread the pulses of a synthetic voice over some milliseconds (a phase rotator, as in broadcasting): its peaks
    come out 3 dB lower at the same loudness.
    """
    import numpy as np

    sections = [
        high_pass(80, 1 / sqrt(2), CHAIN_RATE),
        bell(200, 2.0, 0.8, CHAIN_RATE),
        high_shelf(5_000, -4.0, CHAIN_RATE),
        *(low_pass(8_000, 1 / (2 * cos(angle)), CHAIN_RATE) for angle in (pi / 8, 3 * pi / 8)),
        *[all_pass(300, 0.7, CHAIN_RATE)] * 4,
    ]
    return Filter(np.vstack(sections), CHAIN_RATE)


@lru_cache(maxsize=1)
def equaliser_bands() -> tuple[Filter, Filter]:
    """The equaliser's bands below and above `DE_ESS_HZ`: their difference is as loud as what it gives by itself.

    The crossover is Linkwitz and Riley's of the second order.
    """
    import numpy as np

    halves = (make(DE_ESS_HZ, 0.5, CHAIN_RATE) for make in (low_pass, high_pass))
    low, high = (Filter(np.vstack([equaliser().sections, half]), CHAIN_RATE) for half in halves)
    return low, high
