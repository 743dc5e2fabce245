"""The sound of water beds: a deep noise and a brighter wash, whose levels rise and fall as waves do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..dsp.fades import raised_cosine
from .noise import Curve, apply_gain, filtered_noise, high_pass, low_pass, mix_into

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .loops import LoopWriter

_WASH = 0.8  # the wash's amplitude at a crest, relative to the deep sound


def water(loop: LoopWriter, rises: Curve, seed: int, *, swell_db: float, wash_db: float) -> None:
    """A deep sound and a brighter wash; the levels of both follow `rises`, from 0 between waves to 1 at a crest.

    From trough to crest the deep sound gains `swell_db`, and the wash `wash_db`, which makes a wave seem to come
    nearer. In a trough the voice stands out further: at 3 and 9 dB its loudest word rises by over 20 LU within 400 ms,
    which startles. At a crest of 11 dB the wash covers single words.
    """
    filtered_noise(loop, seed, lambda hz: high_pass(hz, 60, 3) * low_pass(hz, 3_000, 2) / hz)
    apply_gain(loop, lambda at: 10 ** (swell_db * (rises(at) - 1) / 20))
    wash = loop.silent_copy()
    filtered_noise(wash, seed + 1, lambda hz: high_pass(hz, 200, 2) * low_pass(hz, 2_000, 2) / np.sqrt(hz))
    apply_gain(wash, lambda at: 10 ** (wash_db * (rises(at) - 1) / 20))
    mix_into(loop, wash, _WASH)


def rise_and_fall(share: NDArray[Any], rise: float) -> NDArray[np.float64]:
    """A smooth curve over one wave: 0 at both ends, 1 at the crest, which lies at the share `rise` of the wave."""
    return np.where(share < rise, raised_cosine(share / rise), raised_cosine((1 - share) / (1 - rise))).astype(float)
