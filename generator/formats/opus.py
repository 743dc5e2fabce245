"""opus in Ogg, with Vorbis comments: RFC 3533, RFC 7845.

An opus has no room for tags before its sound. ffmpeg writes them first, so a long file isn't written twice.
"""

from __future__ import annotations

import base64
import struct
import zlib
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from .container import BrokenFileError
from .ffmetadata import ffmetadata
from .sound import TrackSound
from .streamed import StreamedContainer
from .tags import Tags
from .vorbis import comments, picture_of, tags_in

PICTURE_NAME = "METADATA_BLOCK_PICTURE"  # https://wiki.xiph.org/VorbisComment#Cover_art
_ENCODER = "encoder=Lavc libopus"  # ffmpeg writes it when it encodes, but not when it copies

_PAGE_HEAD = struct.Struct("<4sBBqIIIB")  # capture, version, flags, granule, serial, number, check sum, segments
_CHECKSUM_AT = 22
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
        """Does nothing: ffmpeg has written all tags."""

    def parse_tags(self, path: Path) -> Tags | None:
        tags = import_module("mutagen.oggopus").OggOpus(path).tags
        return tags_in(tags, _cover(tags.get(PICTURE_NAME, [])))

    def count_samples(self, file: BinaryIO, file_bytes: int) -> int:
        pre_skip = granule = last_flags = number = 0
        while head := file.read(_PAGE_HEAD.size):
            capture, version, flags, page_granule, _serial, page_number, checksum, segments = _PAGE_HEAD.unpack(head)
            if (capture, version, page_number) != (b"OggS", 0, number):
                raise BrokenFileError(f"page {number} doesn't begin where the one before ends")
            lacing = file.read(segments)
            body = file.read(sum(lacing))
            if len(lacing) < segments or len(body) < sum(lacing):
                raise BrokenFileError(f"page {number} is cut off")
            if _ogg_checksum(head[:_CHECKSUM_AT] + bytes(4) + head[_CHECKSUM_AT + 4 :] + lacing + body) != checksum:
                raise BrokenFileError(f"the check sum of page {number} isn't the one it was written with")
            if number == 0:
                name, pre_skip = struct.unpack_from("<8s2xH", body)
                if name != b"OpusHead":
                    raise BrokenFileError("it isn't opus")
            if last_flags & _LAST_PAGE:
                raise BrokenFileError(f"page {number} comes after the end")
            granule = max(granule, page_granule)
            last_flags = flags
            number += 1
        if not last_flags & _LAST_PAGE:
            raise BrokenFileError(f"it ends after page {number - 1}, which isn't the last")
        return granule - pre_skip


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
