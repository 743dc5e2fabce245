"""What a track says of itself, whatever its container."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Chapter

MAX_CHAPTERS = 255  # in an MP3 and in an m4b their number is one byte; the other formats follow
COPY_BYTES = 1 << 20  # of sound, at a time, where only the tags are renewed
PADDING_BYTES = 1_024  # a player's user may correct a title without the whole file being written again


@dataclass(frozen=True, slots=True)
class Tags:
    """What a track says of itself; `key` is the track's, `cover` a PNG or JPEG, `lyrics` what is spoken."""

    title: str
    album: str
    artist: str
    genre: str
    comment: str
    chapters: tuple[Chapter, ...]
    plan_json: str
    key: str
    duration_ms: int
    lyrics: str = ""
    cover: bytes = b""


def merge_shortest(chapters: Sequence[Chapter], number: int) -> tuple[Chapter, ...]:
    """`chapters`, the shortest of them joined to the ones before until there are no more than `number`."""
    kept = list(chapters)
    while len(kept) > number:
        index = min(range(1, len(kept)), key=lambda at: kept[at].end_ms - kept[at].start_ms)
        joined = kept.pop(index)
        before = kept[index - 1]
        kept[index - 1] = Chapter(before.title, before.start_ms, joined.end_ms)
    return tuple(kept)


def chapters_from_starts(starts: Sequence[tuple[int, str]], duration_ms: int) -> tuple[Chapter, ...]:
    """Chapters of which a format keeps only (start in ms, title): each lasts to the next, the last to the end."""
    ordered = sorted(starts)
    ends = [*(start for start, _ in ordered[1:]), duration_ms]
    return tuple(Chapter(title, start, end) for (start, title), end in zip(ordered, ends, strict=False))


def image_type(image: bytes) -> str:
    """The MIME type of a cover. Raises ValueError where it is neither PNG nor JPEG."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    raise ValueError("a cover is a PNG or a JPEG")
