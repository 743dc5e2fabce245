"""Loudness and true peak against the facts of BS.1770-4 and EBU Tech 3341, and against pyloudnorm."""

from __future__ import annotations

from math import inf

import numpy as np
import pyloudnorm
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import signal

from generator.dsp.loudness import (
    block_powers,
    gated_lufs,
    hop_powers,
    integrated_lufs,
    k_weighted,
    momentary_lufs,
    ungated_lufs,
)
from generator.dsp.true_peak import true_peak_db, true_peak_db_of

RATE = 48_000


def sine(hz: float, seconds: float, level_dbfs: float = 0.0, rate: int = RATE, phase_deg: float = 0.0) -> np.ndarray:
    at = np.arange(round(seconds * rate)) / rate
    return 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * at + np.radians(phase_deg))


def stereo(mono: np.ndarray) -> np.ndarray:
    return np.stack([mono, mono], axis=1)


@pytest.mark.parametrize(("rate", "within_lu"), [(22_050, 0.1), (44_100, 0.02), (48_000, 0.02)])
def test_a_full_scale_sine_is_minus_3_lufs_and_two_of_them_are_0(rate: int, within_lu: float) -> None:
    tone = sine(997, 5, rate=rate)
    assert integrated_lufs(tone, rate) == pytest.approx(-3.01, abs=within_lu)  # BS.1770-4, annex 1
    assert integrated_lufs(tone[:, None], rate) == pytest.approx(-3.01, abs=within_lu)
    assert integrated_lufs(stereo(tone), rate) == pytest.approx(0.0, abs=within_lu)


# EBU Tech 3341, table 1: seconds and level in dBFS of each stretch of a stereo sine of 1 kHz, and what is to be read.
EBU_CASES = {
    "1": ([(20, -23)], -23),
    "2": ([(20, -33)], -33),
    "3": ([(10, -36), (60, -23), (10, -36)], -23),
    "4": ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),
    "5": ([(20, -26), (20.1, -20), (20, -26)], -23),
}


@pytest.mark.parametrize("case", EBU_CASES)
def test_the_gate_reads_the_ebu_cases(case: str) -> None:
    stretches, expected_lufs = EBU_CASES[case]
    signal = stereo(np.concatenate([sine(1000, seconds, level) for seconds, level in stretches]))
    assert integrated_lufs(signal) == pytest.approx(expected_lufs, abs=0.1)


def test_the_filter_is_the_standards() -> None:
    """The impulse response begins as the coefficients of BS.1770-4, tables 1 and 2, say."""
    impulse = np.zeros(3)
    impulse[0] = 1
    b = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    a1, a2 = -1.69065929318241, 0.73248077421585
    c1, c2 = -1.99004745483398, 0.99007225036621
    first = [b[0], b[1] - a1 * b[0], b[2] - a1 * (b[1] - a1 * b[0]) - a2 * b[0]]
    expected = [first[0], first[1] - 2 * first[0] - c1 * first[0]]
    expected.append(first[2] - 2 * first[1] + first[0] - c1 * expected[1] - c2 * expected[0])
    assert np.allclose(k_weighted(impulse), expected, atol=1e-7)


