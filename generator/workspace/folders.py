"""The folders whose own files hold: routines, templates, settings, pronunciations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from ..errors import InputError

_within: ContextVar[Path | None] = ContextVar("within", default=None)


def here() -> list[Path]:
    """That of the library which is read, if any, then the working folder; what is in the first comes before the rest.

    Raises InputError where the working folder is gone.
    """
    try:
        working = Path.cwd()
    except FileNotFoundError as error:
        raise InputError("the working folder is gone", hint="change to one that is there") from error
    first = _within.get()
    return [working] if first is None or first.absolute() == working else [first.absolute(), working]


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """While this lasts `folder` is `here`, wherever the command was given."""
    token = _within.set(folder)
    try:
        yield
    finally:
        _within.reset(token)
