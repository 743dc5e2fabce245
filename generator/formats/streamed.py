"""Containers that one ffmpeg writes from start to end. Threads mix the track ahead of it.

Decoding gives exactly as many samples as went in: an m4b's edit list, and an opus's header and last page, say how many
samples the encoder has added. No file has a date, a version or a random serial number, so the same samples give the
same bytes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ..model import SAMPLE_RATE, SAMPLES_PER_MS
from ..storage.leftovers import TemporaryFolder, temporary_writes
from ..system import ffmpeg
from ..system.waiting import wait_for
from .container import Container
from .ffmetadata import ffmetadata
from .sound import TrackSound, encoder_input
from .tags import UNKNOWN_SHA256, Tags

BLOCK_SAMPLES = 3 * SAMPLE_RATE  # mixed and written at a time: 1.2 MB
MAX_MIXERS = 2  # one is fast enough for ffmpeg, unless much is spoken
BLOCKS_AHEAD = 6  # mixed blocks that wait for ffmpeg: 7 MB at most

# 16 bits without dither. The rounding noise lies at -98 dBFS, 76 dB under the voice and 64 dB under the open bed, and
# nobody hears it. Silence stays silent. 24 bits would make the file half as large again for nothing.
PCM_SAMPLE_BYTES = 4
PCM_BYTES_PER_MS = SAMPLES_PER_MS * PCM_SAMPLE_BYTES


class StreamedContainer(Container):
    """A container that ffmpeg writes from start to end.

    With the sound ffmpeg writes `metadata`, and leaves `padding_bytes` of room before it. `complete` adds the other
    tags to the finished file. `muxer` and `codec` are arguments of ffmpeg.
    """

    muxer: str
    codec: Sequence[str]

    def metadata(self, tags: Tags) -> str:
        """The tags that ffmpeg writes, in the form of `ffmetadata`."""
        return ffmetadata({})

    def padding_bytes(self, tags: Tags) -> int:
        """The room that `complete` needs before the sound."""
        return 0

    def encode_args(self, sound: TrackSound) -> list[str]:
        """Arguments of ffmpeg to encode this sound, beside `codec`."""
        return []

    def copy_args(self, source: Path) -> list[str]:
        """Arguments of ffmpeg to copy the packets of `source` unchanged."""
        return []

    @abstractmethod
    def complete(self, part: Path, tags: Tags) -> None:
        """Add the tags that ffmpeg hasn't written to a finished file. The sound doesn't move."""

    def estimate_bytes(self, duration_ms: int, bitrate_kbps: int) -> int:
        return duration_ms * bitrate_kbps // 8

    def write(self, sink: BinaryIO, sound: TrackSound, tags: Callable[[], Tags] | None = None) -> None:
        part = Path(sink.name)
        if tags is None:
            self.encode(part, sound)
            return
        written = replace(tags(), sound_sha256=UNKNOWN_SHA256)
        self.encode(part, sound, self.metadata(written), self.padding_bytes(written))
        self.complete(part, replace(written, sound_sha256=self.sound_sha256(part)))

    def replace_tags(self, source: Path, sink: BinaryIO, tags: Tags) -> None:
        part = Path(sink.name)
        tags = replace(tags, sound_sha256=tags.sound_sha256 or self.sound_sha256(source))
        with _metadata_input(self.metadata(tags)) as metadata:
            args = ["-i", f"file:{source}", *metadata, "-map", "0:a", "-map_metadata:s:a", "-1", "-c:a", "copy"]
            args += [*self.copy_args(source), *self._output_args(part, self.padding_bytes(tags))]
            ffmpeg.run(args)
        self.complete(part, tags)

    def encode(self, part: Path, sound: TrackSound, metadata: str = "", padding_bytes: int = 0) -> None:
        """Write the sound to the file `part`; its suffix doesn't matter. Raises TrackError with ffmpeg's last lines."""
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
    """Arguments that make ffmpeg read `metadata` as its second input."""
    with TemporaryFolder("tags") as folder:
        path = folder / "metadata.txt"
        with temporary_writes():
            path.write_text(metadata or ffmetadata({}), encoding="utf-8", newline="\n")
        yield ["-f", "ffmetadata", "-i", f"file:{path}"]


def _count_taken(blocks: Iterator[memoryview], sound: TrackSound) -> Iterator[memoryview]:
    """The blocks unchanged; progress is reported when ffmpeg has taken each."""
    taken = 0
    for block in blocks:
        yield block
        taken += BLOCK_SAMPLES
        sound.progress(min(taken, sound.total_samples))


@contextmanager
def _mixed_blocks(sound: TrackSound) -> Iterator[Iterator[memoryview]]:
    """The track's blocks in order. Threads mix the next ones ahead; none outlives the `with` block."""
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
