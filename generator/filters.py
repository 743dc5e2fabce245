"""The voice's filters: the equaliser, the de-esser's crossover, and the colour that one voice needs. Pure.

Sections are float64 (n, 6), as scipy's `sosfilt` takes them, for `CHAIN_RATE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, inf, log10, pi, sin, sqrt
from typing import TYPE_CHECKING

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
PRESENCE_DB = (-14.0, -10.0)  # its share of a voice's power: below, noise covers words; above, the voice is sharp
PRESENCE_MOST_DB = 8.0
TREBLE: Band = (5_000, inf)
TREBLE_DB = -26.0  # its share at most: 2 dB in hand, as ten sentences speak for all
TREBLE_MOST_DB = 24.0
STEP_DB = 0.5


@dataclass(frozen=True, slots=True)
class Colour:
    """What one voice needs beside the equaliser of all: a bell at 2.5 kHz and a shelf from 4.5 kHz, in dB."""

    presence_db: float = 0.0
    treble_db: float = 0.0

    def sections(self) -> NDArray[np.float64]:
        import numpy as np

        return np.vstack([bell(2_500, self.presence_db, q=0.7), high_shelf(4_500, self.treble_db)])


def colour_for(spectrum: Spectrum) -> Colour:
    """The least colour that brings a voice of this long-term spectrum to where a voice of the night should be.

    That is presence within `PRESENCE_DB` and treble at `TREBLE_DB` at most, each as far as its own limit reaches.
    """
    colour = Colour()

    def share_db(band: Band, colour: Colour) -> float:
        return _share_db(spectrum, colour.sections(), band)

    for _ in range(3):  # each moves the other a little
        treble = (replace(colour, treble_db=0.0 - db) for db in _steps(TREBLE_MOST_DB))
        colour = _first(treble, lambda tried: share_db(TREBLE, tried) <= TREBLE_DB)
        sign = 1 if share_db(PRESENCE, replace(colour, presence_db=0.0)) < PRESENCE_DB[0] else -1
        presence = (replace(colour, presence_db=0.0 + sign * db) for db in _steps(PRESENCE_MOST_DB))
        colour = _first(presence, lambda tried: PRESENCE_DB[0] <= share_db(PRESENCE, tried) <= PRESENCE_DB[1])
    return colour


def _steps(most_db: float) -> Iterator[float]:
    return (step * STEP_DB for step in range(round(most_db / STEP_DB) + 1))


def _first(colours: Iterator[Colour], fits: Callable[[Colour], bool]) -> Colour:
    """The first that fits, or else the last."""
    tried = Colour()
    for tried in colours:
        if fits(tried):
            break
    return tried


def _share_db(spectrum: Spectrum, sections: NDArray[np.float64], band: Band) -> float:
    """How much of the spectrum's power lies in `band` after `sections`."""
    from scipy.signal import sosfreqz

    hz, power = spectrum
    after = power * abs(sosfreqz(sections, hz, fs=CHAIN_RATE)[1]) ** 2
    return 10 * log10(after[(hz >= band[0]) & (hz < band[1])].sum() / after.sum() + 1e-12)


@lru_cache(maxsize=1)
def equaliser() -> NDArray[np.float64]:
    """High-pass 80 Hz, +2 dB at 200 Hz, shelf -4 dB from 5 kHz, low-pass 8 kHz: warm and dull, for all voices alike.

    Then four all-passes, which leave the colour alone and spread the pulses of a synthetic voice over some
    milliseconds (a phase rotator, as in broadcasting): its peaks come out 3 dB lower at the same loudness.
    """
    import numpy as np
    from scipy.signal import butter

    high_pass = butter(2, 80, "highpass", fs=CHAIN_RATE, output="sos")
    low_pass = butter(4, 8_000, "lowpass", fs=CHAIN_RATE, output="sos")
    warm = [bell(200, 2.0, q=0.8), high_shelf(5_000, -4.0)]
    sections: NDArray[np.float64] = np.vstack([high_pass, *warm, low_pass, *[all_pass(300, q=0.7)] * 4])
    return sections


@lru_cache(maxsize=1)
def crossover() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The bands below and above `DE_ESS_HZ`, second-order Linkwitz-Riley: their difference is as loud as the whole."""
    import numpy as np
    from scipy.signal import butter

    halves = (butter(1, DE_ESS_HZ, kind, fs=CHAIN_RATE) for kind in ("lowpass", "highpass"))
    low, high = (np.concatenate([np.convolve(b, b), np.convolve(a, a)])[None, :] for b, a in halves)
    return low, high


# --- single sections --------------------------------------------------------------------------------


def bell(hz: float, gain_db: float, q: float) -> NDArray[np.float64]:
    """A peaking section (Bristow-Johnson, Audio EQ Cookbook)."""
    a, w = 10 ** (gain_db / 40), 2 * pi * hz / CHAIN_RATE
    alpha = sin(w) / (2 * q)
    return _section([1 + alpha * a, -2 * cos(w), 1 - alpha * a], [1 + alpha / a, -2 * cos(w), 1 - alpha / a])


def all_pass(hz: float, q: float) -> NDArray[np.float64]:
    """An all-pass section (Bristow-Johnson, Audio EQ Cookbook)."""
    w = 2 * pi * hz / CHAIN_RATE
    alpha = sin(w) / (2 * q)
    return _section([1 - alpha, -2 * cos(w), 1 + alpha], [1 + alpha, -2 * cos(w), 1 - alpha])


def high_shelf(hz: float, gain_db: float) -> NDArray[np.float64]:
    """A high shelf of slope 1 (Bristow-Johnson, Audio EQ Cookbook)."""
    a, w = 10 ** (gain_db / 40), 2 * pi * hz / CHAIN_RATE
    up, down, root = a + 1, a - 1, 2 * sqrt(a) * sin(w) / sqrt(2)
    return _section(
        [a * (up + down * cos(w) + root), -2 * a * (down + up * cos(w)), a * (up + down * cos(w) - root)],
        [up - down * cos(w) + root, 2 * (down - up * cos(w)), up - down * cos(w) - root],
    )


def _section(b: list[float], a: list[float]) -> NDArray[np.float64]:
    """A second-order section as scipy takes it: six coefficients, the leading denominator 1."""
    import numpy as np

    return np.array([*b, *a]) / a[0]
