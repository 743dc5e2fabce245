"""Waves, no two alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model import SAMPLE_RATE
from ..bed_kind import BedKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..loops import LoopWriter

WAVE_S = (9.0, 14.0)
RISE = 0.4  # share of a wave until its crest, as of a breath spent breathing in


def fill(loop: LoopWriter) -> None:
    """Waves of 9 to 14 s with random lengths and heights; each rises for 40 % of its length."""
    import numpy as np

    from ..water import rise_and_fall, water

    random = np.random.default_rng(
        211
    )  # of 380 seeds, the one with the lowest self-similarity at lags of 20 s and more
    seconds = loop.samples / SAMPLE_RATE
    count = round(seconds / np.mean(WAVE_S))
    lengths_s = np.zeros(1)
    while lengths_s.min() < WAVE_S[0] or lengths_s.max() > WAVE_S[1]:  # draw again: the waves must fill the loop
        lengths_s = random.uniform(*WAVE_S, count)
        lengths_s *= seconds / lengths_s.sum()
    starts = np.cumsum(lengths_s) - lengths_s
    heights = random.uniform(0.6, 1.0, count)

    def rises(at: NDArray[np.int64]) -> NDArray[np.float64]:
        here_s = at / SAMPLE_RATE
        wave = np.clip(np.searchsorted(starts, here_s, side="right") - 1, 0, count - 1)
        return heights[wave] * rise_and_fall((here_s - starts[wave]) / lengths_s[wave], RISE)

    water(loop, rises, seed=21, swell_db=1.5, wash_db=6.5)


BED = BedKind("slow waves, no two alike", "3", "noise", fill, most_range_db=9)
