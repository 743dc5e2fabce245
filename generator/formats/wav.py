"""wav: 16-bit PCM in RIFF chunks, with an ID3 tag in one of them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..model import SAMPLE_RATE
from .container import MAX_TAG_BYTES, BrokenFileError
from .ffmetadata import ffmetadata
from .id3 import id3_tag, read_id3
from .riff import append_chunk, chunks, riff_end
from .sound import TrackSound
from .streamed import PCM_BYTES_PER_MS, PCM_SAMPLE_BYTES, StreamedContainer
from .tags import Tags

ID3_CHUNK = b"id3 "
LONG_BYTES = 2**32 - 2**26  # a longer file is RF64, with 64-bit sizes; a shorter one has room for its tags below 4 GB
_TEXTS = ("title", "album", "artist", "genre", "comment")  # RIFF has its own texts for these
_PCM_16_STEREO = struct.pack("<HHIIHH", 1, 2, SAMPLE_RATE, SAMPLE_RATE * 4, 4, 16)


class Wav(StreamedContainer):
    """A wav has no check sums, so only the sizes inside it are checked."""

    name = "wav"
    mime_type = "audio/wav"
    magic = (8, b"WAVE")
    lossless = True
    muxer = "wav"
    codec = ("-c:a", "pcm_s16le")

    def estimate_bytes(self, duration_ms: int, bitrate_kbps: int) -> int:
        return duration_ms * PCM_BYTES_PER_MS

    def encode_args(self, sound: TrackSound) -> list[str]:
        return ["-rf64", "always"] if sound.total_samples * PCM_SAMPLE_BYTES > LONG_BYTES else []

    def copy_args(self, source: Path) -> list[str]:
        with source.open("rb") as file:
            return ["-rf64", "always"] if file.read(4) == b"RF64" else []

    def metadata(self, tags: Tags) -> str:
        """RIFF's own texts, for players that read no others."""
        return ffmetadata({name: text for name in _TEXTS if (text := getattr(tags, name))})

    def complete(self, part: Path, tags: Tags) -> None:
        with part.open("r+b") as file:
            append_chunk(file, ID3_CHUNK, id3_tag(tags))

    def parse_tags(self, file: BinaryIO) -> Tags | None:
        for chunk in chunks(file):
            if chunk.name == ID3_CHUNK:
                file.seek(chunk.start)
                return read_id3(io.BytesIO(file.read(min(chunk.size, MAX_TAG_BYTES))))
        return None

    def sound_parts(self, file: BinaryIO, file_bytes: int) -> Iterator[tuple[int, int]]:
        yield from ((chunk.start, chunk.start + chunk.size) for chunk in chunks(file) if chunk.name == b"data")

    def count_samples(self, file: BinaryIO, file_bytes: int) -> int:
        found = {chunk.name: chunk for chunk in chunks(file)}
        end = max((chunk.end for chunk in found.values()), default=0)
        if not end == riff_end(file) == file_bytes:
            raise BrokenFileError(f"it should have {max(end, riff_end(file))} bytes, and has {file_bytes}")
        if b"fmt " not in found or b"data" not in found:
            raise BrokenFileError("it has no sound")
        file.seek(found[b"fmt "].start)
        if file.read(16) != _PCM_16_STEREO:
            raise BrokenFileError("its sound isn't 16-bit stereo at 48 kHz")
        return found[b"data"].size // 4


CONTAINER = Wav()
