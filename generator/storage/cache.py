"""A cache of blobs by kind and key. Writes are atomic; every read checks the digest."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import FULL_DISK, InputError, SleepwardError, TrackError, shortage
from .leftovers import new_part, remove_abandoned_parts
from .locks import locked

log = logging.getLogger("sleepward")
DIGEST_BYTES = 32  # each file begins with the digest of its blob
SUFFIX = ".v2"
"""The suffix of each entry's file, which is the version of the format. Entries of other versions aren't found."""
NOTE_USE_EVERY_S = 3_600
_BLOCK_BYTES = 1 << 20  # read at a time while a large blob is verified


def content_key(*parts: object) -> str:
    """A SHA-256 key of `parts`, each as bytes or text with its length."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")  # such as a path's
        digest.update(f"{len(encoded)}:".encode() + encoded)
    return digest.hexdigest()


def lock_path(folder: Path) -> Path:
    """The lock file of the cache in `folder`, held while entries are collected."""
    return folder / ".lock"


def default_folder() -> Path:
    """`SLEEPWARD_CACHE_DIR`, else the user's cache folder."""
    if chosen := os.environ.get("SLEEPWARD_CACHE_DIR"):
        try:
            return Path(chosen).expanduser()
        except RuntimeError as error:
            raise InputError(f"{error}", where="$SLEEPWARD_CACHE_DIR", hint="write the folder out") from error
    import platformdirs

    return Path(platformdirs.user_cache_dir("sleepward", appauthor=False))


class Cache:
    """Blobs by kind and key below `folder`. The modification time of an entry is its last use, to within an hour.

    `housekeeping` never collects entries used within a day, so those of a running build stay.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, kind: str, key: str) -> memoryview | None:
        """The blob, or None if there is none. A damaged or misplaced entry is removed with a warning and gives None."""
        path = self._path(kind, key)
        file = self._open(path)
        if file is None:
            return None
        with file:
            try:
                stored = file.read()
            except OSError as error:
                raise _read_error(error) from error
            stored_digest, blob = stored[:DIGEST_BYTES], memoryview(stored)[DIGEST_BYTES:]
            digest = _new_digest(kind, key)
            digest.update(blob)
            if digest.digest() != stored_digest:
                _discard_damaged(path, file)
                return None
        return blob

    def open(self, kind: str, key: str) -> CacheFile | None:
        """Like `get`, for a blob too large for memory: it is verified now and read by position later."""
        path = self._path(kind, key)
        file = self._open(path)
        if file is None:
            return None
        blob = CacheFile(file, DIGEST_BYTES)
        if not blob.is_whole(kind, key):
            _discard_damaged(path, file)
            file.close()
            return None
        return blob

    def put(self, kind: str, key: str, *parts: bytes | memoryview) -> None:
        """Store a blob, given in `parts`, atomically."""
        self.put_blocks(kind, key, parts)

    def put_blocks(self, kind: str, key: str, blocks: Iterable[bytes | memoryview]) -> None:
        """Like `put`, with blocks computed while they are written: memory doesn't grow with the blob."""
        path = self._path(kind, key)
        with self._translated_write_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with whole_file(path, durable=False) as file:  # the digest reveals damage from a power cut
                    digest = _new_digest(kind, key)
                    file.write(bytes(DIGEST_BYTES))
                    for block in blocks:
                        digest.update(block)
                        file.write(block)
                    file.seek(0)
                    file.write(digest.digest())
            except PermissionError:
                if os.name != "nt" or not path.exists():
                    raise  # Windows can't replace a file that is being read, but that file has the same bytes

    def scratch(self) -> ScratchFile:
        """A temporary file on the cache's disk for data too large for memory. It is deleted with the object."""
        with self._translated_write_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            return ScratchFile(tempfile.TemporaryFile(dir=self.folder), self._translated_write_errors)

    def _open(self, path: Path) -> BinaryIO | None:
        """Open an entry's file and note its use. None if there is none."""
        try:
            file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115 - Path.open takes no opener
        except FileNotFoundError:
            return None
        except IsADirectoryError as error:
            try:
                path.rmdir()
            except OSError:  # it isn't empty, so it isn't ours to remove
                raise _read_error(error) from error
            return None
        except OSError as error:
            raise _read_error(error) from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            _discard_damaged(path, file)
        elif self._note_use(path, file):
            return file
        file.close()
        return None

    def _note_use(self, path: Path, file: BinaryIO) -> bool:
        """Note that an entry, opened as `file`, is used now. False if it was collected meanwhile."""
        age_s = time.time() - os.fstat(file.fileno()).st_mtime
        if 0 <= age_s < NOTE_USE_EVERY_S:
            return True
        try:
            with locked(lock_path(self.folder)):
                os.utime(path)
        except FileNotFoundError:
            return False
        except OSError:  # a read-only cache: the collector may miss this use
            pass
        return True

    @contextmanager
    def _translated_write_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _write_error(error, self.folder) from error

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / f"{key}{SUFFIX}"


