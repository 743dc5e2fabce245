"""Spans to MP3: the frames of the open bed are encoded once and repeated, voiced ones are encoded in parallel.

The only place that knows frames. At 48 kHz and constant bit rate every frame has the same size; with the bit
reservoir off none borrows from its neighbours; so frames encoded apart can be cut, repeated and joined, and the
file is byte for byte the one that encoding the whole in one piece gives. That needs a lead-in: see `plan.py`, and
`memory.py` for how long.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from fastcrc.crc16 import arc as crc16

from ...errors import TrackError
from ...model import FRAME_SAMPLES, SAMPLE_RATE, Span
from ...system import ffmpeg
from ...system.stopping import StopToken
from ...system.waiting import wait_for
from ..mp3_format import audio_frames, frame_bytes, info_frame
from .memory import FORGOTTEN_FRAMES, Memory, threshold_limits
from .plan import AHEAD_FRAMES, Batch, Piece, needs_loop, plan_batches, plan_pieces

if TYPE_CHECKING:
    from ...model import Samples

    Mix = Callable[[int, int], Samples]
    """The track's samples from `start` to `end` (sample indices): float32 (end - start, 2); zeros outside the track."""

__all__ = ["encode_loop", "encode_mp3", "encode_plain", "memory_of", "needs_loop"]

BLOCK_FRAMES = 125  # mixed and written at a time
READ_FRAMES = 2_500  # of a finished encoding, at a time
LIMIT_BYTES = 4
SAMPLE_BYTES = 8  # two channels of float32
REPEATS_PER_ENCODED = 60  # in the time that a frame takes to mix and encode so many are repeated
SHARED_ENCODERS = 2  # beside the narration of another track
MAX_ENCODERS = 3  # each takes about 30 MB, and a track never more than 300 MB in all


# --- encoding --------------------------------------------------------------------------------------


