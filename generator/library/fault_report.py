"""Collects the faults of a library's tracks and reports each at its line, once for all tracks of a routine."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import DefinitionError, InputError, MissingToolError, SleepwardError
from ..yaml_source import YamlSource
from .protocols import TaskResult
from .requested_tracks import LocatedText, RequestedTrack


class FaultReport:
    """Faults by the line of the library file that causes them. `defaults` are the library's default settings."""

    def __init__(self, source: YamlSource, defaults: Mapping[str, LocatedText]) -> None:
        self._source, self._defaults = source, defaults
        self._found: dict[tuple[int, str], list[tuple[str, str]]] = {}

    def note(self, error: SleepwardError, requested: RequestedTrack) -> None:
        """Note the error of a track. Raises it if no file of the library causes it."""
        if isinstance(error, DefinitionError):  # in the file of a routine or pose
            self._source.add(error.faults)
            return
        setting = _setting(error.where or "")
        if isinstance(error, MissingToolError) and self._sets("voice", requested):
            raise MissingToolError(error.what, where=self._where("voice", requested), hint=error.hint) from error
        if not isinstance(error, InputError) or (error.where or "").startswith("$"):
            raise error
        self._add(requested, setting, error.what, "" if setting else error.where or "", error.hint or "")

    def note_result(self, result: TaskResult, requested: RequestedTrack) -> None:
        """Note a failure that the track's settings cause."""
        setting = "length" if result.is_of_length else _setting(result.where)
        self._add(requested, setting, result.error, "" if setting else result.where, result.hint)

    def raise_faults(self) -> None:
        """Raise DefinitionError with all faults, if there are any."""
        for (offset, _), said in self._found.items():
            (name, message), others = said[0], len(said) - 1
            more = f" (and {others} more)" if others else ""
            self._source.fault(offset, f"{name}{more}: {message}")
        self._found.clear()
        self._source.raise_faults()

    def _add(self, requested: RequestedTrack, setting: str, what: str, where: str, hint: str) -> None:
        shown = f"'{setting}': " if setting and setting not in what else ""
        place = f" ({where})" if where else ""
        message = f"{shown}{what}{place}{f'; {hint}' if hint else ''}"
        alike = self._offset(setting, requested), requested.routine or requested.script
        self._found.setdefault(alike, []).append((requested.name, message))

    def _sets(self, setting: str, requested: RequestedTrack) -> bool:
        return setting in requested.settings or setting in self._defaults

    def _offset(self, setting: str, requested: RequestedTrack) -> int:
        value = requested.settings.get(setting, self._defaults.get(setting))
        return requested.offset if value is None else value.offset

    def _where(self, setting: str, requested: RequestedTrack) -> str:
        return f"{self._source.file}:{self._source.line_of(self._offset(setting, requested))}"


def _setting(where: str) -> str:
    """The setting that an error's flag names: a library's settings reach the pipeline as flags."""
    return where.removeprefix("--").replace("-", "_") if where.startswith("--") else ""
