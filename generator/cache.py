"""A content-addressed store of small and large blobs: atomic to write, checked when read."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO

from .errors import InputError

log = logging.getLogger("sleepward")
_DIGEST_BYTES = 32
NAME_CHARACTERS = 100  # of a file's name in its part's: file systems allow 255 bytes
ABANDONED_S = 3_600


def content_key(*parts: object) -> str:
    """A key from everything that makes a thing: its parts as text, each with its length, hashed."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = str(part).encode()
        digest.update(f"{len(encoded)}:".encode() + encoded)
    return digest.hexdigest()


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
    """Blobs by kind and key below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, kind: str, key: str) -> memoryview | None:
        """The blob, or None where there is none; one that was damaged is removed, said, and None."""
        path = self._path(kind, key)
        try:
            stored = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"the cache can't be read: {error}", hint="give --no-cache, or mend the folder") from error
        digest, blob = stored[:_DIGEST_BYTES], memoryview(stored)[_DIGEST_BYTES:]
        if hashlib.sha256(blob).digest() != digest:
            log.warning("a damaged cache entry was removed and is made again: %s", path.name)
            path.unlink(missing_ok=True)
            return None
        return blob

    def put(self, kind: str, key: str, *parts: bytes | memoryview) -> None:
        """Keep a blob, given in `parts`; readers see all of it or nothing."""
        path = self._path(kind, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path, durable=False) as file:  # the digest tells what a power cut broke
                digest = hashlib.sha256()
                for part in parts:
                    digest.update(part)
                file.write(digest.digest())
                file.writelines(parts)
        except OSError as error:
            raise InputError(
                f"the cache can't be written: {error}",
                hint="give --no-cache, or set SLEEPWARD_CACHE_DIR to a folder that can",
            ) from error

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / key


@contextmanager
def whole_file(
    path: Path, *, durable: bool = True, check: Callable[[Path], object] = lambda part: None
) -> Iterator[BinaryIO]:
    """A file that appears at `path` only when the block ends well; until then it is beside it, ending in `.part`.

    `durable` waits for the disk, so that not even a power cut leaves half a file; `check` looks at the finished
    part and raises where it isn't right.
    """
    _sweep(path)
    part = path.with_name(f".{path.name[:NAME_CHARACTERS]}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        check(part)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _sweep(path: Path) -> None:
    """Remove what builds of `path` left that were killed: a living one has written to its part within the hour."""
    for part in path.parent.glob(f".{escape(path.name[:NAME_CHARACTERS])}.*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > ABANDONED_S:
                part.unlink()