def _open_at_once(path: str, flags: int) -> int:
    """Open a file, for `open`. What lies in its place may be a pipe, to which nobody ever writes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class CacheFile:
    """The bytes of `file` from `start` on, read by position. Safe for threads."""

    def __init__(self, file: BinaryIO, start: int = 0) -> None:
        self._file, self._start = file, start
        self._lock = threading.Lock()  # a file has one position, and not every system can read without moving it
        weakref.finalize(self, file.close)

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size - self._start

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill `buffer` with the bytes from `offset` on. Raises TrackError if the file is too short."""
        try:
            with self._lock:
                self._file.seek(self._start + offset)
                got = self._file.readinto(buffer)  # type: ignore[attr-defined]
        except OSError as error:
            raise _read_error(error) from error
        if got != len(buffer):
            raise TrackError("a file of the cache ended too early", hint="build again; check the disk if it recurs")

    def is_whole(self, kind: str, key: str) -> bool:
        """Whether the digest stored just before `start` matches the content, kind and key."""
        try:
            self._file.seek(self._start - DIGEST_BYTES)
            stored = self._file.read(DIGEST_BYTES)
            digest = _new_digest(kind, key)
            while block := self._file.read(_BLOCK_BYTES):
                digest.update(block)
        except OSError as error:
            raise _read_error(error) from error
        return digest.digest() == stored


class ScratchFile(CacheFile):
    """A nameless file to write and read by position. Bytes never written are zeros."""

    def __init__(self, file: BinaryIO, writing: Callable[[], AbstractContextManager[None]]) -> None:
        super().__init__(file)
        self._translated_write_errors = writing

    def write(self, offset: int, data: bytes | memoryview) -> None:
        with self._translated_write_errors(), self._lock:
            self._file.seek(self._start + offset)
            self._file.write(data)
            self._file.flush()

    def resize(self, size: int) -> None:
        with self._translated_write_errors(), self._lock:
            self._file.truncate(self._start + size)


def _new_digest(kind: str, key: str) -> hashlib._Hash:
    """The digest of an entry, before its content. It includes kind and key, so a misplaced entry doesn't match."""
    return hashlib.sha256(f"{kind}/{key}\n".encode())


def remove_damaged(path: Path, file: BinaryIO) -> None:
    """Remove a damaged entry, opened as `file`, unless another process has replaced it. Raises OSError."""
    with suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            path.unlink()


def _discard_damaged(path: Path, file: BinaryIO) -> None:
    try:
        remove_damaged(path, file)
    except OSError as error:
        log.warning("a damaged cache entry is made again, but can't be removed (%s): %s", error.strerror, path)
    else:
        log.warning("a damaged cache entry was removed and is made again: %s", path.name)


def _read_error(error: OSError) -> SleepwardError:
    return shortage(error) or InputError(
        f"the cache can't be read: {error}", hint="give --no-cache, or repair the folder"
    )


def _write_error(error: OSError, folder: Path) -> SleepwardError:
    if error.errno in FULL_DISK:
        hint = "make room, for example with `sleepward cache gc --max-size 500MB`, and run it again: what is done stays"
        return TrackError(f"the cache can't grow: {error.strerror}", where=str(folder), hint=hint)
    return shortage(error) or InputError(
        f"the cache can't be written: {error}",
        hint="give --no-cache, or set SLEEPWARD_CACHE_DIR to a folder that can be written",
    )


@contextmanager
def whole_file(
    path: Path, *, durable: bool = True, check: Callable[[Path], object] = lambda part: None
) -> Iterator[BinaryIO]:
    """Write a file that appears at `path` only if the block succeeds. Until then it is a `.part` file beside it.

    `durable` waits for the disk, so that not even a power cut leaves half a file. `check` is called with the finished
    part, and raises if it is faulty.
    """
    remove_abandoned_parts(path.parent)
    with new_part(path) as (part, file):
        try:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            if os.name == "nt":
                file.close()  # Windows can't rename an open file; elsewhere the lock on it is still needed
            check(part)
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
