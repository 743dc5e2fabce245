"""A lock between processes that the system itself lets go of when its holder ends, however that ends.

Own code, as the library for it took 0.1 s to import, and every command would pay that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_POLL_S = 0.02  # Windows has no waiting of its own that lasts long enough


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be alone with `path`, a file for nothing else that is made where needed and stays; waits for others.

    Threads exclude each other too. Raises OSError where the file can't be had or its file system has no locks.
    """
    with path.open("ab") as file:
        wait_lock(file)
        yield  # closing lets go


if sys.platform == "win32":
    import msvcrt

    def try_lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed, unless another has; True where that went well."""
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def wait_lock(file: BinaryIO) -> None:
        """Lock an open file until it is closed, after all who have it now."""
        while not try_lock(file):
            time.sleep(_POLL_S)

else:
    import fcntl

    def try_lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed, unless another has; True where that went well."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_lock(file: BinaryIO) -> None:
        """Lock an open file until it is closed, after all who have it now."""
        fcntl.flock(file, fcntl.LOCK_EX)
