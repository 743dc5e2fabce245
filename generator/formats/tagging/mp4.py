"""The tags of an m4b: iTunes' own atoms, with the plan and the key in free-form ones.

ffmpeg writes the chapters as it makes the file, in both forms that players look for: Nero's list and QuickTime's track
of titles. The rest is added when the file is finished: what describes the sound lies at its end, so nothing moves.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from .tags import MAX_CHAPTERS, PADDING_BYTES, Tags, at_most, image_type, tiled

KEY_NAME = "----:sleepward:key"
PLAN_NAME = "----:sleepward:plan"
DURATION_NAME = "----:sleepward:duration_ms"
MAX_TITLE_BYTES = 255  # of a chapter, in Nero's list

_AUDIOBOOK = 2
_TEXTS = {"\xa9nam": "title", "\xa9alb": "album", "\xa9ART": "artist", "\xa9gen": "genre", "\xa9cmt": "comment"}


def chapters(tags: Tags) -> list[tuple[int, int, str]]:
    """(start in ms, end in ms, title) of what ffmpeg is to write."""
    return [
        (chapter.start_ms, chapter.end_ms, _shortened(chapter.title))
        for chapter in at_most(tags.chapters, MAX_CHAPTERS)
    ]


def _shortened(title: str) -> str:
    """Whole characters: ffmpeg would cut one in two."""
    return title.encode()[:MAX_TITLE_BYTES].decode(errors="ignore")


def write_mp4(part: Path, tags: Tags) -> None:
    """Add the tags to a finished m4b."""
    mp4 = import_module("mutagen.mp4")
    file = mp4.MP4(part)
    if file.tags is None:
        file.add_tags()
    found: Any = file.tags
    found.clear()
    found.update({name: [text] for name, field in _TEXTS.items() if (text := getattr(tags, field))})
    found["stik"] = [_AUDIOBOOK]
    found[KEY_NAME] = [mp4.MP4FreeForm(tags.key.encode(), mp4.AtomDataType.UTF8)]
    found[DURATION_NAME] = [mp4.MP4FreeForm(str(tags.duration_ms).encode(), mp4.AtomDataType.UTF8)]
    found[PLAN_NAME] = [mp4.MP4FreeForm(tags.plan_json.encode(), mp4.AtomDataType.UTF8)]
    if tags.lyrics:
        found["\xa9lyr"] = [tags.lyrics]
    if tags.cover:
        is_png = image_type(tags.cover) == "image/png"
        form = mp4.AtomDataType.PNG if is_png else mp4.AtomDataType.JPEG
        found["covr"] = [mp4.MP4Cover(tags.cover, form)]
    file.save(padding=lambda _: PADDING_BYTES)


def read_mp4(path: Path) -> Tags | None:
    """The tags of an m4b of ours, else None."""
    file = import_module("mutagen.mp4").MP4(path)
    found = file.tags or {}

    def free(name: str) -> str:
        return bytes(found.get(name, [b""])[0]).decode()

    def text(name: str) -> str:
        return str(found.get(name, [""])[0])

    try:
        plan_json, key, duration_ms = free(PLAN_NAME), free(KEY_NAME), int(free(DURATION_NAME))
    except ValueError:
        return None
    if not plan_json or not key:
        return None
    starts = [(round(chapter.start * 1_000), chapter.title) for chapter in file.chapters or []]
    return Tags(
        **{field: text(name) for name, field in _TEXTS.items()},
        chapters=tiled(starts, duration_ms),
        plan_json=plan_json,
        key=key,
        duration_ms=duration_ms,
        lyrics=text("\xa9lyr"),
        cover=bytes(found.get("covr", [b""])[0]),
    )
