"""How many frames back LAME's threshold of hearing depends on the loudness, over a bed that repeats: pure.

LAME scales its threshold of hearing by a factor that follows the loudness (LAME 3.100: `adjust_ATH` in encoder.c,
`psycho_loudness_approx` in psymodel.c). Each frame has a limit, its weighted power, from 0.000625 to 1. A factor above
the limit falls towards it by 0.925 a frame, or by less in a loud frame. A factor below it rises to the limit, or to the
limit of the frame before if that is lower. A fresh encoder begins at 0.01. Two encoders with different pasts agree from
the first frame at which both factors reach the same limit. Before it their frames may differ by a few bits.

Over a bed this takes two to twenty frames. After arbitrary sound it takes 108. Measured over a soft wind, a fresh
encoder gives the loop's own bytes exactly from the predicted frame on, 16 to 28 frames after its start. Over other
sound it never does so later, and often sooner, since few bits depend on the threshold.

LAME doesn't document this, so the model is used only with encoders on which it was proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...dsp.transforms import to_spectra
from ...model import FRAME_SAMPLES, SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ...model import Samples

# Names as `ffmpeg.identity` gives them. To add one, `tests/test_lame_threshold.py` must pass with it.
PROVED_ENCODERS = frozenset({"imageio-ffmpeg 0.8.1 ffmpeg-linux-x86_64-v9.0.2"})
CONVERGENCE_FRAMES = 110  # after any sound, over any sound that a track has: see `plan.py`
# After any sound, over any sound at all. If limits rise and fall in turn, a factor between them falls in every other
# frame. It can't fall less often: in two rising frames it rises to the limit of the first.
_LONGEST = 2 * CONVERGENCE_FRAMES
REACH_FRAMES = 4  # how far the encoder's filters, transforms and masking look back

_LOWEST, _FRESH = 0.000_625, 0.01
_FALL = 0.925
_UNSURE = 0.002  # relative error of a limit, as LAME computes it in single precision
_LEADS = (*range(REACH_FRAMES, 24), 26, 29, 32, 36, 40, 46, 53, 61, 70, 80, 92, 110, 140, 180)  # tried in turn

_WINDOW = 1_024
_GRANULE = 576
_BEHIND = 800  # samples from the start of a frame's first window to the frame
_FULL_SCALE = 32_767
_FULL_POWER = 14_752**2 / 2  # about the power of noise at full scale
_LIMIT_PER_POWER = 31.98
_BLOCK_FRAMES = 250
# By bit rate, from LAME's presets.c: the factor that sound is multiplied by (0.95 for lower rates; measured, too), and
# how steeply the threshold of hearing rises above 10 kHz.
_SCALES = {192: 0.97, 224: 0.98, 256: 1.0, 320: 1.0}
_CURVES = {64: 11.0, 80: 8.0, 96: 5.5, 112: 4.5, 128: 4.0, 160: 3.5, 192: 3.0, 224: 2.0, 256: 1.0, 320: 0.0}


def threshold_limits(bed: Callable[[int, int], Samples], frames: int, bitrate_kbps: int = 128) -> NDArray[np.float32]:
    """The limit of each of a loop's `frames`: float32 (frames,), from 0.000625 to 1.

    `bed` gives the loop repeated without end, for any 0 <= start <= end: float32 (end - start, 2).
    """
    import numpy as np

    window = _window() * np.float32(_FULL_SCALE * _SCALES.get(bitrate_kbps, 0.95))
    weights = _weights(_CURVES[bitrate_kbps])
    limits = np.empty(frames, np.float32)
    for first in range(0, frames, _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, frames)
        begin = (first + frames) * FRAME_SAMPLES - _BEHIND  # in the second pass, since nothing comes before the first
        sound = bed(begin, begin + (last - first - 1) * FRAME_SAMPLES + _GRANULE + _WINDOW)
        power = np.zeros((2, last - first), np.float32)
        for channel in (0, 1):
            windows = np.lib.stride_tricks.sliding_window_view(np.ascontiguousarray(sound[:, channel]), _WINDOW)
            for granule in (0, 1):
                spectra = to_spectra(windows[granule * _GRANULE :: FRAME_SAMPLES] * window)[:, : len(weights)]
                power[granule] += (spectra.real**2 + spectra.imag**2) @ weights
        limits[first:last] = power.max(axis=0) / 2
    limits *= np.float32(_LIMIT_PER_POWER / _FULL_POWER)
    limits += np.float32(_LOWEST)
    return np.minimum(limits, np.float32(1), out=limits)


def _window() -> NDArray[np.float32]:
    """A Blackman window, sampled at half steps: (1024,)."""
    import numpy as np

    turns = (np.arange(_WINDOW) + 0.5) / _WINDOW
    window = 0.42 - 0.5 * np.cos(2 * np.pi * turns) + 0.08 * np.cos(4 * np.pi * turns)
    return window.astype(np.float32)


def _weights(curve: float) -> NDArray[np.float32]:
    """Weights of frequencies: the inverse of the threshold of hearing (`ATHformula_GB`), with the sum 1: (512,)."""
    import numpy as np

    khz = np.clip(np.arange(1, _WINDOW // 2 + 1) * SAMPLE_RATE / _WINDOW / 1_000, 0.1, None)
    threshold_db = 3.64 * khz**-0.8 - 6.8 * np.exp(-0.6 * (khz - 3.4) ** 2) + 6 * np.exp(-0.15 * (khz - 8.7) ** 2)
    threshold_db += (0.6 + 0.04 * curve) * 0.001 * khz**4
    weights = np.power(10.0, -threshold_db / 10)
    shares: NDArray[np.float32] = (weights / weights.sum()).astype(np.float32)
    return shares


class LameThresholdModel:
    """How soon an encoder's frames equal those of the loop, over a bed whose frames have these `limits`."""

    def __init__(self, limits: Sequence[float]) -> None:
        self._limits = list(limits)
        self._factors = _steady_factors(self._limits)

    def lead(self, frame: int, after: int | None = None) -> int:
        """The number of the bed's frames to feed before its `frame`, so that this frame is encoded as in the loop.

        Before them comes the bed's frame `after`, or silence in a fresh encoder if it is None.
        """
        return next((lead for lead in _LEADS if self._same_as_loop(frame - lead, frame, after)), _LONGEST)

    def settled(self, heard: int, alone: int) -> int:
        """The first frame that is encoded as in the loop, after other sound until frame `heard`.

        The bed is alone from there on. Until frame `alone` it is no louder than in the loop, then as loud.
        """
        low, high = _LOWEST, 1.0
        latest = max(heard, alone) + _LONGEST
        before = 1.0
        for at in range(heard + 1, latest):
            limit = self._limit(at)
            if at >= alone + 2:
                if _converges(low, high, limit, before):
                    return max(at + 2, alone + REACH_FRAMES)
                low = _next_factor(low, limit, before)
            high = _next_factor(high, min(limit * (1 + _UNSURE), 1.0), before * (1 + _UNSURE))
            before = limit
        return latest

    def _same_as_loop(self, start: int, frame: int, after: int | None) -> bool:
        """Whether an encoder that begins with the bed at `start` has the loop's factor in both frames before `frame`.

        Both count: the masking of middle and side is scaled by the factor of one frame and used in the next. If the
        sound jumps, the limit may have any value; a factor never rises to it at once.
        """
        if after is None:
            low, high = _FALL**3 * _FRESH, _FALL**2 * _FRESH * (1 + _UNSURE)  # two frames of silence, and the jump
        else:
            factor = self._factors[after % len(self._factors)]
            low, high = _FALL * factor, max(factor, self._limit(after))
        there = self._factors[start % len(self._factors)]
        low, high = min(low, there), max(high, there)
        before_low, before_high = _LOWEST, 1.0
        for at in range(start + 1, frame - 1):
            limit = self._limit(at)
            if before_low == before_high and _converges(low, high, limit, before_low):
                return True
            low, high = _next_factor(low, limit, before_low), _next_factor(high, limit, before_high)
            before_low = before_high = limit
        return False

    def _limit(self, frame: int) -> float:
        return self._limits[frame % len(self._limits)]


