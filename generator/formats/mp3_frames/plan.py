"""Which frames of a track repeat the bed's encoded loop, and which are encoded, in what batches: pure.

LAME's threshold of hearing depends on the loudness before a frame. So an encoder's frames equal those of one encoder
for the whole track only after a lead-in. Between sounds of any loudness it takes 108 frames (from 1 down to 0.000625 by
0.925 a frame), and 95 to a sound as faint as a bed. Measured on noise at -37 to -70 LUFS, speech and silence at 64 to
320 kb/s it was up to 87. Where only the bed sounds, `lame_threshold.py` computes a shorter lead-in from the bed.
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
SILENT_FRAMES = 2  # fed first to a fresh encoder, else it takes its loudness from the bed's beginning
OPEN_OVER_LEAD_FRAMES = 10  # repeating saves nothing in an open range with less than this beyond the next lead-in
# A batch is a third of what is left, within these limits. So few encoders start, which costs as much as 60 frames each,
# and the last batches are small, so that all workers finish together. The cuts don't depend on the number of workers.
SHARES = 3
BATCH_FRAMES = 1_000  # 24 s
MOST_BATCH_FRAMES = 5_000  # a finished batch waits in memory: 2 MB at 128 kb/s
MIN_RANGE_FRAMES = 250  # a shorter range isn't worth another lead-in
LONGEST_LOOP_SAMPLES = 30 * 60 * SAMPLE_RATE  # the encoded loop is held in memory: 29 MB at 128 kb/s


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames `first` to `last` (exclusive) of the track. Open ones repeat the bed's loop, others are encoded.

    Frame n of the track is the bed's frame n + `shift`, modulo its loop. In an encoded range this holds for the end of
    the open range before it.
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
    """Frames to encode after `silent` frames of silence and `lead` frames of the track, whose output is dropped."""

    first: int
    last: int
    lead: int
    silent: int = 0

    @property
    def fed(self) -> int:
        return self.silent + self.lead + self.last - self.first + AHEAD_FRAMES


Batch = tuple[EncoderRun, ...]
"""The runs that one encoder is fed with, in order."""


def plan_ranges(
    spans: Sequence[Span],
    total_samples: int,
    model: LameThresholdModel | None = None,
    sounding_ms: Sequence[tuple[int, int]] | None = None,
) -> tuple[FrameRange, ...]:
    """Tile the track's frames. Without a `model` of the encoder over the track's bed, every lead-in is the longest.

    `sounding_ms` are stretches (start, end), sorted by their starts, in which more sounds than the bed. After the last
    of them in a voiced span the bed is alone and no louder than in an open span, so the lead-in may begin there.
    Without `sounding_ms` the whole span counts as sounding.

    Raises ValueError if `spans` don't tile the track.
    """
    _check_tiling(spans, total_samples)
    frames = audio_frames(total_samples)
    ranges: list[FrameRange] = []
    done = 0
    for start, end, shift in _to_encode(spans, total_samples, model, sounding_ms):
        last = min(max(end, done), frames)
        first = min(max(start, done), last)
        part = FrameRange(False, first, last, shift)
        if first - done < _lead(model, part) + OPEN_OVER_LEAD_FRAMES:  # go on encoding
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
    """(first frame, last frame, shift of the bed before it) of each part that isn't the bed alone."""
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
    """The number of frames that have begun at `at_ms`."""
    return -(-at_ms * SAMPLES_PER_MS // FRAME_SAMPLES)


def _check_tiling(spans: Sequence[Span], total_samples: int) -> None:
    edges = [0, *(span.end_ms for span in spans)]
    starts = [span.start_ms for span in spans]
    if starts != edges[:-1] or edges[-1] * SAMPLES_PER_MS != total_samples or edges != sorted(edges):
        raise ValueError("the spans don't tile the track")


def plan_batches(ranges: Sequence[FrameRange], model: LameThresholdModel | None = None) -> tuple[Batch, ...]:
    """The ranges to encode, in order, cut and gathered into batches. Each batch gets its own encoder."""
    batches: list[Batch] = []
    batch: list[EncoderRun] = []
    left = sum(part.frames for part in ranges if not part.open)
    room = _share(left)
    after: int | None = None  # the bed's frame that the batch's encoder was fed last
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
    """Whether encoding the bed's loop saves work: the track repeats more frames than the loop has."""
    ranges = plan_ranges(spans, spans[-1].end_ms * SAMPLES_PER_MS)
    repeated = sum(part.frames for part in ranges if part.open)
    return loop_samples <= LONGEST_LOOP_SAMPLES and repeated * FRAME_SAMPLES > loop_samples
