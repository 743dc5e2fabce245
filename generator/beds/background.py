"""Of a background as it was written, the layers that there are: beds by their names, and files."""

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
    """The background that `text` names, its files looked up from `folder` (by default where we are).

    Raises SettingError for what can't be read or isn't there to choose, NotFoundError where a file isn't there.
    """
    try:
        written = BackgroundKind("NAME").parse(text, folder or Path())
    except ValueError as error:
        raise SettingError(f"background: {error}") from error
    return resolve_background(written)


def resolve_background(background: Background) -> Background:
    """The same, each layer told to be a bed or a file, and each file named in the one way that it has from here.

    Raises SettingError for a layer that is neither, NotFoundError where a file isn't there.
    """
    layers = tuple(map(_resolve_layer, background.layers))
    if len(layers) > 1 and any(layer.file is None and BEDS[layer.name].texture == "none" for layer in layers):
        raise SettingError(f"background {_shown(str(background))} has none as a layer", hint="none stands alone")
    return Background(layers)


def follows_breath(background: Background) -> bool:
    return any(layer.file is None and BEDS[layer.name].follows_breath for layer in background.layers)


def texture_of(text: str) -> Texture:
    """What a background is made of, from how a plan names it, whether its files are here or not.

    Layers are as lively as the liveliest of them. Raises SettingError for a bed that isn't among ours.
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
            continue  # a file's name may have a plus in it, and go on
        unread = ""
    if unread:
        raise SettingError(f"there is no background {_shown(unread)}", hint=did_you_mean(unread, BEDS))
    return next(texture for texture in reversed(get_args(Texture)) if texture in found)


def _resolve_layer(layer: BackgroundLayer) -> BackgroundLayer:
    if layer.name in BEDS:  # a file called like a bed doesn't hide it
        return replace(layer, file=None)
    if layer.file is None:
        hint = f"{did_you_mean(layer.name, BEDS)}; or name a music file"
        raise SettingError(f"there is no background {_shown(layer.name)}", hint=hint)
    if not path_test(layer.file.is_file):
        what = "is a folder" if path_test(layer.file.is_dir) else "isn't there"
        raise NotFoundError(f"the background music {_shown(layer.name)} {what}", hint="check its name and folder")
    name = os.path.relpath(layer.file)
    return replace(layer, name=name if names_file(name) else f"./{name}", file=Path(name))  # nobody takes it for a bed


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
