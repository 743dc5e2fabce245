"""The layers of settings: flags, environment, a script's own, files; the most specific wins."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..errors import SettingError, did_you_mean
from ..settings import NO_NAMES, PARSERS, SETTINGS, SettingInfo, Settings
from .folders import here

ENVIRONMENT_PREFIX = "SLEEPWARD_"
_NOT_SETTINGS = ("SLEEPWARD_CACHE_DIR", "SLEEPWARD_DATA_DIR")
PROJECT_FILE = "sleepward.toml"
VOICE_KEYS = ("voice", "rate", "pitch")


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place, as written.

    `where` says what to show for a key in an error, `named` that this shows the setting's name already; `voices` are
    the voices with a rate and pitch of their own that are named here.
    """

    values: Mapping[str, str]
    where: Callable[[str], str]
    named: bool = False
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def resolve(layers: Sequence[Layer]) -> Settings:
    """One Settings from `layers`, the most specific first. Raises SettingError at the place of the fault."""
    chosen: dict[str, object] = {}
    for layer in _with_named_voice(layers):
        for name, text in layer.values.items():
            if name not in PARSERS:
                raise SettingError(
                    f"there is no setting {name!r}", where=layer.where(name), hint=did_you_mean(name, PARSERS)
                )
            try:
                value = PARSERS[name](text)
            except ValueError as error:
                what = str(error) if layer.named else f"{name}: {error}"
                raise SettingError(what, where=layer.where(name)) from error
            chosen.setdefault(name, value)
    return Settings(**cast("dict[str, Any]", chosen))


def _with_named_voice(layers: Sequence[Layer]) -> Sequence[Layer]:
    """`layers` with what stands under ``[voices.NAME]``, where NAME is the voice asked for.

    Its rate and pitch yield to flags and environment alone: whoever asks for that voice means them.
    """
    name = next((layer.values["voice"] for layer in layers if "voice" in layer.values), None)
    home = next((layer for layer in layers if name in layer.voices), None)
    if name is None or home is None:
        return layers
    own = dict(home.voices[name])
    voice = {"voice": own.pop("voice")} if "voice" in own else {}
    commanded = [layer for layer in layers if layer.named]
    others = [layer for layer in layers if not layer.named]
    return [Layer(voice, home.where), *commanded, Layer(own, home.where), *others]


def flag_layer(values: Mapping[str, str | None]) -> Layer:
    given = {name: text for name, text in values.items() if text is not None}
    return Layer(given, lambda name: "--" + name.replace("_", "-"), named=True)


def environment_layer(environment: Mapping[str, str]) -> Layer:
    found = {
        key.removeprefix(ENVIRONMENT_PREFIX).lower(): text
        for key, text in environment.items()
        if key.startswith(ENVIRONMENT_PREFIX) and key not in _NOT_SETTINGS and text
    }
    return Layer(found, lambda name: f"${ENVIRONMENT_PREFIX}{name.upper()}", named=True)


def file_layer(path: Path) -> Layer:
    """The settings of a TOML file; an empty layer where there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Layer({}, str)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"can't be read: {error}", where=str(path)) from error
    lines = text.splitlines()

    def where(name: str) -> str:
        keys = (line.split("=")[0].strip(" []").removeprefix("voices.").replace("-", "_") for line in lines)
        at = next((i for i, key in enumerate(keys, 1) if key == name.replace("-", "_")), 1)
        return f"{path.name}:{at}"

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = 'texts stand in quotes: background = "rain"'
        raise SettingError(f"this isn't TOML: {error}", where=path.name, hint=hint) from error
    voices = values.pop("voices", {})
    if not isinstance(voices, dict):
        raise SettingError("voices are tables", where=where("voices"), hint="begin one with a line [voices.NAME]")
    for name, value in values.items():
        info = SETTINGS.get(name.replace("-", "_"))
        if info is not None and info.is_list and isinstance(value, list):
            values[name] = ", ".join(map(str, value)) or NO_NAMES
            continue
        if isinstance(value, bool):
            what, hint = _said_by_bool(name, info, value)
            raise SettingError(f"{name}: {what}", where=where(name), hint=hint)
        if isinstance(value, list | dict):
            raise SettingError(f"{name} isn't a text or a number", where=where(name), hint="write one setting a line")
    texts = {name.replace("-", "_"): str(value) for name, value in values.items()}
    return Layer(texts, where, voices={name: _voice_table(name, table, where) for name, table in voices.items()})


def _said_by_bool(name: str, info: SettingInfo | None, value: bool) -> tuple[str, str]:
    """What is wrong with true or false for a setting, and what to write."""
    word = "on" if value else "off"
    written = "true" if value else "false"
    if info is None:
        return f"there is no such setting, and {written} is none's value", did_you_mean(name, SETTINGS)
    if word in info.metavar.split("|"):
        return f"{written} isn't one of its values", f'write {name} = "{word}"'
    return f"{written} isn't one of its values", f"it takes {info.metavar}: {info.help}"


def _voice_table(name: str, table: object, where: Callable[[str], str]) -> Mapping[str, str]:
    """What stands under ``[voices.NAME]``. Raises SettingError."""
    if not isinstance(table, dict) or set(table) - set(VOICE_KEYS) or "voice" not in table:
        hint = f'like [voices.{name}] and below it voice = "en-us+klatt5", rate = 108, pitch = 40'
        raise SettingError(f"[voices.{name}] needs a voice, and may have rate and pitch", where=where(name), hint=hint)
    return {key: str(value) for key, value in table.items()}


def surrounding_layers() -> list[Layer]:
    """What lies outside command line and script: the environment; the files `here`; the user's. In this order.

    The routine's or script's own settings belong between the first and the second.
    """
    import platformdirs

    user = Path(platformdirs.user_config_dir("sleepward", appauthor=False)) / "config.toml"
    files = [*(folder / PROJECT_FILE for folder in here()), user]
    return [environment_layer(os.environ), *map(file_layer, files)]
