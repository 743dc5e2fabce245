"""Reads across the end of a loop. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model import Loop, Samples


def read_looped(loop: Loop, first: int, last: int) -> Samples:
    """Samples `first` to `last` of `loop`, repeated endlessly in both directions: float32 (last - first, 2)."""
    import numpy as np

    at = first % loop.samples
    sound = loop.read(at, min(at + last - first, loop.samples))
    if len(sound) == last - first:
        return sound
    parts, missing = [sound], last - first - len(sound)
    while missing > 0:
        parts.append(loop.read(0, min(missing, loop.samples)))
        missing -= len(parts[-1])
    return np.concatenate(parts)
