"""Everything that can go wrong in a way a user can mend, with the exit code it leaves behind.

::

    SleepwardError                 1
    ├── TrackError                 1  a track failed while it was made: a voice broke off, an encoder died
    ├── InputError                 2  what was asked can't be done as it is written
    │   ├── DefinitionError        2  a routine or pose file, with every fault found in it
    │   ├── ScriptError            2  a script's marks, or a line that doesn't fit its hold
    │   ├── SettingError           2  a setting's name or value
    │   ├── LengthError            2  a length that these holds can't reach
    │   └── NotFoundError          2  a routine, pose, template or file that isn't there
    └── MissingToolError           3  a voice or a tool that isn't on this machine

An interruption is none of them: ``StoppedError`` (``system.stopping``) leaves 130 after Ctrl-C, 143 after SIGTERM.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal


class SleepwardError(Exception):
    """Root of the tree. ``where`` is ``file:line`` or ``file:line:col``; ``hint`` says what to do."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.hint}" if self.hint else head


class TrackError(SleepwardError):
    """A track failed while it was being made."""


class InputError(SleepwardError):
    """What was asked can't be done as it is written."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """A fault or a warning at its place in a file; lines and columns count from 1.

    A fault keeps the file from being used. A warning is a linter's advice, and names its `rule`.
    """

    file: str
    line: int
    column: int
    rule: str = field(default="", kw_only=True)
    message: str
    severity: Literal["fault", "warning"] = field(default="fault", kw_only=True)

    def __str__(self) -> str:
        rule = f" ({self.rule})" if self.rule else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{rule}"


class DefinitionError(InputError):
    """A routine or pose file with faults: all of them at once, in the order of the file."""

    def __init__(self, faults: list[Diagnostic]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))


class ScriptError(InputError):
    """A script's marks, or a line that doesn't fit its hold."""


class SettingError(InputError):
    """A setting's name or value."""


class LengthError(InputError):
    """A length that these holds can't reach."""


class NotFoundError(InputError):
    """A routine, pose, template or file that isn't there."""


class MissingToolError(SleepwardError):
    """A voice or a tool that isn't on this machine."""

    exit_code = 3


# --- words that many errors share ---------------------------------------------------------------------


def nearest(word: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Which of `known` were probably meant by `word`, the likeliest first; none where nothing is like it."""
    return difflib.get_close_matches(word[:60].lower(), list(known), most, cutoff=0.55)


def did_you_mean(word: str, known: Collection[str], most: int = 1) -> str:
    """A hint: what was probably meant, or else what there is."""
    near = nearest(word, known, most)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {listed(known)}"


def listed(names: Collection[str], most: int = 40) -> str:
    """The first of `names`, as an error shows what there is."""
    shown = list(names)[:most]
    return ", ".join(shown) + (" …" if len(names) > most else "") if shown else "none"
