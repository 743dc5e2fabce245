"""Where a track goes and in which format, by -o and --format; and a file that appears there only when it is whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import BinaryIO

from ..errors import FULL_DISK, InputError, TrackError, shortage
from ..formats import Container, container_named
from ..settings import FORMATS
from ..storage.cache import whole_file
from ..system.symlinks import is_outside
from ..workspace.script_sources import STDIN_NAME

OUTPUT_FOLDER = Path("output")


def suffix_of(out: str | None) -> str | None:
    """The format that the suffix of -o names, if any."""
    container = container_named((out or "").lower())
    return None if container is None else container.name


def requested_format(out: str | None, given: str | None) -> str | None:
    """The format that -o or --format asks for. Raises InputError if they differ."""
    suffix = suffix_of(out)
    if out and suffix and given not in (None, suffix):
        what = f"-o asks for .{suffix}, but --format for {given}"
        raise InputError(what, hint=f"leave --format out, or write -o {Path(out).with_suffix('')}.{given}")
    return given or suffix


def track_path(out: str | None, name: str, format: str) -> Path:  # noqa: A002  # the setting's name
    """The path of a track. `out` is a file of that format or a folder. Raises InputError for anything else."""
    if out is None:
        return _inside(OUTPUT_FOLDER, f"{name}.{format}")
    path = Path(out)
    with _translate_os_errors(path):
        is_folder = out.endswith(("/", os.sep)) or path.is_dir()
        is_special = path.exists() and not path.is_file()
    if is_folder:
        return _inside(path, f"{name}.{format}")
    if path.suffix.lower() != f".{format}":
        raise InputError(
            f"a track is a file {', '.join(f'.{known}' for known in FORMATS[:-1])} or .{FORMATS[-1]}",
            where=f"-o {out}",
            hint=f"write {path.with_suffix(f'.{format}')}, or {out}/ for a folder",
        )
    if is_special:
        raise InputError("this is no regular file, and would be replaced", where=f"-o {out}", hint="choose another")
    return path


def may_exist(out: str | None, source: str) -> bool:
    """Whether a track of `source` may be at its path already, as far as its name tells before it is read.

    It may for a script on standard input, whose track may have any name.
    """
    try:
        if out is not None and suffix_of(out):
            return Path(out).exists()
        return source == STDIN_NAME or any(Path(out or OUTPUT_FOLDER).glob(f"{escape(Path(source).stem)}*"))
    except OSError:  # it is told where the file is opened
        return True


def _inside(folder: Path, name: str) -> Path:
    """The file called `name` in `folder`. Raises InputError if a link leads from there out of the folder."""
    path = folder / name
    if is_outside(path, folder):
        hint = "delete the link, or choose another place with -o"
        raise InputError(f"a link leads out of {folder} here", where=str(path), hint=hint)
    return path


@contextmanager
def _translate_os_errors(path: Path) -> Iterator[None]:
    """Turn an OSError for `path` into InputError, or into TrackError if the disk is full or fails."""
    try:
        yield
    except OSError as error:
        if error.errno in (*FULL_DISK, errno.EIO):
            raise TrackError(
                f"writing stopped: {error.strerror}", where=str(path), hint="make room, build again"
            ) from error
        if short := shortage(error):
            raise short from error
        what = f"this can't be written: {error.strerror or error}"
        raise InputError(what, where=str(path), hint="choose another place with -o") from error


@contextmanager
def new_track(path: Path, container: Container) -> Iterator[BinaryIO]:
    """A file that appears at `path`, whole and checked, when the block ends without an error. Makes its folder.

    Raises InputError and TrackError if the system refuses.
    """
    with _translate_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = ""
        try:
            with whole_file(path, check=container.check) as sink:
                part = sink.name
                yield sink
        except TrackError as error:
            if error.where != part:
                raise
            hint = "build again; is there room on the disk, and is ffmpeg the tested one? `sleepward doctor` tells"
            raise TrackError(f"what was written isn't whole: {error.what}", where=str(path), hint=hint) from error
