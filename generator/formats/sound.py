"""What an encoder is given: a track's sound, as plain values and functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model import Span

if TYPE_CHECKING:
    from ..model import Samples
    from ..storage.cache import Cache

    Render = Callable[[int, int], Samples]
    """The track's samples from `start` to `end` (sample indices): float32 (end - start, 2); zeros outside the track."""


@dataclass(frozen=True, slots=True)
class BedLoop:
    """The bed alone at its open level: it lasts `samples`, and `render` gives it round and round, for any 0 <= start.

    `identity` says what its sound is made of; what is encoded of it is kept in `cache`.
    """

    render: Render
    samples: int
    identity: tuple[object, ...]
    cache: Cache


@dataclass(frozen=True, slots=True)
class TrackSound:
    """A track's sound, and how it is to be encoded.

    `render` is called from several threads. `spans` tile the track; `sounding_ms` are the stretches (start, end), by
    their starts, that hold more than the bed as it goes on; in a voiced span the bed is never louder than in an open
    one. Where `spans` or `loop` are left out, all is encoded as it comes. `progress` gets the samples done so far.

    No byte depends on `jobs`, on `shared` (another track is being made meanwhile), or on `plain` (one encoder makes all
    of it, start to end).
    """

    render: Render
    total_samples: int
    spans: Sequence[Span] = ()
    sounding_ms: Sequence[tuple[int, int]] | None = None
    loop: BedLoop | None = None
    bitrate_kbps: int = 128
    jobs: int = 2
    shared: bool = False
    plain: bool = False
    progress: Callable[[int], None] = lambda done: None


def encoder_input(render: Render, start: int, end: int) -> memoryview:
    """Samples `start` to `end` as bytes for ffmpeg: float32, little-endian, the two channels by turns."""
    import numpy as np

    samples = np.ascontiguousarray(render(start, end), "<f4")
    if samples.shape != (end - start, 2):
        raise ValueError(f"the mix gave {samples.shape} for {end - start} samples")
    return samples.data.cast("B")
