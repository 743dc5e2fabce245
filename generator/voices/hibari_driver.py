"""A pyttsx3 driver for the neural voices of hibari-tts: `register()` it, then `pyttsx3.init("hibari")` speaks with it.

It writes WAV files (16 bits, mono, 24 kHz), and plays nothing. The same text, voice, rate and pitch give the same bytes
in any order and process: one thread, numpy's transforms whether or not scipy is there, noise seeded by the phonemes.

This file imports nothing of its package, since the server that runs it is started without it.
"""

from __future__ import annotations

import json
import os
import sys
import wave
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = [
    "FASTEST_WPM",
    "NAME",
    "OWN_RATE_WPM",
    "SLOWEST_WPM",
    "buildDriver",
    "load",
    "register",
    "speak",
    "speed_at",
    "to_phonemes",
]

NAME = "hibari"
OWN_RATE_WPM = 146  # speed 0.62: from 0.6 to 0.65 a listener's model likes it best
# Words a minute inside phrases at speeds given to the model, by benchmarks/rates.py: 200 sentences of the routines,
# trimmed as clips are, pauses at commas counted; 200 others differ by 0.4 % at most. The model rounds whole durations,
# so the pace rises in steps, at 0.571, 0.667 and 0.8.
WPM_BY_SPEED = (
    *((0.5, 120), (0.53, 122), (0.55, 126), (0.57, 131), (0.5716, 136), (0.575, 142), (0.58, 143), (0.6, 144)),
    *((0.6208, 146), (0.63, 147), (0.64, 148), (0.65, 149), (0.66, 152), (0.6669, 158), (0.67, 161), (0.68, 167)),
    *((0.7, 170), (0.72, 172), (0.75, 176), (0.78, 179), (0.79, 181), (0.7995, 193), (0.8005, 199), (0.81, 212)),
)
SLOWEST_WPM, FASTEST_WPM = 120, 200  # its slowest, and as fast as anybody can follow a movement
PITCH_SPAN = 0.3  # pitch 0 to 100 multiplies the fundamental by 0.85 to 1.15
MOST_AT_ONCE = 400  # phonemes: what the package's own split at punctuation aims at
PHONEMES_FOLLOW = "\x01"  # as the first character of a text
LEADING = "lˈɛt ðə bɹˈɛθ kˈʌm ænd ɡˌO, ænd lˈɛt jʊɹ hˈOl bˈɑdi ɹˈɛst."  # spoken in front of two words, and cut off
LED_WORDS, REPEATED_WORDS = 2, (3, 4)
BLOCK_SAMPLES = 120  # 5 ms
QUIET_POWER = 10**-4.5  # under the loudest block's
LEAST_PAUSE_SAMPLES = 2_400  # 100 ms: between two sentences the model pauses for 0.3 s and more
MOST_OFF_SAMPLES = 8_400  # 350 ms: how far the middle of a pause may lie from the end of what leads to it
MOST_UNEQUAL = 0.05  # of both: how far the pause may lie from their middle; measured 0.036 at most on 335 sentences
VOICED_HZ = 40.0  # below it a frame has no voice, for the package's `pulses`


def register() -> None:
    """Let ``pyttsx3.init("hibari")`` find this module, as pyttsx3 has no other way to add a driver."""
    sys.modules[f"pyttsx3.drivers.{NAME}"] = sys.modules[__name__]


