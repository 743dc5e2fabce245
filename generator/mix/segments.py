"""Converts between sample arrays and pydub's AudioSegment, in which clips are placed and joined."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..model import SAMPLE_RATE

if TYPE_CHECKING:
    from pydub import AudioSegment

    from ..model import Samples


@lru_cache(maxsize=1)
def _audio_segment() -> Any:
    with warnings.catch_warnings():
        # pydub warns if no ffmpeg is on the PATH, though it needs none here, and about deprecated parts of Python.
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    return AudioSegment


def to_segment(samples: Samples, gain_db: float = 0.0) -> AudioSegment:
    """float32 (samples, 1) at 48 kHz as a 16-bit mono segment, louder by `gain_db`."""
    import numpy as np

    pcm = np.clip(np.rint(samples * np.float32(32_768 * 10 ** (gain_db / 20))), -32_768, 32_767).astype("<i2")
    return from_pcm(pcm.tobytes())


def from_pcm(pcm: bytes | memoryview) -> AudioSegment:
    """16-bit little-endian mono at 48 kHz as a segment. Its quantisation noise lies 70 dB below the quietest voice."""
    return _audio_segment()(data=bytes(pcm), sample_width=2, frame_rate=SAMPLE_RATE, channels=1)


def silence(duration_ms: int) -> AudioSegment:
    """A silent segment to overlay others on. At pydub's default rate they would lose their treble."""
    return _audio_segment().silent(duration=duration_ms, frame_rate=SAMPLE_RATE)


def to_samples(segment: AudioSegment, gain_db: float = 0.0) -> Samples:
    """A 16-bit mono segment as float32 (samples, 1), louder by `gain_db`."""
    import numpy as np

    gain = np.float32(10 ** (gain_db / 20) / 32_768)
    samples: Samples = np.multiply(np.frombuffer(segment.raw_data, "<i2"), gain, dtype=np.float32)[:, None]
    return samples
