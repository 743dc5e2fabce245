"""Pink noise, with the frequencies removed that would hiss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bed_kind import BedKind

if TYPE_CHECKING:
    from ..loops import LoopWriter


def fill(loop: LoopWriter) -> None:
    """Noise falling by 3 dB per octave from 30 Hz to 4 kHz. Up to 20 kHz it would hiss, with its centroid at 3 kHz."""
    import numpy as np

    from ..noise import filtered_noise, high_pass, low_pass

    filtered_noise(loop, 10, lambda hz: high_pass(hz, 30, 3) * low_pass(hz, 4_600, 4) / np.sqrt(hz))


BED = BedKind("even noise, a little brighter, like a steady fan", "2", "noise", fill)
