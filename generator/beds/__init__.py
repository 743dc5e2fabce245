"""Backgrounds: what there is to choose from, and each as a seamless loop.

A bed is a name in `BEDS`. Its maker gives the loop as raw sound; `make_bed` brings it to one level, so that a mix can
set its own, and stamps it with the identity that a track's key carries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import version
from typing import TYPE_CHECKING

from ..errors import SettingError
from ..model import Bed

if TYPE_CHECKING:
    from ..model import Samples

LOOP_LUFS = -30.0
"""What every loop but the silent one measures: low enough that the peaks of the deepest noise stay below full scale."""


@dataclass(frozen=True, slots=True)
class BedKind:
    """What is known of a bed without making it. `recipe` goes up whenever its sound changes; `make` gives the loop."""

    summary: str
    recipe: str
    make: Callable[[], Samples]


def _brown() -> Samples:
    from . import noise

    return noise.brown()


def _rain() -> Samples:
    from . import noise

    return noise.rain()


def _none() -> Samples:
    from . import noise

    return noise.silence()


BEDS: dict[str, BedKind] = {
    "brown": BedKind("deep, even noise, like a distant waterfall", "1", _brown),
    "rain": BedKind("steady rain with soft drops", "3", _rain),
    "none": BedKind("no background: the voice alone", "1", _none),
}


def bed_kind(name: str) -> BedKind:
    """The bed called `name`. Raises SettingError, with what was probably meant, where there is none."""
    kind = BEDS.get(name)
    if kind is None:
        close = get_close_matches(name.lower(), BEDS, n=1)
        guess = f"Did you mean {close[0]}? " if close else ""
        raise SettingError(f"there is no background {name!r}", hint=f"{guess}There are: {', '.join(BEDS)}.")
    return kind


def bed_identity(name: str) -> str:
    """What makes the sound of the bed: its name, its recipe and the libraries that compute it; nothing is generated.

    Raises SettingError where there is no such bed.
    """
    return f"{name}-{bed_kind(name).recipe}+numpy-{version('numpy')}+scipy-{version('scipy')}"


def make_bed(name: str) -> Bed:
    """The bed called `name`, its loop at `LOOP_LUFS` and read-only; the silent bed has loudness None.

    Raises SettingError where there is no such bed.
    """
    from . import noise

    identity = bed_identity(name)
    loop = bed_kind(name).make()
    loudness_lufs = noise.set_level(loop, LOOP_LUFS)
    loop.setflags(write=False)
    return Bed(name, identity, loop, loudness_lufs)
