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

import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from . import ffmpeg
from .errors import NotFoundError, TrackError
from .model import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, SAMPLES_PER_MS, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .model import Samples

    Mix = Callable[[int, int], Samples]
    """The track's samples from `start` to `end` (sample indices): float32 (end - start, 2); zeros outside the track."""

BITRATES = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""kb/s, constant: those whose frame at 48 kHz holds the Info header (192 bytes)."""

LEAD_FRAMES = 100  # after anything: see above
BED_LEAD_FRAMES = 40  # after the bed alone: see above
AHEAD_FRAMES = 1
MIN_OPEN_FRAMES = BED_LEAD_FRAMES + 10  # a shorter opening costs more in leads than it spares
BATCH_FRAMES = 2_500  # one ffmpeg's share, 60 s; fixed, so that cuts don't depend on the number of workers
MIN_PIECE_FRAMES = 250  # what is worth another lead-in
BLOCK_FRAMES = 250  # mixed and written at a time

ENCODER_DELAY = 576  # samples, LAME's
MIN_PADDING = 576  # LAME's rule; a decoder's own delay of 529 samples must find room in it


# --- sizes -----------------------------------------------------------------------------------------


def frame_bytes(bitrate_kbps: int) -> int:
    """Bytes of one frame. Raises ValueError for a bit rate that isn't one of BITRATES."""
    if bitrate_kbps not in BITRATES:
        raise ValueError(f"{bitrate_kbps} kb/s isn't one of {', '.join(map(str, BITRATES))}")
    return bitrate_kbps * 1000 * FRAME_SAMPLES // (8 * SAMPLE_RATE)


