"""The input of an encoder: a track's sound as plain values and functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model import Span

if TYPE_CHECKING:
    from ..model import Samples
    from ..storage.cache import Cache

    Render = Callable[[int, int], Samples]
    """The track's samples from `start` to `end` (sample indices): float32 (end - start, 2), zeros outside the track."""


@dataclass(frozen=True, slots=True)
class BedLoop:
    """The bed alone at its open level: a loop of `samples` samples. `render` repeats it without end.

    `identity` names everything that makes its sound. `cache` keeps its encoded frames.
    """

    render: Render
    samples: int
    identity: tuple[object, ...]
    cache: Cache


@dataclass(frozen=True, slots=True)
class TrackSound:
    """A track's sound, and how it is to be encoded.

    `render` is called from several threads. `spans` tile the track. `sounding_ms` are stretches (start, end), sorted by
    their starts, in which more sounds than the bed. In a voiced span the bed is never louder than in an open one.
    Without `spans` or `loop` the whole track is encoded. `progress` gets the number of samples done so far.

    `shared` means that another track is made at the same time. `plain` means that one encoder makes the whole track.
    No byte depends on them, or on `jobs`.
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
    """Samples `start` to `end` as bytes for ffmpeg: float32, little-endian, channels interleaved."""
    import numpy as np

    samples = np.ascontiguousarray(render(start, end), "<f4")
    if samples.shape != (end - start, 2):
        raise ValueError(f"the mix gave {samples.shape} for {end - start} samples")
    return samples.data.cast("B")
