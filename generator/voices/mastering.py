"""The voice chain: turns an engine's recording of one sentence into a clip that is soft, even and at one loudness.

Its stages are: raw gain, trim, resample to `CHAIN_RATE`, equalise and de-ess, compress, the voice's own equaliser and
gain, soften onsets, level, resample to 48 kHz, limit true peaks, fade the edges. The raw gain brings every engine to
`NOMINAL_LUFS`, so that all thresholds mean the same for every voice.

A clip measures `NOMINAL_LUFS` as one channel. The mix plays it from two channels and compensates for the 3 LU that this
adds. It also applies any other `loudness`, and the glide, as plain gain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from math import cos, exp, pi
from typing import TYPE_CHECKING, Any, Literal

from ..dsp.biquads import apply_filters
from ..dsp.fades import raised_cosine, ramps, ramps_between
from ..dsp.loudness import BLOCK_MS
from ..dsp.true_peak import REACH, inter_sample_peaks
from ..errors import TrackError
from ..model import CLIP_HEAD_MS, CLIP_TAIL_MS, SAMPLE_RATE, SAMPLES_PER_MS, Clip, Recording
from .filters import CHAIN_RATE, VoiceEq, equaliser_bands, voice_eq, weighted_voice_eq

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Wave = NDArray[np.float32]
    """(samples,), whole milliseconds, at `CHAIN_RATE`; at `SAMPLE_RATE` from `limit_true_peaks` on."""

CHAIN_VERSION = "14"
"""Goes up whenever the chain's sound changes. Cache keys carry `chain_identity`."""

NOMINAL_LUFS = -22.0

CHAIN_PER_MS = CHAIN_RATE // 1000

# A natural voice dies away slowly. What lies further down, any background hides; without one, it is the clip's tail.
TRIM_DBFS = -52.0

DE_ESS_DBFS = -45.0  # threshold in the band above DE_ESS_HZ
DE_ESS_RATIO = 2.0
MAX_DE_ESS_DB = 10.0  # a stronger cut would turn an s into a th

COMPRESSOR_DBFS = -38.0  # low enough to bring soft consonants out over rain
COMPRESSOR_RATIO = 2.0  # for a voice whose consonants are wholly weak
COMPRESSOR_KNEE_DB = 6.0
ATTACK_MS = 15
RELEASE_MS = 200
LOOK_AHEAD_MS = 10  # lowers the gain before a loud sound starts, so that first syllables don't stick out

# Each sentence's loudest 400 ms then lie within 0.3 LU of each other, 2.5 LU over the voice, and DistillMOS doesn't
# change. At a ratio of 4 above -21.5 LUFS, measured at each moment alone, they lay within 1.1 LU, up to 3.9 LU over it.
LEVELLER_LUFS = -20.0
LEVELLER_RATIO = 10.0

# As little softening as keeps the hardest onset under 20 dB in 10 ms: more of it costs naturalness, up to 0.08 of
# DistillMOS.
ONSET_DB_PER_MS = 1.6
ONSET_FALL_DB_PER_MS = 0.05
ONSET_FLOOR_DBFS = -58.0

FADE_IN_MS = 15
FADE_OUT_MS = 80

