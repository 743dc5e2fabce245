"""A track's samples to m4b, opus, flac or wav: one ffmpeg, fed by mixing that runs ahead of it.

All of them end on the very sample: an m4b says in its edit list where its encoder's delay ends and the track does, an
opus in its header and its last page. Decoding either gives as many samples as went in. Without a date, a version or
a random serial number in them, the same samples give the same bytes.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..model import SAMPLE_RATE
from ..system import ffmpeg
from ..system.waiting import wait_for

if TYPE_CHECKING:
    from ..model import Samples

    Mix = Callable[[int, int], Samples]
    """The track's samples from `start` to `end` (sample indices): float32 (end - start, 2)."""

StreamedFormat = Literal["m4b", "opus", "flac", "wav"]

BLOCK_SAMPLES = 3 * SAMPLE_RATE  # mixed and written at a time: 1.2 MB
MAX_MIXERS = 2  # one keeps ahead of ffmpeg, unless much is spoken
BLOCKS_AHEAD = 6  # what is mixed and waits for ffmpeg: 7 MB at the most

# 16 bits without dither: rounding lies at -98 dBFS, 76 dB under the voice and 64 under the open bed, where nobody in
# bed hears it; and what is silent stays so. 24 bits would make a night half as large again for nothing.
_CODECS: dict[StreamedFormat, list[str]] = {
    # The fast coder: of five minutes of voice over rain it left 7 to 11 dB less error below 4 kHz at 128 kb/s than
    # the default one, and 4 to 7 dB less at 64 kb/s, in two thirds of the time.
    "m4b": ["-c:a", "aac", "-aac_coder", "fast", "-brand", "M4B ", "-f", "ipod"],
    "opus": ["-c:a", "libopus", "-f", "opus"],
    "flac": ["-c:a", "flac", "-sample_fmt", "s16", "-f", "flac"],
    "wav": ["-c:a", "pcm_s16le", "-f", "wav"],
}
_HAS_BITRATE = ("m4b", "opus")
_LONG_WAV_BYTES = 2**32 - 2**26  # from here on a wav's sizes take 64 bits (RF64): its tags find room below 4 GB


def encode(
    part: Path,
    *,
    format: StreamedFormat,  # noqa: A002  # the setting's name
    mix: Mix,
    total_samples: int,
    bitrate_kbps: int = 128,
    metadata: str = "",
    padding_bytes: int = 0,
    jobs: int = 2,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the track to the file `part`, whatever its name ends in.

    `mix` is called from several threads. `metadata` is text in ffmpeg's own form (tagging.stream_metadata);
    `padding_bytes` of room are left in a flac for what tagging adds. flac and wav are 16 bits, whatever the bit rate.
    The bytes don't depend on `jobs`. `progress` gets the samples handed over so far.

    Memory doesn't grow with the track, except for an m4b: its index takes ffmpeg 12 MB an hour (126 MB for 8 hours).
    Whatever happens, no ffmpeg outlives the call. Raises TrackError with ffmpeg's last lines where it fails.
    """
    with tempfile.TemporaryDirectory(prefix="sleepward-") as folder, _mixed(mix, total_samples, jobs) as blocks:
        described = Path(folder) / "metadata.txt"
        described.write_text(metadata or ";FFMETADATA1\n", encoding="utf-8", newline="\n")
        args = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ch_layout", "stereo", "-i", "pipe:0"]
        args += ["-f", "ffmetadata", "-i", f"file:{described}"]
        args += ["-map", "0:a", "-map_metadata", "1", "-map_chapters", "1"]
        args += [*_CODECS[format], "-fflags", "+bitexact", "-flags:a", "+bitexact"]
        args += ["-b:a", f"{bitrate_kbps}k"] if format in _HAS_BITRATE else []
        args += ["-rf64", "always"] if format == "wav" and total_samples * 4 > _LONG_WAV_BYTES else []
        args += ["-metadata_header_padding", str(padding_bytes)] if padding_bytes else []
        ffmpeg.filter_blocks([*args, "-y", f"file:{part}"], _handed_over(blocks, total_samples, progress))


def _handed_over(
    blocks: Iterator[Samples], total_samples: int, progress: Callable[[int], None] | None
) -> Iterator[memoryview]:
    """The blocks as bytes, each counted when ffmpeg has taken it."""
    taken = 0
    for block in blocks:
        yield block.data.cast("B")
        taken += len(block)
        if progress is not None:
            progress(min(taken, total_samples))


@contextmanager
def _mixed(mix: Mix, total_samples: int, jobs: int) -> Iterator[Iterator[Samples]]:
    """The track's blocks in order, the next ones being mixed meanwhile; no thread outlives the block."""
    pool = ThreadPoolExecutor(max(1, min(jobs, MAX_MIXERS)), thread_name_prefix="mixer")

    def blocks() -> Iterator[Samples]:
        window: deque[Future[Samples]] = deque()
        for start in range(0, total_samples, BLOCK_SAMPLES):
            window.append(pool.submit(_block, mix, start, min(start + BLOCK_SAMPLES, total_samples)))
            if len(window) >= BLOCKS_AHEAD:
                yield wait_for(window.popleft()).result()
        while window:
            yield wait_for(window.popleft()).result()

    try:
        yield blocks()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _block(mix: Mix, start: int, end: int) -> Samples:
    import numpy as np

    samples = np.ascontiguousarray(mix(start, end), "<f4")
    if samples.shape != (end - start, 2):
        raise ValueError(f"the mix gave {samples.shape} for {end - start} samples")
    return samples
