"""The tags of a track, the same for every container."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Chapter, Timeline

MAX_CHAPTERS = 255  # mp3 and m4b count them in one byte; the other formats keep the same limit
COPY_BYTES = 1 << 20  # copied at a time when only the tags change
UNKNOWN_SHA256 = "0" * 64  # stands in a file while its sound is written
PADDING_BYTES = 1_024  # so that a player can correct a title without writing the whole file again


@dataclass(frozen=True, slots=True)
class LyricLine:
    """A sentence, and when it begins: whole hundredths of a second. The text has no line break."""

    start_ms: int
    text: str


def lyric_lines(timeline: Timeline) -> tuple[LyricLine, ...]:
    """What is said, and when, as lyrics. Their times have hundredths of a second, as every form of lyrics has those."""
    return tuple(LyricLine(each.start_ms // 10 * 10, each.text) for each in timeline.sentences)


@dataclass(frozen=True, slots=True)
class Tags:
    """`key` is the track's key, `cover` a PNG or JPEG, `lines` what is spoken.

    `number` counts from 1 to `total`; 0 means none. `year` has four digits, or is empty.

    The digests tell a change after the build: `plan_sha256` that of the plan, and `sound_sha256`, which the container
    adds, that of the sound (`Container.sound_sha256`). They are empty in tracks made before they existed.
    """

    title: str
    album: str
    artist: str
    genre: str
    comment: str
    chapters: tuple[Chapter, ...]
    plan_json: str
    key: str
    duration_ms: int
    lines: tuple[LyricLine, ...] = ()
    cover: bytes = b""
    album_artist: str = ""
    year: str = ""
    number: int = 0
    total: int = 0
    plan_sha256: str = ""
    sound_sha256: str = ""

    @property
    def plan_is_whole(self) -> bool:
        """Whether the plan is the one that was written, as far as a digest tells."""
        return self.plan_sha256 in ("", sha256_of(self.plan_json))

    @property
    def lyrics(self) -> str:
        """What is spoken, a line for each sentence."""
        return "\n".join(line.text for line in self.lines)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def merge_shortest(chapters: Sequence[Chapter], number: int) -> tuple[Chapter, ...]:
    """At most `number` chapters: the shortest one joins the one before it, again and again."""
    kept = list(chapters)
    while len(kept) > number:
        index = min(range(1, len(kept)), key=lambda at: kept[at].end_ms - kept[at].start_ms)
        joined = kept.pop(index)
        before = kept[index - 1]
        kept[index - 1] = Chapter(before.title, before.start_ms, joined.end_ms)
    return tuple(kept)


def chapters_from_starts(starts: Sequence[tuple[int, str]], duration_ms: int) -> tuple[Chapter, ...]:
    """Chapters from (start in ms, title). Each lasts to the next, and the last one to the end."""
    ordered = sorted(starts)
    ends = [*(start for start, _ in ordered[1:]), duration_ms]
    return tuple(Chapter(title, start, end) for (start, title), end in zip(ordered, ends, strict=False))


def image_type(image: bytes) -> str:
    """The MIME type of a cover. Raises ValueError if it is neither PNG nor JPEG."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    raise ValueError("a cover is a PNG or a JPEG")
