"""The beds there are to choose from, known without being made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..model import FRAME_SAMPLES, SAMPLES_PER_MS

LOOP_SAMPLES = 5_000 * FRAME_SAMPLES
"""Two minutes: no ear finds the period."""

_SILENT_SAMPLES = 100 * FRAME_SAMPLES  # so that a track of hours repeats it as cheaply as any bed


@dataclass(frozen=True, slots=True)
class BedKind:
    """What is known of a bed without making it.

    `recipe` goes up whenever its sound changes. Its maker is the function of its name in `module`: it fills a Canvas,
    and one that `follows_breath` takes `breath_ms` and `inhale_ms` as well.
    """

    summary: str
    recipe: str
    module: str
    follows_breath: bool = False


BEDS: dict[str, BedKind] = {
    "brown": BedKind("deep, even noise, like a distant waterfall", "2", "noise"),
    "pink": BedKind("even noise, a little brighter, like a steady fan", "2", "noise"),
    "rain": BedKind("steady rain with soft drops", "4", "noise"),
    "ocean": BedKind("slow waves, no two alike", "2", "air_and_water"),
    "tide": BedKind("waves that rise as you breathe in and fall as you breathe out", "2", "air_and_water", True),
    "wind": BedKind("a soft wind that wanders", "2", "air_and_water"),
    "drone": BedKind("a low, open chord that slowly turns", "1", "tones"),
    "none": BedKind("no background: the voice alone", "1", "noise"),
}


def loop_samples(name: str, breath_ms: int) -> int:
    """How long the loop of `name` is; one that follows the breath holds whole breaths and whole frames."""
    if name == "none":
        return _SILENT_SAMPLES
    return tide_samples(breath_ms) if BEDS[name].follows_breath else LOOP_SAMPLES


def tide_samples(breath_ms: int) -> int:
    """The least multiple of `breath_ms` that is whole frames, and no shorter than other loops."""
    from math import lcm

    return multiple(lcm(breath_ms * SAMPLES_PER_MS, FRAME_SAMPLES), LOOP_SAMPLES)


def multiple(of: int, at_least: int) -> int:
    """The least multiple of `of` that is `at_least`."""
    return -(-at_least // of) * of


def maker(name: str) -> Any:
    """The function that fills a Canvas with `name`; its libraries are loaded here."""
    return getattr(import_module(f".{BEDS[name].module}", __package__), "silence" if name == "none" else name)
