"""Spans to MP3: the frames of the open bed are encoded once and repeated, voiced ones are encoded in parallel.

The only place that knows frames. At 48 kHz and constant bit rate every frame has the same size; with the bit
reservoir off none borrows from its neighbours; so frames encoded apart can be cut, repeated and joined, and the
file is byte for byte the one that encoding the whole in one piece gives. That needs a lead-in: LAME adapts its
threshold of hearing to the loudness before a frame, and forgets what was before only after a while:

- after sound of any loudness it falls by at least 0.925 a frame, from 1 to no less than 0.000625: 95 frames
  (LAME's `adjust_ATH`); measured on noise at -37 to -70 LUFS, speech and silence at 64 to 320 kb/s: up to 87;
- where the bed alone was before, from a fresh encoder's 0.01 to no less than 0.000625: 36 frames;
- its filters and transforms reach back 3 frames at most, and 224 samples ahead of a frame.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self

from . import ffmpeg
from .errors import TrackError
from .model import FRAME_SAMPLES, SAMPLE_RATE, SAMPLES_PER_MS, Span
from .mp3_format import Checksum, audio_frames, frame_bytes, info_frame

if TYPE_CHECKING:
    from .model import Samples

    Mix = Callable[[int, int], Samples]
    """The track's samples from `start` to `end` (sample indices): float32 (end - start, 2); zeros outside the track."""

LEAD_FRAMES = 100  # after anything: see above
BED_LEAD_FRAMES = 40  # after the bed alone: see above
AHEAD_FRAMES = 1
MIN_OPEN_FRAMES = BED_LEAD_FRAMES + 10  # a shorter opening costs more in leads than it spares
BATCH_FRAMES = 2_500  # one ffmpeg's share, 60 s; fixed, so that cuts don't depend on the number of workers
MIN_PIECE_FRAMES = 250  # what is worth another lead-in
BLOCK_FRAMES = 125  # mixed and written at a time
MAX_ENCODERS = 3  # each takes about 30 MB, and a track never more than 300 MB in all


# --- the plan: which frames are the bed's, which are encoded ---------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames `first` to `last` (exclusive) of the track: the bed's own (open), or to be encoded."""

    open: bool
    first: int
    last: int

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


