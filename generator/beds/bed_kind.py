"""The description of a bed: its summary, texture, limits for tests, and the function that makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import lcm
from typing import Literal

from ..model import FRAME_SAMPLES, SAMPLES_PER_MS

Texture = Literal["none", "noise", "tones", "music"]
"""What a background is made of, from the plainest to the liveliest. `verify` can check more over a plain one."""

LOOP_SAMPLES = 5_000 * FRAME_SAMPLES
"""Two minutes: too long for a listener to notice the period."""

EVEN_DB = 3.0
"""A bed is even if its loudness varies by no more than this: it has no waves and no gusts."""

_SILENT_SAMPLES = 100 * FRAME_SAMPLES  # so that a track of hours repeats it as cheaply as any bed


@dataclass(frozen=True, slots=True)
class BedKind:
    """A bed's description, available without making its sound.

    `recipe` is a version; it goes up whenever the sound changes. `fill` writes the sound to a LoopWriter; it also takes
    `breath_ms` and `inhale_ms` if the bed `follows_breath`. The loudness over 400 ms varies by `most_range_db` at most.
    The spectral centroid lies below 1 kHz unless the bed is `bright`.
    """

    summary: str
    recipe: str
    texture: Texture
    fill: Callable[..., None]
    most_range_db: float = EVEN_DB
    bright: bool = False
    follows_breath: bool = False

    def loop_samples(self, breath_ms: int) -> int:
        """The loop's length. A bed that follows the breath has a loop of whole breaths and whole frames."""
        if self.texture == "none":
            return _SILENT_SAMPLES
        return breath_loop_samples(breath_ms) if self.follows_breath else LOOP_SAMPLES


def breath_loop_samples(breath_ms: int) -> int:
    """The shortest loop of whole breaths and whole frames that is at least `LOOP_SAMPLES` long."""
    return least_multiple(lcm(breath_ms * SAMPLES_PER_MS, FRAME_SAMPLES), LOOP_SAMPLES)


def least_multiple(of: int, at_least: int) -> int:
    """The least multiple of `of` that is no less than `at_least`."""
    return -(-at_least // of) * of
