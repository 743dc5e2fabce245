"""The curve of every fade: beds, bells and the edges of clips. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def raised_cosine(share: NDArray[np.float64]) -> NDArray[np.float32]:
    """0 where `share` is 0 or less, 1 where it is 1 or more, no corner between: no fade is heard to begin."""
    import numpy as np

    curve: NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * np.clip(share, 0, 1))).astype(np.float32)
    return curve