def plan_pieces(spans: Sequence[Span], total_samples: int) -> tuple[Piece, ...]:
    """Tile the track's frames. Raises ValueError where `spans` don't tile the track."""
    _check_tiling(spans, total_samples)
    frames = audio_frames(total_samples)
    voiced = [(0, LEAD_FRAMES)]  # from silence to the bed
    for span in spans:
        if span.kind == "voiced":
            first = span.start_ms * SAMPLES_PER_MS // FRAME_SAMPLES - AHEAD_FRAMES
            after = -(-span.end_ms * SAMPLES_PER_MS // FRAME_SAMPLES)
            voiced.append((first, after + LEAD_FRAMES))
    voiced.append((total_samples // FRAME_SAMPLES - AHEAD_FRAMES, frames))  # to the zeros after the track
    pieces: list[Piece] = []
    done = 0
    for start, end in voiced:
        last = min(max(end, done), frames)
        first = min(max(start, done), last)
        if first - done < MIN_OPEN_FRAMES:  # encode on
            first = pieces.pop().first if pieces else 0
        else:
            pieces.append(Piece(True, done, first))
        pieces.append(Piece(False, first, last))
        done = last
    return tuple(pieces)


def _check_tiling(spans: Sequence[Span], total_samples: int) -> None:
    edges = [0, *(span.end_ms for span in spans)]
    starts = [span.start_ms for span in spans]
    if starts != edges[:-1] or edges[-1] * SAMPLES_PER_MS != total_samples or edges != sorted(edges):
        raise ValueError("the spans don't tile the track")


def plan_batches(pieces: Sequence[Piece]) -> tuple[Batch, ...]:
    """The encoded pieces in order, cut and gathered into shares of about BATCH_FRAMES."""
    batches: list[Batch] = []
    batch: list[Chunk] = []
    room = BATCH_FRAMES
    for piece in pieces:
        first = piece.first
        while not piece.open and first < piece.last:
            if batch and room < min(piece.last - first, MIN_PIECE_FRAMES):
                batches.append(tuple(batch))
                batch, room = [], BATCH_FRAMES
            cut = first + room if piece.last - first > room + MIN_PIECE_FRAMES else piece.last
            lead = min(first, BED_LEAD_FRAMES if first == piece.first else LEAD_FRAMES)
            batch.append(Chunk(first, cut, lead))
            room -= batch[-1].fed
            first = cut
    return (*batches, tuple(batch)) if batch else tuple(batches)


# --- encoding --------------------------------------------------------------------------------------


def encode_loop(open_loop: Samples, bitrate_kbps: int = 128, jobs: int = 2) -> bytes:
    """The frames of the bed's loop when it has gone round before: what every open span repeats.

    `open_loop` is float32 (samples, 2) at the open level, a whole number of frames long. Raises ValueError where it
    isn't, TrackError where the encoder fails.
    """
    with _Encoders(_endless(open_loop), bitrate_kbps, jobs) as encoders:
        return _encode_loop(open_loop, encoders)


def _encode_loop(open_loop: Samples, encoders: _Encoders) -> bytes:
    frames = _loop_frames(open_loop)
    first = -(-BED_LEAD_FRAMES // frames) * frames  # a later pass: the bed's own end is before it
    batches = plan_batches([Piece(False, first, first + frames)])
    return b"".join(encoders.encode(batches, _endless(open_loop)))


def _loop_frames(open_loop: Samples) -> int:
    frames, rest = divmod(len(open_loop), FRAME_SAMPLES)
    if rest or not frames or open_loop.shape[1:] != (2,):
        raise ValueError("a bed's loop is (samples, 2), a whole number of frames")
    return frames


def _endless(open_loop: Samples) -> Mix:
    """The loop as an endless track: phase is the sample index modulo its length."""

    def mix(start: int, end: int) -> Samples:
        import numpy as np

        return open_loop[np.arange(start, end) % len(open_loop)]

    return mix


def encode_mp3(
    sink: BinaryIO,
    *,
    spans: Sequence[Span],
    mix: Mix,
    open_loop: Samples,
    total_samples: int,
    bitrate_kbps: int = 128,
    jobs: int = 2,
    loop_frames: bytes | memoryview | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the track to `sink`, from where it stands: an Info frame, then the audio's frames in order.

    `spans` tile the track; `mix` is called from several threads, and in open spans gives the very samples of
    `open_loop` (float32 (samples, 2) at the open level, whole frames) at phase sample index modulo its length.
    `loop_frames` is what `encode_loop` gave for the same loop and bit rate. The bytes don't depend on `jobs`
    nor on `loop_frames` being given. `progress` gets the samples written so far.

    `sink` must be able to seek: the Info frame is written again at the end, with the check sum of what follows it.
    Memory doesn't grow with the track. Raises TrackError where the encoder fails.
    """
    size = frame_bytes(bitrate_kbps)
    frames = audio_frames(total_samples)
    pieces = plan_pieces(spans, total_samples)
    start = sink.tell()
    sink.write(bytes(size))
    checksum = Checksum(size)
    written = 0
    with _Encoders(mix, bitrate_kbps, jobs) as encoders:
        loop = None
        if any(piece.open for piece in pieces):
            encoded_loop = _encode_loop(open_loop, encoders) if loop_frames is None else bytes(loop_frames)
            loop = _Loop(encoded_loop, _loop_frames(open_loop), checksum)
        encoded = encoders.encode(plan_batches(pieces))
        for piece in pieces:
            parts = loop.parts(piece) if piece.open and loop else _own(encoded, piece, checksum)
            for part, part_crc in parts:
                sink.write(part)
                checksum.add(part_crc, len(part) // size)
                written += len(part) // size
                if progress is not None:
                    progress(min(written * FRAME_SAMPLES, total_samples))
    end = sink.tell()
    sink.seek(start)
    sink.write(info_frame(total_samples, frames, bitrate_kbps, checksum.value))
    sink.seek(end)


def _own(encoded: Iterator[bytes], piece: Piece, checksum: Checksum) -> Iterator[tuple[bytes, int]]:
    """The chunks that make up an encoded piece, with their check sums."""
    due = piece.frames
    while due:
        chunk = next(encoded)
        due -= len(chunk) // checksum.frame_bytes
        yield chunk, checksum.of(chunk)


class _Loop:
    """The bed's encoded loop, its slices' check sums at hand."""

    def __init__(self, frames: bytes, loop_frames: int, checksum: Checksum) -> None:
        if len(frames) != loop_frames * checksum.frame_bytes:
            raise ValueError("the encoded loop doesn't belong to this loop and bit rate")
        passes = -(-1000 // loop_frames)  # a short loop is written in long slices all the same
        self._bytes = frames * passes
        self._length = loop_frames * passes
        self._checksum = checksum
        self._sums = checksum.running(self._bytes)

    def parts(self, piece: Piece) -> Iterator[tuple[memoryview, int]]:
        at = piece.first
        size = self._checksum.frame_bytes
        while at < piece.last:
            begin = at % self._length
            end = min(self._length, begin + piece.last - at)
            before = self._checksum.shifted(self._sums[begin], end - begin)
            yield memoryview(self._bytes)[begin * size : end * size], self._sums[end] ^ before
            at += end - begin


class _Encoders:
    """A bounded window of ffmpegs, each encoding one batch; results come in order, whoever finishes first."""

    def __init__(self, mix: Mix, bitrate_kbps: int, jobs: int) -> None:
        self.frame_bytes = frame_bytes(bitrate_kbps)
        self._mix = mix
        self._bitrate_kbps = bitrate_kbps
        self._jobs = max(1, min(jobs, MAX_ENCODERS))
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="encoder")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves no ffmpeg behind: on an error or an interruption they end at their next block."""
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def encode(self, batches: Iterable[Batch], mix: Mix | None = None) -> Iterator[bytes]:
        """The frames of each chunk, in order."""
        window: deque[Future[list[bytes]]] = deque()
        for batch in batches:
            window.append(self._pool.submit(self._encode_batch, batch, mix or self._mix))
            if len(window) > self._jobs + 1:
                yield from window.popleft().result()
        while window:
            yield from window.popleft().result()

    def _encode_batch(self, batch: Batch, mix: Mix) -> list[bytes]:
        args = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "-"]
        args += ["-c:a", "libmp3lame", "-b:a", f"{self._bitrate_kbps}k", "-reservoir", "0"]
        args += ["-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", "-"]
        encoded = ffmpeg.filter_blocks(args, _blocks(batch, mix), self._stop)
        size = self.frame_bytes
        fed = sum(chunk.fed for chunk in batch)
        if len(encoded) != (fed + 1) * size:  # its delay makes one more
            raise TrackError(f"the encoder gave {len(encoded)} bytes instead of {(fed + 1) * size}")
        chunks = []
        at = 0
        for chunk in batch:
            begin, end = at + chunk.lead, at + chunk.lead + chunk.last - chunk.first
            chunks.append(encoded[begin * size : end * size])
            at += chunk.fed
        return chunks


def _blocks(batch: Batch, mix: Mix) -> Iterator[memoryview]:
    import numpy as np

    for chunk in batch:
        end = chunk.last + AHEAD_FRAMES
        for first in range(chunk.first - chunk.lead, end, BLOCK_FRAMES):
            last = min(first + BLOCK_FRAMES, end)
            samples = np.ascontiguousarray(mix(first * FRAME_SAMPLES, last * FRAME_SAMPLES), "<f4")
            if samples.shape != ((last - first) * FRAME_SAMPLES, 2):
                raise ValueError(f"the mix gave {samples.shape} for {(last - first) * FRAME_SAMPLES} samples")
            yield samples.data.cast("B")
