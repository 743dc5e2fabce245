"""The sound of a soft bell. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..dsp.fades import raised_cosine
from ..model import SAMPLE_RATE

if TYPE_CHECKING:
    from ..model import Samples

SECONDS = 4.0
ATTACK_S = 0.03  # a bell that begins faster startles
RELEASE_S = 1.0
PEAK = 0.05  # gives -33 LUFS (momentary) at its loudest in the mix: CHIME_LU below the voice


@lru_cache(maxsize=1)
def chime() -> Samples:
    """float32 (192000, 1): the partials of a low bell, each with its own decay, silent at both ends."""
    import numpy as np

    at = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    # (ratio to 392 Hz, level, decay time in s): high partials are weak and short, or the bell would sound bright
    partials = ((1.0, 1.0, 1.1), (2.0, 0.35, 0.7), (2.76, 0.18, 0.45), (4.1, 0.06, 0.25))
    sound = sum(level * np.sin(2 * np.pi * 392 * ratio * at) * np.exp(-at / decay) for ratio, level, decay in partials)
    rung = sound * raised_cosine(at / ATTACK_S) * raised_cosine((SECONDS - at) / RELEASE_S)
    scaled: Samples = (PEAK * rung / np.abs(rung).max()).astype(np.float32)[:, None]
    return scaled
