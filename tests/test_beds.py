"""The beds as one hears them: colour, movement, stereo, and no seam. Measured on the loops themselves."""

from __future__ import annotations

import logging
import subprocess
import sys
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from math import inf
from pathlib import Path

import numpy as np
import pytest
from _acoustics import rough_db
from scipy import signal, stats

from generator.beds import BEDS, BedKind, bed_identity, load_bed, loop_of, parse_background
from generator.dsp.loudness import integrated_lufs, k_weighted
from generator.dsp.true_peak import true_peak_db
from generator.errors import InputError, NotFoundError, SettingError
from generator.model import FRAME_SAMPLES, SAMPLE_RATE, SAMPLES_PER_MS, Bed
from generator.storage.cache import Cache
from generator.system import ffmpeg

BREATH_MS, INHALE_MS = 10_000, 4_000
SOUNDING = [name for name, kind in BEDS.items() if kind.texture != "none"]


def every_bed_but(left_out: Callable[[BedKind], bool]) -> pytest.MarkDecorator:
    """All tests of one bed run one after the other, so that its loop is read and transformed once."""
    return pytest.mark.parametrize("name", [name for name in SOUNDING if not left_out(BEDS[name])], scope="module")


every_bed = every_bed_but(lambda kind: False)


@pytest.fixture(scope="module")
def cache(cache_folder: Path) -> Cache:
    return Cache(cache_folder)


def bed_of(text: str | Path, cache: Cache, breath_ms: int = BREATH_MS, inhale_ms: int = INHALE_MS) -> Bed:
    return load_bed(parse_background(str(text)), cache, breath_ms, inhale_ms)


@lru_cache(maxsize=3)  # a loop is 46 MB
def sound_of(text: str | Path, cache: Cache, breath_ms: int = BREATH_MS, inhale_ms: int = INHALE_MS) -> np.ndarray:
    loop = bed_of(text, cache, breath_ms, inhale_ms).loop
    sound = loop.read(0, loop.samples)
    sound.setflags(write=False)
    return sound


@lru_cache(maxsize=3)
def spectrum_of(text: str | Path, cache: Cache) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and power density, both channels together."""
    hz, power = signal.welch(sides_of(sound_of(text, cache)), SAMPLE_RATE, nperseg=1 << 15)
    return hz, power.sum(axis=0)


def sides_of(sound: np.ndarray) -> np.ndarray:
    """Left and right, (2, n): sums along samples that lie beside each other take a fraction of the time."""
    return np.ascontiguousarray(sound.T)


def levels_db(sound: np.ndarray, window_ms: int, hop_ms: int) -> np.ndarray:
    """Level of each window of the loop, going over its seam."""
    round_and_on = np.concatenate([sound, sound[: window_ms * 48]])
    hops = mean_power(round_and_on[: len(round_and_on) // (hop_ms * 48) * hop_ms * 48].reshape(-1, 2 * hop_ms * 48))
    count = window_ms // hop_ms
    return 10 * np.log10(np.convolve(hops, np.ones(count) / count, mode="valid"))


def mean_power(rows: np.ndarray) -> np.ndarray:
    """Of each row, summed up in float64 without a copy of it all."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64) / rows.shape[1]


def momentary_range_db(sound: np.ndarray) -> float:
    return float(np.ptp(levels_db(k_weighted(sound)[SAMPLE_RATE:], window_ms=400, hop_ms=100)))


def envelope(sound: np.ndarray) -> np.ndarray:
    """Amplitude of half a second, every 100 ms, around 0."""
    amplitude = 10 ** (levels_db(sound, window_ms=500, hop_ms=100) / 20)
    return amplitude - amplitude.mean()


def slope_db_per_octave(text: str, cache: Cache, low_hz: float, octaves: float) -> float:
    hz, power = spectrum_of(text, cache)
    steps = np.arange(0, octaves, 0.5)
    edges = low_hz * 2**steps
    bands = [10 * np.log10(power[(hz >= low) & (hz < low * 2**0.5)].mean()) for low in edges]
    return float(np.polyfit(steps, bands, 1)[0])


