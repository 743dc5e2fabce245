"""The tag of an mp3 and of a wav: ID3v2.3, which every player reads.

The plan is a GEOB frame: a file inside the tag, JSON in UTF-8. A TXXX frame would take twice the bytes, as v2.3 has no
UTF-8 for text, and players would show it as one endless line.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, BinaryIO

from ..model import Chapter
from .tags import MAX_CHAPTERS, PADDING_BYTES, LyricLine, Tags, image_type, merge_shortest

PLAN_NAME = "sleepward-plan.json"
PLAN_TYPE = "application/json"
KEY_NAME = "sleepward-key"
PLAN_SHA256_NAME = "sleepward-plan-sha256"
SOUND_SHA256_NAME = "sleepward-sound-sha256"

_ORDER = [
    b"TIT2", b"TALB", b"TPE1", b"TPE2", b"TRCK", b"TYER", b"TCON", b"TLEN", b"COMM", b"TXXX", b"CTOC", b"CHAP", b"USLT",
    b"SYLT", b"APIC", b"GEOB",
]  # fmt: skip
_TAG_HEADER_BYTES = 10
_FRAME_HEADER_BYTES = 10

_UTF16 = 1  # the encoding of ID3v2.3 that holds any text
_NO_OFFSET = 0xFFFFFFFF  # players take a chapter's place from its times
_CONTENTS_ID = "toc"
_IN_MS, _LYRICS = 2, 1  # how SYLT counts, and what it holds
_TOP_LEVEL_AND_ORDERED = 0b11


def _id3() -> Any:
    """Mutagen's module of ID3 frames, which has no types."""
    return import_module("mutagen.id3")


# --- writing ---------------------------------------------------------------------------------------


def id3_tag(tags: Tags) -> bytes:
    """The whole ID3v2.3 tag, to be written before the audio. The same tags give the same bytes.

    An empty text gets no frame. If there are more than 255 chapters, the shortest ones join the ones before them. There
    is no ReplayGain, as players would undo the bedtime level.
    """
    id3 = _id3()
    tag = id3.ID3()
    texts = {
        id3.TIT2: tags.title,
        id3.TALB: tags.album,
        id3.TPE1: tags.artist,
        id3.TPE2: tags.album_artist,
        id3.TRCK: f"{tags.number}/{tags.total}" if tags.number else "",
        id3.TYER: tags.year,
        id3.TCON: tags.genre,
        id3.TLEN: str(tags.duration_ms),
    }
    for frame, text in texts.items():
        if text:
            tag.add(frame(encoding=_UTF16, text=[text]))
    if tags.comment:
        tag.add(id3.COMM(encoding=_UTF16, lang="eng", desc="", text=[tags.comment]))
    if tags.lines:
        tag.add(id3.USLT(encoding=_UTF16, lang="eng", desc="", text=tags.lyrics))
        timed = [(line.text, line.start_ms) for line in tags.lines]
        tag.add(id3.SYLT(encoding=_UTF16, lang="eng", format=_IN_MS, type=_LYRICS, desc="", text=timed))
    if tags.cover:
        front = int(id3.PictureType.COVER_FRONT)
        tag.add(id3.APIC(encoding=0, mime=image_type(tags.cover), type=front, desc="", data=tags.cover))
    own = {KEY_NAME: tags.key, PLAN_SHA256_NAME: tags.plan_sha256, SOUND_SHA256_NAME: tags.sound_sha256}
    for name, text in own.items():
        if text:
            tag.add(id3.TXXX(encoding=_UTF16, desc=name, text=[text]))
    plan = tags.plan_json.encode("utf-8")
    tag.add(id3.GEOB(encoding=0, mime=PLAN_TYPE, filename=PLAN_NAME, desc=PLAN_NAME, data=plan))
    _add_chapters(tag, merge_shortest(tags.chapters, MAX_CHAPTERS))
    file = io.BytesIO()
    tag.save(file, v1=0, v2_version=3, padding=lambda _: PADDING_BYTES)
    return _in_order(file.getvalue())


