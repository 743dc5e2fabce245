"""A folder of this machine as the place where tracks go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import TrackError
from ..formats import tagging
from ..settings import FORMATS
from ..storage.cache import whole_file


@dataclass(frozen=True, slots=True)
class Folder:
    """A `work.Store`: tracks lie below `root`, at their names."""

    root: Path

    def path_of(self, name: str) -> Path | None:
        return self.root / name

    def put(self, name: str, path: str, key: str) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as sink, Path(path).open("rb") as made:
            shutil.copyfileobj(made, sink)
        Path(path).unlink()

    def fetch(self, name: str, path: str) -> None:
        shutil.copyfile(self.root / name, path)

    def key_of(self, name: str) -> str | None:
        path = self.root / name
        format_ = next((known for known in FORMATS if path.suffix == f".{known}"), None)
        if format_ is None or not path.is_file():
            return None
        try:
            tags = tagging.read_tags(path)
            tagging.check_whole(path, format_)
        except (TrackError, OSError):
            return None
        return None if tags is None else tags.key

    def remove(self, name: str) -> None:
        """The file, and the folders that it leaves empty; nothing outside `root`, wherever links lead."""
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()):
            return
        path.unlink(missing_ok=True)
        for parent in PurePosixPath(name).parents:
            if parent.name:
                with suppress(OSError):  # something else is in it
                    (self.root / parent).rmdir()

    def stamps(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                if name.startswith(".") or not name.endswith(tuple(f".{known}" for known in FORMATS)):
                    continue
                path = Path(folder, name)
                with suppress(OSError):  # gone meanwhile
                    stat = path.stat()
                    found[path.relative_to(self.root).as_posix()] = f"{stat.st_size} {stat.st_mtime_ns}"
        return found

    def read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as sink:
            sink.write(content)
