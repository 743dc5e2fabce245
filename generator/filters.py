"""Second-order sections for the voice's equaliser (R. Bristow-Johnson, Audio EQ Cookbook). Pure.

Each is float64 (1, 6), as scipy's `sosfilt` takes it, for 48 kHz.
"""

from __future__ import annotations

from math import cos, pi, sin, sqrt
from typing import TYPE_CHECKING

from .model import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def bell(hz: float, gain_db: float, q: float) -> NDArray[np.float64]:
    """A peaking section (Bristow-Johnson, Audio EQ Cookbook)."""
    a, w = 10 ** (gain_db / 40), 2 * pi * hz / SAMPLE_RATE
    alpha = sin(w) / (2 * q)
    return _section([1 + alpha * a, -2 * cos(w), 1 - alpha * a], [1 + alpha / a, -2 * cos(w), 1 - alpha / a])


def all_pass(hz: float, q: float) -> NDArray[np.float64]:
    """An all-pass section (Bristow-Johnson, Audio EQ Cookbook)."""
    w = 2 * pi * hz / SAMPLE_RATE
    alpha = sin(w) / (2 * q)
    return _section([1 - alpha, -2 * cos(w), 1 + alpha], [1 + alpha, -2 * cos(w), 1 - alpha])


def high_shelf(hz: float, gain_db: float) -> NDArray[np.float64]:
    """A high shelf of slope 1 (Bristow-Johnson, Audio EQ Cookbook)."""
    a, w = 10 ** (gain_db / 40), 2 * pi * hz / SAMPLE_RATE
    up, down, root = a + 1, a - 1, 2 * sqrt(a) * sin(w) / sqrt(2)
    return _section(
        [a * (up + down * cos(w) + root), -2 * a * (down + up * cos(w)), a * (up + down * cos(w) - root)],
        [up - down * cos(w) + root, 2 * (down - up * cos(w)), up - down * cos(w) - root],
    )


def _section(b: list[float], a: list[float]) -> NDArray[np.float64]:
    """A second-order section as scipy takes it: six coefficients, the leading denominator 1."""
    import numpy as np

    return np.array([*b, *a]) / a[0]
