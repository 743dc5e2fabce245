"""Backgrounds: the built-in beds, the user's music, and layers of both, each as one seamless loop.

`parse_background` reads what a user wrote, and `resolve_background` looks up its beds and files. `bed_identity` is the
bed's part of a track's key, and `load_bed` gives the sound.
All loops have the same loudness, so the mix can set the level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .background import parse_background, resolve_background, texture_of
from .bed_kind import BedKind, Texture
from .kinds import BEDS
from .making import LOOP_LUFS, bed_identity, load_bed

if TYPE_CHECKING:
    from ..model import Loop, Samples

__all__ = [
    "BEDS",
    "LOOP_LUFS",
    "BedKind",
    "Texture",
    "bed_identity",
    "load_bed",
    "loop_of",
    "parse_background",
    "resolve_background",
    "texture_of",
]


def loop_of(samples: Samples) -> Loop:
    """A loop of `samples`, float32 (n, 2), n a multiple of FRAME_SAMPLES. Raises ValueError for any other array."""
    from .loops import loop_of as in_memory

    return in_memory(samples)
