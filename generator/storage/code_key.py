"""Keys of the program's own code: part of the key of every cached result of reading a file."""

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
    """A key that changes with any line of the program and with the versions of its libraries and Python.

    It covers all modules, as the set of modules that read a file changes too. Reading and hashing them takes 6 ms.
    """
    libraries = [f"{library} {version(library)}" for library in ("pyyaml", "pydantic", "jinja2")]
    code = sorted(_PACKAGE.rglob("*.py"))
    parts = (part for file in code for part in (os.fsencode(file), _bytes_of(file)))
    return content_key(__version__, sys.version, *libraries, *parts)


def files_key(files: Iterable[Path]) -> str | None:
    """A key of the names and contents of files, and of the code. None if one can't be read or isn't a plain file."""
    try:
        return content_key(code_key(), *(part for file in files for part in (os.fsencode(file), _bytes_of(file))))
    except OSError:
        return None


def _bytes_of(path: Path) -> bytes:
    """A file's content. Raises OSError for a pipe, which can be read only once, and for a file that is too large."""
    if not path.is_file():
        raise OSError
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise OSError
    return content
