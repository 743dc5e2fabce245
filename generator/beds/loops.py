"""Loops in memory, in the cache, and in a scratch file while they are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..model import FRAME_SAMPLES, SAMPLE_RATE, Loop
from ..storage.cache import Cache, CacheFile
from ..system.stopping import check

if TYPE_CHECKING:
    from ..model import Samples

BLOCK = 2 * SAMPLE_RATE  # samples at once: memory doesn't grow with the loop
SAMPLE_BYTES = 8  # two channels of float32


def loop_of(samples: Samples) -> Loop:
    """A loop of `samples`, float32 (n, 2), held in memory. Raises ValueError if it isn't whole frames."""
    if samples.ndim != 2 or samples.shape[1] != 2 or samples.dtype != np.float32 or len(samples) % FRAME_SAMPLES:
        raise ValueError(f"a loop is float32 (n, 2), n whole frames, not {samples.dtype} {samples.shape}")
    return _MemoryLoop(samples.copy())


class _MemoryLoop:
    def __init__(self, sound: Samples) -> None:
        self._sound = sound
        self.samples = len(sound)

    def read(self, first: int, last: int) -> Samples:
        return self._sound[first:last].copy()


class CachedLoop:
    """A loop in a cache file, after a header of `header_bytes`."""

    def __init__(self, blob: CacheFile, header_bytes: int = 0) -> None:
        self._blob, self._header_bytes = blob, header_bytes
        self.samples = (blob.size - header_bytes) // SAMPLE_BYTES

    def read(self, first: int, last: int) -> Samples:
        sound = np.empty((last - first, 2), np.float32)
        self._blob.read_into(self._header_bytes + first * SAMPLE_BYTES, sound.data.cast("B") if len(sound) else EMPTY)
        return sound


EMPTY = memoryview(bytearray())


class LoopWriter:
    """A loop being made in a scratch file. It starts as `samples` of silence and grows if written past its end."""

    def __init__(self, cache: Cache, samples: int = 0) -> None:
        self._cache = cache
        self._scratch = cache.scratch()
        self._scratch.resize(samples * SAMPLE_BYTES)
        self.samples = samples

    def silent_copy(self) -> LoopWriter:
        """A writer of the same length that holds silence."""
        return LoopWriter(self._cache, self.samples)

    def read(self, first: int, last: int) -> Samples:
        sound = np.empty((last - first, 2), np.float32)
        self._scratch.read_into(first * SAMPLE_BYTES, sound.data.cast("B") if len(sound) else EMPTY)
        return sound

    def write(self, first: int, sound: Samples) -> None:
        check()
        if len(sound):
            self._scratch.write(first * SAMPLE_BYTES, np.ascontiguousarray(sound, np.float32).data.cast("B"))
            self.samples = max(self.samples, first + len(sound))

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Start and end sample of each block, in order."""
        return blocks(self.samples)


def blocks(samples: int) -> Iterator[tuple[int, int]]:
    """Start and end of each block of `BLOCK` samples in `samples`. Raises StoppedError between blocks."""
    for start in range(0, samples, BLOCK):
        check()
        yield start, min(start + BLOCK, samples)
