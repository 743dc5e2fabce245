"""Which frames of a track repeat the bed's encoded loop, and which are encoded, in what shares: pure.

Frames encoded apart equal those of one piece only after a lead-in, since LAME's threshold of hearing depends on the
loudness before a frame. After sound of any loudness, over any other, that takes 108 frames (from 1 down to 0.000625 by
0.925 a frame), 95 where the other is as faint as beds are; measured on noise at -37 to -70 LUFS, speech and silence at
64 to 320 kb/s: up to 87. Where only the bed is near, `lame_threshold.py` tells from the bed how many it takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from ...model import FRAME_SAMPLES, SAMPLE_RATE, SAMPLES_PER_MS, Span
from .lame_threshold import CONVERGENCE_FRAMES, LameThresholdModel
from .layout import audio_frames

AHEAD_FRAMES = 1  # an encoder looks 224 samples ahead of a frame
SILENT_FRAMES = 2  # before a lead-in of a fresh encoder, which then doesn't take the bed's beginning for its loudness
OPEN_OVER_LEAD_FRAMES = 10  # an opening that exceeds the next lead-in by less costs more than it spares
# One ffmpeg's share is a third of what is left, within these: few starts, each of which costs as much as 60 frames,
# and small shares at the end, so that all workers finish together. Whatever their number, the cuts are the same.
SHARES = 3
BATCH_FRAMES = 1_000  # 24 s
MOST_BATCH_FRAMES = 5_000  # what waits for its turn in the file is held in memory: 2 MB at 128 kb/s
MIN_RANGE_FRAMES = 250  # what is worth another lead-in
LONGEST_LOOP_SAMPLES = 30 * 60 * SAMPLE_RATE  # encoded, it is held in memory: 29 MB at 128 kb/s


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames `first` to `last` (exclusive) of the track: the bed's own (open), or to be encoded.

    Frame n of the track is the bed's frame n + `shift`, modulo its loop: all of an open one, the last before another.
    """

    open: bool
    first: int
    last: int
    shift: int = 0

    @property
    def frames(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class EncoderRun:
    """Frames to encode, after `silent` frames of silence and `lead` of the track's own, whose output is dropped."""

    first: int
    last: int
    lead: int
    silent: int = 0

    @property
    def fed(self) -> int:
        return self.silent + self.lead + self.last - self.first + AHEAD_FRAMES


Batch = tuple[EncoderRun, ...]
"""What one encoder is fed with, run after run."""


def plan_ranges(
    spans: Sequence[Span],
    total_samples: int,
    model: LameThresholdModel | None = None,
    sounding_ms: Sequence[tuple[int, int]] | None = None,
) -> tuple[FrameRange, ...]:
    """Tile the track's frames; without a `model` of the encoder over the track's bed, lead-ins are the longest.

    `sounding_ms` are the stretches (start, end), by their starts, where more is heard than the bed as it goes on: in
    what is left of a voiced span after the last of them, where the bed is no louder than in the open, the encoder
    forgets them. Without it, all of the span counts as sounding.

    Raises ValueError where `spans` don't tile the track.
    """
    _check_tiling(spans, total_samples)
    frames = audio_frames(total_samples)
    ranges: list[FrameRange] = []
    done = 0
    for start, end, shift in _to_encode(spans, total_samples, model, sounding_ms):
        last = min(max(end, done), frames)
        first = min(max(start, done), last)
        part = FrameRange(False, first, last, shift)
        if first - done < _lead(model, part) + OPEN_OVER_LEAD_FRAMES:  # encode on
            part = replace(ranges.pop() if ranges else FrameRange(False, 0, 0), last=last)
        else:
            ranges.append(FrameRange(True, done, first, shift))
        ranges.append(part)
        done = last
    return tuple(ranges)


def _to_encode(
    spans: Sequence[Span],
    total_samples: int,
    model: LameThresholdModel | None,
    sounding_ms: Sequence[tuple[int, int]] | None,
) -> Iterator[tuple[int, int, int]]:
    """First and last frame of all that isn't just the bed, with the shift of the bed before it."""
    yield 0, CONVERGENCE_FRAMES, 0  # from silence to the bed
    heard = deque(sounding_ms or ())
    heard_ms = 0
    shift: int | None = None
    for span, after in zip_longest(spans, spans[1:]):
        first = span.start_ms * SAMPLES_PER_MS // FRAME_SAMPLES - AHEAD_FRAMES
        if span.kind == "voiced":
            while heard and heard[0][0] < span.end_ms:
                heard_ms = max(heard_ms, heard.popleft()[1])
            alone = _frames(span.end_ms)
            last = alone + CONVERGENCE_FRAMES
            if model is not None and sounding_ms is not None and after is not None:
                there = after.shift_frames
                last = model.settled(_frames(min(heard_ms, span.end_ms)) + there, alone + there) - there
            yield first, last, shift or 0
        elif shift not in (None, span.shift_frames):  # the bed jumps
            yield first, first + AHEAD_FRAMES + 1 + CONVERGENCE_FRAMES, shift or 0
        shift = span.shift_frames if span.kind == "open" else None
    end = total_samples // FRAME_SAMPLES - AHEAD_FRAMES  # to the zeros after the track
    yield end, audio_frames(total_samples), shift or 0


def _frames(at_ms: int) -> int:
    """How many frames have begun."""
    return -(-at_ms * SAMPLES_PER_MS // FRAME_SAMPLES)


def _check_tiling(spans: Sequence[Span], total_samples: int) -> None:
    edges = [0, *(span.end_ms for span in spans)]
    starts = [span.start_ms for span in spans]
    if starts != edges[:-1] or edges[-1] * SAMPLES_PER_MS != total_samples or edges != sorted(edges):
        raise ValueError("the spans don't tile the track")


def plan_batches(ranges: Sequence[FrameRange], model: LameThresholdModel | None = None) -> tuple[Batch, ...]:
    """The ranges to be encoded, in order, cut and gathered into shares, each for an encoder of its own."""
    batches: list[Batch] = []
    batch: list[EncoderRun] = []
    left = sum(part.frames for part in ranges if not part.open)
    room = _share(left)
    after: int | None = None  # the bed's frame that the share's encoder has had last
    for before, part, behind in zip((None, *ranges), ranges, (*ranges[1:], None), strict=False):
        first = part.first
        while not part.open and first < part.last:
            rest = part.last - first
            opened = before.frames if before is not None and first == part.first and model is not None else 0
            full = room < min(rest, MIN_RANGE_FRAMES)
            if batch and (full or (opened and _lead(model, part, after) > opened)):
                batches.append(tuple(batch))
                batch, room = [], _share(left)
            if not batch:
                after = None
            lead = _lead(model, part, after) if opened else min(first, CONVERGENCE_FRAMES)
            cut = first + room if rest > room + MIN_RANGE_FRAMES else part.last
            batch.append(EncoderRun(first, cut, lead, SILENT_FRAMES if opened and not batch else 0))
            after = None if behind is None else cut + AHEAD_FRAMES - 1 + behind.shift
            room -= batch[-1].fed
            left -= cut - first
            first = cut
    return (*batches, tuple(batch)) if batch else tuple(batches)


def _lead(model: LameThresholdModel | None, part: FrameRange, after: int | None = None) -> int:
    return CONVERGENCE_FRAMES if model is None else model.lead(part.first + part.shift, after)


def _share(left: int) -> int:
    return min(max(left // SHARES, BATCH_FRAMES), MOST_BATCH_FRAMES)


def needs_loop(spans: Sequence[Span], loop_samples: int) -> bool:
    """Whether a track pays for the encoding of its bed's loop: it repeats more than the loop has."""
    ranges = plan_ranges(spans, spans[-1].end_ms * SAMPLES_PER_MS)
    repeated = sum(part.frames for part in ranges if part.open)
    return loop_samples <= LONGEST_LOOP_SAMPLES and repeated * FRAME_SAMPLES > loop_samples
