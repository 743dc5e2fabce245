"""The tags of an opus and of a flac: Vorbis comments in UTF-8, and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .lrc import lrc_text, parse_lrc
from .tags import MAX_CHAPTERS, Tags, chapters_from_starts, image_type, merge_shortest

KEY_NAME = "SLEEPWARD_KEY"
PLAN_NAME = "SLEEPWARD_PLAN"
DURATION_NAME = "SLEEPWARD_DURATION_MS"
PLAN_SHA256_NAME = "SLEEPWARD_PLAN_SHA256"
SOUND_SHA256_NAME = "SLEEPWARD_SOUND_SHA256"

_FRONT_COVER = 3


def comments(tags: Tags) -> dict[str, str]:
    """The comments, without the cover; an empty text gets none. Chapters: https://wiki.xiph.org/Chapter_Extension."""
    texts = {
        SOUND_SHA256_NAME: tags.sound_sha256,  # the first, so that it lies on an opus's first page
        "TITLE": tags.title,
        "ALBUM": tags.album,
        "ARTIST": tags.artist,
        "ALBUMARTIST": tags.album_artist,
        "DATE": tags.year,
        "TRACKNUMBER": str(tags.number or ""),
        "TRACKTOTAL": str(tags.total or ""),
        "GENRE": tags.genre,
        "DESCRIPTION": tags.comment,
        DURATION_NAME: str(tags.duration_ms),
        KEY_NAME: tags.key,
        PLAN_SHA256_NAME: tags.plan_sha256,
    }
    for number, chapter in enumerate(merge_shortest(tags.chapters, MAX_CHAPTERS), 1):
        texts[f"CHAPTER{number:03}"] = _clock(chapter.start_ms)
        texts[f"CHAPTER{number:03}NAME"] = chapter.title
    texts |= {"LYRICS": lrc_text(tags.lines), PLAN_NAME: tags.plan_json}
    return {name: text for name, text in texts.items() if text}


def picture_of(cover: bytes) -> Any:
    picture = import_module("mutagen.flac").Picture()
    picture.type, picture.mime, picture.data = _FRONT_COVER, image_type(cover), cover
    return picture


# --- reading ---------------------------------------------------------------------------------------


def tags_in(found: Mapping[str, list[str]], cover: bytes) -> Tags | None:
    """The tags in the comments, or None if sleepward didn't write them."""

    def text(name: str) -> str:
        return found.get(name, [""])[0]

    if not text(KEY_NAME) or not text(PLAN_NAME):
        return None
    try:
        duration_ms = int(text(DURATION_NAME))
        number, total = (int(text(name) or 0) for name in ("TRACKNUMBER", "TRACKTOTAL"))
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
        chapters=chapters_from_starts(starts, duration_ms),
        plan_json=text(PLAN_NAME),
        key=text(KEY_NAME),
        duration_ms=duration_ms,
        lines=parse_lrc(text("LYRICS")),
        cover=cover,
        album_artist=text("ALBUMARTIST"),
        year=text("DATE"),
        number=number,
        total=total,
        plan_sha256=text(PLAN_SHA256_NAME),
        sound_sha256=text(SOUND_SHA256_NAME),
    )


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{ms:03}"


def _from_clock(text: str) -> int:
    """Milliseconds of hh:mm:ss.mmm. Raises ValueError."""
    hours, minutes, seconds = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1_000)
