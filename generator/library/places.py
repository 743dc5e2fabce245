"""Gives each track of a library its place: its number, and what tells it from others of the same title. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from ..definition.library_models import FILE_ENDING, NIGHT
from ..durations import parse_duration, short_length
from ..model import Place
from .requested_tracks import RequestedTrack

_GAIN = re.compile(r":([+-]?\d+(?:\.\d+)?)")


def places_of(requests: Sequence[RequestedTrack], titles: Sequence[str], album: str, year: str) -> list[Place]:
    """The place of each track, in the order of the library. `titles` are those of their routines and scripts.

    Tracks of one title are told apart by the settings in which they differ, with the night first. Where those are the
    same, too, it is by their names.
    """
    same_title: defaultdict[str, list[int]] = defaultdict(list)
    for index, title in enumerate(titles):
        same_title[title].append(index)
    details: dict[int, tuple[str, ...]] = {}
    for indices in same_title.values():
        group = [requests[index] for index in indices]
        details.update(zip(indices, _details(group), strict=True))
    total = len(requests)
    return [Place(album, details[index], index + 1, total, year) for index in range(total)]


def worded(setting: str, text: str) -> str:
    """A setting as a title says it.

    >>> worded("night", "3"), worded("length", "33m"), worded("background", "rain+drone:-6"), worded("pace", "1.2")
    ('night 3', '33 min', 'rain + drone -6 dB', 'pace 1.2')
    """
    say = _WORDED.get(setting)
    return f"{setting.replace('_', ' ')} {text}" if say is None else say(text)


def _details(group: Sequence[RequestedTrack]) -> Iterator[tuple[str, ...]]:
    names = dict.fromkeys(name for track in group for name in track.settings)
    differing = sorted(filter(lambda name: len({_text(track, name) for track in group}) > 1, names), key=_not_a_night)
    several_sources = len({track.routine or track.script for track in group}) > 1
    found = []
    for track in group:
        source = [PurePosixPath(track.routine or track.script).stem] if several_sources else []
        settings = [worded(name, text) for name in differing if (text := _text(track, name))]
        found.append((*source, *settings))
    often = Counter(found)
    for track, details in zip(group, found, strict=True):
        yield (*details, PurePosixPath(track.name).name) if often[details] > 1 else details


def _not_a_night(setting: str) -> bool:
    return setting != NIGHT


def _text(track: RequestedTrack, setting: str) -> str:
    return track.settings[setting].text if setting in track.settings else ""


def _length(text: str) -> str:
    with suppress(ValueError):  # a fault in the library, which is reported elsewhere
        return short_length(parse_duration(text))
    return text


def _background(text: str) -> str:
    layers = [_GAIN.sub(r" \1 dB", layer.strip()) for layer in text.split("+")]
    return " + ".join(PurePosixPath(layer).stem if "/" in layer else layer for layer in layers)


_WORDED: Mapping[str, Callable[[str], str]] = {
    "night": lambda text: f"night {text}",
    "length": _length,
    "tail": lambda text: f"{_length(text)} of sound after it",
    "background": _background,
    "avoid": lambda text: f"sparing {', '.join(text.replace(',', ' ').split())}",
    "style": str,
    "level": str,
    "voice": str,
    FILE_ENDING: str,
}
"""How a title says these settings. It says others with their names: ``pace 1.2``."""
