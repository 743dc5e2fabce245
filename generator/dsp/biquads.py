"""Filters made of second-order sections. Pure.

scipy.signal has all of this and is as fast, but importing it takes 0.9 CPU seconds and 80 MB. That is more time than
all the filtering of a track takes, and a quarter of the memory that a build may use.
"""

from __future__ import annotations

from functools import cached_property
from math import cos, pi, sin, sqrt
from typing import TYPE_CHECKING, Any

from .transforms import to_sound, to_spectra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.floating[Any]]
    """(samples,) or (samples, channels)."""

_RING_MS = 80  # an impulse response has decayed by 140 dB after this, for poles at 40 Hz and above


class Filter:
    """Second-order sections in series, float64 (n, 6): b0, b1, b2, 1, a1, a2, at `sample_rate` in Hz.

    The impulse response is cut after `reach` samples. What is cut is at most -140 dB if no pole lies below 40 Hz.
    """

    def __init__(self, sections: NDArray[np.float64], sample_rate: int) -> None:
        self.sections = sections
        self.sample_rate = sample_rate
        self.reach = 1 << (sample_rate * _RING_MS // 1000).bit_length()
        self.block = 8 * self.reach

    def response(self, hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """The complex gain at each frequency."""
        import numpy as np

        delay = np.exp(-2j * np.pi * hz / self.sample_rate)
        powers = np.stack([np.ones_like(delay), delay, delay * delay])
        gains: NDArray[np.complex128] = ((self.sections[:, :3] @ powers) / (self.sections[:, 3:] @ powers)).prod(axis=0)
        return gains

    def __call__(self, sound: Sound) -> Sound:
        """Filter `sound`, starting from rest. The result has the same shape and precision."""
        return apply_filters(sound, self)[0]

    @cached_property
    def gains(self) -> NDArray[np.complex128]:
        """`response` for blocks of `block` samples."""
        import numpy as np

        return self.response(np.fft.rfftfreq(self.block, 1 / self.sample_rate).astype(np.float64))


def apply_filters(sound: Sound, *filters: Filter) -> list[Sound]:
    """Filter `sound` by each of `filters`, which share a sample rate; the transform is computed once for all of them.

    The method is overlap-save: each block begins with the `reach` samples before it, and is multiplied in the frequency
    domain.
    """
    import numpy as np

    reach, block = filters[0].reach, filters[0].block
    step = block - reach
    lines = np.ascontiguousarray(sound.T)  # transforms take twice as long on strided samples
    samples = lines.shape[-1]
    beside = [(0, 0)] * (lines.ndim - 1)
    padded = np.pad(lines, [*beside, (reach, -samples % step)])
    if not samples:
        return [sound] * len(filters)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, block, axis=-1)[..., ::step, :]
    spectra = to_spectra(blocks)
    done: list[Sound] = []
    for each in filters:
        filtered = to_sound(spectra * each.gains.astype(spectra.dtype), block)[..., reach:]
        done.append(filtered.reshape(*lines.shape[:-1], -1)[..., :samples].T)
    return done


# --- sections, by Bristow-Johnson's Audio EQ Cookbook -------------------------------------------------
# A second-order Butterworth filter has q = 1/√2. A fourth-order one is two sections, of q = 1/(2 cos(π/8)) and
# 1/(2 cos(3π/8)). Each half of a second-order Linkwitz-Riley crossover has q = 1/2.


def low_pass(hz: float, q: float, sample_rate: int) -> NDArray[np.float64]:
    c, alpha = _angle(hz, q, sample_rate)
    return _section([(1 - c) / 2, 1 - c, (1 - c) / 2], [1 + alpha, -2 * c, 1 - alpha])


def high_pass(hz: float, q: float, sample_rate: int) -> NDArray[np.float64]:
    c, alpha = _angle(hz, q, sample_rate)
    return _section([(1 + c) / 2, -1 - c, (1 + c) / 2], [1 + alpha, -2 * c, 1 - alpha])


def all_pass(hz: float, q: float, sample_rate: int) -> NDArray[np.float64]:
    c, alpha = _angle(hz, q, sample_rate)
    return _section([1 - alpha, -2 * c, 1 + alpha], [1 + alpha, -2 * c, 1 - alpha])


def bell(hz: float, gain_db: float, q: float, sample_rate: int) -> NDArray[np.float64]:
    c, alpha = _angle(hz, q, sample_rate)
    a = 10 ** (gain_db / 40)
    return _section([1 + alpha * a, -2 * c, 1 - alpha * a], [1 + alpha / a, -2 * c, 1 - alpha / a])


def high_shelf(hz: float, gain_db: float, sample_rate: int) -> NDArray[np.float64]:
    """A high shelf of slope 1."""
    c, alpha = _angle(hz, 1 / sqrt(2), sample_rate)
    a = 10 ** (gain_db / 40)
    up, down, root = a + 1, a - 1, 2 * sqrt(a) * alpha
    return _section(
        [a * (up + down * c + root), -2 * a * (down + up * c), a * (up + down * c - root)],
        [up - down * c + root, 2 * (down - up * c), up - down * c - root],
    )


def _angle(hz: float, q: float, sample_rate: int) -> tuple[float, float]:
    """The cookbook's cos(w0) and alpha."""
    w = 2 * pi * hz / sample_rate
    return cos(w), sin(w) / (2 * q)


def _section(b: list[float], a: list[float]) -> NDArray[np.float64]:
    import numpy as np

    return np.array([[*b, *a]]) / a[0]
