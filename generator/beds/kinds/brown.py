"""Brown noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bed_kind import BedKind

if TYPE_CHECKING:
    from ..loops import LoopWriter


def fill(loop: LoopWriter) -> None:
    """Noise falling by 6 dB per octave from 45 Hz, below which a phone's speaker only rattles."""
    from ..noise import filtered_noise, high_pass, low_pass

    filtered_noise(loop, 1, lambda hz: high_pass(hz, 40, 3) * low_pass(hz, 10_000, 2) / hz)


BED = BedKind("deep, even noise, like a distant waterfall", "2", "noise", fill)
