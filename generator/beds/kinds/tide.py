"""Waves in time with the breath."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model import SAMPLES_PER_MS
from ..bed_kind import BedKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..loops import LoopWriter


def fill(loop: LoopWriter, breath_ms: int, inhale_ms: int) -> None:
    """One wave per breath, all alike. A wave rises on the inhale, and the loop begins with a wave."""
    from ..water import rise_and_fall, water

    breath = breath_ms * SAMPLES_PER_MS

    def rises(at: NDArray[np.int64]) -> NDArray[np.float64]:
        return rise_and_fall(at % breath / breath, inhale_ms / breath_ms)

    water(loop, rises, seed=31, swell_db=1.3, wash_db=6.3)


BED = BedKind(
    "waves that rise as you breathe in and fall as you breathe out",
    "3",
    "noise",
    fill,
    most_range_db=9,
    follows_breath=True,
)