def encode_loop(open_bed: Mix, loop_samples: int, bitrate_kbps: int = 128, jobs: int = 2) -> bytes:
    """The frames of the bed's loop when it has gone round before, which every open span repeats, and their limits.

    `open_bed` gives the bed at its open level, round and round: float32 (end - start, 2) for any 0 <= start <= end.
    `loop_samples` is its length, whole frames. The limits, four bytes for each frame, follow the frames: what the
    encoder remembers is told from them. Raises ValueError where it isn't whole frames, TrackError where the encoder
    fails.
    """
    frames, rest = divmod(loop_samples, FRAME_SAMPLES)
    if rest or not frames:
        raise ValueError("a bed's loop is a whole number of frames")
    first = -(-FORGOTTEN_FRAMES // frames) * frames  # a later pass: the bed's own end is before it
    batches = plan_batches([Piece(False, first, first + frames)])
    with _Encoders(open_bed, bitrate_kbps, jobs) as encoders:
        encoded = list(encoders.encode(batches))
    limits = threshold_limits(open_bed, frames, bitrate_kbps).astype("<f4")
    return b"".join((*encoded, limits.tobytes()))


def memory_of(loop: bytes | memoryview, bitrate_kbps: int = 128) -> Memory:
    """What an encoder remembers over the bed of an encoded `loop`. Raises ValueError where it has another bit rate."""
    import numpy as np

    frames, loop_frames = _frames_of(loop, frame_bytes(bitrate_kbps))
    return Memory(np.frombuffer(loop, "<f4", loop_frames, len(frames)).tolist())


def _frames_of(loop: bytes | memoryview, size: int) -> tuple[memoryview, int]:
    """A loop's frames, of `size` bytes each, and how many they are."""
    loop_frames, rest = divmod(len(loop), size + LIMIT_BYTES)
    if rest or not loop_frames:
        raise ValueError("the encoded loop doesn't belong to this bit rate")
    return memoryview(loop)[: loop_frames * size], loop_frames


def encode_mp3(
    sink: BinaryIO,
    *,
    spans: Sequence[Span],
    mix: Mix,
    total_samples: int,
    bitrate_kbps: int = 128,
    jobs: int = 2,
    shared: bool = False,
    loop: bytes | memoryview | None = None,
    sounding_ms: Sequence[tuple[int, int]] | None = None,
    head: Callable[[], bytes] = bytes,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the track to `sink`, from where it stands: `head`, an Info frame, then the audio's frames in order.

    `spans` tile the track; `mix` is called from several threads. `loop` is what `encode_loop` gave for the track's bed
    and bit rate: it is repeated where the bed is alone. Without it (see `needs_loop`) all is encoded, to the same
    bytes; they don't depend on `jobs` either, nor on whether memory is `shared` with another track. Fewer frames are
    encoded where `sounding_ms` says, by their starts, which stretches hold more than the bed as it goes on; the bed is
    never louder in a voiced span than in an open one.
    `head` is asked once the encoders are at work. `progress` gets the work done, as samples of the whole: a repeated
    frame is next to none.

    `sink` must be able to seek: the Info frame is written again at the end, with the check sum of what follows it.
    Memory doesn't grow with the track. Raises TrackError where the encoder fails.
    """
    size = frame_bytes(bitrate_kbps)
    repeated = None if loop is None else _Loop(loop, size)
    memory = None if loop is None else memory_of(loop, bitrate_kbps)
    pieces = plan_pieces(spans, total_samples, memory, sounding_ms)
    if repeated is None:
        pieces = (Piece(False, 0, audio_frames(total_samples)),)
    most = SHARED_ENCODERS if shared else MAX_ENCODERS
    with _Encoders(mix, bitrate_kbps, jobs, most) as encoders:
        encoded = encoders.encode(plan_batches(pieces, memory))
        sink.write(head())
        work = sum(_work(piece, piece.frames) for piece in pieces)

        def parts() -> Iterator[bytes | memoryview]:
            done = 0
            for piece in pieces:
                for part in repeated.parts(piece) if repeated and piece.open else _own(encoded, piece, size):
                    yield part
                    done += _work(piece, len(part) // size)
                    if progress is not None:
                        progress(total_samples * done // work)

        _write(sink, parts(), total_samples, bitrate_kbps)


def encode_plain(
    sink: BinaryIO,
    *,
    mix: Mix,
    total_samples: int,
    bitrate_kbps: int = 128,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Like `encode_mp3`, the whole through one ffmpeg, start to end: the same bytes, for several times the work.

    Memory doesn't grow with the track; meanwhile its frames lie in a hidden folder beside the sink's file.
    """
    size, frames = frame_bytes(bitrate_kbps), audio_frames(total_samples)

    def blocks() -> Iterator[memoryview]:
        for first in range(0, total_samples, BLOCK_FRAMES * FRAME_SAMPLES):
            last = min(first + BLOCK_FRAMES * FRAME_SAMPLES, total_samples)
            yield _raw(mix, first, last)
            if progress is not None:
                progress(last)

    with tempfile.TemporaryDirectory(prefix=".sleepward-", dir=_folder_of(sink)) as folder:
        path = Path(folder) / "plain.mp3"
        ffmpeg.filter_blocks([*_lame(bitrate_kbps), f"file:{path}"], blocks())
        if path.stat().st_size != frames * size:
            raise TrackError(f"the encoder gave {path.stat().st_size} bytes instead of {frames * size}")
        with path.open("rb") as encoded:
            _write(sink, iter(lambda: encoded.read(READ_FRAMES * size), b""), total_samples, bitrate_kbps)


def _folder_of(sink: BinaryIO) -> Path | None:
    """Where `sink`'s file lies: there is room for a track there, and the system's own folder may be memory."""
    name = getattr(sink, "name", None)
    return Path(name).parent if isinstance(name, str | os.PathLike) else None


def _write(sink: BinaryIO, parts: Iterable[bytes | memoryview], total_samples: int, bitrate_kbps: int) -> None:
    """All of a track's frames behind the Info frame that sums them up."""
    size = frame_bytes(bitrate_kbps)
    start = sink.tell()
    sink.write(bytes(size))
    frames = music_crc = 0
    for part in parts:
        sink.write(part)
        music_crc = crc16(part, music_crc)
        frames += len(part) // size
    end = sink.tell()
    sink.seek(start)
    sink.write(info_frame(total_samples, frames, bitrate_kbps, music_crc))
    sink.seek(end)


def _work(piece: Piece, frames: int) -> int:
    """What `frames` of `piece` take, in frames repeated."""
    return frames if piece.open else frames * REPEATS_PER_ENCODED


def _own(encoded: Iterator[bytes], piece: Piece, size: int) -> Iterator[bytes]:
    """The chunks that make up an encoded piece."""
    due = piece.frames
    while due:
        chunk = next(encoded)
        due -= len(chunk) // size
        yield chunk


class _Loop:
    """The bed's encoded loop, going round."""

    def __init__(self, loop: bytes | memoryview, size: int) -> None:
        frames, loop_frames = _frames_of(loop, size)
        passes = -(-1000 // loop_frames)  # a short loop is written in long slices all the same
        self._bytes = memoryview(bytes(frames) * passes) if passes > 1 else frames
        self._size = size

    def parts(self, piece: Piece) -> Iterator[memoryview]:
        length = len(self._bytes)
        at, last = ((frame + piece.shift) * self._size for frame in (piece.first, piece.last))
        while at < last:
            begin = at % length
            part = self._bytes[begin : begin + last - at]
            yield part
            at += len(part)


class _Encoders:
    """A bounded window of ffmpegs, each encoding one batch; results come in order, whoever finishes first."""

    def __init__(self, mix: Mix, bitrate_kbps: int, jobs: int, most: int = MAX_ENCODERS) -> None:
        self.frame_bytes = frame_bytes(bitrate_kbps)
        self._mix = mix
        self._bitrate_kbps = bitrate_kbps
        # One more than cores: while an ffmpeg's worker mixes, another's runs.
        self._jobs = min(jobs + 1, most) if jobs > 1 else 1
        self._stop = StopToken()
        self._pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="encoder")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves no ffmpeg behind: on an error or an interruption they end at their next block."""
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def encode(self, batches: Sequence[Batch]) -> Iterator[bytes]:
        """The frames of each chunk, in order; the first batches begin at once."""
        ahead = self._jobs + 1
        window = deque(self._pool.submit(self._encode_batch, batch) for batch in batches[:ahead])

        def in_order() -> Iterator[bytes]:
            for batch in batches[ahead:]:
                window.append(self._pool.submit(self._encode_batch, batch))
                yield from wait_for(window.popleft()).result()
            while window:
                yield from wait_for(window.popleft()).result()

        return in_order()

    def _encode_batch(self, batch: Batch) -> list[bytes]:
        encoded = ffmpeg.filter_blocks([*_lame(self._bitrate_kbps), "-"], _blocks(batch, self._mix), self._stop)
        size = self.frame_bytes
        fed = sum(chunk.fed for chunk in batch)
        if len(encoded) != (fed + 1) * size:  # its delay makes one more
            raise TrackError(f"the encoder gave {len(encoded)} bytes instead of {(fed + 1) * size}")
        chunks = []
        at = 0
        for chunk in batch:
            begin = at + chunk.silent + chunk.lead
            chunks.append(encoded[begin * size : (begin + chunk.last - chunk.first) * size])
            at += chunk.fed
        return chunks


def _lame(bitrate_kbps: int) -> list[str]:
    """What tells ffmpeg to make bare frames of raw sound, each standing for itself."""
    args = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "-"]
    args += ["-c:a", "libmp3lame", "-b:a", f"{bitrate_kbps}k", "-reservoir", "0"]
    args += ["-flush_packets", "0"]  # or each frame is written to the pipe by itself, and wakes its reader
    return [*args, "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"]


def _blocks(batch: Batch, mix: Mix) -> Iterator[memoryview]:
    for chunk in batch:
        if chunk.silent:
            yield memoryview(bytes(chunk.silent * FRAME_SAMPLES * SAMPLE_BYTES))
        end = chunk.last + AHEAD_FRAMES
        for first in range(chunk.first - chunk.lead, end, BLOCK_FRAMES):
            yield _raw(mix, first * FRAME_SAMPLES, min(first + BLOCK_FRAMES, end) * FRAME_SAMPLES)


def _raw(mix: Mix, start: int, end: int) -> memoryview:
    """The mix as the encoder is fed with it."""
    import numpy as np

    samples = np.ascontiguousarray(mix(start, end), "<f4")
    if samples.shape != (end - start, 2):
        raise ValueError(f"the mix gave {samples.shape} for {end - start} samples")
    return samples.data.cast("B")
