"""A track's samples to a file by one ffmpeg, fed by mixing that runs ahead of it; and a container made that way.

All of them end on the very sample: an m4b says in its edit list where its encoder's delay ends and the track does, an
opus in its header and its last page. Decoding either gives as many samples as went in. Without a date, a version or
a random serial number in them, the same samples give the same bytes.
"""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..model import SAMPLE_RATE, SAMPLES_PER_MS
from ..system import ffmpeg
from ..system.waiting import wait_for
from .container import Container
from .ffmetadata import ffmetadata
from .sound import TrackSound, encoder_input
from .tags import Tags

BLOCK_SAMPLES = 3 * SAMPLE_RATE  # mixed and written at a time: 1.2 MB
MAX_MIXERS = 2  # one keeps ahead of ffmpeg, unless much is spoken
BLOCKS_AHEAD = 6  # what is mixed and waits for ffmpeg: 7 MB at the most

# 16 bits without dither: rounding lies at -98 dBFS, 76 dB under the voice and 64 under the open bed, where nobody in
# bed hears it; and what is silent stays so. 24 bits would make a night half as large again for nothing.
PCM_SAMPLE_BYTES = 4
PCM_BYTES_PER_MS = SAMPLES_PER_MS * PCM_SAMPLE_BYTES


class StreamedContainer(Container):
    """A container that ffmpeg writes from start to end.

    ffmpeg writes `metadata` as it makes the file, and leaves `padding_bytes` of room before the sound; `complete` adds
    the rest to the finished file. `muxer` and `codec` are arguments of ffmpeg.
    """

    muxer: str
    codec: Sequence[str]

    def metadata(self, tags: Tags) -> str:
        """What ffmpeg writes of the tags, as `ffmetadata` gives it."""
        return ffmetadata({})

    def padding_bytes(self, tags: Tags) -> int:
        """The room to leave before the sound for what `complete` puts there."""
        return 0

    def encode_args(self, sound: TrackSound) -> list[str]:
        """What ffmpeg needs beside `codec` to encode this sound."""
        return []

    def copy_args(self, source: Path) -> list[str]:
        """What ffmpeg needs to copy the packets of `source` as it has encoded them."""
        return []

    @abstractmethod
    def complete(self, part: Path, tags: Tags) -> None:
        """Add to a finished file what ffmpeg hasn't written. The sound doesn't move."""

    def estimate_bytes(self, duration_ms: int, bitrate_kbps: int) -> int:
        return duration_ms * bitrate_kbps // 8

    def write(self, sink: BinaryIO, sound: TrackSound, tags: Callable[[], Tags] | None = None) -> None:
        part = Path(sink.name)
        if tags is None:
            self.encode(part, sound)
            return
        written = tags()
        self.encode(part, sound, self.metadata(written), self.padding_bytes(written))
        self.complete(part, written)

    def replace_tags(self, source: Path, sink: BinaryIO, tags: Tags) -> None:
        part = Path(sink.name)
        with _metadata_input(self.metadata(tags)) as metadata:
            args = ["-i", f"file:{source}", *metadata, "-map", "0:a", "-map_metadata:s:a", "-1", "-c:a", "copy"]
            args += [*self.copy_args(source), *self._output_args(part, self.padding_bytes(tags))]
            ffmpeg.run(args)
        self.complete(part, tags)

    def encode(self, part: Path, sound: TrackSound, metadata: str = "", padding_bytes: int = 0) -> None:
        """Write the sound to the file `part`, whatever its name ends in. Raises TrackError with ffmpeg's last lines."""
        with _metadata_input(metadata) as described, _mixed_blocks(sound) as blocks:
            args = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ch_layout", "stereo", "-i", "pipe:0", *described]
            args += ["-map", "0:a", *self.codec, "-flags:a", "+bitexact", *self.encode_args(sound)]
            ffmpeg.filter_blocks([*args, *self._output_args(part, padding_bytes)], _count_taken(blocks, sound))

    def _output_args(self, part: Path, padding_bytes: int) -> list[str]:
        args = ["-map_metadata", "1", "-map_chapters", "1", "-fflags", "+bitexact"]
        args += ["-metadata_header_padding", str(padding_bytes)] if padding_bytes else []
        return [*args, "-f", self.muxer, "-y", f"file:{part}"]


@contextmanager
def _metadata_input(metadata: str) -> Iterator[list[str]]:
    """The arguments by which ffmpeg reads `metadata` as its second input."""
    with tempfile.TemporaryDirectory(prefix="sleepward-") as folder:
        path = Path(folder) / "metadata.txt"
        path.write_text(metadata or ffmetadata({}), encoding="utf-8", newline="\n")
        yield ["-f", "ffmetadata", "-i", f"file:{path}"]


def _count_taken(blocks: Iterator[memoryview], sound: TrackSound) -> Iterator[memoryview]:
    """The blocks as bytes, each counted when ffmpeg has taken it."""
    taken = 0
    for block in blocks:
        yield block
        taken += BLOCK_SAMPLES
        sound.progress(min(taken, sound.total_samples))


@contextmanager
def _mixed_blocks(sound: TrackSound) -> Iterator[Iterator[memoryview]]:
    """The track's blocks in order, the next ones being mixed meanwhile; no thread outlives the block."""
    pool = ThreadPoolExecutor(max(1, min(sound.jobs, MAX_MIXERS)), thread_name_prefix="mixer")

    def blocks() -> Iterator[memoryview]:
        window: deque[Future[memoryview]] = deque()
        for start in range(0, sound.total_samples, BLOCK_SAMPLES):
            end = min(start + BLOCK_SAMPLES, sound.total_samples)
            window.append(pool.submit(encoder_input, sound.render, start, end))
            if len(window) >= BLOCKS_AHEAD:
                yield wait_for(window.popleft()).result()
        while window:
            yield wait_for(window.popleft()).result()

    try:
        yield blocks()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
