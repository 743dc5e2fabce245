"""The user's music as a loop: decoded to the disk, centred, trimmed of quiet ends, its end led into its beginning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, NotFoundError
from ..model import FRAME_SAMPLES, SAMPLE_RATE, Loop
from ..system.ffmpeg import decode_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model import Samples
    from ..storage.cache import Cache
    from .loops import LoopWriter

RECIPE = "2"  # goes up whenever the same file gives a different loop
MIN_SECONDS, MAX_SECONDS = 1, 24 * 3_600
EDGE_LU = 30.0  # a beginning or end this far below the whole is inaudible under a voice, and is trimmed
MONO_LOSS_DB = 1.3
"""The most that may be lost when one speaker plays both channels: a correlation of 0.48 if they are equally loud."""

_HOP = SAMPLE_RATE // 10  # of the loudness measure


def content_hash(file: Path) -> str:
    """SHA-256 of the content of `file`. Raises NotFoundError if it is missing, InputError if it can't be read."""
    try:
        there = file.stat()
        return _content_hash(file, (there.st_size, there.st_mtime_ns))
    except FileNotFoundError as error:
        raise NotFoundError("the background music isn't there", where=str(file), hint="check its name") from error
    except OSError as error:
        raise InputError(f"the background music can't be read: {error}", where=str(file)) from error


@lru_cache(maxsize=64)
def _content_hash(file: Path, _looks: tuple[int, int]) -> str:
    """Cached while the file's size and time stay the same, since one build asks several times."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def music_loop(file: Path, cache: Cache) -> Loop:
    """`file` as a loop of whole frames, at its own level. Up to 8 s of its end are crossfaded into its beginning.

    If the channels would cancel each other out on one speaker, the stereo width is reduced. Raises InputError if the
    file is silent, too short to loop, or unreadable for ffmpeg.
    """
    from .joining import MAX_FADE, CrossfadedLoop
    from .loops import LoopWriter

    writer = LoopWriter(cache)
    before = content_hash(file)
    offsets = _decode(file, writer)
    if content_hash(file) != before:
        raise InputError("the background music changed while it was read", where=str(file), hint="build again")
    hops, middle, side = _centre(writer, offsets)
    start, end = _audible_range(file, hops, writer.samples)
    fade = min(MAX_FADE, (end - start) // 4)
    whole_frames = (end - start - fade) // FRAME_SAMPLES * FRAME_SAMPLES
    return CrossfadedLoop(_TrimmedMusic(writer, start, end, *_mono_correction(middle, side)), whole_frames, fade)


def _decode(file: Path, writer: LoopWriter) -> NDArray[np.float64]:
    """Decode into `writer`. Returns the mean of each channel."""
    import numpy as np

    totals = np.zeros(2)
    for chunk in decode_chunks(file, seconds_per_chunk=2.0):
        if not np.isfinite(chunk).all():
            raise InputError("the background music has samples that aren't numbers", where=str(file))
        if writer.samples > MAX_SECONDS * SAMPLE_RATE:
            raise InputError("the background music lasts more than a day", where=str(file), hint="give less of it")
        writer.write(writer.samples, chunk)
        totals += chunk.sum(axis=0, dtype=np.float64)
    return totals / max(1, writer.samples)


def _centre(writer: LoopWriter, offsets: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
    """Take its offset from each channel. Returns the K-weighted power of each 100 ms, the energies of middle and side.

    An offset isn't heard, but takes the sound's room: with one of 0.5 the voice was 9 LU above the music, not 14.
    """
    import numpy as np

    from ..dsp.loudness import hop_powers

    energy = [0.0, 0.0]

    def centred() -> Iterator[Samples]:
        for start, end in writer.blocks():
            sound = writer.read(start, end) - offsets.astype(np.float32)
            writer.write(start, sound)
            sides = sound.astype(np.float64)
            energy[0] += float(np.square(sides[:, 0] + sides[:, 1]).sum())
            energy[1] += float(np.square(sides[:, 0] - sides[:, 1]).sum())
            yield sound

    return hop_powers(centred()), energy[0], energy[1]


def _audible_range(file: Path, hops: NDArray[np.float64], samples: int) -> tuple[int, int]:
    """Start and end of the audible part, in samples."""
    import numpy as np

    from ..dsp.loudness import block_powers, gated_lufs, lufs

    if samples < MIN_SECONDS * SAMPLE_RATE:
        raise InputError(
            "the background music is too short to loop", where=str(file), hint=f"give {MIN_SECONDS} s at least"
        )
    whole_lufs = gated_lufs(block_powers(hops))
    loud = np.flatnonzero([lufs(float(power)) > whole_lufs - EDGE_LU for power in hops])
    if whole_lufs == -np.inf or not len(loud):
        raise InputError("the background music is silent", where=str(file), hint="name a file with sound in it")
    start, end = int(loud[0]) * _HOP, (int(loud[-1]) + 1) * _HOP
    if loud[-1] == len(hops) - 1:
        end = samples  # the last hop may be incomplete
    if end - start < MIN_SECONDS * SAMPLE_RATE:  # such as a single stroke: keep the quiet around it
        return 0, samples
    return start, end


def _mono_correction(middle: float, side: float) -> tuple[bool, float]:
    """Whether to invert one channel, and the gain of the side signal, so that a single speaker loses little.

    `middle` and `side` are the energies of the channels' sum and difference.
    """
    inverted = side > middle
    if inverted:
        middle, side = side, middle
    allowed = (10 ** (MONO_LOSS_DB / 10) - 1) * middle
    return inverted, sqrt(allowed / side) if side > allowed else 1.0


class _TrimmedMusic:
    """Samples `start` to `end` of `whole`, with one channel inverted if needed and the stereo width reduced."""

    def __init__(self, whole: Loop, start: int, end: int, inverted: bool, width: float) -> None:
        self._whole, self._start = whole, start
        self._inverted, self._width = inverted, width
        self.samples = end - start

    def read(self, first: int, last: int) -> Samples:
        import numpy as np

        sound = self._whole.read(self._start + first, self._start + last)
        if self._inverted:
            sound[:, 1] *= -1
        if self._width < 1:
            middle = sound.mean(axis=1, keepdims=True)
            sound = middle + np.float32(self._width) * (sound - middle)
        return sound
