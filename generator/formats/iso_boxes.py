"""The boxes of which an MP4 file is made: ISO/IEC 14496-12."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from .container import BrokenFileError

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of what each box holds; they tile `start` to `end`, or it is broken."""
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
    """What describes the sound: (name, body) of the boxes that hold no others, the tags left out."""
    for name, inner_start, inner_end in boxes(file, start, end):
        if name in _PARENTS:
            yield from leaves(file, inner_start, inner_end)
        elif name != b"udta":
            file.seek(inner_start)
            yield name, file.read(inner_end - inner_start)
