"""Routines as they were read before, kept in the cache: what checks one takes a fifth of a second, mostly to import."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from .. import __version__
from ..errors import SleepwardError
from ..model import Routine
from ..storage.cache import Cache, content_key
from ..yaml_source import MAX_BYTES

KIND = "routines"
_PACKAGE = Path(__file__).parent.parent


def kept(path: Path, pose_files: Iterable[Path], cache: Cache, read: Callable[[Path], Routine]) -> Routine:
    """What `read` makes of the routine's file at `path`; from the cache, where that has read the very same before.

    `pose_files` are all that the routine could name.

    Only what has no faults is kept, and only where no file changed meanwhile; `read` must look at the files each time.
    Raises what it does.
    """
    files = [path, *pose_files]
    key = _key(files)
    if key is None:
        return read(path)
    stored = cache.get(KIND, key)
    if stored is not None:
        routine: Routine = pickle.loads(stored)  # noqa: S301 - the cache is the user's own, as compiled templates in it are
        return routine
    routine = read(path)
    if _key(files) == key:
        with suppress(SleepwardError):  # a routine that can't be kept is read again
            cache.put(KIND, key, pickle.dumps(routine))
    return routine


def _key(files: Iterable[Path]) -> str | None:
    """Of the routine's file, every pose that it could name, and what reads them; None where one can't be read."""
    code = sorted(_PACKAGE.rglob("*.py"))
    libraries = (f"{library} {version(library)}" for library in ("pyyaml", "pydantic", "jinja2"))
    try:
        parts = [part for file in (*files, *code) for part in (os.fsencode(file), _bytes_of(file))]
    except OSError:
        return None
    return content_key(__version__, sys.version, *libraries, *parts)


def _bytes_of(path: Path) -> bytes:
    """A file's content. Raises OSError for a pipe, which can be read once, and for what is too large."""
    if not path.is_file():
        raise OSError
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError
    return content
