"""Measurements of a voice or a background: onsets, spectrum, roughness, intelligibility. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr

from generator.dsp.loudness import k_weighted
from generator.model import CLIP_HEAD_MS, CLIP_TAIL_MS, SAMPLE_RATE, SAMPLES_PER_MS, Recording
from generator.voices.mastering import TRIM_DBFS, VoiceGain, trim

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Wave = NDArray[np.floating[Any]]
    """(samples,) at 48 kHz."""

AUDIBLE_DBFS = -60.0
STOI_RATE = 10_000  # STOI is defined at this rate (Taal et al. 2011)
SENTENCE_WORDS = 4  # shorter phrases say little about pace or intelligibility

ROUGH_HZ = (30, 150)  # Arnal 2019
ROUGH_SEGMENT_S = 1024 / 1_200
UNHEARD_DEPTH = 0.001  # a modulation of the level by less than 0.1 % is inaudible


# --- time ------------------------------------------------------------------------------------------


def block_levels_db(wave: Wave, block_ms: int = 10) -> NDArray[np.float64]:
    """The level of each whole block in dBFS. Inaudible blocks count as AUDIBLE_DBFS."""
    block = block_ms * SAMPLES_PER_MS
    blocks = wave[: len(wave) // block * block].reshape(-1, block).astype(np.float64)
    return np.maximum(10 * np.log10(np.square(blocks).mean(axis=1) + 1e-20), AUDIBLE_DBFS)


def hardest_onset_db(clip: Wave) -> float:
    """The largest rise between two blocks of 10 ms at the start of a clip's audible sound."""
    levels = block_levels_db(clip)
    first = int(np.argmax(levels > AUDIBLE_DBFS))
    return float(np.diff(levels[: first + 8]).max())


def first_sound_ms(wave: Wave, threshold_dbfs: float = -55.0) -> int | None:
    """The time of the first 5 ms that are louder than `threshold_dbfs`; None if there are none."""
    loud = np.flatnonzero(block_levels_db(wave, 5) > threshold_dbfs)
    return 5 * int(loud[0]) if len(loud) else None


def as_given(recording: Recording, gain: VoiceGain) -> Wave:
    """The recording as a clip without the chain: trimmed, as loud as a clip, in whole ms at 48 kHz."""
    kept = trim(recording, TRIM_DBFS - gain.raw_gain_db)
    wave: Wave = soxr.resample(kept.samples[:, 0], kept.sample_rate, SAMPLE_RATE)
    wave = wave * np.float32(10 ** (gain.raw_gain_db / 20))
    return wave[: len(wave) // SAMPLES_PER_MS * SAMPLES_PER_MS]


def words_per_minute(clips: Mapping[str, Wave]) -> float:
    """The pace of clips, given by their text, in phrases of at least four words. Pauses at commas count."""
    edges_ms = CLIP_HEAD_MS + CLIP_TAIL_MS
    return pace_wpm((text, len(clip) // SAMPLES_PER_MS - edges_ms) for text, clip in clips.items())


def pace_wpm(phrases: Iterable[tuple[str, float]]) -> float:
    """Words a minute in those of `phrases` (text, ms) with at least four words; NaN if there are none."""
    long = [(len(text.split()), ms) for text, ms in phrases if len(text.split()) >= SENTENCE_WORDS]
    return 60_000 * sum(count for count, _ in long) / sum(ms for _, ms in long) if long else float("nan")


# --- spectra ---------------------------------------------------------------------------------------


def share_db(hz: Wave, power: Wave, band: tuple[float, float]) -> float:
    """The share of `power` in `band`, in dB."""
    return float(10 * np.log10(power[(hz >= band[0]) & (hz < band[1])].sum() / power.sum()))


def centroid_hz(hz: Wave, power: Wave) -> float:
    return float((hz * power).sum() / power.sum())


def k_weights(hz: Wave) -> NDArray[np.float64]:
    """The power gain of K-weighting at evenly spaced `hz` from 0 to half the sample rate."""
    impulse = np.zeros(2 * (len(hz) - 1))
    impulse[0] = 1
    return np.square(np.abs(np.fft.rfft(k_weighted(impulse))))


def lost_lu(hz: Wave, power: Wave, below_hz: float) -> float:
    """The loss of K-weighted loudness without frequencies below `below_hz`."""
    weighted = power * k_weights(hz)
    return float(10 * np.log10(weighted.sum() / weighted[hz >= below_hz].sum()))


# --- roughness -------------------------------------------------------------------------------------


def rough_db(pieces: Sequence[Wave]) -> float:
    """The highest peak in the envelope's spectrum between 30 and 150 Hz, averaged over all `pieces` of one sound.

    A peak is measured over the median of its surroundings, a factor of 1.5 each way. A peak that modulates the level by
    less than 0.1 % doesn't count. The result is 0 if no piece is as long as a segment.
    """
    from scipy import signal

    powers, counts, amplitudes = [], [], []
    for piece in pieces:
        if len(piece) < 2 * ROUGH_SEGMENT_S * SAMPLE_RATE:
            continue
        amplitude = np.abs(signal.hilbert(piece.astype(np.float64), _fast(len(piece)))[: len(piece)])
        slow = signal.decimate(signal.decimate(amplitude - amplitude.mean(), 10), 4)
        hz, power = signal.welch(slow, SAMPLE_RATE / 40, nperseg=1024, scaling="spectrum")
        powers.append(power)
        counts.append(len(piece))
        amplitudes.append(amplitude.mean())
    if not powers:
        return 0.0
    power = np.average(powers, axis=0, weights=counts)
    level = 10 * np.log10(power)
    rough = (hz >= ROUGH_HZ[0]) & (hz <= ROUGH_HZ[1])
    around = np.array([np.median(level[(hz >= f / 1.5) & (hz <= f * 1.5)]) for f in hz[rough]])
    is_heard = 2 * power[rough] > (UNHEARD_DEPTH * np.average(amplitudes, weights=counts)) ** 2
    return float(np.max((level[rough] - around)[is_heard], initial=0))


@cache
def _fast(length: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(length))


# --- intelligibility -------------------------------------------------------------------------------


def stoi_and_estoi(clean: Wave, heard: Wave) -> tuple[float, float]:
    """STOI (Taal et al. 2011) and ESTOI (Jensen and Taal 2016) of a phrase; 1 means unmasked.

    Both correlate 384 ms at a time, and say nothing about a single word.
    """
    import soxr
    from pystoi import stoi

    at_rate = [soxr.resample(np.ascontiguousarray(sound), SAMPLE_RATE, STOI_RATE) for sound in (clean, heard)]
    return float(stoi(*at_rate, STOI_RATE)), float(stoi(*at_rate, STOI_RATE, extended=True))
