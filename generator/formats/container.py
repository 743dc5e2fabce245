"""The interface of a container. The rest of the code knows nothing else of it."""

from __future__ import annotations

import hashlib
import io
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from ..errors import NotFoundError, TrackError
from ..values import path_test
from .tags import COPY_BYTES

if TYPE_CHECKING:
    from .sound import TrackSound
    from .tags import Tags


DAMAGES = (ValueError, struct.error, LookupError, ArithmeticError, RecursionError)
"""What reading raises for sizes, times and texts that no whole file has."""


MAX_TAG_BYTES = 64_000_000
"""The most that is read of a file for its tags. A cover has 5 MB at most, and the plan of a whole day some more."""


class BrokenFileError(Exception):
    """A file breaks the rules of its container. `Container.check` adds the path."""


class Container(ABC):
    """A file format for tracks. Each has a module of the same name, which defines `CONTAINER`.

    `name` is the `format` of the settings and the file's suffix. `magic` is a byte offset and the bytes found there.
    If `can_replace_chapters` is False, chapters are written together with the sound, and new titles need a new build.
    """

    name: ClassVar[str]
    mime_type: ClassVar[str]
    magic: ClassVar[tuple[int, bytes]]
    lossless: ClassVar[bool] = False
    can_replace_chapters: ClassVar[bool] = True

    @property
    def suffix(self) -> str:
        return f".{self.name}"

    @abstractmethod
    def estimate_bytes(self, duration_ms: int, bitrate_kbps: int) -> int:
        """The size of a track without its tags."""

    @abstractmethod
    def write(self, sink: BinaryIO, sound: TrackSound, tags: Callable[[], Tags] | None = None) -> None:
        """Encode the track into `sink`, a new file on the disk. `tags` is called when the tags are needed.

        The file also gets the digest of its sound.
        Memory doesn't grow with the track, unless the container says so. No encoder outlives the call. Raises
        TrackError if the encoder fails.
        """

    def read_tags(self, path: Path) -> Tags | None:
        """The tags of a track that sleepward made, None for any other file. Reads no sound."""
        from mutagen import MutagenError

        try:
            with _TagReader(io.FileIO(path)) as file:
                return self.parse_tags(file)
        except (BrokenFileError, MutagenError, *DAMAGES):
            return None

    @abstractmethod
    def parse_tags(self, file: BinaryIO) -> Tags | None:
        """The tags, for `read_tags`. Raises BrokenFileError, MutagenError or one of DAMAGES if they are damaged."""

    @abstractmethod
    def replace_tags(self, source: Path, sink: BinaryIO, tags: Tags) -> None:
        """Write the track at `source` to `sink`, a file on the disk, with new tags. A new build gives the same bytes.

        If the tags have no digest of the sound, they get one.
        The sound is copied, neither decoded nor encoded. Raises TrackError if ffmpeg fails.
        """

    def sound_sha256(self, path: Path) -> str:
        """The digest of a track's encoded sound, which `replace_tags` leaves alone. Raises the errors of `check`."""
        digest = hashlib.sha256()
        with self._reading(path) as file:
            for start, end in self.sound_parts(file, path.stat().st_size):
                file.seek(start)
                left = end - start  # it may be more than the file has
                while left > 0 and (part := file.read(min(COPY_BYTES, left))):
                    digest.update(part)
                    left -= len(part)
        return digest.hexdigest()

    @abstractmethod
    def sound_parts(self, file: BinaryIO, file_bytes: int) -> Iterator[tuple[int, int]]:
        """Where the encoded sound lies: (start, end) of each part, in bytes. The file may be read between two parts.

        Raises the errors of `count_samples`.
        """

    def check(self, path: Path) -> int:
        """Check that a track is whole, without decoding it. Returns its number of samples at 48 kHz.

        Raises TrackError with what is wrong, NotFoundError if there is no file.
        """
        with self._reading(path) as file:
            return self.count_samples(file, path.stat().st_size)

    @contextmanager
    def _reading(self, path: Path) -> Iterator[BinaryIO]:
        if not path_test(path.is_file):
            raise NotFoundError(f"there is no file {path}")
        with path.open("rb") as file:
            try:
                yield file
            except (BrokenFileError, *DAMAGES) as wrong:
                what = f"this {self.name} is broken: {wrong}"
                raise TrackError(what, where=str(path), hint="build the track again") from wrong

    @abstractmethod
    def count_samples(self, file: BinaryIO, file_bytes: int) -> int:
        """The number of samples of a whole file, for `check`.

        Raises BrokenFileError or one of DAMAGES if the file isn't whole.
        """


class _TagReader(io.BufferedReader):
    """A file whose tags are read. Raises BrokenFileError after MAX_TAG_BYTES, whatever sizes the file claims."""

    _left = MAX_TAG_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left if size is None or size < 0 else size
        if wanted > self._left:
            raise BrokenFileError(f"it has more than {MAX_TAG_BYTES // 1_000_000} MB of tags")
        found = super().read(wanted)
        self._left -= len(found)
        return found
