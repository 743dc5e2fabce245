"""Measures each voice's gain and equaliser, once, on fixed sentences, so that all voices sound alike."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Any

from ..dsp.loudness import BLOCK_MS, HOP_MS, block_powers, gated_lufs, hop_powers
from ..dsp.transforms import to_spectra
from ..errors import TrackError
from .filters import CHAIN_RATE, PRESENCE, VoiceEq, consonant_weakness, fit_voice_eq
from .mastering import (
    COMPRESSOR_RATIO,
    NOMINAL_LUFS,
    VoiceGain,
    apply_voice_eq,
    compress,
    db_to_amplitude,
    equalise_and_deess,
    leveller_gains_db,
    power_gains,
    prepare_wave,
    require_sound,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..model import Recording
    from .mastering import Wave

_TARGET_OFFSET_LU = 0.5  # short phrases come out 0.3 LU quieter than the calibration's, and LAME takes another 0.4

AUDIBLE_POWER = 1e-4  # of a voice's mean power: what lies 40 dB under it is pause

CALIBRATION_SENTENCES: tuple[str, ...] = (
    "Let your shoulders grow heavy, and sink a little deeper into the bed.",
    "Breathe in through the nose, and feel the ribs open to each side.",
    "Now bring both knees towards your chest, as far as feels good.",
    "There is nowhere to go, and nothing at all to finish tonight.",
    "Stretch the left leg out slowly, and let the foot fall outward.",
    "Place one hand on your belly, and the other over your heart.",
    "If this is too strong, choose a smaller shape and stay there.",
    "Soften your jaw, your tongue, and the small muscles around the eyes.",
    "We change sides in a moment; take one more quiet breath here.",
    "Turn your head gently, and rest your cheek against the cool pillow.",
)
"""Ten sentences as routines speak them, with every common English sound, on which a voice's gain is measured."""


def calibrate(
    recordings: Sequence[Recording], target_lufs: float = NOMINAL_LUFS, eq: VoiceEq | None = None
) -> VoiceGain:
    """Gains, equaliser and compression of the voice that spoke `recordings`, which should be `CALIBRATION_SENTENCES`.

    Both gains come from the gated loudness of all recordings (BS.1770-4), so pauses don't count, as in the finished
    narration. The equaliser comes from their long-term spectrum, and the compression from how weak the consonants are;
    a voice whose `eq` is given isn't compressed. Raises TrackError if a recording holds no sound.
    """
    for number, recording in enumerate(recordings, start=1):
        require_sound(recording, f"calibration sentence {number}")
    peak_db = 20 * log10(max(float(abs(recording.samples).max()) for recording in recordings))
    raw_lufs = peak_db + _speech_lufs(
        [  # scaled to full scale, so that the gate at -70 LUFS removes no speech
            hop_powers(
                [_pad_to_block(each.samples[:, 0] * db_to_amplitude(-peak_db), each.sample_rate)], each.sample_rate
            )
            for each in recordings
        ]
    )
    raw_gain_db = target_lufs - raw_lufs

    equalised = [
        equalise_and_deess(prepare_wave(recording, raw_gain_db, "a calibration sentence")) for recording in recordings
    ]
    weakness = consonant_weakness(_consonant_peaks_db(equalised)) if eq is None else 0.0
    ratio = 1 + (COMPRESSOR_RATIO - 1) * weakness
    compressed = [compress(wave, ratio) for wave in equalised]
    eq = eq or fit_voice_eq(_long_term_spectrum(compressed), weakness)
    sounds = [apply_voice_eq(wave, eq) for wave in compressed]

    def error_lu(gain_db: float) -> float:
        levels = (sound.powers * power_gains(leveller_gains_db(sound, gain_db)) for sound in sounds)
        return _speech_lufs([_to_hops(powers) for powers in levels]) - target_lufs - _TARGET_OFFSET_LU

    first_guess_db = target_lufs + _TARGET_OFFSET_LU - _speech_lufs([_to_hops(sound.powers) for sound in sounds])
    # found by iteration, as the leveller takes back some of the gain
    chain_gain_db = _find_root(error_lu, first_guess_db, slope=0.45, within=0.01)
    return VoiceGain(raw_gain_db, chain_gain_db, eq.presence_db, eq.treble_db, ratio)


def _speech_lufs(sounds: Sequence[NDArray[np.float64]]) -> float:
    """Gated loudness of several sounds together, given as `hop_powers`; no gating block spans two sounds."""
    import numpy as np

    return gated_lufs(np.concatenate([block_powers(hops) for hops in sounds]))


def _to_hops(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Powers per millisecond, averaged to the hops of `hop_powers`."""
    powers = _pad_to_block(powers, 1_000)
    hops: NDArray[np.float64] = powers[: len(powers) // HOP_MS * HOP_MS].reshape(-1, HOP_MS).mean(axis=1)
    return hops


def _pad_to_block(values: NDArray[Any], per_second: int) -> NDArray[Any]:
    """`values`, padded with zeros to the length of a gating block if they are shorter."""
    import numpy as np

    return np.pad(values, (0, max(0, per_second * BLOCK_MS // 1_000 - len(values))))


def _long_term_spectrum(waves: Sequence[Wave]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies in Hz, and the power at each (Welch's method), of all `waves` together."""
    import numpy as np

    hz, powers = _short_spectra(waves, 2_048)
    return hz, powers.mean(axis=0).astype(np.float64)


def _consonant_peaks_db(waves: Sequence[Wave]) -> float:
    """The level in `PRESENCE` that one audible frame of 20 ms in twenty passes, over the level of all frames."""
    import numpy as np

    hz, powers = _short_spectra(waves, 512)
    whole = powers.sum(axis=1)
    audible = whole > AUDIBLE_POWER * whole.mean()
    band = powers[:, (hz >= PRESENCE[0]) & (hz < PRESENCE[1])].sum(axis=1)
    return 10 * log10(np.percentile(band[audible], 95) / whole[audible].mean() + 1e-12)


def _short_spectra(waves: Sequence[Wave], size: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Frequencies in Hz, and the powers (frames, frequencies) of half-overlapping frames of all `waves` together."""
    import numpy as np

    frames = np.lib.stride_tricks.sliding_window_view(np.concatenate(waves), size)[:: size // 2]
    powers = np.square(np.abs(to_spectra(frames * np.hanning(size).astype(np.float32))))
    return np.fft.rfftfreq(size, 1 / CHAIN_RATE).astype(np.float64), powers.astype(np.float32, copy=False)


def _find_root(function: Callable[[float], float], guess: float, slope: float, within: float) -> float:
    """The root of `function`, to `within`, by the secant method from `guess`; `slope` gives the first step.

    Raises TrackError if it doesn't converge.
    """
    value = function(guess)
    step = -value / slope
    for _ in range(50):
        guess += step
        if abs(step) <= within:
            return guess
        before, value = value, function(guess)
        if value == before:
            break
        step *= value / (before - value)
    raise TrackError("the voice's level can't be settled", hint="Try another voice.")
