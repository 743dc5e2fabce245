"""Fade curves for beds, bells and the edges of clips, and linear ramps. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import SAMPLES_PER_MS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def raised_cosine(share: NDArray[np.float64]) -> NDArray[np.float32]:
    """A rise from 0 at `share` 0 to 1 at `share` 1, constant outside, without a corner that one could hear."""
    import numpy as np

    curve: NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * np.clip(share, 0, 1))).astype(np.float32)
    return curve


def equal_power(share: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gains of the outgoing and the incoming sound. Their squares add up to 1, which suits uncorrelated sounds."""
    import numpy as np

    return np.sqrt(raised_cosine(1 - share)), np.sqrt(raised_cosine(share))


def ramps_between(nodes: NDArray[np.float64], per_ms: int = SAMPLES_PER_MS) -> NDArray[np.float32]:
    """Linear interpolation between `nodes`, a millisecond apart: one value per sample, up to the last node."""
    return ramps(nodes[:-1], nodes[1:], per_ms).ravel()


def ramps(start: NDArray[np.float64], end: NDArray[np.float64], per_ms: int = SAMPLES_PER_MS) -> NDArray[np.float32]:
    """Linear ramps of a millisecond each, (n, per_ms), from each `start` to just before each `end`.

    A matrix product would be faster, but its last bit depends on the processor.
    """
    import numpy as np

    begins = start.astype(np.float32)[:, None]
    share = np.arange(per_ms, dtype=np.float32) / np.float32(per_ms)
    drawn: NDArray[np.float32] = (end.astype(np.float32)[:, None] - begins) * share
    drawn += begins
    return drawn
