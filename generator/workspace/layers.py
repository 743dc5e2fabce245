"""The layers of settings: flags, environment, a script's own, files; the most specific wins."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .. import beds
from ..errors import SettingError, did_you_mean
from ..settings import SETTINGS, SettingInfo, Settings
from ..values import NO_NAMES, Background, Cover

if TYPE_CHECKING:
    from .workspace import Workspace

ENVIRONMENT_PREFIX = "SLEEPWARD_"
_NOT_SETTINGS = ("SLEEPWARD_CACHE_DIR", "SLEEPWARD_DATA_DIR")
PROJECT_FILE = "sleepward.toml"
VOICE_KEYS = ("voice", "rate", "pitch")


@dataclass(frozen=True, slots=True)
class SettingsLayer:
    """Settings from one place, as written.

    `where` says what to show for a key in an error, `named` that this shows the setting's name already; `voices` are
    the voices with a rate and pitch of their own that are named here.
    """

    values: Mapping[str, str]
    where: Callable[[str], str]
    named: bool = False
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def resolve(layers: Sequence[SettingsLayer]) -> Settings:
    """One Settings from `layers`, the most specific first. Raises SettingError at the place of the fault."""
    chosen: dict[str, object] = {}
    for layer in _with_named_voice(layers):
        for name, text in layer.values.items():
            if name not in SETTINGS:
                raise SettingError(
                    f"there is no setting {name!r}", where=layer.where(name), hint=did_you_mean(name, SETTINGS)
                )
            kind = SETTINGS[name].kind
            try:
                if name in chosen:  # what yields has to make sense all the same
                    kind.check(text)
                else:
                    chosen[name] = kind.parse(text)
            except ValueError as error:
                what = str(error) if layer.named else f"{name}: {error}"
                raise SettingError(what, where=layer.where(name)) from error
    return Settings(**cast("dict[str, Any]", chosen))


def _with_named_voice(layers: Sequence[SettingsLayer]) -> Sequence[SettingsLayer]:
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
    return [SettingsLayer(voice, home.where), *commanded, SettingsLayer(own, home.where), *others]


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
    """The settings of a TOML file; an empty layer where there is no such file."""
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
            what, hint = _bool_fault(name, info, value)
            raise SettingError(f"{name}: {what}", where=where(name), hint=hint)
        if isinstance(value, list | dict):
            raise SettingError(f"{name} isn't a text or a number", where=where(name), hint="write one setting a line")
    texts = {name.replace("-", "_"): str(value) for name, value in values.items()}
    return SettingsLayer(
        texts, where, voices={name: _voice_table(name, table, where) for name, table in voices.items()}
    )


def _bool_fault(name: str, info: SettingInfo | None, value: bool) -> tuple[str, str]:
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


# --- a routine's or script's own, and all that hold ----------------------------------------------------


def own_layer(values: Mapping[str, str], where: Callable[[str], str], folder: Path) -> SettingsLayer:
    """The settings of a routine or script in `folder`, with the files they name as seen from here.

    Strangers write these, so they reach no file outside their folder: SettingError.
    """
    found = dict(values)
    for name in (name for name in values if name in SETTINGS and SETTINGS[name].names_files):
        found[name] = SETTINGS[name].kind.write(own_value(name, values[name], where(name), folder))
    return SettingsLayer(found, where)


def own_value(name: str, text: str, where: str, folder: Path) -> Background | Cover:
    """The background or cover that stands in a stranger's file in `folder`. Raises SettingError and NotFoundError."""
    try:
        value: Background | Cover = SETTINGS[name].kind.parse(text, folder)
    except ValueError as error:
        raise SettingError(f"{name}: {error}", where=where) from error
    if isinstance(value, Background):
        value = beds.resolve_background(value)
    for file in value.files:
        if not file.resolve().is_relative_to(folder.resolve()):
            hint = "put it there, or name it with a flag or in sleepward.toml"
            raise SettingError(f"{file} lies outside the folder of what names it", where=where, hint=hint)
    return value


def resolve_for(own: SettingsLayer, flags: Mapping[str, str | None], workspace: Workspace) -> Settings:
    """Flags, environment, the routine's or script's `own`, the folders' files, the user's file: the first wins.

    Files are named as seen from here. Raises SettingError and NotFoundError for what can't be.
    """
    settings = resolve(layers_of(own, flags, workspace))
    return replace(settings, background=beds.resolve_background(settings.background))


def layers_of(own: SettingsLayer, flags: Mapping[str, str | None], workspace: Workspace) -> list[SettingsLayer]:
    """All layers that hold for a routine or script, the most specific first."""
    environment, *files = workspace.layers()
    return [flag_layer(flags), environment, own, *files]
