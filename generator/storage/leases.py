"""Who works with a cache right now, and what was used when: so that clearing it out never takes what is needed.

An entry's time of change is its last use, noted at most once an hour, so that reading stays cheap. Whoever works with
the cache has a *lease*: a locked file that the system unlocks even where its holder is killed. Leases begin, old
entries are noted as used, and entries are cleared out under one lock: so an entry that is found stays there for as
long as its finder lives.
"""

from __future__ import annotations

import os
import secrets
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from .locks import locked, try_lock, wait_lock

NOTED_EVERY_S = 3_600
_LOCK = ".lock"
_LEASES = ".in-use"


class Lease:
    """This process works with the cache in `folder`, from now until the object is gone."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where the folder can't be written."""
        (folder / _LEASES).mkdir(exist_ok=True)
        with locked(lock_path(folder)):
            _living(folder)  # sweeps away what others left who were killed
            path = folder / _LEASES / f"{time.time_ns()}-{os.getpid()}-{secrets.token_hex(4)}"
            file = path.open("xb")
            wait_lock(file)
        weakref.finalize(self, _end, file, path, os.getpid())


def _end(file: BinaryIO, path: Path, pid: int) -> None:
    if os.getpid() != pid:  # a forked child's copy
        return
    file.close()
    with suppress(OSError):
        path.unlink(missing_ok=True)


def lock_path(folder: Path) -> Path:
    """The file to lock while entries of the cache in `folder` are cleared out."""
    return folder / _LOCK


def in_use_since(folder: Path) -> float:
    """Whatever was last used then (in s since the epoch) or later may be in use; infinity where no one is there.

    To be asked under the lock. Raises OSError where the file system has no locks.
    """
    return min(_living(folder), default=float("inf")) - NOTED_EVERY_S


def note_use(folder: Path, entry: Path, file: BinaryIO) -> bool:
    """Note that an entry, opened as `file`, is used now; False where it was cleared out meanwhile."""
    age_s = time.time() - os.fstat(file.fileno()).st_mtime
    if 0 <= age_s < NOTED_EVERY_S:
        return True
    try:
        with locked(lock_path(folder)):
            os.utime(entry)
    except FileNotFoundError:
        return False
    except OSError:  # a cache that can be read, but not written: whoever clears it out may not know of this use
        pass
    return True


def _living(folder: Path) -> list[float]:
    """When each of the living leases began, in s since the epoch; those of the dead are removed."""
    leases = [path for path in (folder / _LEASES).glob("*-*-*") if _is_alive(path)]
    return [int(path.name.partition("-")[0]) / 1e9 for path in leases]


def _is_alive(path: Path) -> bool:
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        return False
    except OSError:  # another user's: there is no knowing
        return True
    with file:
        if not try_lock(file):
            return True
    with suppress(OSError):
        path.unlink(missing_ok=True)
    return False
