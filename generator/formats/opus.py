"""opus in Ogg, with Vorbis comments: RFC 3533, RFC 7845.

An opus has no room for tags before its sound. ffmpeg writes them first, so a long file isn't written twice; only the
digest of the sound is written over.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from .container import BrokenFileError
from .ffmetadata import ffmetadata
from .sound import TrackSound
from .streamed import StreamedContainer
from .tags import UNKNOWN_SHA256, Tags
from .vorbis import SOUND_SHA256_NAME, comments, picture_of, tags_in

PICTURE_NAME = "METADATA_BLOCK_PICTURE"  # https://wiki.xiph.org/VorbisComment#Cover_art
_ENCODER = "encoder=Lavc libopus"  # ffmpeg writes it when it encodes, but not when it copies

_PAGE_HEAD = struct.Struct("<4sBBqIIIB")  # capture, version, flags, granule, serial, number, check sum, segments
_FLAGS_AT = 5
_CHECKSUM_AT = 22
_GOES_ON = 255  # a piece of this size isn't the last one of its packet
_LAST_PAGE = 4
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Opus(StreamedContainer):
    """Every page has a check sum."""

    name = "opus"
    mime_type = "audio/ogg; codecs=opus"
    magic = (0, b"OggS")
    muxer = "opus"
    codec = ("-c:a", "libopus")

    def encode_args(self, sound: TrackSound) -> list[str]:
        return ["-b:a", f"{sound.bitrate_kbps}k"]

    def copy_args(self, source: Path) -> list[str]:
        return ["-metadata:s:a:0", _ENCODER]

    def metadata(self, tags: Tags) -> str:
        texts = comments(tags)
        if tags.cover:
            texts[PICTURE_NAME] = base64.b64encode(picture_of(tags.cover).write()).decode("ascii")
        return ffmetadata(texts)

    def complete(self, part: Path, tags: Tags) -> None:
        """Write the digest of the sound, which ffmpeg didn't know yet, over the one that stands in for it."""
        with part.open("r+b") as file:
            for page in _pages(file):
                body = page.body.replace(_comment(UNKNOWN_SHA256), _comment(tags.sound_sha256))
                if body != page.body:
                    file.seek(page.start)
                    file.write(replace(page, body=body).with_checksum())
                    break

    def parse_tags(self, file: BinaryIO) -> Tags | None:
        tags = import_module("mutagen.oggopus").OggOpus(file).tags
        return tags_in(tags, _cover(tags.get(PICTURE_NAME, [])))

    def sound_parts(self, file: BinaryIO, file_bytes: int) -> Iterator[tuple[int, int]]:
        """The bodies of the pages after the comments, which end with a page of their own."""
        in_head = 2  # packets that aren't sound
        for page in _pages(file):
            if in_head <= 0:
                yield page.body_start, page.end
                file.seek(page.end)
            in_head -= sum(size < _GOES_ON for size in page.lacing)

    def count_samples(self, file: BinaryIO, file_bytes: int) -> int:
        pre_skip = granule = last_flags = number = 0
        for page in _pages(file):
            if page.with_checksum() != page.head + page.lacing + page.body:
                raise BrokenFileError(f"the check sum of page {number} isn't the one it was written with")
            if number == 0:
                name, pre_skip = struct.unpack_from("<8s2xH", page.body)
                if name != b"OpusHead":
                    raise BrokenFileError("it isn't opus")
            if last_flags & _LAST_PAGE:
                raise BrokenFileError(f"page {number} comes after the end")
            granule = max(granule, page.granule)
            last_flags = page.flags
            number += 1
        if not last_flags & _LAST_PAGE:
            raise BrokenFileError(f"it ends after page {number - 1}, which isn't the last")
        return granule - pre_skip


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that begins at byte `start`. `lacing` has the sizes of the pieces in its `body`."""

    start: int
    head: bytes
    lacing: bytes
    body: bytes

    @property
    def flags(self) -> int:
        return self.head[_FLAGS_AT]

    @property
    def granule(self) -> int:
        return int(_PAGE_HEAD.unpack(self.head)[3])

    @property
    def body_start(self) -> int:
        return self.start + len(self.head) + len(self.lacing)

    @property
    def end(self) -> int:
        return self.body_start + len(self.body)

    def with_checksum(self) -> bytes:
        """The whole page, with the check sum that belongs to it."""
        before, after = self.head[:_CHECKSUM_AT], self.head[_CHECKSUM_AT + 4 :] + self.lacing + self.body
        checksum = _ogg_checksum(before + bytes(4) + after)
        return before + checksum.to_bytes(4, "little") + after


def _pages(file: BinaryIO) -> Iterator[_Page]:
    """The pages from the file's start. Raises BrokenFileError for one that is cut off or doesn't come in its turn."""
    file.seek(0)
    start = number = 0
    while head := file.read(_PAGE_HEAD.size):
        capture, version, _flags, _granule, _serial, page_number, _checksum, segments = _PAGE_HEAD.unpack(head)
        if (capture, version, page_number) != (b"OggS", 0, number):
            raise BrokenFileError(f"page {number} doesn't begin where the one before ends")
        lacing = file.read(segments)
        page = _Page(start, head, lacing, file.read(sum(lacing)))
        if len(lacing) < segments or len(page.body) < sum(lacing):
            raise BrokenFileError(f"page {number} is cut off")
        yield page
        start = page.end
        number += 1


def _comment(sound_sha256: str) -> bytes:
    return f"{SOUND_SHA256_NAME}={sound_sha256}".encode()


def _cover(pictures: list[str]) -> bytes:
    flac = import_module("mutagen.flac")
    try:
        return bytes(flac.Picture(base64.b64decode(pictures[0])).data) if pictures else b""
    except (ValueError, flac.error):  # another program's mistake
        return b""


def _ogg_checksum(page: bytes) -> int:
    """Ogg's CRC-32: zlib's with the bits reversed, a start of 0, and no inversion."""
    mirrored = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED_BITS), "big")


CONTAINER = Opus()