CEILING_DBTP = -6.5
"""A clip's highest true peak. The mix lowers it by 3 dB; at `loudness` -18 that makes -5.5, and -4 with a bed.
So one decibel is left for what MP3 adds, up to the track's -3 dBTP. A louder track would need `limit_true_peaks` again.
"""
# Sound below 8 kHz whose samples stay under this share of the ceiling has no true peak above the ceiling.
_INTER_SAMPLE_MARGIN = cos(pi * 8_000 / SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class VoiceGain:
    """A voice's gains and equaliser, measured once per voice; measured per clip they would make loudness uneven.

    `raw_gain_db` brings the engine's sound to `NOMINAL_LUFS` before the chain, and `chain_gain_db` the chain's output.
    `presence_db` and `treble_db` are the voice's :class:`~generator.voices.filters.VoiceEq`. `compressor_ratio` is 1
    for a voice that needs no compression.
    """

    raw_gain_db: float
    chain_gain_db: float
    presence_db: float = 0.0
    treble_db: float = 0.0
    compressor_ratio: float = COMPRESSOR_RATIO


@dataclass(frozen=True, slots=True)
class EqualisedWave:
    """A wave after the voice's equaliser, with the RMS in dBFS and the K-weighted power of each millisecond."""

    wave: Wave
    levels_db: NDArray[np.float64]
    powers: NDArray[np.float64]


def chain_identity() -> str:
    """What determines a clip's sound, beside recording and gain: the chain's version and its libraries' versions."""
    libraries = ("numpy", "soxr")
    return "+".join([f"chain-{CHAIN_VERSION}", *(f"{library}-{version(library)}" for library in libraries)])


def master(recording: Recording, gain: VoiceGain, text: str) -> Clip:
    """Run `recording` through the whole chain: the clip of `text`, mono at 48 kHz, whole milliseconds.

    Raises TrackError if nothing in it is loud enough to be speech.
    """
    return master_wave(prepare_wave(recording, gain.raw_gain_db, repr(text)), gain, text)


def prepare_wave(recording: Recording, raw_gain_db: float, what: str) -> Wave:
    """The first stages of the chain: apply the raw gain, trim and resample. The result is as long as its clip will be.

    `what` names the recording in errors. Raises TrackError if nothing in it is loud enough to be speech.
    """
    import numpy as np
    import soxr

    require_sound(recording, what)
    spoken = trim(recording, TRIM_DBFS - raw_gain_db)
    if not len(spoken.samples):
        raise TrackError(f"the voice gave nothing to hear for {what}", hint="Try another voice, or another wording.")
    wave = soxr.resample(spoken.samples[:, 0] * db_to_amplitude(raw_gain_db), spoken.sample_rate, CHAIN_RATE)
    return np.pad(wave, (0, -len(wave) % CHAIN_PER_MS))


def master_wave(wave: Wave, gain: VoiceGain, text: str) -> Clip:
    """Run the result of `prepare_wave` through the rest of the chain."""
    import soxr

    even = compress(equalise_and_deess(wave), gain.compressor_ratio)
    sound = apply_voice_eq(even, VoiceEq(gain.presence_db, gain.treble_db))
    level = sound.wave * _gains_per_sample(leveller_gains_db(sound, gain.chain_gain_db))
    limited = limit_true_peaks(soxr.resample(level, CHAIN_RATE, SAMPLE_RATE), CEILING_DBTP)
    return Clip(text, fade_edges(limited)[:, None])


def leveller_gains_db(sound: EqualisedWave, gain_db: float) -> NDArray[np.float64]:
    """The gain of each millisecond, in dB: the voice's gain, the softening of onsets and the leveller.

    The leveller's input is the K-weighted power before softening, times the softening's gain. The exact way would be to
    weight again after softening; over a voice's ten sentences the difference is 0.05 LU at most.
    """
    soft_db = gain_db + onset_gains_db(sound.levels_db + gain_db)
    return soft_db + loudness_gains_db(sound.powers * power_gains(soft_db))


# --- stages of the chain: from a wave to a new wave, or from levels to gains in dB ----------------------


def trim(recording: Recording, threshold_dbfs: float) -> Recording:
    """`recording` from 30 ms before its first sound to 120 ms after its last; empty if it has no sound.

    Sound is where the RMS over 5 ms passes `threshold_dbfs`. A recording with shorter edges is padded with silence, so
    that all clips begin and end alike.
    """
    import numpy as np

    window = max(1, recording.sample_rate // 200)
    wave = recording.samples[:, 0]
    blocks = np.pad(wave, (0, -len(wave) % window)).reshape(-1, window)
    loud = np.flatnonzero(np.square(blocks).mean(axis=1) > db_to_amplitude(threshold_dbfs) ** 2)
    if not len(loud):
        return Recording(recording.samples[:0], recording.sample_rate)
    start = int(loud[0]) * window - CLIP_HEAD_MS * recording.sample_rate // 1000
    stop = (int(loud[-1]) + 1) * window + CLIP_TAIL_MS * recording.sample_rate // 1000
    kept = np.pad(wave[max(start, 0) : stop], (max(-start, 0), max(stop - len(wave), 0)))
    return Recording(kept[:, None], recording.sample_rate)


def equalise_and_deess(wave: Wave) -> Wave:
    """Equalise, and compress the band above `DE_ESS_HZ`, so that an s doesn't hiss."""
    low, high = (_float32(half) for half in apply_filters(wave, *equaliser_bands()))
    over_db = _levels_db(high) - DE_ESS_DBFS
    wanted_db = (over_db * (1 - 1 / DE_ESS_RATIO)).clip(0, MAX_DE_ESS_DB)
    return low - high * _gains_per_sample(-_smooth(wanted_db, attack_ms=2, release_ms=30))


def compress(wave: Wave, ratio: float) -> Wave:
    """Compress above `COMPRESSOR_DBFS`, with a soft knee (Giannoulis, Massberg and Reiss 2012, equation 4).

    Level and gain are computed once per millisecond, which is fine enough for an attack of 15 ms.
    """
    import numpy as np

    if ratio == 1:
        return wave
    over_db = _levels_db(wave) - COMPRESSOR_DBFS
    knee_db = (over_db + COMPRESSOR_KNEE_DB / 2).clip(0, COMPRESSOR_KNEE_DB) ** 2 / (2 * COMPRESSOR_KNEE_DB)
    wanted_db = np.where(over_db > COMPRESSOR_KNEE_DB / 2, over_db, knee_db) * (1 - 1 / ratio)
    cut_db = _smooth(wanted_db, ATTACK_MS, RELEASE_MS)
    cut_db = np.append(cut_db[LOOK_AHEAD_MS:], np.full(min(LOOK_AHEAD_MS, len(cut_db)), cut_db[-1]))[: len(cut_db)]
    return wave * _gains_per_sample(-cut_db)


def apply_voice_eq(wave: Wave, eq: VoiceEq) -> EqualisedWave:
    """Apply the voice's own equaliser. It follows the compressor, which would undo part of it on an isolated s."""
    sound, weighted = (_float32(each) for each in apply_filters(wave, voice_eq(eq), weighted_voice_eq(eq)))
    return EqualisedWave(sound, _levels_db(sound), _powers(weighted))


def onset_gains_db(levels_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gains in dB that limit the rise of onsets after silence to `ONSET_DB_PER_MS`, because engines start words hard.

    The allowed level climbs at that rate and falls slowly. So only an onset after a pause is softened; consonants
    inside a phrase, which follow closures of some 50 ms, keep their edge.
    """
    import numpy as np

    allowed_db, allowed = ONSET_FLOOR_DBFS, []
    for level_db in levels_db.clip(ONSET_FLOOR_DBFS).tolist():
        if level_db > allowed_db + ONSET_DB_PER_MS:
            allowed_db += ONSET_DB_PER_MS
        elif level_db < allowed_db - ONSET_FALL_DB_PER_MS:
            allowed_db -= ONSET_FALL_DB_PER_MS
        else:
            allowed_db = level_db
        allowed.append(allowed_db)
    return np.minimum(np.array(allowed) - levels_db, 0)


def loudness_gains_db(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gains in dB that compress momentary loudness above `LEVELLER_LUFS` by `LEVELLER_RATIO`: no word sticks out.

    The threshold is the same for all clips, and loudness is taken over 400 ms. Each millisecond has the gain of the
    loudest 400 ms that it is part of, so that the first word after a pause is as even as the others.
    """
    import numpy as np

    momentary = _moving_means(powers, BLOCK_MS, edges="constant")
    momentary_lufs = -0.691 + 10 * np.log10(momentary + 1e-15)  # BS.1770-4, equation 2
    cut_db = (momentary_lufs - LEVELLER_LUFS).clip(0) * (1 - 1 / LEVELLER_RATIO)
    around = np.pad(cut_db, (BLOCK_MS // 2, BLOCK_MS - BLOCK_MS // 2 - 1), mode="edge")
    largest_db = np.lib.stride_tricks.sliding_window_view(around, BLOCK_MS).max(axis=1)
    return -_moving_means(largest_db, BLOCK_MS // 2, edges="edge")


def limit_true_peaks(wave: Wave, ceiling_dbtp: float) -> Wave:
    """`wave` with true peaks at `ceiling_dbtp` at most. Only 10 ms around each higher peak are changed."""
    import numpy as np

    ceiling = db_to_amplitude(ceiling_dbtp)
    blocks = wave.reshape(-1, SAMPLES_PER_MS)
    peaks = np.maximum(blocks.max(axis=1), -blocks.min(axis=1))
    near = np.flatnonzero(peaks > ceiling * _INTER_SAMPLE_MARGIN)
    if len(near):
        around = np.lib.stride_tricks.sliding_window_view(np.pad(wave, REACH), SAMPLES_PER_MS + 2 * REACH)
        peaks[near] = np.maximum(peaks[near], inter_sample_peaks(around[near * SAMPLES_PER_MS]))
    if peaks.max() <= ceiling:
        return wave
    allowed = ceiling / np.maximum(peaks, ceiling)
    # The lowest gain within 5 ms, then a mean over 5 ms: a smooth curve that never exceeds the allowed gain.
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(allowed, (5, 6), mode="edge"), 11).min(axis=1)
    smooth = np.convolve(np.pad(lowest, 4, mode="edge"), np.hanning(11)[1:-1] / 5, mode="valid")
    moving = np.flatnonzero(np.minimum(smooth[:-1], smooth[1:]) < 1 - 1e-9)  # a mean of ones may be a bit less
    held = wave.copy()
    held.reshape(-1, SAMPLES_PER_MS)[moving] *= ramps(smooth[moving], smooth[moving + 1])
    return held


def fade_edges(wave: Wave) -> Wave:
    """Fade the edges by raised cosines, 15 ms in and 80 ms out, so that nothing clicks."""
    faded = wave.copy()
    rise = _rising_edge(FADE_IN_MS)[: len(wave)]
    fall = _rising_edge(FADE_OUT_MS)[: len(wave)]
    faded[: len(rise)] *= rise
    faded[len(wave) - len(fall) :] *= fall[::-1]
    return faded


# --- levels and gains, one per millisecond ----------------------------------------------------------


def _levels_db(wave: Wave) -> NDArray[np.float64]:
    """RMS of each millisecond, in dBFS; silence gives -150."""
    import numpy as np

    levels: NDArray[np.float64] = 10 * np.log10(_powers(wave) + 1e-15)
    return levels


def _powers(wave: Wave) -> NDArray[np.float64]:
    """Mean square of each millisecond."""
    import numpy as np

    blocks = wave.reshape(-1, CHAIN_PER_MS)
    powers: NDArray[np.float64] = np.einsum("ij,ij->i", blocks, blocks).astype(np.float64) / CHAIN_PER_MS
    return powers


def _smooth(values: NDArray[np.float64], attack_ms: float, release_ms: float) -> NDArray[np.float64]:
    """One-pole smoothing that rises with the attack and falls with the release, from 0.

    The pole depends on the state, so this can't be vectorised. At one value per millisecond it needn't be.
    """
    import numpy as np

    up, down = 1 - exp(-1 / attack_ms), 1 - exp(-1 / release_ms)
    state = 0.0
    smooth = []
    for value in values.tolist():
        state += (up if value > state else down) * (value - state)
        smooth.append(state)
    return np.array(smooth)


def _moving_means(values: NDArray[Any], size_ms: int, edges: Literal["constant", "edge"]) -> NDArray[np.float64]:
    """The mean of the `size_ms` values around each value; if `size_ms` is even, one more lies before than after."""
    import numpy as np

    padded = np.pad(values.astype(np.float64), (size_ms // 2 + 1, (size_ms - 1) // 2), mode=edges)
    padded[0] = 0
    sums = padded.cumsum()
    means: NDArray[np.float64] = (sums[size_ms:] - sums[:-size_ms]) / size_ms
    return means


def _gains_per_sample(levels_db: NDArray[np.float64]) -> Wave:
    """Gains in dB, one per millisecond, as linear gains, one per sample."""
    import numpy as np

    return ramps_between(10 ** (np.append(levels_db, levels_db[-1]) / 20), CHAIN_PER_MS)


def power_gains(levels_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gain in power that `_gains_per_sample` gives each millisecond: the mean square of its ramp."""
    import numpy as np

    start = 10 ** (levels_db / 20)
    end = np.append(start[1:], start[-1:])
    gains: NDArray[np.float64] = (start * start + start * end + end * end) / 3
    return gains


# --- small things -----------------------------------------------------------------------------------


def require_sound(recording: Recording, what: str) -> None:
    import numpy as np

    if not len(recording.samples):
        raise TrackError(f"the voice gave no sound for {what}", hint="Try another voice, or another wording.")
    if not np.isfinite(recording.samples).all():
        raise TrackError(f"the voice gave broken samples for {what}", hint="Try another voice.")
    if not recording.samples.any():
        raise TrackError(f"the voice gave only silence for {what}", hint="Try another voice, or another wording.")


@lru_cache(maxsize=4)
def _rising_edge(length_ms: int) -> Wave:
    import numpy as np

    count = length_ms * SAMPLES_PER_MS
    return raised_cosine((np.arange(count) + 0.5) / count)


def _float32(values: NDArray[Any]) -> Wave:
    import numpy as np

    return values.astype(np.float32, copy=False)


def db_to_amplitude(level_db: float) -> float:
    return float(10 ** (level_db / 20))
