"""Which files of a library's folder others may see: its tracks, and what publishing made beside them. No others."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ...errors import InputError
from ...formats import container_named
from ..folder import FolderStore
from ..manifest import FILE_NAME as MANIFEST_NAME
from ..manifest import parse_manifest
from . import record
from .record import parse_record

_Stamp: TypeAlias = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file as it is now. `mime_type` is that of a track, and empty for the others."""

    path: Path
    stat: os.stat_result
    mime_type: str


class ShownFiles:
    """The files of the library in `folder` by their names. Its lists are read again when they change."""

    def __init__(self, folder: Path) -> None:
        self._store = FolderStore(folder)
        self._stamps: tuple[_Stamp, _Stamp] | None = None
        self._types: Mapping[str, str] = {}

    def find(self, name: str) -> ShownFile | None:
        """The file of exactly this name; None if the lists don't have it, it isn't there, or a link leads out."""
        mime_type = self._names().get(name)
        if mime_type is None:
            return None
        try:
            path = self._store.path_of(name)
            found = path.stat()
        except (InputError, OSError):
            return None
        return ShownFile(path, found, mime_type) if stat.S_ISREG(found.st_mode) else None

    def _names(self) -> Mapping[str, str]:
        stamps = (self._stamp(MANIFEST_NAME), self._stamp(record.FILE_NAME))
        if stamps != self._stamps:
            root = self._store.root
            manifest = parse_manifest(self._store.read(MANIFEST_NAME), str(root / MANIFEST_NAME))
            made = parse_record(self._store.read(record.FILE_NAME), str(root / record.FILE_NAME))
            tracks = {name: container.mime_type for name in manifest.tracks if (container := container_named(name))}
            self._types = {**dict.fromkeys(made.files, ""), **tracks}
            self._stamps = stamps
        return self._types

    def _stamp(self, name: str) -> _Stamp:
        try:
            found = (self._store.root / name).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
