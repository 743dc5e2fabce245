"""The beds as one hears them: colour, evenness, stereo, and no seam. Measured on the loops themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from math import inf
from pathlib import Path

import numpy as np
import pytest
from scipy import signal, stats

from generator.beds import BEDS, bed_identity, make_bed
from generator.errors import SettingError
from generator.loudness import integrated_lufs, k_weighted
from generator.model import FRAME_SAMPLES, SAMPLE_RATE, Bed

SOUNDING = [name for name in BEDS if name != "none"]


@pytest.fixture(scope="module")
def beds() -> dict[str, Bed]:
    return {name: make_bed(name) for name in BEDS}


def spectrum(bed: Bed) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and power density, both channels together."""
    hz, power = signal.welch(bed.loop, SAMPLE_RATE, nperseg=1 << 15, axis=0)
    return hz, power.sum(axis=1)


def levels_db(sound: np.ndarray, window_ms: int, hop_ms: int) -> np.ndarray:
    """Level of each window of the loop, going over its seam."""
    round_and_on = np.concatenate([sound, sound[: window_ms * 48]])
    power = np.square(round_and_on.astype(np.float64)).mean(axis=1)
    hops = power[: len(power) // (hop_ms * 48) * hop_ms * 48].reshape(-1, hop_ms * 48).mean(axis=1)
    count = window_ms // hop_ms
    return 10 * np.log10(np.convolve(hops, np.ones(count) / count, mode="valid"))


@pytest.mark.parametrize("name", SOUNDING)
def test_a_loop_is_two_minutes_of_whole_frames_at_a_known_level(beds: dict[str, Bed], name: str) -> None:
    bed = beds[name]
    assert bed.loop.shape == (5_000 * FRAME_SAMPLES, 2)
    assert bed.loop.dtype == np.float32
    assert bed.loudness_lufs == pytest.approx(-30, abs=0.01)
    assert integrated_lufs(bed.loop) == pytest.approx(bed.loudness_lufs, abs=0.1)
    assert np.abs(bed.loop).max() < 0.5


@pytest.mark.parametrize("name", SOUNDING)
def test_the_loop_has_no_seam(beds: dict[str, Bed], name: str) -> None:
    """Played round, the seam is a place like any other: in its step, its bend and its level."""
    loop = beds[name].loop.astype(np.float64)
    for order in (1, 2):
        body = np.abs(np.diff(loop, n=order, axis=0))
        seam = np.abs(np.diff(np.concatenate([loop[-order:], loop[:order]]), n=order, axis=0))
        assert np.all(seam.max(axis=0) <= np.percentile(body, 99.9, axis=0)), order
    short = levels_db(loop, window_ms=10, hop_ms=5)
    assert np.abs(np.diff(short[-4:])).max() <= np.percentile(np.abs(np.diff(short)), 99.9)
    # A break too small to see is still a click where the bed itself has nothing: above 12 kHz.
    around = np.concatenate([loop[-SAMPLE_RATE:], loop[:SAMPLE_RATE]])
    bright = np.abs(signal.sosfilt(signal.butter(4, 12_000, "highpass", fs=SAMPLE_RATE, output="sos"), around, axis=0))
    at_seam = bright[SAMPLE_RATE - 240 : SAMPLE_RATE + 240].max()
    assert at_seam <= 1.5 * bright[SAMPLE_RATE // 2 : SAMPLE_RATE - 240].max()


def test_brown_falls_by_6_db_per_octave_and_spares_phones_the_rumble(beds: dict[str, Bed]) -> None:
    hz, power = spectrum(beds["brown"])
    octaves = 100 * 2 ** np.arange(0, 5.5, 0.5)
    bands = [10 * np.log10(power[(hz >= low) & (hz < low * 2**0.5)].mean()) for low in octaves]
    slope_db = np.polyfit(np.arange(0, 5.5, 0.5), bands, 1)[0]
    assert slope_db == pytest.approx(-6.0, abs=0.3)
    assert power[hz < 20].max() < power.max() / 10
    assert (hz * power).sum() / power.sum() <= 1_000  # the centroid


def test_rain_is_soft(beds: dict[str, Bed]) -> None:
    """No plinks (kurtosis of Gaussian noise is 3), no gusts, nothing bright."""
    loop = beds["rain"].loop
    assert np.all(stats.kurtosis(loop, axis=0, fisher=False) < 4)
    level = levels_db(loop, window_ms=100, hop_ms=10)
    assert np.max(level[10:] - level[:-10]) <= 2.5
    hz, power = spectrum(beds["rain"])
    assert 10 * np.log10(power[hz > 7_000].sum() / power.sum()) < -24


def test_rain_has_drops_and_brown_has_none(beds: dict[str, Bed]) -> None:
    """Drops are moments louder than noise would be, above 2 kHz, where they are heard."""
    high = signal.butter(4, 2_000, "highpass", fs=SAMPLE_RATE, output="sos")
    tails = {
        name: stats.kurtosis(signal.sosfilt(high, beds[name].loop[:, 0].astype(np.float64)), fisher=False)
        for name in ("rain", "brown")
    }
    assert tails["brown"] == pytest.approx(3, abs=0.02)
    assert tails["rain"] > 3.04


def test_rain_swells_a_little_and_slowly(beds: dict[str, Bed]) -> None:
    level = levels_db(beds["rain"].loop, window_ms=4_000, hop_ms=100)
    assert 0.5 <= np.ptp(level) <= 2.5  # ±10 % is 1.7 dB


@pytest.mark.parametrize("name", SOUNDING)
def test_wide_but_whole_on_one_speaker(beds: dict[str, Bed], name: str) -> None:
    loop = beds[name].loop.astype(np.float64)
    assert 0.45 <= np.corrcoef(loop.T)[0, 1] <= 0.7
    mono_loss_db = -10 * np.log10(np.square(loop.mean(axis=1)).mean() / np.square(loop).mean())
    assert mono_loss_db <= 1.5
    left, right = np.square(loop).mean(axis=0)
    assert abs(10 * np.log10(left / right)) < 0.2


@pytest.mark.parametrize("name", SOUNDING)
def test_nothing_rough(beds: dict[str, Bed], name: str) -> None:
    """The envelope's spectrum has no peak from 30 to 150 Hz: no bin stands 3 dB out of those around it."""
    envelope = np.abs(signal.hilbert(beds[name].loop[: 60 * SAMPLE_RATE, 0].astype(np.float64)))
    slow = signal.decimate(signal.decimate(envelope - envelope.mean(), 10), 4)
    hz, power = signal.welch(slow, SAMPLE_RATE / 40, nperseg=1024)
    level = 10 * np.log10(power)
    rough = (hz >= 30) & (hz <= 150)
    around = np.array([np.median(level[(hz >= f / 1.5) & (hz <= f * 1.5)]) for f in hz[rough]])
    assert np.max(level[rough] - around) < 3


@pytest.mark.parametrize("name", SOUNDING)
def test_momentary_loudness_stays_level(beds: dict[str, Bed], name: str) -> None:
    weighted = k_weighted(beds[name].loop)[SAMPLE_RATE:]
    level = levels_db(weighted, window_ms=400, hop_ms=100)
    assert np.ptp(level) <= 3


def test_none_is_silence(beds: dict[str, Bed]) -> None:
    bed = beds["none"]
    assert bed.loudness_lufs is None
    assert len(bed.loop) % FRAME_SAMPLES == 0
    assert len(bed.loop) > 0
    assert not bed.loop.any()
    assert integrated_lufs(bed.loop) == -inf


def test_same_bed_same_bytes(beds: dict[str, Bed]) -> None:
    assert np.array_equal(make_bed("rain").loop, beds["rain"].loop)
    assert not np.array_equal(beds["brown"].loop, beds["rain"].loop)


def test_nobody_can_change_a_loop_for_others(beds: dict[str, Bed]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        beds["brown"].loop[0] = 0


def test_the_identity_is_known_without_the_sound(beds: dict[str, Bed]) -> None:
    for name in BEDS:
        assert beds[name].identity == bed_identity(name)
    assert len({bed_identity(name) for name in BEDS}) == len(BEDS)
    code = (
        "import sys; from generator.beds import BEDS, bed_identity; [bed_identity(n) for n in BEDS];"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("ask", [make_bed, bed_identity])
def test_an_unknown_bed_is_said_with_what_was_meant(ask: Callable[[str], object]) -> None:
    with pytest.raises(SettingError) as caught:
        ask("Brwon")
    assert "'Brwon'" in str(caught.value)
    assert "Did you mean brown?" in str(caught.value)
    assert "rain" in str(caught.value)
    with pytest.raises(SettingError, match="xylophone"):
        ask("xylophone")


def test_every_bed_says_what_it_is() -> None:
    assert all(kind.summary and "\n" not in kind.summary for kind in BEDS.values())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_making_a_bed_takes_little_more_than_the_loop() -> None:
    """Peak memory of a process that makes one: a loop is 46 MB, numpy and scipy some 100."""
    code = (
        "from generator.beds import make_bed; make_bed('rain');"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) / 1024 < 230