def _in_order(tag: bytes) -> bytes:
    """`tag` with its frames in the order of _ORDER, and its chapters by number.

    Mutagen writes small frames first, and players list chapters in the order of the file.
    """
    frames = []
    at, end = _TAG_HEADER_BYTES, len(tag) - PADDING_BYTES
    while at < end:
        size = _FRAME_HEADER_BYTES + int.from_bytes(tag[at + 4 : at + 8], "big")
        frames.append(tag[at : at + size])
        at += size
    frames.sort(key=lambda frame: (_ORDER.index(frame[:4]), frame[_FRAME_HEADER_BYTES:]))
    return tag[:_TAG_HEADER_BYTES] + b"".join(frames) + tag[end:]


def _add_chapters(tag: Any, chapters: Sequence[Chapter]) -> None:
    """Add the chapters and a table of contents. Players ignore chapters without one."""
    if not chapters:
        return
    id3 = _id3()
    names = [f"chapter{number:03}" for number in range(1, len(chapters) + 1)]
    tag.add(id3.CTOC(element_id=_CONTENTS_ID, flags=_TOP_LEVEL_AND_ORDERED, child_element_ids=names, sub_frames=[]))
    for name, chapter in zip(names, chapters, strict=True):
        tag.add(
            id3.CHAP(
                element_id=name,
                start_time=chapter.start_ms,
                end_time=chapter.end_ms,
                start_offset=_NO_OFFSET,
                end_offset=_NO_OFFSET,
                sub_frames=[id3.TIT2(encoding=_UTF16, text=[chapter.title])],
            )
        )


# --- reading ---------------------------------------------------------------------------------------


def read_id3(file: BinaryIO) -> Tags | None:
    """The tags in the ID3 tag at the start of `file`; None if sleepward didn't write it. Reads only the tag."""
    from mutagen import MutagenError

    try:
        tag = _id3().ID3(fileobj=file, known_frames=_plain_frames(), translate=False)
    except MutagenError:
        return None
    plans = [frame for frame in tag.getall("GEOB") if frame.desc == PLAN_NAME]
    key = _text(tag, f"TXXX:{KEY_NAME}")
    if not plans or not key:
        return None
    try:
        plan_json = bytes(plans[0].data).decode("utf-8")
        duration_ms = int(_text(tag, "TLEN") or 0)
        number, total = (int(part or 0) for part in _text(tag, "TRCK").partition("/")[::2])
    except ValueError:
        return None
    return Tags(
        title=_text(tag, "TIT2"),
        album=_text(tag, "TALB"),
        artist=_text(tag, "TPE1"),
        genre=_text(tag, "TCON"),
        comment=_text(tag, "COMM"),
        chapters=_chapters(tag),
        plan_json=plan_json,
        key=key,
        duration_ms=duration_ms,
        lines=tuple(LyricLine(ms, text) for frame in tag.getall("SYLT")[:1] for text, ms in frame.text),
        cover=next((bytes(frame.data) for frame in tag.getall("APIC")), b""),
        album_artist=_text(tag, "TPE2"),
        year=_text(tag, "TYER") or _text(tag, "TDRC"),  # the second in v2.4, to which other programs change it
        number=number,
        total=total,
        plan_sha256=_text(tag, f"TXXX:{PLAN_SHA256_NAME}"),
        sound_sha256=_text(tag, f"TXXX:{SOUND_SHA256_NAME}"),
    )


@lru_cache(maxsize=1)
def _plain_frames() -> dict[str, type]:
    """Mutagen's frames by name, but none that are packed: 3 MB of them can unpack to 3 GB, and we write none."""
    id3 = _id3()

    class PlainFrame:
        @classmethod
        def _fromData(cls, header: Any, flags: int, data: bytes) -> object:  # noqa: N802 - mutagen's
            is_new = header.version >= (2, 4, 0)
            if flags & (id3.Frame.FLAG24_COMPRESS if is_new else id3.Frame.FLAG23_COMPRESS):
                raise id3.ID3JunkFrameError  # which leaves the frame out
            return super()._fromData(header, flags, data)  # type: ignore[misc]  # the frame comes after it

    return {name: type(name, (PlainFrame, frame), {}) for name, frame in id3.Frames.items()}


def _text(tag: Any, name: str) -> str:
    frames = tag.getall(name)
    return str(frames[0]) if frames else ""


def _chapters(tag: Any) -> tuple[Chapter, ...]:
    chapters = (
        Chapter(_text(frame.sub_frames, "TIT2"), frame.start_time, frame.end_time) for frame in tag.getall("CHAP")
    )
    return tuple(sorted(chapters, key=lambda chapter: chapter.start_ms))
