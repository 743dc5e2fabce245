"""The voice chain's filters at `CHAIN_RATE`: equaliser, de-esser crossover, and each voice's own equaliser. Pure."""

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
"""The chain's sample rate in Hz. The equaliser cuts the voice at 8 kHz, so half the track's rate is enough."""

DE_ESS_HZ = 4_500

Band = tuple[float, float]
PRESENCE: Band = (2_000, 5_000)  # Hz: the band that distinguishes consonants
PRESENCE_SHARE_DB = (-14.0, -10.0)  # of a voice's power: with less, noise covers words; with more, the voice is sharp
MAX_PRESENCE_DB = 8.0
# The peaks of a voice's consonants, in `PRESENCE`, over its level. At the first value a voice needs no help, at the
# second all of it. Before the chain heart has -10.2 dB, m7 -12.5, klatt4 -12.8, klatt6 -15.5.
CONSONANTS_DB = (-11.0, -12.5)
TREBLE: Band = (5_000, inf)
MAX_TREBLE_SHARE_DB = -26.0  # of a voice's power; includes a margin of 2 dB, as it is measured on ten sentences only
MAX_TREBLE_CUT_DB = 24.0
STEP_DB = 0.5


@dataclass(frozen=True, slots=True)
class VoiceEq:
    """One voice's own equaliser, beside the common one: gains in dB of a bell at 2.5 kHz and a shelf from 4.5 kHz."""

    presence_db: float = 0.0
    treble_db: float = 0.0


@lru_cache(maxsize=2)  # all clips of a voice share one
def voice_eq(eq: VoiceEq) -> Filter:
    """The filter of `eq`."""
    import numpy as np

    presence = bell(2_500, eq.presence_db, 0.7, CHAIN_RATE)
    return Filter(np.vstack([presence, high_shelf(4_500, eq.treble_db, CHAIN_RATE)]), CHAIN_RATE)


@lru_cache(maxsize=2)
def weighted_voice_eq(eq: VoiceEq) -> Filter:
    """`voice_eq` and K-weighting in one filter; the power of its output gives the loudness."""
    import numpy as np

    return Filter(np.vstack([voice_eq(eq).sections, k_weighting(CHAIN_RATE).sections]), CHAIN_RATE)


def consonant_weakness(peaks_db: float) -> float:
    """From 0 to 1, how much a voice needs compression and presence, by the peaks of its consonants over its level.

    Both bring soft consonants out over noise. A voice with clear consonants would only lose: together they cost heart
    0.13 of DistillMOS.
    """
    clear_db, weak_db = CONSONANTS_DB
    return min(max((clear_db - peaks_db) / (clear_db - weak_db), 0.0), 1.0)


def fit_voice_eq(spectrum: Spectrum, weakness: float = 1.0) -> VoiceEq:
    """The smallest gains that bring a voice with this long-term spectrum to the targets.

    The targets are presence within `PRESENCE_SHARE_DB` and treble at `MAX_TREBLE_SHARE_DB` at most. Each gain stays
    within its own limit, even if that misses the target. A boost is limited in proportion to `weakness`.
    """
    eq = VoiceEq()

    def share_db(band: Band, eq: VoiceEq) -> float:
        return _share_db(spectrum, voice_eq(eq), band)

    for _ in range(3):  # each gain affects the other's target a little
        treble = (replace(eq, treble_db=0.0 - db) for db in _steps(MAX_TREBLE_CUT_DB))
        eq = _first_fitting(treble, lambda tried: share_db(TREBLE, tried) <= MAX_TREBLE_SHARE_DB)
        sign = 1 if share_db(PRESENCE, replace(eq, presence_db=0.0)) < PRESENCE_SHARE_DB[0] else -1
        most_db = MAX_PRESENCE_DB * (weakness if sign > 0 else 1)
        presence = (replace(eq, presence_db=0.0 + sign * db) for db in _steps(most_db))
        eq = _first_fitting(
            presence, lambda tried: PRESENCE_SHARE_DB[0] <= share_db(PRESENCE, tried) <= PRESENCE_SHARE_DB[1]
        )
    return eq


def _steps(most_db: float) -> Iterator[float]:
    return (step * STEP_DB for step in range(int(most_db / STEP_DB) + 1))


def _first_fitting(candidates: Iterator[VoiceEq], fits: Callable[[VoiceEq], bool]) -> VoiceEq:
    """The first candidate that fits, else the last."""
    tried = VoiceEq()
    for tried in candidates:
        if fits(tried):
            break
    return tried


def _share_db(spectrum: Spectrum, filtering: Filter, band: Band) -> float:
    """The share of the spectrum's power in `band` after `filtering`, in dB."""
    hz, power = spectrum
    after = power * abs(filtering.response(hz)) ** 2
    return 10 * log10(after[(hz >= band[0]) & (hz < band[1])].sum() / after.sum() + 1e-12)


@lru_cache(maxsize=1)
def equaliser() -> Filter:
    """The equaliser of all voices: high-pass 80 Hz, +2 dB at 200 Hz, shelf of -4 dB from 5 kHz, low-pass 8 kHz.

    It makes a voice warm and dull. High-pass and low-pass are Butterworth filters of the second and fourth order. The
    four all-passes are a phase rotator, as in broadcasting: they keep the spectrum and spread the pulses of a synthetic
    voice over some milliseconds, which lowers its peaks by 3 dB at the same loudness.
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
    """The equaliser's bands below and above `DE_ESS_HZ`. The low band minus the high band has the equaliser's loudness.

    The crossover is a Linkwitz-Riley filter of the second order.
    """
    import numpy as np

    halves = (make(DE_ESS_HZ, 0.5, CHAIN_RATE) for make in (low_pass, high_pass))
    low, high = (Filter(np.vstack([equaliser().sections, half]), CHAIN_RATE) for half in halves)
    return low, high