def _next_factor(factor: float, limit: float, before: float) -> float:
    """The factor after a frame with this `limit`; `before` is the limit of the frame before it."""
    if factor >= limit:
        return max(limit, _decayed(factor, limit))
    return limit if before >= limit else max(factor, before)


def _decayed(factor: float, limit: float) -> float:
    """How far a factor falls in a frame with this `limit`, if the limit doesn't stop it."""
    return factor * (_FALL + (1 - _FALL) * limit)


def _converges(low: float, high: float, limit: float, before: float) -> bool:
    """Whether all factors from `low` to `high` surely become equal in a frame with this `limit`."""
    if before < limit * (1 - _UNSURE) and high < before * (1 - _UNSURE):
        return True  # all rise to the limit of the frame before it
    none_below = low > limit * (1 + _UNSURE) or limit < _LOWEST * (1 + 1e-7)  # the latter: digital silence
    risen = none_below or before > limit * (1 + _UNSURE)
    return risen and _decayed(high, limit) < limit * (1 - _UNSURE)


def _steady_factors(limits: Sequence[float]) -> list[float]:
    """The factor after each frame of the loop, after an earlier pass."""
    factor, before = 1.0, 1.0
    factors: list[float] = []
    for frame in range(-_LONGEST, len(limits)):
        limit = limits[frame % len(limits)]
        factor = _next_factor(factor, limit, before)
        before = limit
        factors.append(factor)
    return factors[_LONGEST:]
