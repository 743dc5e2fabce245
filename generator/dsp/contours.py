"""A sentence's contour: its levels in three bands every 50 ms, in 30 bytes a second. Pure.

A track keeps the contours of its sentences, so that each can be told from the others by its sound.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from .short_time import HOP, HOP_MS, VOICE_BANDS_HZ, band_weights, levels_db, powers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Contour = NDArray[np.float64]
    """(bands, steps): levels in dB under the loudest, from 0 to FLOOR_DB."""

STEP_MS = 50
FLOOR_DB = -36.0

_MERGED_BANDS = 2
_BANDS = len(VOICE_BANDS_HZ) // _MERGED_BANDS
_STEP_HOPS = STEP_MS // HOP_MS
_MAX_CODE = 15  # four bits
_CODE_DB = FLOOR_DB / _MAX_CODE


def contour_of(sound: NDArray[np.float32], start: int, duration_ms: int) -> Contour:
    """The contour of `duration_ms` of `sound`, float32 (samples,) at 48 kHz, from sample `start` on."""
    import numpy as np

    hops = -(-duration_ms // HOP_MS)
    first = start - HOP // 2
    part = sound[max(first, 0) : max(first + (hops + 1) * HOP, 0)]
    before = max(-first, 0)
    padded = np.pad(part, (before, (hops + 1) * HOP - len(part) - before))
    levels = levels_db(step_powers(powers(padded, band_weights()).T))
    contour: Contour = np.maximum(levels - levels.max(), FLOOR_DB)
    return contour


def step_powers(band_powers: NDArray[np.float32]) -> NDArray[np.float64]:
    """(bands, steps) from powers in VOICE_BANDS_HZ every 10 ms. The last step may be shorter than the others."""
    import numpy as np

    merged = band_powers.reshape(_BANDS, _MERGED_BANDS, -1).sum(axis=1, dtype=np.float64)
    firsts = np.arange(0, merged.shape[1], _STEP_HOPS)
    hops = np.minimum(merged.shape[1] - firsts, _STEP_HOPS)
    means: NDArray[np.float64] = np.add.reduceat(merged, firsts, axis=1) / hops
    return means


def to_text(contour: Contour) -> str:
    """Two levels in each byte, as base64. They are rounded to 2.4 dB."""
    import numpy as np

    codes = np.rint(contour / _CODE_DB).astype(np.uint8).ravel()
    pairs = np.pad(codes, (0, len(codes) % 2)).reshape(-1, 2)
    return base64.b64encode((pairs[:, 0] << 4 | pairs[:, 1]).tobytes()).decode("ascii")


def from_text(text: str) -> Contour:
    """The inverse of `to_text`. Raises ValueError for a text that is none."""
    import numpy as np

    try:
        packed = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except binascii.Error as error:
        raise ValueError("a contour isn't base64") from error
    steps = 2 * len(packed) // _BANDS
    if not steps:
        raise ValueError("a contour is empty")
    codes = np.stack([packed >> 4, packed & 15], axis=1).ravel()[: steps * _BANDS]
    contour: Contour = codes.reshape(_BANDS, steps) * _CODE_DB
    return contour
