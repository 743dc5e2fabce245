"""What turns files into other things: part of the key of all that is kept of what was read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .. import __version__
from .cache import content_key

MAX_FILE_BYTES = 1_000_000
_PACKAGE = Path(__file__).parent.parent


@cache
def code_key() -> str:
    """Changes with any line of the program, its libraries' versions and Python's.

    All modules count, as which of them read a file changes too; reading and hashing them takes 6 ms.
    """
    libraries = [f"{library} {version(library)}" for library in ("pyyaml", "pydantic", "jinja2")]
    code = sorted(_PACKAGE.rglob("*.py"))
    parts = (part for file in code for part in (os.fsencode(file), _bytes_of(file)))
    return content_key(__version__, sys.version, *libraries, *parts)


def files_key(files: Iterable[Path]) -> str | None:
    """Of the names and contents of files, and of the code; None where one can't be read, or isn't a plain file."""
    try:
        return content_key(code_key(), *(part for file in files for part in (os.fsencode(file), _bytes_of(file))))
    except OSError:
        return None


def _bytes_of(path: Path) -> bytes:
    """A file's content. Raises OSError for a pipe, which can be read once, and for what is too large."""
    if not path.is_file():
        raise OSError
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise OSError
    return content
