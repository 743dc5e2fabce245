"""A lock between processes. The system releases it when its holder ends, even if it was killed.

This is our own code because importing filelock takes 30 ms of CPU time (43 modules), a twentieth of an unchanged build.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_POLL_S = 0.02  # Windows' own waiting gives up after ten seconds


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`, which is created if needed and stays. Waits for other holders.

    Threads exclude each other too. Raises OSError if the file can't be opened or its file system has no locks.
    """
    with path.open("ab") as file:
        _lock(file)
        yield  # closing the file releases the lock


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(0)
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except PermissionError:
                time.sleep(_POLL_S)
            else:
                return

    def is_free(file: BinaryIO) -> bool:  # noqa: ARG001  # the same as elsewhere
        """Raises OSError: a lock would keep ffmpeg from writing. Windows refuses to remove a file in use anyway."""
        raise OSError("a file can't be locked for its name alone")

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    def is_free(file: BinaryIO) -> bool:
        """Lock an open file until it is closed, without waiting. False if another holds it.

        Raises OSError if its file system has no locks.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
