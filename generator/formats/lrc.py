"""Lyrics in step with the sound, as LRC: a line of text for each sentence, its time before it.

The form is that of https://en.wikipedia.org/wiki/LRC_(file_format): minutes, seconds and hundredths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .tags import LyricLine

_LINE = re.compile(r"\[(\d+):(\d\d)\.(\d\d)\](.*)")


def lrc_text(lines: Sequence[LyricLine]) -> str:
    """One line for each of `lines`, without a line break at the end."""
    return "\n".join(f"[{_time(line.start_ms)}]{line.text}" for line in lines)


def parse_lrc(text: str) -> tuple[LyricLine, ...]:
    """The timed lines in a text; none where it isn't LRC."""
    matches = filter(None, map(_LINE.fullmatch, text.split("\n")))
    return tuple(LyricLine((int(m[1]) * 60 + int(m[2])) * 1_000 + int(m[3]) * 10, m[4]) for m in matches)


def _time(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes:02}:{rest // 1_000:02}.{rest % 1_000 // 10:02}"
