"""The starter files of `sleepward init`, and writing them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import FULL_DISK, InputError, TrackError

_FILES = Path(__file__).parent / "starter_files"


def starter_files() -> dict[str, str]:
    """The text of each starter file by its path in the folder. The schemas are those of this version."""
    from ..definition.schema import schema_text

    own = {path.relative_to(_FILES).as_posix(): path for path in sorted(_FILES.rglob("*")) if path.is_file()}
    texts = {name: path.read_text(encoding="utf-8") for name, path in own.items()}
    return texts | {"schemas/library.json": schema_text("library"), "schemas/routine.json": schema_text("routine")}


def write_new(folder: Path, texts: Mapping[str, str]) -> None:
    """Create `folder` and write all texts below it, or none if one exists already or can't be written.

    Raises InputError, and TrackError if the disk is full.
    """
    there = [str(folder / name) for name in texts if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        hint = "choose another folder, or move these away; nothing was written"
        raise InputError(f"there is already {', '.join(there)}", hint=hint)
    made: list[Path] = []
    try:
        for name, text in texts.items():
            path = folder / name
            _make_folders(path.parent, made)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                made.append(path)
                file.write(text)
    except BaseException as error:
        _undo(made)
        if isinstance(error, OSError):
            raise _refused(error, folder) from error
        raise


def _make_folders(folder: Path, made: list[Path]) -> None:
    if not folder.is_dir():
        _make_folders(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _undo(made: list[Path]) -> None:
    """Remove what was created, the last first. A folder into which something else was put stays."""
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _refused(error: OSError, folder: Path) -> InputError | TrackError:
    what = f"this can't be written: {error.strerror or error}; nothing is left of it"
    if error.errno in FULL_DISK:
        return TrackError(what, where=str(folder), hint="make room, and run it again")
    return InputError(what, where=str(error.filename or folder), hint="choose another folder")
