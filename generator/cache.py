"""A content-addressed store of small and large blobs: atomic to write, checked when read."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import InputError

log = logging.getLogger("sleepward")
_DIGEST_BYTES = 32


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
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("sleepward", appauthor=False))


class Cache:
    """Blobs by kind and key below `folder`, or nowhere where `folder` is None (then nothing is ever found)."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, kind: str, key: str) -> memoryview | None:
        """The blob, or None where there is none; one that was damaged is removed, said, and None."""
        path = self._path(kind, key)
        if path is None:
            return None
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

    def put(self, kind: str, key: str, blob: bytes | memoryview) -> None:
        """Keep `blob`; readers see all of it or nothing."""
        path = self._path(kind, key)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path, durable=False) as file:  # the digest tells what a power cut broke
                file.write(hashlib.sha256(blob).digest())
                file.write(blob)
        except OSError as error:
            raise InputError(
                f"the cache can't be written: {error}",
                hint="give --no-cache, or set SLEEPWARD_CACHE_DIR to a folder that can",
            ) from error

    def _path(self, kind: str, key: str) -> Path | None:
        return None if self.folder is None else self.folder / kind / key[:2] / key


@contextmanager
def whole_file(
    path: Path, *, durable: bool = True, check: Callable[[Path], object] = lambda part: None
) -> Iterator[BinaryIO]:
    """A file that appears at `path` only when the block ends well; until then it is beside it, ending in `.part`.

    `durable` waits for the disk, so that not even a power cut leaves half a file; `check` looks at the finished
    part and raises where it isn't right.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        check(part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
