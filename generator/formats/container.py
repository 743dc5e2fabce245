"""What the rest of the house knows of a container: the protocol that every one of them fulfils."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from ..errors import NotFoundError, TrackError

if TYPE_CHECKING:
    from .sound import TrackSound
    from .tags import Tags


class BrokenFileError(Exception):
    """A file isn't what its container demands; `Container.check` says which file."""


class Container(ABC):
    """A kind of file that a track can be. Each has a module of its own, named like it, which ends in `CONTAINER`.

    `name` is the `format` of the settings and the file's suffix; `magic` is where the file says its kind, and how.
    Where `can_replace_chapters` is False, chapters are written with the sound, and other titles need a new build.
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
        """How large a track becomes, tags aside."""

    @abstractmethod
    def write(self, sink: BinaryIO, sound: TrackSound, tags: Callable[[], Tags] | None = None) -> None:
        """Encode the track into `sink`, a file on the disk; `tags` are asked for when they are needed.

        Memory doesn't grow with the track, but where a container says so. No encoder outlives the call. Raises
        TrackError where the encoder fails.
        """

    def read_tags(self, path: Path) -> Tags | None:
        """The tags of a track of ours, None for any other file. Reads no sound."""
        from mutagen import MutagenError

        try:
            return self.parse_tags(path)
        except (MutagenError, ValueError, struct.error):
            return None

    @abstractmethod
    def parse_tags(self, path: Path) -> Tags | None:
        """The tags, for `read_tags`. Raises MutagenError, ValueError or struct.error where they are damaged."""

    @abstractmethod
    def replace_tags(self, source: Path, sink: BinaryIO, tags: Tags) -> None:
        """Write the track at `source` to `sink`, a file on the disk, with other tags: what building it anew would give.

        The sound is copied, neither decoded nor encoded. Raises TrackError where ffmpeg fails.
        """

    def check(self, path: Path) -> int:
        """Check that a track of ours is whole, without decoding it; its samples at 48 kHz.

        Raises TrackError with what is wrong, NotFoundError where there is no file.
        """
        if not path.is_file():
            raise NotFoundError(f"there is no file {path}")
        with path.open("rb") as file:
            try:
                return self.count_samples(file, path.stat().st_size)
            except (BrokenFileError, ValueError, struct.error, LookupError) as wrong:
                what = f"this {self.name} is broken: {wrong}"
                raise TrackError(what, where=str(path), hint="build the track again") from wrong

    @abstractmethod
    def count_samples(self, file: BinaryIO, file_bytes: int) -> int:
        """The samples of a whole file, for `check`. Raises BrokenFileError, ValueError, struct.error or LookupError."""
