"""Reads a settings file: TOML with settings, and with the user's own voices."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import NotFoundError, SettingError, did_you_mean
from ..settings import SETTINGS, SettingInfo
from ..values import NO_NAMES
from ..yaml_source import read_text
from .own_voices import own_voices
from .settings_layers import SettingsLayer

MAX_BYTES = 100_000
MAX_LINE = 1_000  # characters

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A TOML file: its values, and the line of each key by its path. `shown_as` is the file's name in errors."""

    shown_as: str
    folder: Path
    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def where(self, *path: str) -> str:
        """``file:line`` of a key; of the table that it belongs to if the key isn't found."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.shown_as}:{self.lines.get(path, 1)}"


def file_layer(path: Path) -> SettingsLayer:
    """The settings of a TOML file; an empty layer if there is no such file.

    Raises SettingError, and what `read_text` raises for a file that can't be read.
    """
    try:
        if path.exists() and not path.is_file():  # a device or a pipe may never end
            raise SettingError("can't be read: it is no regular file", where=str(path), hint="put a text file there")
        text = read_text(path, kind="a settings file")
    except NotFoundError:
        return SettingsLayer({}, str)
    _check_size(text, path.name)
    try:
        file = TomlFile(path.name, path.parent.absolute(), tomllib.loads(text), _key_lines(text))
    except tomllib.TOMLDecodeError as error:
        hint = 'write text in quotes: background = "rain"'
        raise SettingError(f"this isn't TOML: {error}", where=path.name, hint=hint) from error
    except (ValueError, RecursionError) as error:
        what = "this can't be read: it has a number of more than 4,300 digits, or brackets more than some hundreds deep"
        raise SettingError(what, where=path.name, hint="write one setting a line") from error
    written = {name.replace("-", "_"): name for name in file.values}
    texts = {key: _text_of(name, file) for key, name in written.items() if name != "voices"}
    return SettingsLayer(texts, lambda key: file.where(written.get(key, key)), voices=own_voices(file))


def _check_size(text: str, shown_as: str) -> None:
    """Refuse what would take long to read: a key of many parts takes the square of their number."""
    if len(text) > MAX_BYTES:
        what = f"this is over {MAX_BYTES // 1000} kB, the most there can be: is this the right file?"
        raise SettingError(what, where=shown_as, hint="write one setting a line")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_LINE:
            what = f"this line has more than {MAX_LINE:,} characters, the most there can be"
            raise SettingError(what, where=f"{shown_as}:{number}", hint="break the list into several lines")


def _text_of(name: str, file: TomlFile) -> str:
    """The value of a setting as text. Raises SettingError."""
    value, info = file.values[name], SETTINGS.get(name.replace("-", "_"))
    if info is not None and info.is_list and isinstance(value, list):
        return ", ".join(map(str, value)) or NO_NAMES
    if isinstance(value, bool):
        what, hint = _bool_fault(name, info, value)
        raise SettingError(f"{name}: {what}", where=file.where(name), hint=hint)
    if isinstance(value, list | dict):
        hint = "write one setting a line"
        raise SettingError(f"{name} is neither text nor a number", where=file.where(name), hint=hint)
    return str(value)


def _bool_fault(name: str, info: SettingInfo | None, value: bool) -> tuple[str, str]:
    """The fault of true or false as a setting's value, and what to write."""
    if info is None:
        return "there is no such setting", did_you_mean(name, SETTINGS)
    word = "on" if value else "off"
    written = "true" if value else "false"
    if word in info.metavar.split("|"):
        return f"{written} isn't one of its values", f'write {name} = "{word}"'
    return f"{written} isn't one of its values", f"it takes {info.metavar}: {info.help}"


def _key_lines(text: str) -> dict[KeyPath, int]:
    """The line of each table's head and of each key that begins a line."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            path = _path_in(line)
            table = path or table
        else:
            path = _path_in(line.partition("=")[0] + " = 0") if "=" in line else ()
            path = (*table, *path) if path else ()
        if path:
            lines.setdefault(path, number)
    return lines


def _path_in(line: str) -> KeyPath:
    """The path of the only key in a line of TOML; empty if the line isn't TOML by itself."""
    try:
        values: Any = tomllib.loads(line)
    except (ValueError, RecursionError):
        return ()
    path: list[str] = []
    while isinstance(values, dict) and values:
        (key,) = values
        path.append(key)
        values = values[key]
    return tuple(path)
