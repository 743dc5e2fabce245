"""Loudness of sound in memory or in chunks, as ITU-R BS.1770-4 and EBU Tech 3341 define it.

pyloudnorm lacks what this project needs: phrases shorter than a block, momentary loudness, and tracks of eight hours
that don't fit into memory. Its default filter isn't the standard's, either (it reads up to 0.1 LU lower). The tests
compare the gated loudness with pyloudnorm's, with the standard's filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from math import inf, log10, pi, tan
from typing import TYPE_CHECKING, Any

from ..model import SAMPLE_RATE
from .biquads import Filter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.floating[Any]]
    """(samples,) or (samples, channels), one or two channels, both of weight 1."""

BLOCK_MS = 400  # BS.1770-4, annex 1: gating blocks of 400 ms …
HOP_MS = 100  # … that overlap by 75 %
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
_OFFSET = -0.691  # BS.1770-4, equation 2

_CHUNK_SECONDS = 10  # filtered at once, so that memory doesn't grow with the sound


def integrated_lufs(samples: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """Integrated, gated loudness (BS.1770-4, annex 1), in LUFS; -inf if every block is below the gate.

    Sound shorter than one block (400 ms) is measured ungated.
    """
    if len(samples) * 1000 < BLOCK_MS * sample_rate:
        return ungated_lufs(samples, sample_rate)
    return gated_lufs(block_powers(hop_powers([samples], sample_rate)))


def momentary_lufs(samples: Sound, sample_rate: int = SAMPLE_RATE, hop_ms: int = HOP_MS) -> NDArray[np.float64]:
    """Momentary loudness (EBU Tech 3341): one value in LUFS per window of 400 ms, every `hop_ms`, ungated.

    Value i covers [i * hop_ms, i * hop_ms + 400). Sound shorter than a window gives no value. `hop_ms` must divide 400.
    """
    import numpy as np

    powers = block_powers(hop_powers([samples], sample_rate, hop_ms), hop_ms)
    with np.errstate(divide="ignore"):
        levels: NDArray[np.float64] = _OFFSET + 10 * np.log10(powers)
    return levels


def ungated_lufs(samples: Sound, sample_rate: int = SAMPLE_RATE) -> float:
    """Ungated loudness of `samples`, of any length above 0, in LUFS; -inf for digital silence.

    It suits short phrases: 100 ms of silence let the filters ring out, so that the last sound counts in full.
    """
    import numpy as np

    if len(samples) == 0:
        raise ValueError("no samples: there is nothing to measure")
    ring = np.zeros((sample_rate // 10, *samples.shape[1:]), samples.dtype)
    energy = sum(float(np.sum(np.square(part))) for part in _filtered([samples, ring], sample_rate))
    return lufs(energy / len(samples))


def lufs(power: float) -> float:
    """The loudness of a K-weighted mean square, summed over channels, in LUFS (BS.1770-4, equation 2); -inf for 0."""
    return _OFFSET + 10 * log10(power) if power > 0 else -inf


def k_weighted(samples: Sound, sample_rate: int = SAMPLE_RATE) -> Sound:
    """K-weighted `samples`, in the same shape; the filter starts from rest."""
    return k_weighting(sample_rate)(samples)


# --- over chunks: a track of hours is measured as it is decoded ------------------------------------------


def hop_powers(chunks: Iterable[Sound], sample_rate: int = SAMPLE_RATE, hop_ms: int = HOP_MS) -> NDArray[np.float64]:
    """K-weighted power (mean square, summed over the channels) of each whole hop of the concatenated chunks."""
    import numpy as np

    hop, odd = divmod(sample_rate * hop_ms, 1000)
    if odd or hop_ms <= 0 or BLOCK_MS % hop_ms:
        raise ValueError(f"hop_ms must divide {BLOCK_MS} and be whole samples at {sample_rate} Hz, not {hop_ms}")
    powers: list[NDArray[np.float64]] = []
    rest = np.zeros(0)
    for part in _filtered(chunks, sample_rate):
        squares = np.square(part)
        rest = np.concatenate([rest, squares if part.ndim == 1 else squares.sum(axis=1)])
        whole = len(rest) // hop
        powers.append(rest[: whole * hop].reshape(whole, hop).mean(axis=1))
        rest = rest[whole * hop :]
    return np.concatenate(powers) if powers else np.zeros(0)


def block_powers(hops: NDArray[np.float64], hop_ms: int = HOP_MS) -> NDArray[np.float64]:
    """Power of the 400 ms block that begins at each hop. These are the gating blocks and the momentary windows."""
    import numpy as np

    count = BLOCK_MS // hop_ms
    if len(hops) < count:
        return np.zeros(0)
    means: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(hops, count).mean(axis=1)
    return means


def gated_lufs(blocks: NDArray[np.float64]) -> float:
    """Integrated loudness from the powers of gating blocks (BS.1770-4, equations 3 to 7); -inf if none passes."""

    def louder_than(gate_lufs: float) -> NDArray[np.float64]:
        return blocks[blocks > 10 ** ((gate_lufs - _OFFSET) / 10)]

    audible = louder_than(ABSOLUTE_GATE_LUFS)
    if not len(audible):
        return -inf
    gate_lufs = max(ABSOLUTE_GATE_LUFS, lufs(float(audible.mean())) + RELATIVE_GATE_LU)
    return lufs(float(louder_than(gate_lufs).mean()))


def _filtered(chunks: Iterable[Sound], sample_rate: int) -> Iterator[Sound]:
    """The K-weighted sound, chunk by chunk; the filter's state carries over from chunk to chunk."""
    import numpy as np

    weighting = k_weighting(sample_rate)
    before: Sound | None = None
    for chunk in _split(chunks, sample_rate):
        if before is None:
            before = np.zeros((weighting.reach, *chunk.shape[1:]), chunk.dtype)
        sound = np.concatenate([before, chunk])
        yield weighting(sound)[weighting.reach :]
        before = sound[-weighting.reach :]


def _split(chunks: Iterable[Sound], sample_rate: int) -> Iterator[Sound]:
    size = _CHUNK_SECONDS * sample_rate
    return chain.from_iterable((chunk[at : at + size] for at in range(0, len(chunk), size)) for chunk in chunks)


@lru_cache(maxsize=16)
def k_weighting(sample_rate: int) -> Filter:
    """The two stages of K-weighting (BS.1770-4, tables 1 and 2) at any rate.

    The standard gives coefficients at 48 kHz only. These come from the analogue filters behind them, as libebur128
    derives them, by the bilinear transform. At 48 kHz they equal the standard's.
    """
    import numpy as np

    k = tan(pi * 1681.974450955533 / sample_rate)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    ]
    k = tan(pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return Filter(np.array([shelf, high_pass]), sample_rate)
