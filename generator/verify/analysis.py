"""The measurements that all rows need, taken while the track is decoded: a few numbers per ten milliseconds.

All come from one short-time spectrum. A mean over many hops is the loudness of BS.1770. The voice is centred, so the
side (left minus right) holds the background alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ..dsp.loudness import k_weighted
from ..dsp.short_time import (
    FLOOR_DB,
    HOP,
    HOP_MS,
    VOICE_BANDS_HZ,
    WINDOW,
    band_weights,
    levels_db,
    powers,
    whole_weights,
)
from ..dsp.true_peak import REACH, true_peak_amplitude

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model import Samples

    Levels = NDArray[np.float16]
    Powers = NDArray[np.float64]

COARSE_HOPS = 10
"""Hops in 100 ms, for measurements that need no finer steps."""

BEYOND_MS = 10_000

_BLOCK_HOPS = 1_000


@dataclass(frozen=True, slots=True)
class Measurement:
    """The measurements of a track. Hop i begins at 10 * i ms. Levels are float16 in dB, good to 0.03 dB: 7 MB an hour.

    `k_db` (of the whole) and `k_side_db` (of the side) are K-weighted and summed over both channels; add -0.691 for
    LUFS. `bands_db` (VOICE_BANDS_HZ, hops) are levels of the middle, (left + right) / 2. `step_db` is the size in dBFS
    of a step between two samples that would bend a channel as sharply as it bends there. `left`, `right` and `cross`
    are mean products per 100 ms. `samples` counts the whole track, even what wasn't measured. `true_peak` is an
    amplitude.
    """

    samples: int
    k_db: Levels
    k_side_db: Levels
    bands_db: Levels
    step_db: Levels
    left: Powers
    right: Powers
    cross: Powers
    true_peak: float

    @property
    def hops(self) -> int:
        return len(self.k_db)


def measure(chunks: Iterable[Samples], planned_ms: int) -> Measurement:
    """Measure the sound of `chunks`, float32 (n, 2) at 48 kHz.

    The levels cover at least `planned_ms`, with silence if the sound is shorter, and at most BEYOND_MS more. Of later
    sound, and of an incomplete last hop, only length and peak are measured.
    """
    import numpy as np

    room = -(-(planned_ms + BEYOND_MS) // HOP_MS)
    fine = np.full((3 + len(VOICE_BANDS_HZ), room), FLOOR_DB, np.float16)
    coarse: list[NDArray[np.float64]] = []
    samples, hops, peak = 0, 0, 0.0
    for block in _blocks(chunks):
        new = len(block) - 2 * REACH - HOP
        samples += new
        inner = block[REACH : len(block) - REACH]
        peak = true_peak_amplitude(block[HOP // 2 : len(block) - HOP // 2], peak)
        count = min(new // HOP, room - hops)
        if count > 0:
            half = HOP // 2
            own = inner[half : half + count * HOP]
            fine[:-1, hops : hops + count] = _levels(inner[: (count + 1) * HOP])
            fine[-1, hops : hops + count] = _steps(inner[half - 3 : half + count * HOP])
            coarse.append(_products(own))
            hops += count
    kept = max(hops, -(-planned_ms // HOP_MS))
    missing = np.zeros((3, -(-kept // COARSE_HOPS) - sum(part.shape[1] for part in coarse)))
    products = np.concatenate([*coarse, missing], axis=1)
    fine = fine[:, :kept]
    return Measurement(samples, fine[0], fine[1], fine[2:-1], fine[-1], products[0], products[1], products[2], peak)


def _blocks(chunks: Iterable[Samples]) -> Iterator[Samples]:
    """Blocks of 10 s, each with half a hop and REACH samples of its neighbours. Outside the track are zeros."""
    import numpy as np

    margin = REACH + HOP // 2
    size = _BLOCK_HOPS * HOP
    held = np.zeros((margin, 2), np.float32)
    for chunk in chunks:
        held = np.concatenate([held, chunk])
        while len(held) >= size + 2 * margin:
            yield held[: size + 2 * margin]
            held = held[size:]
    held = np.concatenate([held, np.zeros((margin, 2), np.float32)])
    while len(held) > 2 * margin:
        yield held[: size + 2 * margin]
        held = held[size:]


def _levels(sound: Samples) -> NDArray[np.float16]:
    """(K-weighted level, that of the side, bands) x hops, from (hops + 1) * HOP samples."""
    import numpy as np

    mid, side = (sound[:, 0] + sound[:, 1]) / 2, (sound[:, 0] - sound[:, 1]) / 2
    by_mid, by_side = powers(mid, _weights()), powers(side, _weights()[:, :1])
    k_side = 2 * by_side[:, 0]  # left² + right² = 2 mid² + 2 side²
    levels: NDArray[np.float16] = levels_db(np.vstack([2 * by_mid[:, 0] + k_side, k_side, by_mid[:, 1:].T])).astype(
        np.float16
    )
    return levels


def _steps(sound: Samples) -> NDArray[np.float64]:
    """One value a hop, from 3 + hops * HOP samples.

    They are differences of the third order: nearly 0 for sound below 5 kHz, and twice the height of a step.
    """
    import numpy as np

    bends = np.abs(np.diff(sound.T, n=3, axis=1)).reshape(2, -1, HOP).max(axis=(0, 2)) / 2
    levels: NDArray[np.float64] = 20 * np.log10(np.maximum(bends, 10 ** (FLOOR_DB / 20)))
    return levels


def _products(sound: Samples) -> NDArray[np.float64]:
    """The means of left², right² and left * right over every whole 100 ms."""
    import numpy as np

    size = COARSE_HOPS * HOP
    parts = sound[: len(sound) // size * size].astype(np.float64).reshape(-1, size, 2)
    left, right = parts[..., 0], parts[..., 1]
    return np.stack([np.einsum("ij,ij->i", *pair) for pair in ((left, left), (right, right), (left, right))]) / size


@lru_cache(maxsize=1)
def _weights() -> NDArray[np.float32]:
    """(bins, 1 + bands): weights that sum a spectrum's power to a mean square, K-weighted and in each band."""
    import numpy as np

    impulse = np.zeros(WINDOW * 10)
    impulse[0] = 1
    k_gain = np.abs(np.fft.rfft(k_weighted(impulse)))[::10]
    k_weights = (whole_weights() * np.square(k_gain)).astype(np.float32)
    weights: NDArray[np.float32] = np.column_stack([k_weights, band_weights()])
    return weights
