"""A chord whose tones move between left and right without beating."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model import SAMPLE_RATE
from ..bed_kind import BedKind

if TYPE_CHECKING:
    from ..loops import LoopWriter

ROOT_HZ = 165
TONES = ((1, 0.0, 13), (2, -4.0, 19), (3, -8.0, 29), (4, -12.0, 37))
"""Ratio to the root, level in dB, turns per two minutes.

The tones lie multiples of 165 Hz apart, so the envelope has no modulation from 30 to 150 Hz, where roughness is heard
(Arnal et al. 2019). A chord of 1, 1.5, 2, 3 and 4 times 110 Hz would throb at 55 Hz, 7.5 dB below its mean (here it is
86 dB below); and phones don't play a root below 150 Hz.
"""
_BREATH_DB = 1.2  # how far the level of each tone rises and falls


def fill(loop: LoopWriter) -> None:
    """Root, octaves and fifth, three copies of each tone, 0.1 to 0.3 Hz apart, all in whole cycles per loop.

    Both channels share the middle copy. The outer two are 90 degrees from it, so they modulate its phase; plain
    detuned copies would modulate its level, which is beating. Left and right are 90 degrees apart as well.
    """
    from math import sqrt

    import numpy as np

    from ..noise import CORRELATION, slow_curve

    seconds = loop.samples / SAMPLE_RATE
    tones = [
        (
            round(ROOT_HZ * ratio * seconds),
            round(turns * seconds / 120),
            10 ** (level_db / 20),
            slow_curve(loop.samples, _BREATH_DB, period_s=25, seed=50 + index),
        )
        for index, (ratio, level_db, turns) in enumerate(TONES)
    ]
    common, own = sqrt(CORRELATION), sqrt(2 * (1 - CORRELATION))
    for start, end in loop.blocks():
        at = np.arange(start, end)
        sound = np.zeros((end - start, 2), np.float32)
        for cycles, turns, level, breath_db in tones:
            # The modulo on whole numbers keeps the phase as exact at the loop's end as at its start.
            tone = 2 * np.pi * (cycles * at % loop.samples / loop.samples)
            turn = 2 * np.pi * (turns * at % loop.samples / loop.samples)
            gain = level * 10 ** (breath_db(at) / 20)
            middle, outer = gain * common * np.sin(tone), gain * own * np.cos(tone)
            sound[:, 0] += middle + outer * np.cos(turn)
            sound[:, 1] += middle + outer * np.sin(turn)
        loop.write(start, sound)


BED = BedKind("a low, open chord that slowly turns", "1", "tones", fill, most_range_db=4)
