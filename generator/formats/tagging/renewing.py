"""Other tags for a finished track, whose sound is copied as it is: the file that building it anew would give."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from ...settings import Format
from ...system import ffmpeg
from .. import mp3_format
from .id3 import id3_tag
from .tags import Tags

_COPY_BYTES = 1 << 20
_OPUS_ENCODER = "encoder=Lavc libopus"  # as ffmpeg writes it when it encodes


def copy_mp3(source: Path, sink: BinaryIO, tags: Tags) -> None:
    """The tag, and behind it what follows the tag of `source`."""
    with source.open("rb") as file:
        file.seek(source.stat().st_size - mp3_format.audio_bytes(source))
        sink.write(id3_tag(tags))
        shutil.copyfileobj(file, sink, _COPY_BYTES)


def copy_m4b(source: Path, sink: BinaryIO) -> None:
    """The file as it is: its tags lie behind its sound, and are written there in place."""
    with source.open("rb") as file:
        shutil.copyfileobj(file, sink, _COPY_BYTES)


def copy_stream(source: Path, part: Path, format: Format, metadata: str, padding_bytes: int) -> None:  # noqa: A002
    """The packets of an opus, a flac or a wav in a new file at `part`, laid out as when they were encoded."""
    with tempfile.TemporaryDirectory(prefix="sleepward-") as folder:
        described = Path(folder) / "metadata.txt"
        described.write_text(metadata, encoding="utf-8", newline="\n")
        args = ["-i", f"file:{source}", "-f", "ffmetadata", "-i", f"file:{described}"]
        args += ["-map", "0:a", "-map_metadata", "1", "-map_metadata:s:a", "-1", "-map_chapters", "1", "-c:a", "copy"]
        args += ["-metadata:s:a:0", _OPUS_ENCODER] if format == "opus" else []
        args += ["-rf64", "always"] if format == "wav" and _is_rf64(source) else []
        args += ["-metadata_header_padding", str(padding_bytes)] if padding_bytes else []
        ffmpeg.run([*args, "-fflags", "+bitexact", "-f", format, "-y", f"file:{part}"])


def _is_rf64(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"RF64"
