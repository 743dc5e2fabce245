"""Reads a recording of any format."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..model import Recording
from ..system.ffmpeg import decode

LONGEST_S = 20 * 60.0  # 5,000 characters take 11 minutes at 80 words a minute
RATES_HZ = (4_000, 384_000)  # a header that claims 1 Hz would make hours of a second


def read_recording(path: Path) -> Recording:
    """The sound of any file that ffmpeg can read, mixed to one channel. Raises InputError."""
    samples, rate = decode(path, LONGEST_S)
    low, high = RATES_HZ
    if not low <= rate <= high:
        hint = f"it must have {low:,} to {high:,} samples a second"
        raise InputError(f"it claims {rate} samples a second", where=str(path), hint=hint)
    return Recording(samples.mean(axis=1, keepdims=True, dtype=samples.dtype), rate)
