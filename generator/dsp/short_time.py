"""Powers of a sound every 10 ms, from spectra with sine windows of 20 ms. Pure.

The squares of the windows add up to one, so powers are those of the sound.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..model import SAMPLE_RATE
from .transforms import to_spectra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HOP_MS = 10
HOP = SAMPLE_RATE * HOP_MS // 1000
WINDOW = 2 * HOP
VOICE_BANDS_HZ = ((100, 250), (250, 500), (500, 1_000), (1_000, 2_000), (2_000, 4_000), (4_000, 7_500))
FLOOR_DB = -120.0


def powers(signal: NDArray[np.floating[Any]], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(hops, columns) from (hops + 1) * HOP samples: the spectrum's power summed with each column of `weights`."""
    import numpy as np

    framed = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP]
    spectrum = to_spectra(framed * _window())
    summed: NDArray[np.float32] = (np.square(spectrum.real) + np.square(spectrum.imag)) @ weights
    return summed


@lru_cache(maxsize=1)
def band_weights() -> NDArray[np.float32]:
    """(bins, bands): weights that sum a spectrum's power to a mean square in each of VOICE_BANDS_HZ."""
    import numpy as np

    hz = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    bands = [(hz >= low) & (hz < high) for low, high in VOICE_BANDS_HZ]
    weights: NDArray[np.float32] = np.stack([whole_weights() * band for band in bands], axis=1)
    return weights


@lru_cache(maxsize=1)
def whole_weights() -> NDArray[np.float32]:
    """(bins,): weights that sum a spectrum's power to a mean square."""
    import numpy as np

    hz = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    return (np.where((hz > 0) & (hz < SAMPLE_RATE / 2), 2.0, 1.0) / (WINDOW / 2)).astype(np.float32)


def levels_db(power: NDArray[Any]) -> NDArray[np.float64]:
    """Powers as levels in dB, none below FLOOR_DB."""
    import numpy as np

    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return levels


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    import numpy as np

    window: NDArray[np.float32] = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW).astype(np.float32)
    return window
