"""Reading and appending chunks of a wav: RIFF, or above 4 GB RF64, whose sizes have 64 bits (EBU Tech 3306)."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_IN_DS64 = 0xFFFFFFFF  # the size stands in the ds64 chunk
_RIFF_SIZE_AT = 4
_DS64_RIFF_SIZE_AT = 20
_FIRST_CHUNK_AT = 12


@dataclass(frozen=True, slots=True)
class RiffChunk:
    """A chunk's content: `size` bytes from byte `start` of the file, without header and padding."""

    name: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where the next chunk begins."""
        return self.start + self.size + self.size % 2


def riff_end(file: BinaryIO) -> int:
    """Where the file should end, by the size in its header. Raises ValueError if it isn't a wav."""
    file.seek(0)
    head = file.read(_DS64_RIFF_SIZE_AT + 8)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        raise ValueError("it isn't a wav")
    if head[:4] == b"RF64":
        return 8 + int(struct.unpack_from("<Q", head, _DS64_RIFF_SIZE_AT)[0])
    return 8 + int(struct.unpack_from("<I", head, _RIFF_SIZE_AT)[0])


def chunks(file: BinaryIO) -> Iterator[RiffChunk]:
    """All chunks, up to one that is cut off. Raises ValueError if the file isn't a wav."""
    end = min(riff_end(file), file.seek(0, io.SEEK_END))
    at, data_size = _FIRST_CHUNK_AT, None
    while at < end:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = struct.unpack("<4sI", head)
        if name == b"ds64":
            data_size = struct.unpack("<8xQ", file.read(16))[0]
        if name == b"data" and size == _IN_DS64 and data_size is not None:
            size = data_size
        chunk = RiffChunk(name, at + 8, size)
        yield chunk
        at = chunk.end


def append_chunk(file: BinaryIO, name: bytes, content: bytes) -> None:
    """Add a chunk at the end, and update the size in the file's header. Raises ValueError if it isn't a wav."""
    content += b"\0" * (len(content) % 2)
    end = riff_end(file)
    file.seek(end)
    file.write(name + struct.pack("<I", len(content)) + content)
    file.seek(0)
    is_long = file.read(4) == b"RF64"
    file.seek(_DS64_RIFF_SIZE_AT if is_long else _RIFF_SIZE_AT)
    file.write(struct.pack("<Q" if is_long else "<I", end + len(content)))
