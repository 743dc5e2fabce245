"""Texts and chapters as an ffmpeg metadata file: https://ffmpeg.org/ffmpeg-formats.html#Metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\=;#\n\r"} | {"\0": None})


def ffmetadata(texts: Mapping[str, str], chapters: Iterable[tuple[int, int, str]] = ()) -> str:
    """The content of a metadata file. A chapter is (start in ms, end in ms, title)."""
    lines = [";FFMETADATA1", *(_assignment(name, text) for name, text in texts.items())]
    for start_ms, end_ms, title in chapters:
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start_ms}", f"END={end_ms}", _assignment("title", title)]
    return "\n".join(lines) + "\n"


def _assignment(name: str, text: str) -> str:
    # In ffmpeg 5 to 9 a line continues after any backslash at its end, even an escaped one. A NUL always ends it.
    return f"{name}={text.translate(_SPECIAL)}\0"
