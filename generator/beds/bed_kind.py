"""All that is known of a bed: what a list says of it, what it is made of, how it is judged, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import lcm
from typing import Literal

from ..model import FRAME_SAMPLES, SAMPLES_PER_MS

Texture = Literal["none", "noise", "tones", "music"]
"""What a background is made of, from the plainest to the liveliest: `verify` can tell more over a plain one."""

LOOP_SAMPLES = 5_000 * FRAME_SAMPLES
"""Two minutes: no ear finds the period."""

EVEN_DB = 3.0
"""A bed whose loudness moves by no more is even: it has no waves and no gusts."""

_SILENT_SAMPLES = 100 * FRAME_SAMPLES  # so that a track of hours repeats it as cheaply as any bed


@dataclass(frozen=True, slots=True)
class BedKind:
    """A bed, known without being made.

    `recipe` goes up whenever its sound changes. `fill` fills a Canvas with it; where the bed `follows_breath`, it takes
    `breath_ms` and `inhale_ms` as well. The loudness over 400 ms moves by `most_range_db` at most. A `bright` bed may
    have its centroid above 1 kHz.
    """

    summary: str
    recipe: str
    texture: Texture
    fill: Callable[..., None]
    most_range_db: float = EVEN_DB
    bright: bool = False
    follows_breath: bool = False

    def loop_samples(self, breath_ms: int) -> int:
        """How long its loop is; one that follows the breath holds whole breaths and whole frames."""
        if self.texture == "none":
            return _SILENT_SAMPLES
        return breath_loop_samples(breath_ms) if self.follows_breath else LOOP_SAMPLES


def breath_loop_samples(breath_ms: int) -> int:
    """The least multiple of `breath_ms`, in samples, that is whole frames, and no shorter than other loops."""
    return least_multiple(lcm(breath_ms * SAMPLES_PER_MS, FRAME_SAMPLES), LOOP_SAMPLES)


def least_multiple(of: int, at_least: int) -> int:
    """The least multiple of `of` that is `at_least`."""
    return -(-at_least // of) * of
