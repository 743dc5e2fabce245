"""Reading the boxes of an MP4 file: ISO/IEC 14496-12."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from .container import BrokenFileError

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of each box's content. Raises BrokenFileError if the boxes don't tile `start` to `end`."""
    at = start
    while at < end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", file.read(8))[0], 16
        if size < head or at + size > end:
            raise BrokenFileError(f"its {name.decode(errors='replace')} at byte {at} is cut off")
        yield name, at + head, at + size
        at += size


def leaves(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """(name, body) of the boxes that hold no other boxes, without the tags. They describe the sound."""
    for name, inner_start, inner_end in boxes(file, start, end):
        if name in _PARENTS:
            yield from leaves(file, inner_start, inner_end)
        elif name != b"udta":
            file.seek(inner_start)
            yield name, file.read(inner_end - inner_start)
