"""Encoding: a track's frames in order, repeated from the bed's loop or encoded in parallel."""

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
from ...model import FRAME_SAMPLES, SAMPLE_RATE
from ...system import ffmpeg
from ...system.stopping import StopToken
from ...system.waiting import wait_for
from ..sound import TrackSound, encoder_input
from .lame_threshold import CONVERGENCE_FRAMES, PROVED_ENCODERS, LameThresholdModel, threshold_limits
from .layout import audio_frames, frame_bytes, info_frame
from .plan import AHEAD_FRAMES, Batch, FrameRange, plan_batches, plan_ranges

if TYPE_CHECKING:
    from ..sound import Render

BLOCK_FRAMES = 125  # mixed and written at a time
READ_FRAMES = 2_500  # read at a time from a finished encoding
LIMIT_BYTES = 4
SAMPLE_BYTES = 8  # two channels of float32
REPEATS_PER_ENCODED = 60  # so many frames are repeated in the time of mixing and encoding one
SHARED_ENCODERS = 2  # while another track is narrated
MAX_ENCODERS = 3  # each takes about 30 MB, and a track may take 300 MB in all


# --- encoding --------------------------------------------------------------------------------------


def encode_loop(open_bed: Render, loop_samples: int, bitrate_kbps: int = 128, jobs: int = 2) -> bytes:
    """The frames of the bed's loop as every open span repeats them: encoded after an earlier pass of the loop.

    `open_bed` gives the bed at its open level, repeated without end: float32 (end - start, 2) for any
    0 <= start <= end. `loop_samples` is the loop's length, a whole number of frames. After the frames come
    their limits, four bytes each, from which the threshold's model is made. Raises ValueError if the length isn't whole
    frames, TrackError if the encoder fails.
    """
    frames, rest = divmod(loop_samples, FRAME_SAMPLES)
    if rest or not frames:
        raise ValueError("a bed's loop is a whole number of frames")
    first = -(-CONVERGENCE_FRAMES // frames) * frames  # a later pass, which follows the bed's own end
    batches = plan_batches([FrameRange(False, first, first + frames)])
    with _Encoders(open_bed, bitrate_kbps, jobs) as encoders:
        encoded = list(encoders.encode(batches))
    limits = threshold_limits(open_bed, frames, bitrate_kbps).astype("<f4")
    return b"".join((*encoded, limits.tobytes()))


def threshold_model(loop: bytes | memoryview, bitrate_kbps: int = 128) -> LameThresholdModel:
    """The model for the bed of an encoded `loop`. Raises ValueError if the loop has another bit rate."""
    import numpy as np

    frames, loop_frames = _frames_of(loop, frame_bytes(bitrate_kbps))
    return LameThresholdModel(np.frombuffer(loop, "<f4", loop_frames, len(frames)).tolist())


def _frames_of(loop: bytes | memoryview, size: int) -> tuple[memoryview, int]:
    """A loop's frames, of `size` bytes each, and their number."""
    loop_frames, rest = divmod(len(loop), size + LIMIT_BYTES)
    if rest or not loop_frames:
        raise ValueError("the encoded loop doesn't belong to this bit rate")
    return memoryview(loop)[: loop_frames * size], loop_frames


def encode_mp3(
    sink: BinaryIO,
    sound: TrackSound,
    loop: bytes | memoryview | None = None,
    head: Callable[[], bytes] = bytes,
    encoder: str | None = None,
) -> None:
    """Write the track to `sink` at its position: `head`, an Info frame, then the audio's frames in order.

    `loop` is the result of `encode_loop` for the track's bed and bit rate. It is repeated where the bed is alone.
    Without it (see `needs_loop`) the whole track is encoded, to the same bytes. `head` is called when the encoders have
    started. Progress is the share of work done, as samples; a repeated frame counts little. `encoder` is ffmpeg's
    identity, by default that of the one in use. If the threshold's model wasn't proved on it, every lead-in is the
    longest.

    `sink` must be able to seek: the Info frame is written again at the end, with the check sum of the frames.
    Memory doesn't grow with the track. Raises TrackError if the encoder fails, ValueError if the spans don't tile the
    track or the loop has another bit rate.
    """
    size = frame_bytes(sound.bitrate_kbps)
    repeated = model = None
    ranges: tuple[FrameRange, ...] = (FrameRange(False, 0, audio_frames(sound.total_samples)),)
    if loop is not None:
        repeated = _RepeatedLoop(loop, size)
        if (encoder or ffmpeg.identity()) in PROVED_ENCODERS:
            model = threshold_model(loop, sound.bitrate_kbps)
        ranges = plan_ranges(sound.spans, sound.total_samples, model, sound.sounding_ms)
    most = SHARED_ENCODERS if sound.shared else MAX_ENCODERS
    with _Encoders(sound.render, sound.bitrate_kbps, sound.jobs, most) as encoders:
        encoded = encoders.encode(plan_batches(ranges, model))
        sink.write(head())
        work = sum(_work(part, part.frames) for part in ranges)

        def slices() -> Iterator[bytes | memoryview]:
            done = 0
            for part in ranges:
                for frames in repeated.slices(part) if repeated and part.open else _take_encoded(encoded, part, size):
                    yield frames
                    done += _work(part, len(frames) // size)
                    sound.progress(sound.total_samples * done // work)

        _write(sink, slices(), sound)


def encode_plain(sink: BinaryIO, sound: TrackSound) -> None:
    """Like `encode_mp3`, but with one ffmpeg for the whole track: the same bytes, for several times the work.

    Memory doesn't grow with the track. Its frames wait in a hidden folder beside the sink's file.
    """
    size, frames = frame_bytes(sound.bitrate_kbps), audio_frames(sound.total_samples)

    def blocks() -> Iterator[memoryview]:
        for first in range(0, sound.total_samples, BLOCK_FRAMES * FRAME_SAMPLES):
            last = min(first + BLOCK_FRAMES * FRAME_SAMPLES, sound.total_samples)
            yield encoder_input(sound.render, first, last)
            sound.progress(last)

    with tempfile.TemporaryDirectory(prefix=".sleepward-", dir=_folder_of(sink)) as folder:
        path = Path(folder) / "plain.mp3"
        ffmpeg.filter_blocks([*_lame(sound.bitrate_kbps), f"file:{path}"], blocks())
        if path.stat().st_size != frames * size:
            raise _wrong_size(path.stat().st_size, frames * size)
        with path.open("rb") as encoded:
            _write(sink, iter(lambda: encoded.read(READ_FRAMES * size), b""), sound)


def _folder_of(sink: BinaryIO) -> Path | None:
    """The folder of `sink`'s file. It has room for a track; the system's temporary folder may lie in memory."""
    name = getattr(sink, "name", None)
    return Path(name).parent if isinstance(name, str | os.PathLike) else None


def _write(sink: BinaryIO, slices: Iterable[bytes | memoryview], sound: TrackSound) -> None:
    """Write the Info frame and all frames of a track after it."""
    size = frame_bytes(sound.bitrate_kbps)
    start = sink.tell()
    sink.write(bytes(size))
    frames = music_crc = 0
    for part in slices:
        sink.write(part)
        music_crc = crc16(part, music_crc)
        frames += len(part) // size
    end = sink.tell()
    sink.seek(start)
    sink.write(info_frame(sound.total_samples, frames, sound.bitrate_kbps, music_crc))
    sink.seek(end)


def _work(part: FrameRange, frames: int) -> int:
    """The work for `frames` of `part`; repeating a frame is 1."""
    return frames if part.open else frames * REPEATS_PER_ENCODED


def _take_encoded(encoded: Iterator[bytes], part: FrameRange, size: int) -> Iterator[bytes]:
    """The encoded frames of one range, run by run."""
    due = part.frames
    while due:
        frames = next(encoded)
        due -= len(frames) // size
        yield frames


class _RepeatedLoop:
    """The bed's encoded loop, repeated without end."""

    def __init__(self, loop: bytes | memoryview, size: int) -> None:
        frames, loop_frames = _frames_of(loop, size)
        passes = -(-1000 // loop_frames)  # so that a short loop is written in long slices, too
        self._bytes = memoryview(bytes(frames) * passes) if passes > 1 else frames
        self._size = size

    def slices(self, part: FrameRange) -> Iterator[memoryview]:
        length = len(self._bytes)
        at, last = ((frame + part.shift) * self._size for frame in (part.first, part.last))
        while at < last:
            begin = at % length
            frames = self._bytes[begin : begin + last - at]
            yield frames
            at += len(frames)


class _Encoders:
    """A limited number of ffmpegs, each encoding one batch. Results come in the order of the batches."""

    def __init__(self, render: Render, bitrate_kbps: int, jobs: int, most: int = MAX_ENCODERS) -> None:
        self.frame_bytes = frame_bytes(bitrate_kbps)
        self._render = render
        self._bitrate_kbps = bitrate_kbps
        # One more than cores: while one thread mixes, another thread's ffmpeg runs.
        self._jobs = min(jobs + 1, most) if jobs > 1 else 1
        self._stop = StopToken()
        self._pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="encoder")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no ffmpeg behind. After an error or an interruption each ends at its next block."""
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def encode(self, batches: Sequence[Batch]) -> Iterator[bytes]:
        """The frames of each run, in order. The first batches start at once."""
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
        encoded = ffmpeg.filter_blocks([*_lame(self._bitrate_kbps), "-"], _blocks(batch, self._render), self._stop)
        size = self.frame_bytes
        fed = sum(run.fed for run in batch)
        if len(encoded) != (fed + 1) * size:  # the encoder's delay makes one more
            raise _wrong_size(len(encoded), (fed + 1) * size)
        runs = []
        at = 0
        for run in batch:
            begin = at + run.silent + run.lead
            runs.append(encoded[begin * size : (begin + run.last - run.first) * size])
            at += run.fed
        return runs


def _wrong_size(given: int, wanted: int) -> TrackError:
    hint = "build again; is ffmpeg the tested one? `sleepward doctor` tells"
    return TrackError(f"the encoder gave {given} bytes instead of {wanted}", hint=hint)


def _lame(bitrate_kbps: int) -> list[str]:
    """Arguments of ffmpeg to make independent frames of raw sound, without any tag."""
    args = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "-"]
    args += ["-c:a", "libmp3lame", "-b:a", f"{bitrate_kbps}k", "-reservoir", "0"]
    args += ["-flush_packets", "0"]  # else ffmpeg writes every frame to the pipe by itself, which wakes the reader
    return [*args, "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"]


def _blocks(batch: Batch, render: Render) -> Iterator[memoryview]:
    for run in batch:
        if run.silent:
            yield memoryview(bytes(run.silent * FRAME_SAMPLES * SAMPLE_BYTES))
        end = run.last + AHEAD_FRAMES
        for first in range(run.first - run.lead, end, BLOCK_FRAMES):
            yield encoder_input(render, first * FRAME_SAMPLES, min(first + BLOCK_FRAMES, end) * FRAME_SAMPLES)
