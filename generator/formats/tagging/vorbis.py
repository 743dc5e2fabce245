"""The tags of an opus and a flac: Vorbis comments, plain UTF-8.

A flac has room left before its sound, and they are written there when it is finished. An opus has none: ffmpeg writes
them as it begins, so that a long file needn't be written twice.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from .tags import MAX_CHAPTERS, PADDING_BYTES, Tags, at_most, image_type, tiled

KEY_NAME = "SLEEPWARD_KEY"
PLAN_NAME = "SLEEPWARD_PLAN"
DURATION_NAME = "SLEEPWARD_DURATION_MS"
PICTURE_NAME = "METADATA_BLOCK_PICTURE"  # https://wiki.xiph.org/VorbisComment#Cover_art

_FRONT_COVER = 3
_COMMENT_BYTES = 5  # a comment's length and its equals sign
_BLOCK_BYTES = 256  # the head of each block, the vendor's name, a picture's facts
_MAX_BLOCK_BYTES = (1 << 24) - 1


def comments(tags: Tags) -> dict[str, str]:
    """The comments, but for the cover; empty texts get none. Chapters: https://wiki.xiph.org/Chapter_Extension."""
    texts = {
        "TITLE": tags.title,
        "ALBUM": tags.album,
        "ARTIST": tags.artist,
        "GENRE": tags.genre,
        "DESCRIPTION": tags.comment,
        DURATION_NAME: str(tags.duration_ms),
        KEY_NAME: tags.key,
    }
    for number, chapter in enumerate(at_most(tags.chapters, MAX_CHAPTERS), 1):
        texts[f"CHAPTER{number:03}"] = _clock(chapter.start_ms)
        texts[f"CHAPTER{number:03}NAME"] = chapter.title
    texts |= {"LYRICS": tags.lyrics, PLAN_NAME: tags.plan_json}
    return {name: text for name, text in texts.items() if text}


def opus_comments(tags: Tags) -> dict[str, str]:
    """The comments of an opus, its cover among them."""
    if not tags.cover:
        return comments(tags)
    return comments(tags) | {PICTURE_NAME: base64.b64encode(_picture(tags.cover).write()).decode("ascii")}


def flac_bytes(tags: Tags) -> int:
    """How much room `write_flac` needs before the sound, with what is left over for corrections."""
    texts = sum(len(name) + len(text.encode()) + _COMMENT_BYTES for name, text in comments(tags).items())
    return min(texts + len(tags.cover) + _BLOCK_BYTES + PADDING_BYTES, _MAX_BLOCK_BYTES)


def write_flac(part: Path, tags: Tags) -> None:
    """Write the tags into the room that `part` has for them."""
    flac = import_module("mutagen.flac").FLAC(part)
    if flac.tags is None:
        flac.add_tags()
    flac.tags.clear()
    flac.tags.extend(comments(tags).items())
    if tags.cover:
        flac.add_picture(_picture(tags.cover))
    flac.save(padding=lambda room: room.padding if room.padding >= 0 else PADDING_BYTES)


def _picture(cover: bytes) -> Any:
    picture = import_module("mutagen.flac").Picture()
    picture.type, picture.mime, picture.data = _FRONT_COVER, image_type(cover), cover
    return picture


# --- reading ---------------------------------------------------------------------------------------


def read_flac(path: Path) -> Tags | None:
    """The tags of a flac of ours, else None."""
    flac = import_module("mutagen.flac").FLAC(path)
    cover = next((bytes(picture.data) for picture in flac.pictures), b"")
    return _tags(flac.tags or {}, cover)


def read_opus(path: Path) -> Tags | None:
    """The tags of an opus of ours, else None."""
    mutagen_flac = import_module("mutagen.flac")
    opus = import_module("mutagen.oggopus").OggOpus(path)
    pictures = opus.tags.get(PICTURE_NAME, [])
    try:
        cover = bytes(mutagen_flac.Picture(base64.b64decode(pictures[0])).data) if pictures else b""
    except (ValueError, mutagen_flac.error):  # another program's mistake
        cover = b""
    return _tags(opus.tags, cover)


def _tags(found: Mapping[str, list[str]], cover: bytes) -> Tags | None:
    def text(name: str) -> str:
        return found.get(name, [""])[0]

    if not text(KEY_NAME) or not text(PLAN_NAME):
        return None
    try:
        duration_ms = int(text(DURATION_NAME))
        starts = [
            (_from_clock(text(name)), text(f"{name}NAME"))
            for name in (f"CHAPTER{number:03}" for number in range(1, MAX_CHAPTERS + 1))
            if text(name)
        ]
    except ValueError:
        return None
    return Tags(
        title=text("TITLE"),
        album=text("ALBUM"),
        artist=text("ARTIST"),
        genre=text("GENRE"),
        comment=text("DESCRIPTION"),
        chapters=tiled(starts, duration_ms),
        plan_json=text(PLAN_NAME),
        key=text(KEY_NAME),
        duration_ms=duration_ms,
        lyrics=text("LYRICS"),
        cover=cover,
    )


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{ms:03}"


def _from_clock(text: str) -> int:
    """Milliseconds of hh:mm:ss.mmm. Raises ValueError."""
    hours, minutes, seconds = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1_000)
