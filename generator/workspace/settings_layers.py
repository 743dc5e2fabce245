"""The layers of settings: flags, environment, the script's front matter, files. The most specific one wins."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from ..errors import SettingError, did_you_mean
from ..settings import SETTINGS, SettingInfo, Settings
from ..values import NO_NAMES, Background, Cover

ENVIRONMENT_PREFIX = "SLEEPWARD_"
_NOT_SETTINGS = ("SLEEPWARD_CACHE_DIR", "SLEEPWARD_DATA_DIR")
PROJECT_FILE = "sleepward.toml"
VOICE_KEYS = ("voice", "rate", "pitch")


@dataclass(frozen=True, slots=True)
class SettingsLayer:
    """Settings from one place, as written.

    `where` gives the place of a setting for an error; if `named`, that place contains the setting's name. `voices` are
    the voices defined here, each with its own rate and pitch.
    """

    values: Mapping[str, str]
    where: Callable[[str], str]
    named: bool = False
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def resolve(layers: Sequence[SettingsLayer]) -> Settings:
    """The settings of all `layers`, of which the first wins. Raises SettingError with the place of the fault."""
    chosen: dict[str, object] = {}
    for layer in _with_named_voice(layers):
        for name, text in layer.values.items():
            if name not in SETTINGS:
                raise SettingError(
                    f"there is no setting {name!r}", where=layer.where(name), hint=did_you_mean(name, SETTINGS)
                )
            kind = SETTINGS[name].kind
            try:
                if name in chosen:  # a value that is overridden must be valid, too
                    kind.check(text)
                else:
                    chosen[name] = kind.parse(text)
            except ValueError as error:
                what = str(error) if layer.named else f"{name}: {error}"
                raise SettingError(what, where=layer.where(name)) from error
    return Settings(**cast("dict[str, Any]", chosen))


def _with_named_voice(layers: Sequence[SettingsLayer]) -> Sequence[SettingsLayer]:
    """`layers` with the settings under ``[voices.NAME]``, if NAME is the chosen voice.

    Only flags and the environment override its rate and pitch, since they belong to the voice.
    """
    name = next((layer.values["voice"] for layer in layers if "voice" in layer.values), None)
    home = next((layer for layer in layers if name in layer.voices), None)
    if name is None or home is None:
        return layers
    own = dict(home.voices[name])
    voice = {"voice": own.pop("voice")} if "voice" in own else {}
    flags_and_environment = [layer for layer in layers if layer.named]
    others = [layer for layer in layers if not layer.named]
    return [SettingsLayer(voice, home.where), *flags_and_environment, SettingsLayer(own, home.where), *others]


def flag_layer(values: Mapping[str, str | None]) -> SettingsLayer:
    given = {name: text for name, text in values.items() if text is not None}
    return SettingsLayer(given, lambda name: "--" + name.replace("_", "-"), named=True)


def environment_layer(environment: Mapping[str, str]) -> SettingsLayer:
    found = {
        key.removeprefix(ENVIRONMENT_PREFIX).lower(): text
        for key, text in environment.items()
        if key.startswith(ENVIRONMENT_PREFIX) and key not in _NOT_SETTINGS and text
    }
    return SettingsLayer(found, lambda name: f"${ENVIRONMENT_PREFIX}{name.upper()}", named=True)


def file_layer(path: Path) -> SettingsLayer:
    """The settings of a TOML file; an empty layer if there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return SettingsLayer({}, str)
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
        hint = 'write text in quotes: background = "rain"'
        raise SettingError(f"this isn't TOML: {error}", where=path.name, hint=hint) from error
    voices = values.pop("voices", {})
    if not isinstance(voices, dict):
        raise SettingError("voices must be tables", where=where("voices"), hint="begin each with a line [voices.NAME]")
    for name, value in values.items():
        info = SETTINGS.get(name.replace("-", "_"))
        if info is not None and info.is_list and isinstance(value, list):
            values[name] = ", ".join(map(str, value)) or NO_NAMES
            continue
        if isinstance(value, bool):
            what, hint = _bool_fault(name, info, value)
            raise SettingError(f"{name}: {what}", where=where(name), hint=hint)
        if isinstance(value, list | dict):
            raise SettingError(
                f"{name} is neither text nor a number", where=where(name), hint="write one setting a line"
            )
    texts = {name.replace("-", "_"): str(value) for name, value in values.items()}
    return SettingsLayer(
        texts, where, voices={name: _voice_table(name, table, where) for name, table in voices.items()}
    )


