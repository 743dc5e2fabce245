"""What a user writes as `background`, such as `rain+drone:-6`, to the layers that are meant."""

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
_BETWEEN_LAYERS = re.compile(r"(?<!:)\+")  # the plus of a gain, as in rain:+3, belongs to it
_WITH_GAIN = re.compile(r"(.+?)\s*:\s*([+-]?\d{1,4}(?:\.\d{1,4})?)(?:\s*dB)?", re.IGNORECASE)


@dataclass(frozen=True)
class BackgroundLayer:
    """A bed by name, or the user's music: then `file` is set, and `name` is what was written.

    Which beds there are isn't known here: `beds.resolve_background` tells them from files, and refuses what is neither.
    """

    name: str
    gain_db: float = 0.0
    file: Path | None = None

    def __str__(self) -> str:
        return f"{self.name}:{self.gain_db:+g}" if self.gain_db else self.name


@dataclass(frozen=True)
class Background:
    """One layer or more; their gains are relative to each other. As text, what `BackgroundKind` reads."""

    layers: tuple[BackgroundLayer, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(layer.file for layer in self.layers if layer.file is not None)

    def __str__(self) -> str:
        return "+".join(map(str, self.layers))


class BackgroundKind(SettingKind[Background]):
    """Layers with a plus between them: each a bed or a file, with a gain in dB after a colon if it has one of its own.

    What has a slash or a suffix is a file, and so is what a file is called. Text that as a whole names a file is that
    file, whatever is in its name.
    """

    @property
    def expected(self) -> str:
        return f"text like {_EXAMPLE}"

    def parse(self, text: str, folder: Path = HERE) -> Background:
        layers = tuple(_layers(text.strip(), folder))
        if len(layers) > MAX_LAYERS:
            raise ValueError(f"{_shown(text)} has {len(layers)} layers: name {MAX_LAYERS} at most")
        if len(layers) == 1 and layers[0].gain_db:
            what = f"{_shown(text)} is alone, and a layer's level is relative to other layers"
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
    """What stands between the pluses; a file's name may have one in it, and go on in the next."""
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
    """How many parts the first layer is made of: more than one where a file's name has a plus in it."""
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
