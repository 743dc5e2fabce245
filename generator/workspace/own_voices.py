"""The user's own voices: the tables ``[voices.NAME]`` of a trusted settings file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import MissingToolError, SettingError, did_you_mean
from ..settings import SETTINGS
from ..values import OwnOption, OwnVoice
from ..voices import DEFAULT_OWN_KEYS, own_keys

if TYPE_CHECKING:
    from .settings_file import TomlFile

_EXAMPLE = 'voice = "en-us+klatt5", rate = 108, pitch = 40'


def own_voices(file: TomlFile) -> Mapping[str, OwnVoice]:
    """The voices that a file defines, by name. Raises SettingError for an unknown engine or key."""
    tables = file.values.get("voices", {})
    if not isinstance(tables, dict):
        hint = "begin each with a line [voices.NAME]"
        raise SettingError("voices must be tables", where=file.where("voices"), hint=hint)
    return {name: _TableReader(file, name, table).read() for name, table in tables.items()}


class _TableReader:
    def __init__(self, file: TomlFile, name: str, table: object) -> None:
        self._file, self._name = file, name
        if not isinstance(table, dict):
            raise self._error("isn't a table", "", f"write [voices.{name}] and below it {_EXAMPLE}")
        self._table: Mapping[str, Any] = table

    def read(self) -> OwnVoice:
        engine = self._text("engine") if "engine" in self._table else ""
        known = self._known_keys(engine)
        for key in self._table:
            if key != "engine" and key not in known:
                raise self._error(f"takes no {key!r}", key, did_you_mean(key, ["engine", *known]))
        if not engine and "voice" not in self._table:
            raise self._error("needs a voice, or an engine", "", f"like [voices.{self._name}] and below it {_EXAMPLE}")
        return OwnVoice(
            name=self._name,
            engine=engine,
            where=self._where(""),
            folder=str(self._file.folder),
            rate=self._number("rate"),
            pitch=self._number("pitch"),
            fill=self._text("fill") if "fill" in self._table else None,
            options=tuple(self._options({"engine": "the name of an engine", **known})),
        )

    def _known_keys(self, engine: str) -> Mapping[str, str]:
        if not engine:
            return DEFAULT_OWN_KEYS
        try:
            return own_keys(engine)
        except MissingToolError as error:
            raise SettingError(error.what, where=self._where("engine"), hint=error.hint) from error

    def _options(self, known: Mapping[str, str]) -> Iterator[OwnOption]:
        for key in sorted(known.keys() & self._table.keys()):
            value = self._table[key]
            texts = value if isinstance(value, list) else [value]
            if not texts or any(isinstance(each, bool | dict | list) or not str(each).strip() for each in texts):
                raise self._error(f"can't take this as its {key!r}", key, f"it is {known[key]}")
            yield OwnOption(key, tuple(map(str, texts)), self._where(key))

    def _text(self, key: str) -> str:
        value = self._table[key]
        if not isinstance(value, str) or not value.strip():
            raise self._error(f"needs text as its {key!r}", key, f'write it in quotes: {key} = "…"')
        return value.strip()

    def _number(self, key: str) -> int | None:
        if key not in self._table:
            return None
        try:
            found: int = SETTINGS[key].kind.parse(str(self._table[key]))
        except ValueError as error:
            raise SettingError(f"{key}: {error}", where=self._where(key)) from error
        return found

    def _error(self, what: str, key: str, hint: str) -> SettingError:
        return SettingError(f"[voices.{self._name}] {what}", where=self._where(key), hint=hint)

    def _where(self, key: str) -> str:
        return self._file.where("voices", self._name, key)
