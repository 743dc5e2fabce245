"""Wind that wanders between dark and less dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bed_kind import BedKind

if TYPE_CHECKING:
    from ..loops import LoopWriter
    from ..noise import Curve, Gain

WIND_BANDS_HZ = ((160, 240), (240, 360), (360, 540), (540, 800))
_WIND_BROWN = 0.35  # amplitude of the brown noise relative to the band


def fill(loop: LoopWriter) -> None:
    """Pink noise that moves between bands, some 8 s in each, over a little brown noise, with soft gusts."""
    import numpy as np

    from ..noise import apply_gain, filtered_noise, high_pass, low_pass, mix_into, slow_curve

    top = len(WIND_BANDS_HZ) - 1
    wander = slow_curve(loop.samples, depth=top / 2, period_s=40, seed=40)
    gust_db = slow_curve(loop.samples, depth=1.2, period_s=15, seed=41)
    filtered_noise(loop, 42, lambda hz: high_pass(hz, 60, 3) * low_pass(hz, 400, 1) / hz)
    apply_gain(loop, lambda at: np.full(len(at), _WIND_BROWN))
    band = loop.silent_copy()
    for index, (low_hz, high_hz) in enumerate(WIND_BANDS_HZ):
        filtered_noise(band, 43 + index, _band(low_hz, high_hz))
        apply_gain(band, _near(wander, top / 2, index))
        mix_into(loop, band)
    apply_gain(loop, lambda at: 10 ** (gust_db(at) / 20))


def _band(low_hz: float, high_hz: float) -> Gain:
    import numpy as np

    from ..noise import high_pass, low_pass

    return lambda hz: high_pass(hz, low_hz, 3) * low_pass(hz, high_hz, 3) / np.sqrt(hz)


def _near(wander: Curve, middle: float, index: int) -> Curve:
    """The gain of band `index` as the wind wanders; the powers of two neighbouring bands add up to 1."""
    import numpy as np

    return lambda at: np.cos(np.pi / 2 * np.clip(np.abs(middle + wander(at) - index), 0, 1))


BED = BedKind("a soft wind that wanders", "2", "noise", fill, most_range_db=6)
