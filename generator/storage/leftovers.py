"""Temporary files and folders of ours. A killed process leaves them behind, and a later one removes them.

Whoever makes one holds a lock on it until it is done. The system releases the lock when the process ends, so what isn't
locked is abandoned. Where there are no locks, age tells: a running build writes to its files at least once an hour.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..errors import TrackError, shortage
from .locks import is_free

ABANDONED_S = 3_600
_NAME_CHARACTERS = 100  # kept of a file's name in the name of its part: file systems allow 255 bytes
_PART = re.compile(r"\..+\.[0-9a-f]{16}\.part")
_FOLDER = re.compile(r"sleepward-[a-z]+-\w{8}")
_IN_USE = "in-use"  # the file in each temporary folder that is locked


# --- parts of files ------------------------------------------------------------------------------------


@contextmanager
def new_part(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new `.part` file beside `path`, open for writing, which no other process takes for abandoned."""
    while True:
        part = path.with_name(f".{path.name[:_NAME_CHARACTERS]}.{secrets.token_hex(8)}.part")
        with part.open("xb") as file:
            if _is_held(file):
                yield part, file
                return


def remove_abandoned_parts(folder: Path) -> None:
    """Remove the parts that killed builds left in `folder`."""
    with suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208  # Paths and glob take long: it is done for every file
            if name.endswith(".part") and _PART.fullmatch(name):
                remove_abandoned(folder / name)


def is_abandoned(path: Path) -> bool:
    """Whether no process writes to the part `path` any more."""
    with _if_abandoned(path) as abandoned:
        return abandoned


def remove_abandoned(path: Path) -> bool:
    """Remove the part `path` if no process writes to it any more. False if it stays."""
    with _if_abandoned(path) as abandoned:
        if abandoned:
            with suppress(OSError):
                path.unlink()
                return True
    return False


def _is_held(file: BinaryIO) -> bool:
    """Lock a new file. False if it has just been taken for abandoned and removed."""
    with suppress(OSError):  # there are no locks: age tells
        return is_free(file) and bool(os.fstat(file.fileno()).st_nlink)
    return True


@contextmanager
def _if_abandoned(path: Path) -> Iterator[bool]:
    """Whether nobody holds the file `path`. Nobody else can hold or remove it within the block."""
    if path.is_symlink() or not path.is_file():  # opening a pipe would wait
        yield False
        return
    try:
        file = path.open("rb")
    except OSError:
        yield False
        return
    with file:
        try:
            free = is_free(file)
        except OSError:
            free = time.time() - os.fstat(file.fileno()).st_mtime > ABANDONED_S
        yield free


# --- temporary folders ---------------------------------------------------------------------------------


class TemporaryFolder:
    """A folder for temporary files, removed by `close`. As a context manager it gives its path.

    `kind` is a word for its name. Making one raises TrackError if there is no room for it.
    """

    def __init__(self, kind: str) -> None:
        with temporary_writes():
            self._make(kind)

    def _make(self, kind: str) -> None:
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=f"sleepward-{kind}-"))
            self._in_use = (self.path / _IN_USE).open("xb")
            if _is_held(self._in_use):
                return
            self.close()

    def close(self) -> None:
        self._in_use.close()
        _remove_folder(self.path)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def temporary_writes() -> Iterator[None]:
    """Turn an OSError into TrackError. Only temporary files may be written in the block."""
    try:
        yield
    except OSError as error:
        raise shortage(error) or temporary_folder_full(error.strerror or str(error)) from error


def temporary_folder_full(reason: str) -> TrackError:
    """The error where the folder for temporary files can't be written."""
    named = next((os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if name in os.environ), None)
    hint = "make room there, or set TMPDIR to a folder on another disk"
    return TrackError(f"no temporary file can be written: {reason}", where=tempfile.tempdir or named, hint=hint)


def remove_abandoned_folders() -> None:
    """Remove this user's temporary folders whose processes were killed."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as found:
        for each in found:
            if _FOLDER.fullmatch(each.name) and each.is_dir(follow_symlinks=False) and _is_own(each):
                _remove_abandoned_folder(Path(each.path))


def _is_own(entry: os.DirEntry[str]) -> bool:
    return not hasattr(os, "getuid") or entry.stat(follow_symlinks=False).st_uid == os.getuid()


def _remove_abandoned_folder(folder: Path) -> None:
    with suppress(OSError):
        in_use = folder / _IN_USE
        unlocked_s = 0.0 if in_use.exists() else time.time() - folder.stat().st_mtime
        if unlocked_s > ABANDONED_S or remove_abandoned(in_use):
            _remove_folder(folder)


def _remove_folder(folder: Path) -> None:
    """Remove a folder and what is in it. If something can't be removed, `in-use` stays, so that a later try is made."""
    with suppress(OSError):
        for each in folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            elif each.name != _IN_USE:
                each.unlink(missing_ok=True)
        if not any(each.name != _IN_USE for each in folder.iterdir()):
            (folder / _IN_USE).unlink(missing_ok=True)
            folder.rmdir()