def audio_frames(total_samples: int) -> int:
    """Frames that hold `total_samples`, the encoder's delay and its padding; without the Info frame."""
    return -(-(total_samples + ENCODER_DELAY + MIN_PADDING) // FRAME_SAMPLES)


def mp3_bytes(total_samples: int, bitrate_kbps: int = 128) -> int:
    """Size of the MP3 with its Info frame, without the ID3 tag."""
    return (1 + audio_frames(total_samples)) * frame_bytes(bitrate_kbps)


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
    checksum = _Checksum(size)
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
    sink.write(_info_frame(total_samples, frames, bitrate_kbps, checksum.value))
    sink.seek(end)


def _own(encoded: Iterator[bytes], piece: Piece, checksum: _Checksum) -> Iterator[tuple[bytes, int]]:
    """The chunks that make up an encoded piece, with their check sums."""
    due = piece.frames
    while due:
        chunk = next(encoded)
        due -= len(chunk) // checksum.frame_bytes
        yield chunk, checksum.of(chunk)


class _Loop:
    """The bed's encoded loop, its slices' check sums at hand."""

    def __init__(self, frames: bytes, loop_frames: int, checksum: _Checksum) -> None:
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
        self._jobs = max(1, jobs)
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


# --- the Info frame --------------------------------------------------------------------------------

_FIRST_BITRATE_INDEX = 5  # of 64 kb/s, in the standard's table; the others follow without a gap
_INFO_AT = 36  # after the frame's header and its side information
_INFO = struct.Struct(">4sIII100sI")  # name, flags, frames, bytes, table of contents, quality
_LAME = struct.Struct(">9sBBIHHBB3sBBHIH")  # http://gabriel.mp3-tech.org/mp3infotag.html
_TAG_CRC_AT = 190


def _header(bitrate_kbps: int) -> bytes:
    """MPEG-1 layer III, 48 kHz, no CRC, no padding, joint stereo, original."""
    return bytes((0xFF, 0xFB, (_FIRST_BITRATE_INDEX + BITRATES.index(bitrate_kbps)) << 4 | 0x4, 0x44))


def _info_frame(total_samples: int, frames: int, bitrate_kbps: int, music_crc: int) -> bytes:
    """A silent frame that tells players the exact length: LAME's Info tag (Xing's, for constant bit rate)."""
    size = frame_bytes(bitrate_kbps)
    total_bytes = (frames + 1) * size
    contents = bytes(256 * (100 + percent * frames) // (100 * (frames + 1)) for percent in range(100))
    padding = frames * FRAME_SAMPLES - ENCODER_DELAY - total_samples
    info = _INFO.pack(b"Info", 0b1111, frames, total_bytes, contents, 50)
    lame = _LAME.pack(
        b"LAME3.100",
        1,  # revision 0, constant bit rate
        0,  # low-pass unknown
        0,  # no peak, and no ReplayGain: players would undo the bedtime level
        0,
        0,
        0,
        min(bitrate_kbps, 255),
        (ENCODER_DELAY << 12 | padding).to_bytes(3, "big"),
        2 << 6 | 3 << 2,  # 48 kHz, joint stereo
        0,
        0,
        total_bytes,
        music_crc,
    )
    tag = (_header(bitrate_kbps) + bytes(32) + info + lame).ljust(_TAG_CRC_AT, b"\0")
    return (tag + struct.pack(">H", _Checksum(2).of(tag))).ljust(size, b"\0")


# --- check sums: CRC-16/ARC, by whole frames -------------------------------------------------------


@lru_cache(maxsize=1)
def _crc_table() -> NDArray[np.uint16]:
    """What two bytes (as a little-endian number, xored to the CRC) leave of it: polynomial 0x8005, reflected."""
    import numpy as np

    table = np.arange(65_536)
    for _ in range(16):
        table = (table >> 1) ^ (table & 1) * 0xA001
    return table.astype(np.uint16)


class _Checksum:
    """The CRC of frames as they are added. A CRC is linear: crc(a + b) = zeros(len b)(crc a) ^ crc(b), where
    zeros(n), what n zero bytes make of a CRC, is a table of 65,536; so repeated frames needn't be read again.
    """

    def __init__(self, frame_bytes: int) -> None:
        self.frame_bytes = frame_bytes
        self.value = 0
        self._zeros: dict[int, NDArray[np.uint16]] = {}

    def add(self, crc: int, frames: int) -> None:
        """Append `frames` frames whose own check sum is `crc`."""
        self.value = self.shifted(self.value, frames) ^ crc

    def of(self, frames: bytes) -> int:
        return self.running(frames)[-1]

    def running(self, frames: bytes | memoryview) -> list[int]:
        """The check sums of the first 0, 1, 2, … frames; all frames at once, two bytes a step."""
        import numpy as np

        table = _crc_table()
        columns = np.frombuffer(frames, "<u2").reshape(-1, self.frame_bytes // 2).T
        crcs = np.zeros(columns.shape[1], np.uint16)
        for column in columns:
            crcs = table[crcs ^ column]
        zeros = self._power(1).tolist()
        sums = [0]
        for crc in crcs.tolist():
            sums.append(zeros[sums[-1]] ^ crc)
        return sums

    def shifted(self, crc: int, frames: int) -> int:
        return int(self._power(frames)[crc])

    def _power(self, frames: int) -> NDArray[np.uint16]:
        if frames not in self._zeros:
            if len(self._zeros) > 64:  # 128 KiB each; most lengths recur
                self._zeros.clear()
            self._zeros[frames] = _composed(_crc_table(), frames * self.frame_bytes // 2)
        return self._zeros[frames]


def _composed(table: NDArray[np.uint16], times: int) -> NDArray[np.uint16]:
    import numpy as np

    result = np.arange(65_536, dtype=np.uint16)
    while times:
        if times & 1:
            result = table[result]
        table = table[table]
        times >>= 1
    return result


# --- looking at a finished file --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Structure:
    """What a finished file says of itself, checked."""

    id3_bytes: int
    frames: int
    total_samples: int
    bitrate_kbps: int


def check_structure(path: Path) -> Structure:
    """Check a finished MP3 of ours without decoding it: tag, Info frame, size, every frame's header, check sums.

    Reads the file once, in slices. Raises TrackError with what is wrong, NotFoundError where there is no file.
    """
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        try:
            return _check(file, path.stat().st_size)
        except _BrokenError as wrong:
            raise TrackError(f"this MP3 is broken: {wrong}", where=str(path), hint="build the track again") from wrong


def audio_bytes(path: Path) -> int:
    """The size of what follows the ID3 tag; 0 where the tag is damaged."""
    with path.open("rb") as file:
        try:
            return path.stat().st_size - _id3_bytes(file.read(10))
        except _BrokenError:
            return 0


class _BrokenError(Exception):
    pass


def _check(file: BinaryIO, file_bytes: int) -> Structure:
    id3_bytes = _id3_bytes(file.read(10))
    file.seek(id3_bytes)
    head = file.read(_TAG_CRC_AT + 2)
    bitrate_kbps = _bitrate_of(head)
    size = frame_bytes(bitrate_kbps)
    if len(head) < _TAG_CRC_AT + 2 or head[_INFO_AT : _INFO_AT + 4] != b"Info":
        raise _BrokenError("it has no Info frame")
    if _Checksum(2).of(head[:_TAG_CRC_AT]) != int.from_bytes(head[_TAG_CRC_AT:], "big"):
        raise _BrokenError("its Info frame is damaged")
    _, _, frames, audio_bytes, _, _ = _INFO.unpack_from(head, _INFO_AT)
    *_, delays, _, _, _, _, music_crc = _LAME.unpack_from(head, _INFO_AT + _INFO.size)
    if audio_bytes != (frames + 1) * size:
        raise _BrokenError(f"its Info frame says {frames} frames in {audio_bytes} bytes")
    if id3_bytes + audio_bytes != file_bytes:
        raise _BrokenError(f"it should have {id3_bytes + audio_bytes} bytes, and has {file_bytes}")
    file.seek(id3_bytes + size)
    if _checked_frames(file, bitrate_kbps) != music_crc:
        raise _BrokenError("the check sum of its frames isn't the one it was written with")
    delay, padding = divmod(int.from_bytes(delays, "big"), 1 << 12)
    return Structure(id3_bytes, frames, frames * FRAME_SAMPLES - delay - padding, bitrate_kbps)


def _id3_bytes(head: bytes) -> int:
    if head[:3] != b"ID3":
        return 0
    if len(head) < 10 or max(head[6:]) > 127:
        raise _BrokenError("its ID3 tag is damaged")
    return 10 + sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))


def _bitrate_of(head: bytes) -> int:
    for bitrate_kbps in BITRATES:
        if head[:4] == _header(bitrate_kbps):
            return bitrate_kbps
    raise _BrokenError("no frame begins where its ID3 tag ends")


def _checked_frames(file: BinaryIO, bitrate_kbps: int) -> int:
    """Read whole frames to the end; their check sum."""
    import numpy as np

    size = frame_bytes(bitrate_kbps)
    checksum = _Checksum(size)
    sync = np.frombuffer(_header(bitrate_kbps)[:3], np.uint8)
    seen = 0
    while block := file.read(BATCH_FRAMES * size):
        frames = np.frombuffer(block, np.uint8).reshape(-1, size)
        lost = np.flatnonzero((frames[:, :3] != sync).any(axis=1))
        if lost.size:
            at = (seen + int(lost[0])) * FRAME_MS
            raise _BrokenError(f"the frame at {at / 1000:.3f} s doesn't begin with a frame's header")
        checksum.add(checksum.of(block), len(frames))
        seen += len(frames)
    return checksum.value
