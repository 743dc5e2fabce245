"""flac, 16 bits, with Vorbis comments: RFC 9639.

ffmpeg leaves room before the sound, and the tags are written there when the file is finished.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from ..model import SAMPLE_RATE
from .container import BrokenFileError
from .streamed import PCM_BYTES_PER_MS, StreamedContainer
from .tags import PADDING_BYTES, Tags
from .vorbis import comments, picture_of, tags_in

SHARE_OF_PCM = 0.4  # of the samples' own size: 0.28 over rain, 0.43 over brown

_COMMENT_BYTES = 5  # a comment's length and its equals sign
_BLOCK_BYTES = 256  # block headers, the vendor's name, a picture's size and type
_MAX_BLOCK_BYTES = (1 << 24) - 1
_READ_BYTES = 1 << 22
_SYNC = b"\xff\xf8"  # a frame of fixed block size
_LONGEST_HEAD = 16
_NUMBER_AT = 4
_RATE_BYTES = {12: 1, 13: 2, 14: 2}  # length of a sample rate that isn't in the table; it follows the frame's number
_SIZE_BYTES = {6: 1, 7: 2}  # length of a block's size; it stands before the sample rate


class Flac(StreamedContainer):
    """Every frame has a check sum, and its header has one more."""

    name = "flac"
    mime_type = "audio/flac"
    magic = (0, b"fLaC")
    lossless = True
    muxer = "flac"
    codec = ("-c:a", "flac", "-sample_fmt", "s16")

    def estimate_bytes(self, duration_ms: int, bitrate_kbps: int) -> int:
        return round(duration_ms * PCM_BYTES_PER_MS * SHARE_OF_PCM)

    def padding_bytes(self, tags: Tags) -> int:
        texts = sum(len(name) + len(text.encode()) + _COMMENT_BYTES for name, text in comments(tags).items())
        return min(texts + len(tags.cover) + _BLOCK_BYTES + PADDING_BYTES, _MAX_BLOCK_BYTES)

    def complete(self, part: Path, tags: Tags) -> None:
        flac = import_module("mutagen.flac").FLAC(part)
        if flac.tags is None:
            flac.add_tags()
        flac.tags.clear()
        flac.tags.extend(comments(tags).items())
        if tags.cover:
            flac.add_picture(picture_of(tags.cover))
        flac.save(padding=lambda room: room.padding if room.padding >= 0 else PADDING_BYTES)

    def parse_tags(self, file: BinaryIO) -> Tags | None:
        flac = import_module("mutagen.flac").FLAC(file)
        cover = next((bytes(picture.data) for picture in flac.pictures), b"")
        return tags_in(flac.tags or {}, cover)

    def sound_parts(self, file: BinaryIO, file_bytes: int) -> Iterator[tuple[int, int]]:
        _stream_info(file)
        yield file.tell(), file_bytes

    def count_samples(self, file: BinaryIO, file_bytes: int) -> int:
        """Check every frame's header, by its number and check sum, and the last frame's own check sum."""
        block_samples, longest_frame, total = _stream_info(file)
        window, at = file.read(_READ_BYTES), 0
        for number in range(-(-total // block_samples)):
            while (begin := _find_frame(window, at, number)) < 0:
                more = file.read(_READ_BYTES)
                if not more or len(window) - at > longest_frame + _LONGEST_HEAD:
                    raise BrokenFileError(f"the frame at {number * block_samples / SAMPLE_RATE:.3f} s is missing")
                window, at = window[at:] + more, 0
            if number == 0 and begin:
                raise BrokenFileError("something lies before its first frame")
            at = begin
        last = window[at:] + file.read(_READ_BYTES)
        if _crc(last[:-2], _CRC_16, 16) != int.from_bytes(last[-2:], "big"):
            raise BrokenFileError("its last frame is cut off")
        return total


def _stream_info(file: BinaryIO) -> tuple[int, int, int]:
    """Samples of a block, bytes of the longest frame, samples in all. Leaves `file` at its first frame."""
    if file.read(4) != b"fLaC":
        raise BrokenFileError("it isn't a flac")
    info = b""
    is_last = False
    while not is_last:
        kind, size = struct.unpack(">B3s", file.read(4))
        is_last = kind >= 128
        body = file.read(int.from_bytes(size, "big"))
        info = body if kind & 127 == 0 else info
    block_samples = int.from_bytes(info[2:4], "big")
    longest_frame = int.from_bytes(info[7:10], "big")
    total = int.from_bytes(info[13:18], "big") & (1 << 36) - 1
    if not block_samples or not total:
        raise BrokenFileError("it was never finished")
    return block_samples, longest_frame, total


def _find_frame(window: bytes, start: int, number: int) -> int:
    """Where frame `number` begins, at `start` or later; -1 if it isn't in the window."""
    coded = chr(number).encode("utf-8", "surrogatepass")  # as flac writes it: 24 h need 900,000 of 1,114,112
    at = window.find(_SYNC, start)
    while at >= 0:
        if window.startswith(coded, at + _NUMBER_AT):
            kinds = window[at + 2]
            end = at + _NUMBER_AT + len(coded) + _SIZE_BYTES.get(kinds >> 4, 0) + _RATE_BYTES.get(kinds & 15, 0)
            if end < len(window) and _crc(window[at:end], _CRC_8, 8) == window[end]:
                return at
        at = window.find(_SYNC, at + 1)
    return -1


def _crc_table(polynomial: int, bits: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = crc << 1 ^ (polynomial if crc >> bits - 1 else 0)
        table.append(crc & (1 << bits) - 1)
    return tuple(table)


_CRC_8 = _crc_table(0x107, 8)
_CRC_16 = _crc_table(0x18005, 16)


def _crc(data: bytes, table: tuple[int, ...], bits: int) -> int:
    """A check sum that begins with 0, most significant bit first."""
    crc = 0
    mask = (1 << bits) - 1
    for byte in data:
        crc = (crc << 8 ^ table[crc >> bits - 8 ^ byte]) & mask
    return crc


CONTAINER = Flac()
