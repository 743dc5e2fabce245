"""What a user writes as `background`, such as `rain+drone:-6`, to the layers that are meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ..errors import NotFoundError, SettingError, did_you_mean
from .bed_kind import Texture
from .kinds import BEDS

MAX_LAYERS = 4
MIN_GAIN_DB, MAX_GAIN_DB = -40.0, 12.0

_EXAMPLE = "write it like rain, music/harp.ogg or rain+drone:-6"
_BETWEEN_LAYERS = re.compile(r"(?<!:)\+")  # the plus of a gain, as in rain:+3, belongs to it
_WITH_GAIN = re.compile(r"(.+?)\s*:\s*([+-]?\d{1,4}(?:\.\d{1,4})?)(?:\s*dB)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layer:
    """A bed of `BEDS` by name, or the user's music: then `file` is set, and `name` is what was written."""

    name: str
    gain_db: float = 0.0
    file: Path | None = None

    def __str__(self) -> str:
        return f"{self.name}:{self.gain_db:+g}" if self.gain_db else self.name


@dataclass(frozen=True, slots=True)
class Background:
    """One layer or more; their gains are relative to each other. As text, what `parse_background` reads."""

    layers: tuple[Layer, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(layer.file for layer in self.layers if layer.file is not None)

    @property
    def follows_breath(self) -> bool:
        return any(layer.file is None and BEDS[layer.name].follows_breath for layer in self.layers)

    def __str__(self) -> str:
        return "+".join(map(str, self.layers))


def parse_background(text: str, folder: Path | None = None) -> Background:
    """The layers that `text` names: a bed or a file, each with a gain in dB after a colon if it has one of its own.

    A file has a slash or a suffix, and is looked up from `folder` (by default where we are). Text that as a whole
    names a file is that file, whatever is in its name. Raises SettingError for what can't be read or isn't there to
    choose, NotFoundError where a file isn't there.
    """
    folder = folder or Path()
    layers = tuple(_layers(text.strip(), folder))
    if len(layers) > MAX_LAYERS:
        raise SettingError(f"background {_shown(text)} has {len(layers)} layers", hint=f"name {MAX_LAYERS} at most")
    if len(layers) > 1 and any(layer.file is None and BEDS[layer.name].texture == "none" for layer in layers):
        raise SettingError(f"background {_shown(text)} has none as a layer", hint="none stands alone")
    if len(layers) == 1 and layers[0].gain_db:
        raise SettingError(
            f"background {_shown(text)} is alone, and a layer's level is relative to other layers",
            hint="set background_level: by how much the background lies under the voice",
        )
    return Background(layers)


def texture_of(text: str) -> Texture:
    """What a background is made of, from how a plan names it, whether its files are here or not.

    Layers are as lively as the liveliest of them. Raises SettingError for a bed that isn't among ours.
    """
    found: set[Texture] = set()
    unread = ""
    for part in _BETWEEN_LAYERS.split(text):
        unread = f"{unread}+{part}" if unread else part.strip()
        name = unread if unread in BEDS else _apart(unread)[0]
        if name in BEDS:
            found.add(BEDS[name].texture)
        elif names_file(name):
            found.add("music")
        else:
            continue  # a file's name may have a plus in it, and go on
        unread = ""
    if unread:
        raise SettingError(f"there is no background {_shown(unread)}", hint=did_you_mean(unread, BEDS))
    return next(texture for texture in reversed(get_args(Texture)) if texture in found)


def names_file(name: str) -> bool:
    """Whether a layer of this name can only be a file: it has a slash or a suffix."""
    return "/" in name or "\\" in name or bool(Path(name).suffix)


def _layers(text: str, folder: Path) -> Iterator[Layer]:
    parts = [text] if _is_file(text, folder) else [part.strip() for part in _BETWEEN_LAYERS.split(text)]
    while parts:
        count = _parts_of_first(parts, folder)
        yield _layer("+".join(parts[:count]), folder)
        parts = parts[count:]


def _parts_of_first(parts: list[str], folder: Path) -> int:
    """How many parts the first layer is made of: more than one where a file's name has a plus in it."""
    for count in range(len(parts), 1, -1):
        joined = "+".join(parts[:count])
        if _is_file(joined, folder) or _is_file(_apart(joined)[0], folder):
            return count
    return 1


def _layer(text: str, folder: Path) -> Layer:
    if not text:
        raise SettingError("background has an empty layer", hint=_EXAMPLE)
    name, gain_db = (text, 0.0) if text in BEDS or _is_file(text, folder) else _apart(text)
    if not MIN_GAIN_DB <= gain_db <= MAX_GAIN_DB:
        raise SettingError(
            f"background {_shown(text)}: {gain_db:+g} dB is out of range",
            hint=f"give {MIN_GAIN_DB:g} to +{MAX_GAIN_DB:g}",
        )
    if name in BEDS:
        return Layer(name, gain_db)
    if _is_file(name, folder):
        return Layer(name, gain_db, folder / name)
    if names_file(name):
        what = "is a folder" if _is_folder(name, folder) else "isn't there"
        raise NotFoundError(f"the background music {_shown(name)} {what}", hint="check its name and folder")
    raise SettingError(
        f"there is no background {_shown(name)}", hint=f"{did_you_mean(name, BEDS)}; or name a music file"
    )


def _apart(text: str) -> tuple[str, float]:
    """A layer's name and its gain in dB."""
    found = _WITH_GAIN.fullmatch(text)
    return (found[1], float(found[2])) if found else (text, 0.0)


def _is_file(name: str, folder: Path) -> bool:
    return name not in BEDS and _asked((folder / name).is_file)


def _is_folder(name: str, folder: Path) -> bool:
    return _asked((folder / name).is_dir)


def _asked(whether: Callable[[], bool]) -> bool:
    try:
        return whether()
    except (OSError, ValueError):  # too long, or a character that no name has
        return False


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
