"""A track store in a folder of this machine."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import InputError, TrackError
from ..formats import container_named, read_tags
from ..storage.cache import whole_file
from ..system.symlinks import is_outside


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A `TrackStore`: tracks lie below `root` at their names. `root` may be a link; links below it may not lead out."""

    root: Path

    def path_of(self, name: str) -> Path:
        """Raises InputError if a link leads out of `root`: files there don't belong to the library."""
        path = self.root / name
        if is_outside(path, self.root):
            hint = "delete the link, or name another folder with -o"
            raise InputError(f"a link leads out of {self.root} here", where=str(path), hint=hint)
        return path

    def put(self, name: str, path: str, key: str) -> None:
        target = self.path_of(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as sink, Path(path).open("rb") as made:
            shutil.copyfileobj(made, sink)
        Path(path).unlink()

    def fetch(self, name: str, path: str) -> None:
        shutil.copyfile(self.path_of(name), path)

    def key_of(self, name: str) -> str | None:
        path = self.root / name
        container = container_named(name)
        if container is None or is_outside(path, self.root) or not path.is_file():
            return None
        try:
            tags = read_tags(path)
            container.check(path)
        except (TrackError, OSError):
            return None
        return None if tags is None else tags.key

    def remove(self, name: str) -> None:
        """Remove the file and the folders that become empty. Nothing outside `root` is removed through a link."""
        path = self.root / name
        if is_outside(path, self.root):
            return
        path.unlink(missing_ok=True)
        for parent in PurePosixPath(name).parents:
            if parent.name:
                with suppress(OSError):  # it isn't empty
                    (self.root / parent).rmdir()

    def stamps(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                if name.startswith(".") or container_named(name) is None:
                    continue
                path = Path(folder, name)
                with suppress(OSError):  # removed meanwhile
                    stat = path.stat()
                    found[path.relative_to(self.root).as_posix()] = f"{stat.st_size} {stat.st_mtime_ns}"
        return found

    def read(self, name: str) -> bytes | None:
        try:
            return self.path_of(name).read_bytes()
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            raise

    def write(self, name: str, content: bytes, *, durable: bool = True) -> None:
        """Write a small file atomically. `durable` waits for the disk."""
        path = self.path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, durable=durable) as sink:
            sink.write(content)
