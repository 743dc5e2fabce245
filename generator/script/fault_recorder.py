"""Collects the faults of a script line by line, without those that an earlier fault may have caused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NoReturn, TypeVar

from ..errors import ScriptError

T = TypeVar("T")


class _LineError(Exception):
    """A line has a fault and is left out. The arguments are its number, what is wrong, and what to do."""


class _ConsequenceError(Exception):
    """An earlier fault may have caused this one. The line is left out, and the fault isn't reported."""


class FaultRecorder(ABC):
    """The faults of a parser. After one, `_fail_misplaced` records nothing until `_after_fault` is reset."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._faults: list[tuple[int, ScriptError]] = []
        self._after_fault = False

    @property
    def faults(self) -> list[ScriptError]:
        """All faults in the order of their lines."""
        return [error for _, error in sorted(self._faults, key=lambda fault: fault[0])]

    @abstractmethod
    def _column(self, number: int) -> int:
        """The column, from 1, of what is wrong in this line."""

    def _converted(self, number: int, call: Callable[[], T], fail: Callable[..., NoReturn] | None = None) -> T:
        """What `call` returns. Its ValueError becomes a fault of this line, raised by `fail` (default: `_fail`)."""
        try:
            return call()
        except ValueError as error:
            (fail or self._fail)(number, *error.args)

    def _collecting_faults(self, call: Callable[[], None]) -> None:
        try:
            call()
        except _ConsequenceError:
            return
        except _LineError as error:
            self._add_fault(*error.args)

    def _add_fault(self, number: int, what: str, hint: str | None = None, column: int | None = None) -> None:
        place = f"{self.name}:{number}:{column or self._column(number)}"
        self._faults.append((number, ScriptError(what, where=place, hint=hint)))
        self._after_fault = True

    def _fail_misplaced(self, number: int, what: str, hint: str | None = None) -> NoReturn:
        """Fail because of where the line stands, not because of what it says."""
        if self._after_fault:
            raise _ConsequenceError
        self._fail(number, what, hint)

    def _fail(self, number: int, what: str, hint: str | None = None) -> NoReturn:
        raise _LineError(number, what, hint)
