"""Resolves the layers of a background to built-in beds and music files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import get_args

from ..errors import NotFoundError, SettingError, did_you_mean
from ..values import Background, BackgroundKind, BackgroundLayer, layer_texts, name_and_gain, names_file, path_test
from .bed_kind import Texture
from .kinds import BEDS


def parse_background(text: str, folder: Path | None = None) -> Background:
    """Parse `text`, and resolve its files from `folder` (default: the working folder).

    Raises SettingError for a text that can't be parsed or a bed that doesn't exist, NotFoundError for a missing file.
    """
    try:
        written = BackgroundKind("NAME").parse(text, folder or Path())
    except ValueError as error:
        raise SettingError(f"background: {error}") from error
    return resolve_background(written)


def resolve_background(background: Background) -> Background:
    """Resolve each layer to a bed or a file; each file's path becomes relative to the working folder.

    Raises SettingError for a layer that is neither, NotFoundError for a missing file.
    """
    layers = tuple(map(_resolve_layer, background.layers))
    if len(layers) > 1 and any(layer.file is None and BEDS[layer.name].texture == "none" for layer in layers):
        raise SettingError(f"background {_shown(str(background))} has none as a layer", hint="none stands alone")
    return Background(layers)


def follows_breath(background: Background) -> bool:
    return any(layer.file is None and BEDS[layer.name].follows_breath for layer in background.layers)


def texture_of(text: str) -> Texture:
    """The texture of a background, given as a plan names it; its files need not exist.

    Of several layers the liveliest counts. Raises SettingError for an unknown bed.
    """
    found: set[Texture] = set()
    unread = ""
    for part in layer_texts(text):
        unread = f"{unread}+{part}" if unread else part.strip()
        name = unread if unread in BEDS else name_and_gain(unread)[0]
        if name in BEDS:
            found.add(BEDS[name].texture)
        elif names_file(name):
            found.add("music")
        else:
            continue  # a plus may be part of a file's name: join this part with the next
        unread = ""
    if unread or not found:
        raise SettingError(f"there is no background {_shown(unread)}", hint=did_you_mean(unread, BEDS))
    return next(texture for texture in reversed(get_args(Texture)) if texture in found)


def _resolve_layer(layer: BackgroundLayer) -> BackgroundLayer:
    if layer.name in BEDS:  # a file called like a bed doesn't hide it
        return replace(layer, file=None)
    if layer.file is None:
        hint = did_you_mean(layer.name, BEDS, otherwise="or name a music file")
        raise SettingError(f"there is no background {_shown(layer.name)}", hint=hint)
    if not path_test(layer.file.is_file):
        what = "is a folder" if path_test(layer.file.is_dir) else "isn't there"
        raise NotFoundError(f"the background music {_shown(layer.name)} {what}", hint="check its name and folder")
    name = os.path.relpath(layer.file)
    name = name if names_file(name) else f"./{name}"  # so that it isn't taken for a bed
    return replace(layer, name=name, file=Path(name))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
