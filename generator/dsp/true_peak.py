"""True peaks, which include the levels between samples, in dBTP (ITU-R BS.1770-4, annex 2: oversampled four times).

Most sound needn't be oversampled: between samples it can't rise above `_max_overshoot` times the samples around.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import inf, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.floating[Any]]
    """(samples,) or (samples, channels)."""

REACH = 10
"""How many samples on each side determine a value between two samples."""

_OVERSAMPLING = 4
_KAISER_BETA = 5.0  # with REACH: level to 20 kHz within 0.1 dB, as scipy's resample_poly has it
_ROW = 64  # samples that are examined together
_MOST_ROWS = 2_000  # oversampled at a time: 10 MB


def true_peak_db(samples: Sound) -> float:
    """The true peak of `samples`, in dBTP; -inf for digital silence."""
    return true_peak_db_of([samples])


def true_peak_db_of(chunks: Iterable[Sound]) -> float:
    """`true_peak_db` of the concatenated chunks."""
    import numpy as np

    peak = 0.0
    held: Sound | None = None  # the end of the previous chunk
    for chunk in chunks:
        if held is None:
            held = np.zeros((2 * REACH, *chunk.shape[1:]), chunk.dtype)
        held = np.concatenate([held, chunk])
        peak = true_peak_amplitude(held, peak)
        held = held[-2 * REACH :]
    if held is not None:
        peak = true_peak_amplitude(np.concatenate([held, np.zeros_like(held)]), peak)
    return 20 * log10(peak) if peak > 0 else -inf


def true_peak_amplitude(sound: Sound, peak: float = 0.0) -> float:
    """The true peak of `sound` without its first and last `REACH` samples, as an amplitude; or `peak` if higher."""
    import numpy as np

    inner = len(sound) - 2 * REACH
    if inner <= 0:
        return peak
    # one channel after the other: on strided samples `max` takes thirty times as long
    lines = np.ascontiguousarray(sound.T).reshape(-1, len(sound))
    peak = max(peak, float(np.abs(lines[:, REACH : REACH + inner]).max()))
    whole = inner - inner % _ROW
    for first, end, width in ((0, whole, _ROW), (whole, inner, inner - whole)):  # the last row may be shorter
        if first == end:
            continue
        part = lines[:, first : end + 2 * REACH]
        rows = np.lib.stride_tricks.sliding_window_view(part, width + 2 * REACH, axis=1)[:, ::width]
        around = np.maximum(rows.max(axis=2), -rows.min(axis=2))
        line, row = np.nonzero(around * _max_overshoot() > peak)
        for at in range(0, len(row), _MOST_ROWS):
            some = slice(at, at + _MOST_ROWS)
            peak = max(peak, float(inter_sample_peaks(rows[line[some], row[some]]).max()))
    return peak


def inter_sample_peaks(rows: NDArray[Any]) -> NDArray[Any]:
    """The highest magnitude between the samples of each row of (rows, samples), without the first and last `REACH`."""
    import numpy as np

    count = rows.shape[1] - 2 * REACH + 1
    most = np.zeros((len(rows), count), rows.dtype)
    for phase in _taps().astype(rows.dtype):
        value = rows[:, :count] * phase[0]
        for number, tap in enumerate(phase[1:], 1):
            value += rows[:, number : number + count] * tap
        np.maximum(most, np.abs(value), out=most)
    highest_of_rows: NDArray[Any] = most.max(axis=1)
    return highest_of_rows


@lru_cache(maxsize=1)
def _taps() -> NDArray[np.float64]:
    """(phases between two samples, 2 * REACH): an ideal interpolator under a Kaiser window."""
    import numpy as np

    share = np.arange(1, _OVERSAMPLING)[:, None] / _OVERSAMPLING
    away = share - np.arange(1 - REACH, REACH + 1)
    taps = np.sinc(away) * np.i0(_KAISER_BETA * np.sqrt(1 - np.square(away / REACH)))
    scaled: NDArray[np.float64] = taps / taps.sum(axis=1, keepdims=True)
    return scaled


@lru_cache(maxsize=1)
def _max_overshoot() -> float:
    """The highest possible ratio of a value between two samples to the samples around it."""
    import numpy as np

    return float(np.abs(_taps()).sum(axis=1).max())
