"""Questions about a path or a text that anyone may have written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def path_test(test: Callable[[], bool]) -> bool:
    """The answer of `path.is_file` and the like; False for a name that no file can have.

    Such a name is too long, or has a character that no name may have.
    """
    try:
        return test()
    except (OSError, ValueError):
        return False


def with_home(text: str) -> Path:
    """A path, in which ``~`` is a user's home. Where there is no such user it stays, as in a shell."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_utf8(text: str) -> bool:
    """Whether a file's name, or what was typed, is UTF-8. Python reads other bytes as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
