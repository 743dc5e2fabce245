"""Which frames of a track repeat the bed's encoded loop, and which are encoded, in what shares: pure.

Frames encoded apart equal those of one piece only after a lead-in: LAME adapts its threshold of hearing to the
loudness before a frame, and forgets what was before only after a while (`adjust_ATH`, a factor between 0.000625 and 1,
which follows a rising loudness at once and falls by 0.925 a frame or, over a sound of loudness L, to L by
0.925 + 0.075 L):

- after sound of any loudness, over any other: 108 frames, 95 of them where the other is as faint as beds are;
  measured on noise at -37 to -70 LUFS, speech and silence at 64 to 320 kb/s: up to 87;
- where a steady bed alone was before, from a fresh encoder's 0.01 to no less than 0.000625: 36 frames; measured on
  noise at -50 to -14 dBFS, even or in waves of 12 and 24 dB, and on every bed there is: up to 35. Steady is what
  falls by less than 14 dB a second, which the factor follows; plucked strings don't, and took up to 41. A steady bed
  that rises from its duck is one, too: once its own 108 frames have passed, what was spoken before is forgotten;
- its filters and transforms reach back 3 frames at most, and 224 samples ahead of a frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..model import FRAME_SAMPLES, SAMPLE_RATE, SAMPLES_PER_MS, Span
from ..mp3_format import audio_frames

LEAD_FRAMES = 110  # after anything: see above
STEADY_LEAD_FRAMES = 40  # after a steady bed alone: see above
AHEAD_FRAMES = 1
OPEN_OVER_LEAD_FRAMES = 10  # an opening that exceeds the next lead-in by less costs more than it spares
# One ffmpeg's share is a third of what is left, within these: few starts, each of which costs as much as 400 frames,
# and small shares at the end, so that all workers finish together. Whatever their number, the cuts are the same.
SHARES = 3
BATCH_FRAMES = 2_500  # 60 s
MOST_BATCH_FRAMES = 5_000  # what waits for its turn in the file is held in memory: 2 MB at 128 kb/s
MIN_PIECE_FRAMES = 250  # what is worth another lead-in
LONGEST_LOOP_SAMPLES = 30 * 60 * SAMPLE_RATE  # encoded, it is held in memory: 29 MB at 128 kb/s


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames `first` to `last` (exclusive) of the track: the bed's own (open), or to be encoded."""

    open: bool
    first: int
    last: int
    shift: int = 0  # of an open one: frame n of the track is the bed's frame n + shift, modulo its loop

    @property
    def frames(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames to encode, after `lead` frames whose output is dropped."""

    first: int
    last: int
    lead: int

    @property
    def fed(self) -> int:
        return self.lead + self.last - self.first + AHEAD_FRAMES


Batch = tuple[Chunk, ...]


def plan_pieces(
    spans: Sequence[Span],
    total_samples: int,
    bed_lead: int = LEAD_FRAMES,
    sounding_ms: Sequence[tuple[int, int]] | None = None,
) -> tuple[Piece, ...]:
    """Tile the track's frames. `bed_lead` is the lead-in that an encoded piece needs after an open one.

    `sounding_ms` are the stretches (start, end), by their starts, where more is heard than the bed: in what is left of
    a voiced span after the last of them the encoder forgets them. Without it, all of the span counts as sounding.

    Raises ValueError where `spans` don't tile the track.
    """
    _check_tiling(spans, total_samples)
    frames = audio_frames(total_samples)
    pieces: list[Piece] = []
    done = 0
    for start, end, shift in _to_encode(spans, total_samples, bed_lead, sounding_ms):
        last = min(max(end, done), frames)
        first = min(max(start, done), last)
        if first - done < bed_lead + OPEN_OVER_LEAD_FRAMES:  # encode on
            first = pieces.pop().first if pieces else 0
        else:
            pieces.append(Piece(True, done, first, shift))
        pieces.append(Piece(False, first, last))
        done = last
    return tuple(pieces)


def _to_encode(
    spans: Sequence[Span], total_samples: int, bed_lead: int, sounding_ms: Sequence[tuple[int, int]] | None
) -> Iterator[tuple[int, int, int]]:
    """First and last frame of all that isn't just the bed, with the shift of the bed before it."""
    yield 0, LEAD_FRAMES, 0  # from silence to the bed
    heard = deque(sounding_ms or ())
    heard_ms = 0
    shift: int | None = None
    for span in spans:
        first = span.start_ms * SAMPLES_PER_MS // FRAME_SAMPLES - AHEAD_FRAMES
        if span.kind == "voiced":
            while heard and heard[0][0] < span.end_ms:
                heard_ms = max(heard_ms, heard.popleft()[1])
            last_ms = span.end_ms if sounding_ms is None else min(heard_ms, span.end_ms)
            yield first, max(_frames(last_ms) + LEAD_FRAMES, _frames(span.end_ms) + bed_lead), shift or 0
        elif shift not in (None, span.shift_frames):  # the bed jumps
            yield first, first + AHEAD_FRAMES + 1 + LEAD_FRAMES, shift or 0
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


def plan_batches(pieces: Sequence[Piece], bed_lead: int = LEAD_FRAMES) -> tuple[Batch, ...]:
    """The encoded pieces in order, cut and gathered into shares."""
    batches: list[Batch] = []
    batch: list[Chunk] = []
    left = sum(piece.frames for piece in pieces if not piece.open)
    room = _share(left)
    for piece in pieces:
        first = piece.first
        while not piece.open and first < piece.last:
            if batch and room < min(piece.last - first, MIN_PIECE_FRAMES):
                batches.append(tuple(batch))
                batch, room = [], _share(left)
            cut = first + room if piece.last - first > room + MIN_PIECE_FRAMES else piece.last
            lead = min(first, bed_lead if first == piece.first else LEAD_FRAMES)
            batch.append(Chunk(first, cut, lead))
            room -= batch[-1].fed
            left -= cut - first
            first = cut
    return (*batches, tuple(batch)) if batch else tuple(batches)


def _share(left: int) -> int:
    return min(max(left // SHARES, BATCH_FRAMES), MOST_BATCH_FRAMES)


def needs_loop(spans: Sequence[Span], loop_samples: int) -> bool:
    """Whether a track pays for the encoding of its bed's loop: it repeats more than the loop has."""
    pieces = plan_pieces(spans, spans[-1].end_ms * SAMPLES_PER_MS)
    repeated = sum(piece.frames for piece in pieces if piece.open)
    return loop_samples <= LONGEST_LOOP_SAMPLES and repeated * FRAME_SAMPLES > loop_samples