@cache
def load(voice: str) -> Any:
    """The package's `Hibari` for `voice`, with its words and phonemes in memory. Takes a second and 200 MB.

    Raises FileNotFoundError if the voice's file isn't here (nothing is downloaded), ValueError for an unknown name.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime from 1.29 on reports its use, from a thread of its own
    import hibari
    import numpy as np
    import onnxruntime
    from hibari import dsp
    from hibari.tts import ASSETS
    from hibari.voices import voice_path

    class Model(hibari.Hibari):  # type: ignore[misc] # the package has no types
        def __init__(self) -> None:
            """As the package does it, but without an arena, which would keep 30 MB more in each process."""
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1  # with two, other bytes
            options.enable_cpu_mem_arena = False
            options.log_severity_level = 3
            self.voice = voice
            self.model_path = voice_path(voice, download_missing=False)
            self.sess = onnxruntime.InferenceSession(self.model_path, options, providers=["CPUExecutionProvider"])
            self.vocab = json.loads(Path(ASSETS, "vocab.json").read_text("utf-8"))
            self._g2p = None

    # scipy's transforms differ from numpy's in the last bit, so bytes would depend on whether scipy is installed
    dsp.rfft = lambda x, axis: np.fft.rfft(x, axis=axis).astype(np.complex64, copy=False)
    dsp.irfft = lambda x, n, axis: np.fft.irfft(x, n=n, axis=axis).astype(np.float32, copy=False)
    model = Model()
    _ = model.g2p  # loads the words
    return model


def to_phonemes(voice: str, text: str) -> str:
    """`text` as `save_to_file` takes it, too: its phonemes, a line for each part that is spoken at once.

    Spoken from these, it sounds the same. So one process makes them for all, and the others never touch the words.
    Raises ValueError for an unknown phoneme.
    """
    model = load(voice)
    found = (part for phonemes in model.phonemize(text) for part in _breaths(phonemes))
    parts = [phonemes for phonemes in found if any(map(str.isalpha, phonemes))]
    unknown = set("".join(parts)) - set(model.vocab)
    if unknown:
        raise ValueError(f"{NAME} has no phoneme {' '.join(sorted(unknown))}")
    return PHONEMES_FOLLOW + "\n".join(parts)


def _breaths(phonemes: str) -> Iterator[str]:
    """`phonemes` in parts that a voice could say in one breath, as memory grows with what is spoken at once."""
    while len(phonemes) > MOST_AT_ONCE and " " in phonemes[1:MOST_AT_ONCE]:
        part = phonemes[:MOST_AT_ONCE].rsplit(" ", 1)[0]
        yield part
        phonemes = phonemes[len(part) :].lstrip()
    yield phonemes


def buildDriver(proxy: Any) -> HibariDriver:  # noqa: N802 - pyttsx3 calls it by this name
    return HibariDriver(proxy)


class HibariDriver:
    """What pyttsx3 asks of a driver. Properties: voice, rate (words per minute), pitch (0 to 100), volume (0 to 1)."""

    def __init__(self, proxy: Any) -> None:
        self._proxy = proxy
        self._ended = False
        self._properties: dict[str, Any] = {"voice": "heart", "rate": OWN_RATE_WPM, "pitch": 50, "volume": 1.0}

    def getProperty(self, name: str) -> Any:  # noqa: N802
        """The value of a property; `voices` lists those whose file is here. Raises KeyError for an unknown name."""
        return _voices() if name == "voices" else self._properties[name]

    def setProperty(self, name: str, value: Any) -> None:  # noqa: N802
        """Raises KeyError for an unknown name, and ValueError for a value that can't be spoken."""
        allowed: dict[str, Callable[[], bool]] = {
            "voice": lambda: any(each.id == value for each in _voices()),
            "rate": lambda: SLOWEST_WPM <= value <= FASTEST_WPM,
            "pitch": lambda: 0 <= value <= 100,
            "volume": lambda: 0 <= value <= 1,
        }
        if not allowed[name]():
            raise ValueError(f"{NAME} can't speak with {name} {value}")
        self._properties[name] = value

    def save_to_file(self, text: str, filename: str) -> None:
        """Speak `text`, or what `to_phonemes` gave for it, into a WAV file.

        Inline phonemes, ``[word](/wˈɜɹd/)``, are in misaki's alphabet.

        Raises ValueError for an unknown phoneme.
        """
        self._proxy.notify("started-utterance")
        pcm = self._speak(text)
        with Path(filename).open("wb") as whole, wave.open(whole, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(24_000)
            file.writeframes(pcm)
        self._proxy.notify("finished-utterance", completed=True)

    def say(self, text: str) -> None:
        """Raises NotImplementedError: this driver plays nothing."""
        raise NotImplementedError(f"{NAME} only writes files: use save_to_file")

    def startLoop(self) -> None:  # noqa: N802
        """Run all commands, the last of which is `endLoop`, if pyttsx3 hasn't run them as they came."""
        self._proxy.setBusy(False)
        ended, self._ended = self._ended, False
        if not ended:
            raise RuntimeError("nothing ends this loop: use runAndWait")

    def iterate(self) -> Any:
        self._proxy.setBusy(False)
        yield

    def endLoop(self) -> None:  # noqa: N802
        self._ended = True

    def stop(self) -> None:
        """Nothing goes on between commands."""

    def destroy(self) -> None:
        """The model stays, for the next engine."""

    def _speak(self, text: str) -> bytes:
        """16-bit samples at 24 kHz, little-endian."""
        import numpy as np

        speed = speed_at(self._properties["rate"])
        tone = 1 + PITCH_SPAN * (self._properties["pitch"] - 50) / 100
        sound = speak(self._properties["voice"], text, speed, tone)
        return bytes((np.clip(sound * self._properties["volume"], -1, 1) * 32_767).round().astype("<i2").data)


def speed_at(rate_wpm: float) -> float:
    """The model's own measure of speed for words a minute."""
    import numpy as np

    speeds, rates_wpm = zip(*WPM_BY_SPEED, strict=True)
    return round(float(np.interp(rate_wpm, rates_wpm, speeds)), 4)


def speak(voice: str, text: str, speed: float, tone: float = 1.0) -> Any:
    """float32 (samples,) at 24 kHz: `text`, or what `to_phonemes` gave for it; 100 ms of zeros for nothing to speak.

    `speed` is the model's own measure, `tone` multiplies the fundamental. Raises ValueError for an unknown phoneme.
    """
    import numpy as np

    model = load(voice)
    given = text if text.startswith(PHONEMES_FOLLOW) else to_phonemes(voice, text)
    parts = [_spoken(model, phonemes, speed, tone) for phonemes in given[1:].splitlines()]
    return np.concatenate(parts) if parts else np.zeros(2_400, np.float32)


def _spoken(model: Any, phonemes: str, speed: float, tone: float) -> Any:
    """float32 (samples,) at 24 kHz. A short sentence is the second of two that are spoken at once: it begins calmly.

    Alone, short sentences are the model's weakest: it drawls. After a longer one, the 23 of two words in the routines
    score 4.0 of 5 in the mean with a listener's model (DistillMOS), and 3.5 alone; one is below 3.3 then, 9 are alone.
    A single word gains nothing. Of those of three or four words the lowest tenth scored 3.7 alone, and 4.0 after
    themselves, which takes less time than a longer sentence.
    """
    words = phonemes.count(" ") + 1
    cut = None
    if words == LED_WORDS:
        sound = _synthesize(model, f"{LEADING} {phonemes}", speed, tone)
        cut = _pause_near(
            _loud_blocks(sound), _end_of_leading(model.voice, speed, tone) + LEAST_PAUSE_SAMPLES, MOST_OFF_SAMPLES
        )
    elif words in REPEATED_WORDS:
        sound = _synthesize(model, f"{phonemes} {phonemes}", speed, tone)
        loud = _loud_blocks(sound)
        first, last = _outermost(loud)
        cut = _pause_near(loud, (first + last) / 2, MOST_UNEQUAL * (last - first))
    return _synthesize(model, phonemes, speed, tone) if cut is None else sound[cut:]


@cache
def _end_of_leading(voice: str, speed: float, tone: float) -> int:
    """Where the sentence in front of short ones ends, in samples."""
    return _outermost(_loud_blocks(_synthesize(load(voice), LEADING, speed, tone)))[1]


def _loud_blocks(sound: Any) -> Any:
    """The indices (blocks,) of those blocks of `sound` that aren't quiet."""
    import numpy as np

    powers = np.square(sound[: len(sound) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)).mean(axis=1)
    return np.flatnonzero(powers >= powers.max() * QUIET_POWER)


def _outermost(loud: Any) -> tuple[int, int]:
    """Where speech begins and ends, in samples."""
    return int(loud[0]) * BLOCK_SAMPLES, int(loud[-1] + 1) * BLOCK_SAMPLES


def _pause_near(loud: Any, expected: float, most_off: float) -> int | None:
    """The middle of the pause that is nearest to `expected`, in samples; None if no pause is near.

    It isn't always the longest: the model pauses longer at some semicolons. But where the first sentence ends is known.
    """
    import numpy as np

    pauses = np.flatnonzero(np.diff(loud) > LEAST_PAUSE_SAMPLES // BLOCK_SAMPLES)
    if not len(pauses):
        return None
    centres = (loud[pauses] + loud[pauses + 1] + 1) / 2 * BLOCK_SAMPLES
    nearest = centres[np.argmin(np.abs(centres - expected))]
    return None if abs(nearest - expected) > most_off else int(nearest)


def _synthesize(model: Any, phonemes: str, speed: float, tone: float) -> Any:
    """float32 (samples,) at 24 kHz. The fundamental is multiplied by `tone` in the source, so formants stay."""
    import numpy as np
    from hibari import dsp

    request = {"ids": np.asarray([model.ids(phonemes)], np.int64), "speed": np.asarray([speed], np.float32)}
    *spectra, f0_hz = (output[0] for output in model.sess.run(None, request))
    if tone != 1:
        f0_hz = np.where(f0_hz > VOICED_HZ, np.maximum(f0_hz * np.float32(tone), VOICED_HZ + 1), f0_hz)
    noise = np.random.default_rng(zlib.crc32(phonemes.encode()))
    return dsp.synth(*spectra, f0_hz, noise)


def _voices() -> list[SimpleNamespace]:
    """The package's voices whose files are here, with the attributes of a pyttsx3 voice."""
    from hibari.voices import ASSETS, VOICES, cache_dir

    return [
        SimpleNamespace(id=name, name=name.title(), languages=[facts["language"]], gender=facts["gender"], age=None)
        for name, facts in VOICES.items()
        if Path(ASSETS if facts.get("bundled") else cache_dir(), facts["file"]).is_file()
    ]