def _bool_fault(name: str, info: SettingInfo | None, value: bool) -> tuple[str, str]:
    """The fault of true or false as a setting's value, and what to write."""
    if info is None:
        return "there is no such setting", did_you_mean(name, SETTINGS)
    word = "on" if value else "off"
    written = "true" if value else "false"
    if word in info.metavar.split("|"):
        return f"{written} isn't one of its values", f'write {name} = "{word}"'
    return f"{written} isn't one of its values", f"it takes {info.metavar}: {info.help}"


def _voice_table(name: str, table: object, where: Callable[[str], str]) -> Mapping[str, str]:
    """The settings under ``[voices.NAME]``. Raises SettingError."""
    if not isinstance(table, dict) or set(table) - set(VOICE_KEYS) or "voice" not in table:
        hint = f'like [voices.{name}] and below it voice = "en-us+klatt5", rate = 108, pitch = 40'
        raise SettingError(
            f"[voices.{name}] needs a voice, and takes only voice, rate and pitch", where=where(name), hint=hint
        )
    return {key: str(value) for key, value in table.items()}


# --- the settings of a routine or script, and all layers --------------------------------------------------


def own_layer(values: Mapping[str, str], where: Callable[[str], str], folder: Path) -> SettingsLayer:
    """The settings of a routine or script in `folder`. Files in them become relative to the working folder.

    A stranger may have written them, so a file outside the folder raises SettingError.
    """
    found = dict(values)
    for name in (name for name in values if name in SETTINGS and SETTINGS[name].names_files):
        found[name] = SETTINGS[name].kind.write(own_value(name, values[name], where(name), folder))
    return SettingsLayer(found, where)


def own_value(name: str, text: str, where: str, folder: Path) -> Background | Cover:
    """The background or cover from a stranger's file in `folder`. Raises SettingError and NotFoundError."""
    try:
        value: Background | Cover = SETTINGS[name].kind.parse(text, folder)
    except ValueError as error:
        raise SettingError(f"{name}: {error}", where=where) from error
    if isinstance(value, Background):
        from .. import beds  # with ffmpeg and the cache behind it, a third of what `list` would import

        value = beds.resolve_background(value)
    for file in value.files:
        if not file.resolve().is_relative_to(folder.resolve()):
            hint = "put it there, or name it with a flag or in sleepward.toml"
            raise SettingError(f"{file} lies outside the folder of the file that names it", where=where, hint=hint)
    return value


def resolve_for(own: SettingsLayer, flags: Mapping[str, str | None], surrounding: Sequence[SettingsLayer]) -> Settings:
    """The settings from flags, environment, the routine's or script's `own`, the folders' files and the user's file.

    `surrounding` is what `Workspace.layers` gives. The first layer wins. Files are relative to the working folder.
    Raises SettingError and NotFoundError.
    """
    from .. import beds

    settings = resolve(layers_of(own, flags, surrounding))
    return replace(settings, background=beds.resolve_background(settings.background))


def layers_of(
    own: SettingsLayer, flags: Mapping[str, str | None], surrounding: Sequence[SettingsLayer]
) -> list[SettingsLayer]:
    """All layers for a routine or script, the most specific first."""
    environment, *files = surrounding
    return [flag_layer(flags), environment, own, *files]
