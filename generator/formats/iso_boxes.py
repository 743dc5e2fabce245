"""Reading the boxes of an MP4 file: ISO/IEC 14496-12."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from .container import BrokenFileError

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")
_MAX_DEPTH = 8  # a track's sizes lie in five boxes


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


def leaves(file: BinaryIO, start: int, end: int, depth: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """(name, body) of the boxes that hold no other boxes, without the tags. They describe the sound.

    Raises BrokenFileError for boxes that lie too deep in others.
    """
    if depth > _MAX_DEPTH:
        raise BrokenFileError(f"its boxes lie in each other more than {_MAX_DEPTH} deep")
    for name, inner_start, inner_end in boxes(file, start, end):
        if name in _PARENTS:
            yield from leaves(file, inner_start, inner_end, depth + 1)
        elif name != b"udta":
            file.seek(inner_start)
            yield name, file.read(inner_end - inner_start)
