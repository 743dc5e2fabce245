"""The layers of settings: flags, environment, the script's front matter, files. The most specific one wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from ..errors import SettingError, SleepwardError, did_you_mean
from ..settings import SETTINGS, Settings
from ..values import Background, CountVoice, Cover, OwnVoice, is_utf8

ENVIRONMENT_PREFIX = "SLEEPWARD_"
_NOT_SETTINGS = ("SLEEPWARD_CACHE_DIR", "SLEEPWARD_DATA_DIR")
PROJECT_FILE = "sleepward.toml"
BELONG_TO_VOICE = ("rate", "pitch")


@dataclass(frozen=True, slots=True)
class SettingsLayer:
    """Settings from one place, as written.

    `where` gives the place of a setting for an error; if `named`, that place contains the setting's name. `voices` are
    the voices defined here, by name.
    """

    values: Mapping[str, str]
    where: Callable[[str], str]
    named: bool = False
    voices: Mapping[str, OwnVoice] = field(default_factory=dict)


def resolve(layers: Sequence[SettingsLayer]) -> Settings:
    """The settings of all `layers`, of which the first wins. Raises SettingError with the place of the fault."""
    own = _chosen_own_voice(layers)
    chosen: dict[str, object] = {}
    for layer in layers if own is None else _with_own_voice(layers, own):
        for name, text in layer.values.items():
            if name not in SETTINGS:
                raise SettingError(
                    f"there is no setting {name!r}", where=layer.where(name), hint=did_you_mean(name, SETTINGS)
                )
            kind = SETTINGS[name].kind
            try:
                _refuse_foreign(text)
                if name in chosen:  # a value that is overridden must be valid, too
                    kind.check(text)
                else:
                    chosen[name] = kind.parse(text)
            except ValueError as error:
                what = str(error) if layer.named else f"{name}: {error}"
                raise SettingError(what, where=layer.where(name)) from error
    if own is not None and own.engine:
        chosen["voice"] = own
    counts = chosen.get("count_voice")
    if isinstance(counts, CountVoice) and isinstance(counts.voice, str):
        chosen["count_voice"] = replace(counts, voice=own_voice(counts.voice, layers) or counts.voice)
    return Settings(**cast("dict[str, Any]", chosen))


def _refuse_foreign(text: str) -> None:
    """Raise ValueError if a value isn't UTF-8: settings go into the track."""
    if not is_utf8(text):
        raise ValueError(f"{text!r} isn't UTF-8: type it in UTF-8, or rename the file or folder")


def _chosen_own_voice(layers: Sequence[SettingsLayer]) -> OwnVoice | None:
    name = as_written("voice", layers)
    return None if name is None else own_voice(name, layers)


def as_written(name: str, layers: Sequence[SettingsLayer]) -> str | None:
    """A setting's text in the first of `layers` that has it; None if none has."""
    return next((layer.values[name] for layer in layers if name in layer.values), None)


def own_voice(name: str, layers: Sequence[SettingsLayer], before: tuple[str, ...] = ()) -> OwnVoice | None:
    """The user's own voice called `name`, with the voice that fills in for it. `before` are those it fills in for."""
    own = next((layer.voices[name] for layer in layers if name in layer.voices), None)
    if own is None or not isinstance(own.fill, str):
        return own
    if own.fill in (*before, name):
        hint = "name a voice there that doesn't lead back here"
        raise SettingError(f"[voices.{name}] would fill in for itself", where=own.where_of("fill"), hint=hint)
    return replace(own, fill=own_voice(own.fill, layers, (*before, name)) or own.fill)


def _with_own_voice(layers: Sequence[SettingsLayer], own: OwnVoice) -> Sequence[SettingsLayer]:
    """`layers` with the settings of the user's `own` voice.

    Only flags and the environment override its rate and pitch, since they belong to the voice. A voice with an engine
    of its own takes them from nowhere else.
    """
    named = [layer for layer in layers if layer.named]
    others = [layer for layer in layers if not layer.named]
    if own.engine:
        others = [
            replace(layer, values={name: text for name, text in layer.values.items() if name not in BELONG_TO_VOICE})
            for layer in others
        ]
    where = own.where_of
    voice = {} if own.engine else {"voice": own.text("voice") or ""}
    its_own = {name: str(value) for name in BELONG_TO_VOICE if (value := getattr(own, name)) is not None}
    return [SettingsLayer(voice, where), *named, SettingsLayer(its_own, where), *others]


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

    layers = layers_of(own, flags, surrounding)
    settings = resolve(layers)
    with placed("background", layers):
        return replace(settings, background=beds.resolve_background(settings.background))


@contextmanager
def placed(name: str, layers: Sequence[SettingsLayer]) -> Iterator[None]:
    """An error in the block that has no place gets that of the setting `name`, if it is written somewhere."""
    try:
        yield
    except SleepwardError as error:
        layer = next((layer for layer in layers if name in layer.values), None)
        if error.where is None and layer is not None:
            error.where = layer.where(name)
        raise


def layers_of(
    own: SettingsLayer, flags: Mapping[str, str | None], surrounding: Sequence[SettingsLayer]
) -> list[SettingsLayer]:
    """All layers for a routine or script, the most specific first."""
    environment, *files = surrounding
    return [flag_layer(flags), environment, own, *files]
