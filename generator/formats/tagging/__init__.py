"""What a track says of itself: title, chapters, words, cover, the plan it was made from; and whether it is whole.

An mp3's tag comes before its sound (`id3_tag`). Of the other formats one part is ffmpeg's, written while the sound is
(`stream_metadata`, `padding_bytes`), and the rest is added to the finished file (`write_tags`). Where only what players
show has changed, `renew_tags` writes a finished track again around its sound.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from ...errors import NotFoundError
from ...settings import Format
from . import id3, mp4, renewing, riff, vorbis
from .id3 import id3_tag
from .structure import check_whole
from .tags import MAX_CHAPTERS, PADDING_BYTES, Tags, at_most

__all__ = [
    "MAX_CHAPTERS",
    "MIME_TYPES",
    "PADDING_BYTES",
    "Tags",
    "at_most",
    "check_whole",
    "id3_tag",
    "padding_bytes",
    "read_tags",
    "renew_tags",
    "stream_metadata",
    "write_tags",
]

MIME_TYPES: dict[Format, str] = {
    "mp3": "audio/mpeg",
    "m4b": "audio/mp4",
    "opus": "audio/ogg; codecs=opus",
    "flac": "audio/flac",
    "wav": "audio/wav",
}


# --- writing ---------------------------------------------------------------------------------------


def stream_metadata(format: Format, tags: Tags) -> str:  # noqa: A002  # the setting's name
    """What ffmpeg writes as it makes the file, in the form of its ffmetadata files.

    https://ffmpeg.org/ffmpeg-formats.html#Metadata
    """
    if format == "m4b":
        return _ffmetadata({}, mp4.chapters(tags))
    if format == "opus":
        return _ffmetadata(vorbis.opus_comments(tags))
    if format == "wav":  # for players that know RIFF's own texts only
        texts = ("title", "album", "artist", "genre", "comment")
        return _ffmetadata({name: text for name in texts if (text := getattr(tags, name))})
    return _ffmetadata({})


def padding_bytes(format: Format, tags: Tags) -> int:  # noqa: A002
    """The room to leave before the sound for what `write_tags` puts there."""
    return vorbis.flac_bytes(tags) if format == "flac" else 0


def write_tags(part: Path, format: Format, tags: Tags) -> None:  # noqa: A002
    """Add to a finished file what ffmpeg hasn't written; nothing for an mp3 or an opus. The sound doesn't move."""
    if format == "m4b":
        mp4.write_mp4(part, tags)
    elif format == "flac":
        vorbis.write_flac(part, tags)
    elif format == "wav":
        riff.write_wav(part, tags)


def renew_tags(source: Path, sink: BinaryIO, format: Format, tags: Tags) -> None:  # noqa: A002
    """Write the track at `source` to `sink`, a file on the disk, with other tags: what building it anew would give.

    The sound is copied, neither decoded nor encoded. Raises TrackError where ffmpeg fails.
    """
    if format == "mp3":
        renewing.copy_mp3(source, sink, tags)
        return
    part = Path(sink.name)
    if format == "m4b":  # its chapters stay, as they belong to the sound's key
        renewing.copy_m4b(source, sink)
        sink.flush()
    else:
        renewing.copy_stream(source, part, format, stream_metadata(format, tags), padding_bytes(format, tags))
    write_tags(part, format, tags)


def _ffmetadata(texts: Mapping[str, str], chapters: Iterable[tuple[int, int, str]] = ()) -> str:
    lines = [";FFMETADATA1", *(_assignment(name, text) for name, text in texts.items())]
    for start_ms, end_ms, title in chapters:
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start_ms}", f"END={end_ms}", _assignment("title", title)]
    return "\n".join(lines) + "\n"


_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\=;#\n\r"} | {"\0": None})


def _assignment(name: str, text: str) -> str:
    # To ffmpeg 5 to 9 a line goes on after any backslash, even an escaped one; a NUL ends it for certain.
    return f"{name}={text.translate(_SPECIAL)}\0"


# --- reading ---------------------------------------------------------------------------------------


def read_tags(path: Path) -> Tags | None:
    """The tags of a track of ours in any of our formats, None for any other file; its name doesn't matter.

    Reads the tags alone, however long the track. Raises NotFoundError where there is no file.
    """
    from mutagen import MutagenError

    if not path.is_file():
        raise NotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        head = file.read(12)
        if head[:3] == b"ID3":
            file.seek(0)
            return id3.read_id3(file)
    try:
        if head[4:8] == b"ftyp":
            return mp4.read_mp4(path)
        if head[:4] == b"OggS":
            return vorbis.read_opus(path)
        if head[:4] == b"fLaC":
            return vorbis.read_flac(path)
        return riff.read_wav(path) if head[8:12] == b"WAVE" else None
    except (MutagenError, ValueError, struct.error):
        return None
