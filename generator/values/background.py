"""Parsing the setting `background`, such as `rain+drone:-6`, to layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .kinds import HERE, SettingKind, any_text_schema, some
from .paths import path_test

MAX_LAYERS = 4
MIN_GAIN_DB, MAX_GAIN_DB = -40.0, 12.0

_EXAMPLE = "rain, music/harp.ogg or rain+drone:-6"
_BETWEEN_LAYERS = re.compile(r"(?<!:)\+")  # not the plus of a gain, as in rain:+3
_WITH_GAIN = re.compile(r"(.+?)\s*:\s*([+-]?\d{1,4}(?:\.\d{1,4})?)(?:\s*dB)?", re.IGNORECASE)


@dataclass(frozen=True)
class BackgroundLayer:
    """A bed, or the user's music. For music `file` is set, and `name` is the text that the user wrote.

    This module doesn't know the beds. `beds.resolve_background` tells them from files, and refuses unknown names.
    """

    name: str
    gain_db: float = 0.0
    file: Path | None = None

    def __str__(self) -> str:
        return f"{self.name}:{self.gain_db:+g}" if self.gain_db else self.name


@dataclass(frozen=True)
class Background:
    """One or more layers, whose gains are relative to each other. `str` gives the text that `BackgroundKind` parses."""

    layers: tuple[BackgroundLayer, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(layer.file for layer in self.layers if layer.file is not None)

    def __str__(self) -> str:
        return "+".join(map(str, self.layers))


class BackgroundKind(SettingKind[Background]):
    """Layers joined by a plus. Each is a bed or a file, and may have a gain in dB after a colon.

    A name with a slash or a suffix is a file, and so is the name of an existing file. If the whole text is the name of
    an existing file, it means that file.
    """

    @property
    def expected(self) -> str:
        return f"text like {_EXAMPLE}"

    def parse(self, text: str, folder: Path = HERE) -> Background:
        layers = tuple(_layers(text.strip(), folder))
        if len(layers) > MAX_LAYERS:
            raise ValueError(f"{_shown(text)} has {len(layers)} layers: name {MAX_LAYERS} at most")
        if len(layers) == 1 and layers[0].gain_db:
            what = f"{_shown(text)} is the only layer, and a layer's level is relative to other layers"
            raise ValueError(f"{what}: set background_level, by how much the background lies under the voice")
        return Background(layers)

    def check(self, text: str) -> object:
        return some(text)

    def as_json(self, value: Background | None) -> Any:
        return None if value is None else self.write(value)

    def schema(self) -> dict[str, Any]:
        return any_text_schema()


def names_file(name: str) -> bool:
    """Whether a layer of this name can only be a file: it has a slash or a suffix."""
    return "/" in name or "\\" in name or bool(Path(name).suffix)


def layer_texts(text: str) -> list[str]:
    """The parts between pluses. A file's name with a plus is split, too."""
    return _BETWEEN_LAYERS.split(text)


def name_and_gain(text: str) -> tuple[str, float]:
    """A layer's name and its gain in dB."""
    found = _WITH_GAIN.fullmatch(text)
    return (found[1], float(found[2])) if found else (text, 0.0)


def _layers(text: str, folder: Path) -> Iterator[BackgroundLayer]:
    parts = [text] if _is_file(text, folder) else [part.strip() for part in layer_texts(text)]
    while parts:
        count = _parts_of_first(parts, folder)
        yield _layer("+".join(parts[:count]), folder)
        parts = parts[count:]


def _parts_of_first(parts: list[str], folder: Path) -> int:
    """The number of parts in the first layer; more than one if its file's name has a plus."""
    for count in range(len(parts), 1, -1):
        joined = "+".join(parts[:count])
        if _is_file(joined, folder) or _is_file(name_and_gain(joined)[0], folder):
            return count
    return 1


def _layer(text: str, folder: Path) -> BackgroundLayer:
    if not text:
        raise ValueError(f"it has an empty layer: write it like {_EXAMPLE}")
    name, gain_db = (text, 0.0) if _is_file(text, folder) else name_and_gain(text)
    if not MIN_GAIN_DB <= gain_db <= MAX_GAIN_DB:
        raise ValueError(f"{_shown(text)}: {gain_db:+g} dB is out of range: give {MIN_GAIN_DB:g} to +{MAX_GAIN_DB:g}")
    return BackgroundLayer(name, gain_db, folder / name if names_file(name) or _is_file(name, folder) else None)


def _is_file(name: str, folder: Path) -> bool:
    return path_test((folder / name).is_file)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
