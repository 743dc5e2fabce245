"""Backgrounds: what there is to choose from, the user's own music, layers of them, each as one seamless loop.

`parse_background` reads what a user wrote, `resolve_background` looks up its beds and files, `bed_identity` is what a
track's key carries, `load_bed` gives the sound.
All loops are at one level, so that a mix can set its own.
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
    """Sound in memory, float32 (n, 2), n whole frames, as a loop. Raises ValueError for any other."""
    from .loops import loop_of as in_memory

    return in_memory(samples)
