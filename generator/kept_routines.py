"""Routines as they were read before, kept in the cache: what checks one takes a fifth of a second, mostly to import."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from . import resources
from .cache import Cache, content_key
from .errors import SleepwardError
from .model import Routine

KIND = "routines"


def kept(path: Path, cache: Cache, read: Callable[[Path], Routine]) -> Routine:
    """What `read` makes of the routine's file at `path`; from the cache, where that has read the very same before.

    Only what has no faults is kept. Raises what `read` does.
    """
    key = _key(path)
    if key is None:
        return read(path)
    stored = cache.get(KIND, key)
    if stored is not None:
        routine: Routine = pickle.loads(stored)  # noqa: S301 - the cache is the user's own, as compiled templates in it are
        return routine
    routine = read(path)
    with suppress(SleepwardError):  # a routine that can't be kept is read again
        cache.put(KIND, key, pickle.dumps(routine))
    return routine


def _key(path: Path) -> str | None:
    """Of the routine's file, every pose that it could name, and the code that reads them; None where one can't be read.

    A pipe is no file: it can be read once.
    """
    if not path.is_file():
        return None
    files = [path, *resources.pose_files(), *sorted(Path(__file__).parent.glob("*.py"))]
    try:
        return content_key(sys.version, *(part for file in files for part in (file, file.read_bytes())))
    except OSError:
        return None
