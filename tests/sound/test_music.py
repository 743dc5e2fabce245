"""The user's own music under a voice: any channels, format, length and level, measured on the finished track."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.sound.conftest import MEASURED, Measured, music

if TYPE_CHECKING:
    from _sound_rows import Take

PIECE = """\
---
voice: en-us+klatt4
---
[pose figure-four right]
Lie down on your back, and let the mattress carry you. [4s]
Bend both knees, and rest both feet flat on the bed. [12s]
[pose rest only]
Settle in whatever way you like to sleep. [12s]
There is nothing more to do tonight.
[sleep]
"""
RATE = 48_000
SHORT_S, LONG_S = 12, 100  # the track takes 84
QUIET, LOUD = 0.003, 0.9
MUST_HOLD = ("structure", "duration", "speech", "loudness", "true-peak", "gap", "startle", "dropouts", "end", "centre")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seconds", "channels", "level"),
    [
        ("mono-short-quiet.wav", SHORT_S, 1, QUIET),
        ("stereo-long-loud.wav", LONG_S, 2, LOUD),
        ("mono-long-loud.mp3", LONG_S, 1, LOUD),
        ("stereo-short-quiet.mp3", SHORT_S, 2, QUIET),
        ("mono-short-loud.flac", SHORT_S, 1, LOUD),
        ("stereo-long-quiet.flac", LONG_S, 2, QUIET),
    ],
)
def test_it_lies_under_the_voice_from_beginning_to_end(
    measure: Callable[..., Measured],
    tmp_path: Path,
    record_property: Any,
    name: str,
    seconds: int,
    channels: int,
    level: float,
) -> None:
    source = music(tmp_path / name, seconds, channels=channels, level=level)
    track = measure(PIECE, str(source), tail="30s")
    for row_id in MUST_HOLD:
        row = track.verified[row_id]
        assert row.ok, f"{row.what}: {row.measured}, not {row.limit} {row.note}"
    gap = track.verified["gap"]
    record_property(MEASURED, ("music", name, "voice over it", gap.measured))
    assert float(gap.measured.removesuffix(" LU")) == pytest.approx(16, abs=2)  # neither lost nor close
    assert_unbroken(track.take)


def assert_unbroken(take: Take) -> None:
    """Where nobody speaks it never stops or clicks, though short music begins again every few seconds."""
    pieces = take.bed_pieces(2_000)
    assert sum(map(len, pieces)) > 20 * RATE
    for piece in pieces:
        bends = np.abs(np.diff(piece.astype(np.float64), n=3))
        assert bends.max() < 0.004  # low chords have next to none, and 16 bits of a quiet file 0.0013
        level = np.square(piece[: len(piece) // RATE * RATE].astype(np.float64)).reshape(-1, RATE).mean(axis=1)
        assert 10 * np.log10(level.min()) > -50