def assert_seamless(loop: np.ndarray) -> None:
    """Played round, the seam is a place like any other: in its step, its bend and its level."""
    for side in sides_of(loop):
        for order in (1, 2):
            body = np.abs(np.diff(side, n=order))
            seam = np.abs(np.diff(np.concatenate([side[-order:], side[:order]]), n=order))
            assert (body >= seam.max()).mean() >= 0.001, order  # at least one in a thousand is as large
    short = levels_db(loop, window_ms=10, hop_ms=5)
    assert np.abs(np.diff(short[-4:])).max() <= np.percentile(np.abs(np.diff(short)), 99.9)


# --- every bed -------------------------------------------------------------------------------------


@every_bed
def test_a_loop_is_two_minutes_of_whole_frames_at_a_known_level(cache: Cache, name: str) -> None:
    bed, sound = bed_of(name, cache), sound_of(name, cache)
    assert bed.loop.samples == len(sound) == 5_000 * FRAME_SAMPLES
    assert sound.dtype == np.float32
    assert bed.loudness_lufs == pytest.approx(-30, abs=0.01)
    assert integrated_lufs(sound) == pytest.approx(bed.loudness_lufs, abs=0.1)
    assert np.abs(sound).max() < 0.5


@every_bed
def test_the_loop_has_no_seam(cache: Cache, name: str) -> None:
    sound = sound_of(name, cache)
    assert_seamless(sound)
    # A break too small to see is still a click where the bed itself has nothing: above 12 kHz.
    around = np.concatenate([sound[-SAMPLE_RATE:], sound[:SAMPLE_RATE]])
    bright = np.abs(signal.sosfilt(signal.butter(4, 12_000, "highpass", fs=SAMPLE_RATE, output="sos"), around, axis=0))
    at_seam = bright[SAMPLE_RATE - 240 : SAMPLE_RATE + 240].max()
    assert at_seam <= 1.5 * bright[SAMPLE_RATE // 2 : SAMPLE_RATE - 240].max()


@every_bed_but(lambda kind: kind.follows_breath)
def test_no_ear_finds_a_period(cache: Cache, name: str) -> None:
    """From 20 s on, the course of its level isn't like itself anywhere within the loop."""
    course = envelope(sound_of(name, cache))
    alike = np.fft.irfft(np.square(np.abs(np.fft.rfft(course))), len(course))
    assert np.max(alike[200 : len(course) // 2]) / alike[0] <= 0.5


@every_bed_but(lambda kind: kind.bright)
def test_a_bed_is_dark(cache: Cache, name: str) -> None:
    hz, power = spectrum_of(name, cache)
    assert (hz * power).sum() / power.sum() <= 1_000  # the centroid


@every_bed
def test_a_phone_plays_it_too(cache: Cache, name: str) -> None:
    """What lies above 150 Hz is at most 6 dB quieter than the whole."""
    hz, power = spectrum_of(name, cache)
    assert 10 * np.log10(power[hz > 150].sum() / power.sum()) >= -6


@every_bed
def test_wide_but_whole_on_one_speaker(cache: Cache, name: str) -> None:
    sides = sides_of(sound_of(name, cache)).astype(np.float64)
    assert 0.45 <= np.corrcoef(sides)[0, 1] <= 0.7
    left, right = mean_power(sides)
    (whole,) = mean_power(sides.mean(axis=0)[None])
    assert -10 * np.log10(whole / ((left + right) / 2)) <= 1.5
    assert abs(10 * np.log10(left / right)) < 0.2


@every_bed
def test_nothing_rough(cache: Cache, name: str) -> None:
    """The envelope's spectrum has no peak from 30 to 150 Hz."""
    assert rough_db([sound_of(name, cache)[: 60 * SAMPLE_RATE, 0]]) < 3


@every_bed
def test_loudness_stays_within_the_beds_range(cache: Cache, name: str) -> None:
    assert momentary_range_db(sound_of(name, cache)) <= BEDS[name].most_range_db


@every_bed
def test_nothing_plinks_and_nothing_starts(cache: Cache, name: str) -> None:
    """The kurtosis of Gaussian noise is 3; no rise above what brown noise has by chance."""
    sound = sound_of(name, cache)
    assert np.all(stats.kurtosis(sides_of(sound), axis=1, fisher=False) < 4)
    level = levels_db(sound, window_ms=400, hop_ms=100)
    assert np.max(level[4:] - level[:-4]) <= 4


# --- one by one ------------------------------------------------------------------------------------


def test_brown_falls_by_6_db_per_octave_and_spares_phones_the_rumble(cache: Cache) -> None:
    assert slope_db_per_octave("brown", cache, 100, octaves=5.5) == pytest.approx(-6.0, abs=0.3)
    hz, power = spectrum_of("brown", cache)
    assert power[hz < 20].max() < power.max() / 10


def test_pink_falls_by_3_db_per_octave(cache: Cache) -> None:
    assert slope_db_per_octave("pink", cache, 60, octaves=5.5) == pytest.approx(-3.0, abs=0.2)
    hz, power = spectrum_of("pink", cache)
    assert power[hz < 15].max() < power.max() / 10


def test_rain_is_soft(cache: Cache) -> None:
    """No gusts, nothing bright."""
    sound = sound_of("rain", cache)
    level = levels_db(sound, window_ms=100, hop_ms=10)
    assert np.max(level[10:] - level[:-10]) <= 2.5
    hz, power = spectrum_of("rain", cache)
    assert 10 * np.log10(power[hz > 7_000].sum() / power.sum()) < -24


def test_rain_has_drops_and_brown_has_none(cache: Cache) -> None:
    """Drops are moments louder than noise would be, above 2 kHz, where they are heard."""
    high = signal.butter(4, 2_000, "highpass", fs=SAMPLE_RATE, output="sos")
    tails = {
        name: stats.kurtosis(signal.sosfilt(high, sound_of(name, cache)[:, 0].astype(np.float64)), fisher=False)
        for name in ("rain", "brown")
    }
    assert tails["brown"] == pytest.approx(3, abs=0.02)
    assert tails["rain"] > 3.04


def test_rain_swells_a_little_and_slowly(cache: Cache) -> None:
    level = levels_db(sound_of("rain", cache), window_ms=4_000, hop_ms=100)
    assert 0.5 <= np.ptp(level) <= 2.5  # ±10 % is 1.7 dB


def crests_s(sound: np.ndarray) -> np.ndarray:
    """When each wave is highest, its level smoothed over 2 s."""
    level = levels_db(sound, window_ms=2_000, hop_ms=100)
    crests, _ = signal.find_peaks(level, distance=50, prominence=1.5)
    return (crests * 100 + 1_000) / 1_000


def test_the_ocean_has_waves_of_9_to_14_seconds_each_its_own(cache: Cache) -> None:
    sound = sound_of("ocean", cache)
    course = envelope(sound)
    hz = np.fft.rfftfreq(len(course), 0.1)
    assert 0.07 <= hz[np.argmax(np.abs(np.fft.rfft(course)))] <= 0.12
    apart_s = np.diff(crests_s(sound))
    assert len(apart_s) >= 8
    assert apart_s.min() > 7
    assert apart_s.max() < 16
    assert apart_s.std() > 0.8  # no pacer of the breath
    assert momentary_range_db(sound) >= 4


def test_wind_wanders_between_dark_and_less_dark(cache: Cache) -> None:
    hz, _, power = signal.spectrogram(
        sound_of("wind", cache)[:, 0].astype(np.float64), SAMPLE_RATE, nperseg=1 << 14, noverlap=0
    )
    middle = (hz >= 150) & (hz <= 1_000)
    centre_hz = (hz[middle, None] * power[middle]).sum(axis=0) / power[middle].sum(axis=0)
    slow = np.convolve(centre_hz, np.ones(9) / 9, mode="valid")  # 3 s
    assert slow.max() / slow.min() >= 1.7
    assert np.abs(np.diff(np.log2(slow))).max() <= 0.2  # an octave takes seconds


def test_the_drone_is_a_chord_that_a_phone_plays_whole(cache: Cache) -> None:
    hz, power = spectrum_of("drone", cache)
    tones = signal.find_peaks(10 * np.log10(power / power.max() + 1e-12), height=-20, distance=20)[0]
    assert hz[tones] / 165 == pytest.approx([1, 2, 3, 4], abs=0.02)
    assert power[hz > 1_200].sum() / power.sum() < 1e-6


def test_none_is_silence(cache: Cache) -> None:
    bed, sound = bed_of("none", cache), sound_of("none", cache)
    assert bed.loudness_lufs is None
    assert len(sound) % FRAME_SAMPLES == 0
    assert len(sound) > 0
    assert not sound.any()
    assert integrated_lufs(sound) == -inf


# --- the tide and the breath -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("breath_ms", "inhale_ms"), [(10_000, 4_000), (5_001, 1_500), (10_526, 4_210), (17_136, 6_854)]
)
def test_the_tide_rises_and_falls_with_the_breath_all_through(cache: Cache, breath_ms: int, inhale_ms: int) -> None:
    """Whole breaths, whole frames; averaged over its breaths, the level turns where the breath does."""
    sound = sound_of("tide", cache, breath_ms, inhale_ms)
    breath = breath_ms * SAMPLES_PER_MS
    assert len(sound) % breath == 0
    assert len(sound) % FRAME_SAMPLES == 0
    assert len(sound) >= 120 * SAMPLE_RATE
    assert len(sound) - np.lcm(breath, FRAME_SAMPLES) < 120 * SAMPLE_RATE
    hop = 100 * SAMPLES_PER_MS
    breaths = sound.reshape(-1, breath, 2)
    power = np.einsum("ijk,ijk->j", breaths, breaths, dtype=np.float64) / len(breaths)
    level = 10 * np.log10(power[: breath // hop * hop].reshape(-1, hop).mean(axis=1))
    smooth = np.convolve(np.concatenate([level, level, level]), np.hanning(11) / 5, mode="same")[
        len(level) : -len(level)
    ]
    turns_s, lowest_s = np.argmax(smooth) / 10, np.argmin(smooth) / 10
    assert turns_s == pytest.approx(inhale_ms / 1_000, abs=0.08 * breath_ms / 1_000)
    assert min(lowest_s, breath_ms / 1_000 - lowest_s) <= 0.08 * breath_ms / 1_000
    assert 2.5 <= np.ptp(smooth) <= 9


def test_a_bed_with_a_tide_in_it_restarts(cache: Cache) -> None:
    assert bed_of("tide", cache).restarts
    assert bed_of("drone+tide:-3", cache).restarts
    assert not bed_of("ocean", cache).restarts


# --- the user's own music --------------------------------------------------------------------------


def tune(seconds: float, rate: int = SAMPLE_RATE, level: float = 0.2, seed: int = 0) -> np.ndarray:
    """Something like music: a chord under a slow swell, a little noise, different left and right; (n, 2)."""
    at = np.arange(round(seconds * rate)) / rate
    random = np.random.default_rng(seed)
    sides = []
    for phase in (0.0, 0.7):
        chord = sum(np.sin(2 * np.pi * hz * at + phase) for hz in (196.0, 246.9, 293.7)) / 3
        sides.append(chord * (0.75 + 0.25 * np.sin(2 * np.pi * at / 7)) + 0.05 * random.standard_normal(len(at)))
    return (level * np.stack(sides, axis=1)).astype(np.float32)


def write_wav(path: Path, sound: np.ndarray, rate: int = SAMPLE_RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("level", [0.9, 0.004])
def test_music_of_any_level_comes_to_the_level_of_all_beds(cache: Cache, tmp_path: Path, level: float) -> None:
    bed = bed_of(write_wav(tmp_path / "a.wav", tune(40, level=level)), cache)
    sound = bed.loop.read(0, bed.loop.samples)
    assert bed.loudness_lufs == -30
    assert integrated_lufs(np.concatenate([sound, sound[:SAMPLE_RATE]])) == pytest.approx(-30, abs=0.2)
    assert len(sound) % FRAME_SAMPLES == 0
    assert 31.9 <= len(sound) / SAMPLE_RATE <= 32  # all of it but the 8 s that go into its beginning


@pytest.mark.parametrize("offsets", [(0.4, 0.4), (0.5, -0.5), (0.0, -0.3)])
def test_music_off_its_centre_sounds_as_if_it_were_centred(
    cache: Cache, tmp_path: Path, offsets: tuple[float, float]
) -> None:
    centred = sound_of(write_wav(tmp_path / "a.wav", tune(20, level=0.3)), cache)
    sound = sound_of(write_wav(tmp_path / "b.wav", tune(20, level=0.3) + np.float32(offsets)), cache)
    np.testing.assert_allclose(sound, centred, atol=1e-4)  # 16 bits of the file allow so much
    assert np.abs(sound.mean(axis=0)).max() < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    "form",
    [
        ("a.mp3", "-b:a", "96k"),
        ("a.flac",),
        ("a.ogg", "-c:a", "libvorbis"),
        ("a.opus", "-c:a", "libopus"),
        ("a.m4a", "-c:a", "aac"),
        ("mono.wav", "-ac", "1", "-ar", "22050"),
        ("surround.flac", "-ac", "6"),
        ("named as nothing", "-f", "wav", "-ar", "11025"),
    ],
)
def test_music_of_any_format_rate_and_channels(cache: Cache, tmp_path: Path, form: tuple[str, ...]) -> None:
    source = write_wav(tmp_path / "source.wav", tune(20, rate=44_100), 44_100)
    ffmpeg.run(["-i", str(source), *form[1:], str(tmp_path / form[0])])
    sound = sound_of(tmp_path / form[0], cache)
    assert len(sound) / SAMPLE_RATE == pytest.approx(15, abs=0.1)
    assert_seamless(sound)
    hz, power = spectrum_of(tmp_path / form[0], cache)
    assert hz[np.argmax(power)] == pytest.approx(196, abs=60)
    assert integrated_lufs(sound) == pytest.approx(-30, abs=0.3)


def test_musics_end_is_led_into_its_beginning_at_constant_loudness(cache: Cache, tmp_path: Path) -> None:
    """Noise, whose ends are unrelated, and a tone, whose ends are one: neither dips nor bulges at the seam."""
    noise = 0.1 * np.random.default_rng(1).standard_normal((40 * SAMPLE_RATE, 2))
    tone = 0.1 * np.sin(2 * np.pi * 250 * np.arange(40 * SAMPLE_RATE) / SAMPLE_RATE)[:, None].repeat(2, axis=1)
    for name, sound, most_db in (("noise.wav", noise, 0.3), ("tone.wav", tone, 0.1)):
        loop = sound_of(write_wav(tmp_path / name, sound), cache)
        assert np.ptp(levels_db(loop, window_ms=1_000, hop_ms=100)) < most_db, name
        assert_seamless(loop)


def test_quiet_ends_of_music_are_left_out(cache: Cache, tmp_path: Path) -> None:
    """Silence before it and a long fade after it would be a hole in every turn of the loop."""
    faded = tune(40)
    faded[-20 * SAMPLE_RATE :] *= np.linspace(1, 0, 20 * SAMPLE_RATE)[:, None].astype(np.float32) ** 8
    sound = np.concatenate([np.zeros((5 * SAMPLE_RATE, 2), np.float32), faded])
    loop = sound_of(write_wav(tmp_path / "a.wav", sound), cache)
    assert levels_db(loop, window_ms=1_000, hop_ms=100).min() > 20 * np.log10(np.sqrt(np.square(loop).mean())) - 25


def test_music_whose_sides_cancel_out_is_heard_on_one_speaker(cache: Cache, tmp_path: Path) -> None:
    sound = tune(20)
    sound[:, 1] = -sound[:, 0]
    loop = sound_of(write_wav(tmp_path / "a.wav", sound), cache)
    assert np.square(loop.mean(axis=1)).mean() / np.square(loop).mean() > 10**-0.15
    wide = 0.1 * np.random.default_rng(2).standard_normal((20 * SAMPLE_RATE, 2))
    loop = sound_of(write_wav(tmp_path / "b.wav", wide), cache)
    assert 10**-0.15 < np.square(loop.mean(axis=1)).mean() / np.square(loop).mean() < 0.9  # still stereo


def test_a_bang_in_the_music_stays_below_the_ceiling_and_is_said(
    cache: Cache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sound = tune(30, level=0.005)
    sound[15 * SAMPLE_RATE : 15 * SAMPLE_RATE + 48] = 0.9
    file = write_wav(tmp_path / "a.wav", sound)
    for _ in ("made", "kept"):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "sleepward"):
            bed = bed_of(file, cache)
        assert "lower than asked" in caplog.text
        assert true_peak_db(bed.loop.read(0, bed.loop.samples)) == pytest.approx(-6, abs=0.05)


def test_a_header_that_lies_about_the_length_changes_nothing(cache: Cache, tmp_path: Path) -> None:
    file = write_wav(tmp_path / "a.wav", tune(60))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 3])
    assert bed_of(file, cache).loop.samples / SAMPLE_RATE == pytest.approx(15, abs=0.1)


@pytest.mark.parametrize("seconds", [10, 130])
def test_silent_music_is_refused(cache: Cache, tmp_path: Path, seconds: int) -> None:
    file = write_wav(tmp_path / "a.wav", np.zeros((seconds * 8_000, 1)), 8_000)
    with pytest.raises(InputError, match=r"a\.wav: the background music is silent"):
        bed_of(file, cache)


def test_music_that_is_no_music_is_refused(cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too short to loop"):
        bed_of(write_wav(tmp_path / "short.wav", tune(0.5)), cache)
    (tmp_path / "words.mp3").write_text("nothing of the kind")
    with pytest.raises(InputError, match=r"words\.mp3: can't be read as sound"):
        bed_of(tmp_path / "words.mp3", cache)
    (tmp_path / "nan.f32").write_bytes(np.full(96_000, np.nan, "<f4").tobytes())
    ffmpeg.run(["-f", "f32le", "-i", str(tmp_path / "nan.f32"), "-c:a", "pcm_f32le", str(tmp_path / "nan.wav")])
    with pytest.raises(InputError, match="aren't numbers"):
        bed_of(tmp_path / "nan.wav", cache)
    assert not list(cache.folder.rglob("*.part"))


def test_musics_identity_is_its_content_not_its_place(tmp_path: Path) -> None:
    first, second = write_wav(tmp_path / "a.wav", tune(2)), write_wav(tmp_path / "b.wav", tune(2))

    def identity(file: Path) -> str:
        return bed_identity(parse_background(str(file)), BREATH_MS, INHALE_MS)

    before = identity(first)
    assert before == identity(second)
    write_wav(first, tune(3))
    assert identity(first) != before
    gone = parse_background(str(second))
    second.unlink()
    with pytest.raises(NotFoundError, match=r"b\.wav"):
        bed_identity(gone, BREATH_MS, INHALE_MS)


# --- layers ----------------------------------------------------------------------------------------


def test_layers_keep_their_gains_among_each_other(cache: Cache) -> None:
    """The drone's tones over rain: 6 dB less of it is 6 dB less beside the rain, and the whole is as loud."""
    shares = []
    for text in ("rain+drone", "rain+drone:-6"):
        sound = sound_of(text, cache)
        assert integrated_lufs(sound) == pytest.approx(-30, abs=0.1)
        assert_seamless(sound)
        hz, power = spectrum_of(text, cache)
        shares.append(10 * np.log10(power[np.abs(hz - 165) < 3].sum() / power[(hz > 2_000) & (hz < 3_000)].sum()))
    assert shares[0] - shares[1] == pytest.approx(6, abs=0.2)


def test_a_layer_of_another_length_is_fitted_without_a_seam(cache: Cache) -> None:
    bed = bed_of("tide+pink", cache, 10_526, 4_210)
    assert bed.loop.samples == bed_of("tide", cache, 10_526, 4_210).loop.samples
    sound = sound_of("tide+pink", cache, 10_526, 4_210)
    assert_seamless(sound)
    hiss = signal.sosfilt(signal.butter(4, 3_500, "highpass", fs=SAMPLE_RATE, output="sos"), sound, axis=0)
    assert np.ptp(levels_db(hiss[SAMPLE_RATE:], window_ms=1_000, hop_ms=100)) < 2  # the pink alone, over its seam too


@pytest.mark.slow
def test_short_music_repeats_under_rain_and_long_music_is_heard_whole(cache: Cache, tmp_path: Path) -> None:
    short = write_wav(tmp_path / "short.wav", tune(20))
    long = write_wav(tmp_path / "long.wav", tune(200, rate=8_000), 8_000)
    alone = bed_of(short, cache).loop.samples
    together = bed_of(f"rain:-10+{short}", cache).loop.samples
    assert together % alone == 0
    assert 120 <= together / SAMPLE_RATE < 120 + alone / SAMPLE_RATE
    assert bed_of(f"{long}+rain:-10", cache).loop.samples == bed_of(long, cache).loop.samples
    with_tide = bed_of(f"{long}+tide", cache).loop.samples
    assert with_tide == 2 * bed_of("tide", cache).loop.samples  # in whole tides


# --- what a user writes ----------------------------------------------------------------------------


def test_backgrounds_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "music").mkdir()
    for name in ("music/harp.ogg", "a+b:3.mp3", "lullaby"):
        (tmp_path / name).touch()
    for text, layers in {
        "rain": [("rain", 0.0)],
        " rain + drone:-6 ": [("rain", 0.0), ("drone", -6.0)],
        "rain:+3+drone:-6.5dB": [("rain", 3.0), ("drone", -6.5)],
        "music/harp.ogg": [("music/harp.ogg", 0.0)],
        "tide:-40+music/harp.ogg:12": [("tide", -40.0), ("music/harp.ogg", 12.0)],
        "a+b:3.mp3": [("a+b:3.mp3", 0.0)],
        "rain+a+b:3.mp3:-2": [("rain", 0.0), ("a+b:3.mp3", -2.0)],
        "lullaby": [("./lullaby", 0.0)],
    }.items():
        background = parse_background(text, tmp_path)
        assert [(layer.name, layer.gain_db) for layer in background.layers] == layers, text
        assert parse_background(str(background), tmp_path) == background
        assert background.files == tuple(Path(name) for name, _ in layers if name not in BEDS)


def test_a_file_called_like_a_bed_does_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "rain").touch()
    assert parse_background("rain", tmp_path).files == ()
    (file,) = parse_background("./rain", tmp_path).files
    assert file.resolve() == (tmp_path / "rain").resolve()


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("Brwon", SettingError, "no background 'Brwon'.*did you mean brown"),
        ("xylophone", SettingError, "there are brown, .*, none"),
        ("rain+dron:-6", SettingError, "did you mean drone"),
        ("rain+", SettingError, "empty layer"),
        ("", SettingError, "empty layer"),
        ("rain+none", SettingError, "none stands alone"),
        ("rain+drone:-60", SettingError, r"-60 dB is out of range.*-40 to \+12"),
        ("rain+drone:loud", SettingError, "no background 'drone:loud'"),
        ("rain:-6", SettingError, "background_level"),
        ("rain+pink+wind+ocean+drone", SettingError, "5 layers"),
        ("music/harp.ogg", NotFoundError, r"'music/harp\.ogg' isn't there"),
        ("rain+harp.mp3:-3", NotFoundError, r"'harp\.mp3' isn't there"),
        ("./", NotFoundError, "'./' is a folder"),
        ("a\0b.mp3", NotFoundError, "isn't there"),
        ("x" * 5_000 + ".mp3", NotFoundError, "isn't there"),
    ],
)
def test_what_is_not_there_is_said_with_what_was_meant(
    text: str, error: type[InputError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=f"(?s){words}") as caught:
        parse_background(text, tmp_path)
    assert caught.value.exit_code == 2


def test_every_bed_says_what_it_is() -> None:
    assert all(kind.summary and "\n" not in kind.summary for kind in BEDS.values())


def test_beds_are_listed_from_the_plainest_to_the_liveliest_and_silence_last() -> None:
    listed = [name for name in BEDS if name in ("rain", "wind", "ocean", "brown", "pink", "none", "tide", "drone")]
    assert listed == ["brown", "pink", "rain", "ocean", "tide", "wind", "drone", "none"]


# --- identity, cache, memory -----------------------------------------------------------------------


def test_the_identity_is_known_without_the_sound() -> None:
    identities = {bed_identity(parse_background(name), BREATH_MS, INHALE_MS) for name in [*BEDS, "rain+drone:-6"]}
    assert len(identities) == len(BEDS) + 1
    code = (
        "import sys; from generator.beds import *;"
        "[bed_identity(parse_background(n), 10000, 4000) for n in BEDS]; sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_breath_counts_only_where_it_is_heard() -> None:
    def identity(name: str, breath_ms: int, inhale_ms: int) -> str:
        return bed_identity(parse_background(name), breath_ms, inhale_ms)

    assert identity("rain", 10_000, 4_000) == identity("rain", 12_000, 3_600)
    assert identity("rain+tide", 10_000, 4_000) != identity("rain+tide", 12_000, 4_000)
    assert identity("tide", 10_000, 4_000) != identity("tide", 10_000, 3_000)


def test_same_bed_same_bytes(cache: Cache, tmp_path: Path) -> None:
    """Made anew, or read in pieces from several threads."""
    again = bed_of("rain", Cache(tmp_path / "other")).loop
    assert np.array_equal(again.read(0, again.samples), sound_of("rain", cache))
    starts = range(0, again.samples, 500_000)
    with ThreadPoolExecutor(8) as pool:
        pieces = list(pool.map(lambda start: again.read(start, min(start + 500_000, again.samples)), starts))
    assert np.array_equal(np.concatenate(pieces), sound_of("rain", cache))


def test_a_damaged_bed_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path / "cache")
    file = write_wav(tmp_path / "a.wav", tune(3))
    loop = bed_of(file, cache).loop
    before = loop.read(0, loop.samples)
    (kept,) = [path for path in (cache.folder / "beds").rglob("*") if path.is_file()]
    broken = bytearray(kept.read_bytes())
    broken[len(broken) // 2] ^= 1
    kept.write_bytes(broken)
    again = bed_of(file, cache).loop
    assert "damaged" in caplog.text
    assert np.array_equal(again.read(0, again.samples), before)


def test_what_breaks_off_while_it_is_kept_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def half() -> object:
        yield b"half"
        raise InputError("the other half isn't there")

    with pytest.raises(InputError, match="the other half"):
        cache.put_blocks("beds", "ab" * 32, half())  # type: ignore[arg-type]
    assert cache.open("beds", "ab" * 32) is None
    assert not [path for path in (tmp_path / "beds").rglob("*") if path.is_file()]


def test_blocks_and_parts_are_kept_alike(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put_blocks("things", "cd" * 32, iter([b"one", b"", b"two"]))
    assert cache.get("things", "cd" * 32) == b"onetwo"
    blob = cache.open("things", "cd" * 32)
    assert blob is not None
    assert blob.size == 6
    middle = bytearray(3)
    blob.read_into(2, memoryview(middle))
    assert middle == b"etw"


def test_a_cache_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="the cache can't be") as caught:
        bed_of("none", Cache(tmp_path / "cache"))
    assert "SLEEPWARD_CACHE_DIR" in str(caught.value) or "--no-cache" in str(caught.value)
    with pytest.raises(InputError, match="the cache can't be written"):
        Cache(tmp_path / "cache").scratch()


def test_a_loop_in_memory_reads_like_any_other() -> None:
    sound = tune(0.48)
    loop = loop_of(sound)
    assert loop.samples == 20 * FRAME_SAMPLES
    loop.read(5, 50)[:] = 0  # a reader's copy is its own
    assert np.array_equal(loop.read(5, 50), sound[5:50])
    with pytest.raises(ValueError, match="whole frames"):
        loop_of(sound[:-1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("what", ["rain", "ocean", "music"])
def test_making_a_bed_takes_little_memory(tmp_path: Path, what: str) -> None:
    """Peak memory of a process that makes one: numpy and scipy take some 100 MB, ten minutes of sound are 230."""
    if what == "music":
        what = str(write_wav(tmp_path / "a.wav", tune(600, rate=8_000)[:, :1], 8_000))
    code = (
        "import sys; from pathlib import Path; from generator.beds import *; from generator.storage.cache import Cache;"
        "load_bed(parse_background(sys.argv[1]), Cache(Path('cache')), 10000, 4000);"
        "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, what], capture_output=True, text=True, check=True)
    assert int(done.stdout) / 1024 < 150