@pytest.mark.parametrize("rate", [22_050, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_it_reads_what_pyloudnorm_reads_with_the_standards_filter(rate: int, channels: int) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal((rate * 8, channels))
    noise[: rate * 3] *= 0.01  # below the relative gate
    theirs = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(noise)
    assert integrated_lufs(noise, rate) == pytest.approx(theirs, abs=0.01)


def test_momentary_loudness_follows_a_step() -> None:
    signal = np.concatenate([sine(1000, 2, -40), sine(1000, 2, -20)])
    levels = momentary_lufs(signal)
    assert len(levels) == 37  # windows of 400 ms that fit into 4 s, every 100 ms
    assert levels[10] == pytest.approx(-43, abs=0.1)
    assert levels[20] == pytest.approx(-23, abs=0.1)
    assert np.all(np.diff(levels[15:21]) > -0.01)
    assert len(momentary_lufs(signal, hop_ms=20)) == 181
    assert len(momentary_lufs(signal[: RATE // 5])) == 0


def test_a_hop_that_does_not_divide_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="divide 400"):
        momentary_lufs(sine(1000, 1), hop_ms=30)


def test_phrases_shorter_than_a_block_have_a_loudness() -> None:
    tone = sine(1000, 0.2, -20)
    assert ungated_lufs(tone) == pytest.approx(-23, abs=0.1)
    assert integrated_lufs(tone) == ungated_lufs(tone)
    assert ungated_lufs(tone[:1] + 0.5) > -inf
    with pytest.raises(ValueError, match="no samples"):
        ungated_lufs(tone[:0])


def test_silence_is_minus_infinity_and_never_nan() -> None:
    silence = np.zeros((RATE, 2), np.float32)
    assert integrated_lufs(silence) == ungated_lufs(silence) == true_peak_db(silence) == -inf
    assert np.all(momentary_lufs(silence) == -inf)
    assert integrated_lufs(sine(1000, 5, -90)) == -inf  # below the absolute gate
    assert true_peak_db(silence[:0]) == -inf


def test_sound_with_silence_in_it_reads_as_the_sound() -> None:
    talk = np.concatenate([sine(1000, 5, -20), np.zeros(20 * RATE), sine(1000, 5, -20)])
    assert integrated_lufs(talk) == pytest.approx(-23, abs=0.2)  # blocks half in silence count


def test_chunks_read_as_the_whole() -> None:
    signal = stereo(0.1 * np.random.default_rng(2).standard_normal(RATE * 12)).astype(np.float32)
    chunks = [signal[:7], signal[7:20_011], signal[20_011:20_011], signal[20_011:]]
    assert np.allclose(hop_powers(chunks), hop_powers([signal]), rtol=1e-6)
    assert gated_lufs(block_powers(hop_powers(chunks))) == pytest.approx(integrated_lufs(signal), abs=1e-3)
    assert true_peak_db_of(chunks) == pytest.approx(true_peak_db(signal), abs=1e-3)


# EBU Tech 3341, cases 15 to 18: sines whose samples miss their peaks by up to 3 dB.
@pytest.mark.parametrize(("divisor", "phase_deg"), [(4, 0), (4, 45), (6, 60), (8, 67.5)])
def test_true_peak_sees_between_the_samples(divisor: int, phase_deg: float) -> None:
    tone = sine(RATE / divisor, 1, -6.02, phase_deg=phase_deg)
    ramp = np.minimum(1, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 4_800)
    assert -6.0 - 0.4 <= true_peak_db(stereo(tone * ramp)) <= -6.0 + 0.2
    assert true_peak_db(-stereo(tone * ramp)) == pytest.approx(-6.0, abs=0.3)


@settings(max_examples=30)
@example(seed=36, samples=107, cut=104, channels=None)  # at the cut a sound that ended there would rise higher
@given(
    seed=st.integers(0, 99),
    samples=st.integers(1, 400),
    cut=st.integers(0, 400),
    channels=st.sampled_from([None, 2]),
)
def test_true_peaks_are_those_of_all_of_it_oversampled(seed: int, samples: int, cut: int, channels: int | None) -> None:
    sound = np.random.default_rng(seed).standard_normal(samples if channels is None else (samples, channels)) ** 3
    silence = np.zeros((40, *sound.shape[1:]))
    padded = np.concatenate([silence, sound, silence])
    expected = 20 * np.log10(np.abs(signal.resample_poly(padded, 4, 1, axis=0)).max())
    assert true_peak_db(sound) == pytest.approx(expected, abs=0.02)
    assert true_peak_db_of([sound[:cut], sound[cut:]]) == pytest.approx(true_peak_db(sound), abs=1e-9)
