"""Silence, for the voice alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bed_kind import BedKind

if TYPE_CHECKING:
    from ..loops import LoopWriter


def fill(loop: LoopWriter) -> None:
    """Leave the loop silent, as it starts."""


BED = BedKind("no background: the voice alone", "1", "none", fill)
