"""Every error that a user can do something about, with the exit code of the command.

::

    SleepwardError                 1
    ├── TrackError                 1  a track failed in the making: a voice broke off, an encoder died
    ├── InputError                 2  the request can't be carried out as written
    │   ├── DefinitionError        2  a definition file is faulty; the error has every fault
    │   ├── ScriptError            2  a mark is wrong, or a line doesn't fit its hold
    │   ├── SettingError           2  a setting has an unknown name or a wrong value
    │   ├── LengthError            2  the holds can't reach this length
    │   └── NotFoundError          2  a routine, pose, template or file doesn't exist
    └── MissingToolError           3  a voice or tool isn't on this machine

An interruption is not one of them: after ``StoppedError`` (``system.stopping``) the exit code is 130 for Ctrl-C, 143
for SIGTERM.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal


class SleepwardError(Exception):
    """The root of the tree. ``where`` is ``file:line`` or ``file:line:column``; ``hint`` says what to do."""

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
    """A track failed in the making."""


class InputError(SleepwardError):
    """The request can't be carried out as written."""

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
    """A definition file is faulty. `faults` are all of its faults, in the order of the file."""

    def __init__(self, faults: list[Diagnostic]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))


class ScriptError(InputError):
    """A mark in a script is wrong, or a line doesn't fit its hold."""


class SettingError(InputError):
    """A setting has an unknown name or a wrong value."""


class LengthError(InputError):
    """The holds can't reach this length."""


class NotFoundError(InputError):
    """A routine, pose, template or file doesn't exist."""


class MissingToolError(SleepwardError):
    """A voice or tool isn't on this machine."""

    exit_code = 3


# --- what many errors share -----------------------------------------------------------------------------

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The numbers of the system's errors where a file can't grow: the disk, the user's share of it or the limit is full."""

_MEMORY = ("MemoryError", "bad_alloc", "Cannot allocate memory", "can't start new thread", "failed to map segment")
_FILES = ("Too many open files",)


def shortage(cause: BaseException | str) -> TrackError | None:
    """The error where `cause`, or what another process said, shows that memory or open files ran out; None if not."""
    said = cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"
    if any(sign in said for sign in _MEMORY):
        hint = "end other programs, give --jobs 1, or raise the limit: `ulimit -v` and `ulimit -u` show it"
        return TrackError("there isn't enough memory for this", hint=hint)
    if any(sign in said for sign in _FILES):
        hint = "give --jobs 1, or raise the limit: `ulimit -n` shows it"
        return TrackError("more files would have to be open than this system allows", hint=hint)
    return None


SURE = 0.65  # a name so alike is a slip of the pen: "setaed" for seated, but not "lying" for kneeling
ALIKE = 0.55  # a name so alike may be meant
FEW = 12  # so many names are better listed than guessed from


def nearest(word: str, known: Iterable[str], most: int = 1, alike: float = ALIKE) -> list[str]:
    """The names in `known` that are most like `word`, the likeliest first; none if none is `alike`, from 0 to 1."""
    return difflib.get_close_matches(word[:60].lower(), list(known), most, cutoff=alike)


def did_you_mean(word: str, known: Collection[str], most: int = 1, otherwise: str = "") -> str:
    """A hint: the names that were probably meant, or else all that exist; and what else one can do.

    Of few names, only one that is surely meant is guessed.
    """
    near = nearest(word, known, most, SURE if len(known) <= FEW else ALIKE)
    if near:
        return f"did you mean {' or '.join(near)}?{f' {otherwise[:1].upper()}{otherwise[1:]}' if otherwise else ''}"
    return f"there are {listed(known)}{f'; {otherwise}' if otherwise else ''}"


def about_setting(name: str, what: str, where: str | None) -> str:
    """`what` is wrong with a setting, with its name before it, unless its place says it: a flag, a variable."""
    place = (where or "").lower().replace("-", "_").lstrip("_$").removeprefix("sleepward_")
    return what if place == name else f"{name}: {what}"


def listed(names: Collection[str], most: int = 40) -> str:
    """`names` with commas between them; of more than `most` only the first."""
    shown = list(names)[:most]
    return ", ".join(shown) + (" …" if len(names) > most else "") if shown else "none"
