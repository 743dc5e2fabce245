"""How much of a narration is understood over a bed, measured with a speech recogniser and with STOI.

The recogniser is pocketsphinx with the English model of its wheel, which was trained on people. For each phrase it
gets the sound at one ear: voice at its level, bed under it, a quiet room. It must choose between the sentence and
nine others of the same routine, those nearest in length. So "right" competes with "left", and length gives no hint.
Half a sentence, or none, counts as wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import _acoustics
import numpy as np
import pocketsphinx
import soxr
from numpy.typing import NDArray

from generator import beds
from generator.model import SAMPLE_RATE, SAMPLES_PER_MS
from generator.script import parse
from generator.storage.cache import Cache
from generator.timeline.timing import Timing, spoken_texts
from generator.voices.mastering import NOMINAL_LUFS
from generator.workspace import Workspace
from generator.workspace.script_sources import routine_source

Wave = NDArray[np.float32]
"""(samples,) at 48 kHz, unless it says otherwise."""

OTHERS = 9
# A quiet bedroom, 25 dB under the voice at the ear: WHO's 30 dB(A) for nights against 55 dB(A). The model wasn't
# trained on digital silence, and loses last words in it.
ROOM_DBFS = -50.0
EDGE_MS = 200  # of bed and room before and after each phrase
EAR_RATE = 16_000  # the model's rate
EAR_GAIN_DB = 10.0  # raises the sound to the level of its training
# Wide beams, which follow all ten sentences to their ends. With the model's narrow beams a weak first consonant loses
# the sentence (measured: "Bring both knees upright." over brown).
WIDE = {"beam": 1e-100, "pbeam": 1e-100, "wbeam": 1e-70}
DUAL_MONO_DB = -3.01  # the level of one channel of a voice that plays in both

# Words of the routines that the wheel's dictionary lacks, in its phonemes.
PRONUNCIATIONS = {
    "footboard": "F UH T B AO R D",
    "pinches": "P IH N CH IH Z",
    "psoas": "S OW AH S",
    "shins": "SH IH N Z",
    "tailbone": "T EY L B OW N",
    "thigh's": "TH AY Z",
    "tingles": "T IH NG G AH L Z",
    "uncross": "AH N K R AO S",
    "wobbles": "W AA B AH L Z",
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence of a routine, and the other sentences that the recogniser may choose."""

    routine: str
    text: str
    others: tuple[str, ...]


def phrases(count: int | None = None) -> list[Phrase]:
    """The sentences of the built-in routines at their defaults, each once; or `count` of them, always the same."""
    found: dict[str, Phrase] = {}
    workspace = Workspace.here()
    for name in sorted(workspace.routine_names()):
        source = routine_source(workspace.read_routine(workspace.routine_path(name)), {}, workspace)
        texts = spoken_texts(parse(source.text, source.shown_as, source.name), Timing())
        for text in texts:
            found.setdefault(text, Phrase(name, text, _nearest_in_length(text, texts)))
    every = list(found.values())
    return every if count is None else random.Random(1).sample(every, min(count, len(every)))


def _nearest_in_length(text: str, texts: Iterable[str]) -> tuple[str, ...]:
    others = {tuple(words(other)): other for other in texts if words(other) != words(text)}
    return tuple(sorted(others.values(), key=lambda other: (abs(len(other) - len(text)), other))[:OTHERS])


def words(text: str) -> list[str]:
    """The words of `text` in the spelling of the recogniser's dictionary."""
    return re.findall(r"[a-z']+", text.lower())


def bed_sound(name: str, folder: Path) -> Wave:
    """One channel of a bed at the level of `beds.LOOP_LUFS`. `folder` is for the cache."""
    bed = beds.load_bed(beds.parse_background(name), Cache(folder), Timing().breath_ms, Timing().inhale_ms)
    return bed.loop.read(0, bed.loop.samples)[:, 0].copy()


def at_one_ear(clip: Wave, bed: Wave, under_lu: float, place: int) -> Wave:
    """`clip` at the default loudness over `bed`, which lies `under_lu` under it, in a quiet room.

    `place` selects the part of the bed. `EDGE_MS` of bed come before and after the clip.
    """
    voice = np.pad(_voice(clip), EDGE_MS * SAMPLES_PER_MS)
    room = np.random.default_rng(place).standard_normal(len(voice), np.float32) * np.float32(10 ** (ROOM_DBFS / 20))
    mixed: Wave = voice + _under(bed, len(voice), under_lu, place) + room
    return mixed


def _voice(clip: Wave) -> Wave:
    return clip * np.float32(10 ** (DUAL_MONO_DB / 20))


def _under(bed: Wave, length: int, under_lu: float, place: int) -> Wave:
    start = random.Random(place).randrange(len(bed))
    gain = np.float32(10 ** ((NOMINAL_LUFS - under_lu - beds.LOOP_LUFS) / 20))
    excerpt: Wave = bed[np.arange(start, start + length) % len(bed)] * gain
    return excerpt


class Ear:
    """The recogniser. Each sound is normalised by itself, so earlier sounds don't matter."""

    def __init__(self) -> None:
        self._decoder = pocketsphinx.Decoder(lm=None, samprate=EAR_RATE, cmn="batch", loglevel="FATAL", **WIDE)
        for word, phonemes in PRONUNCIATIONS.items():
            self._decoder.add_word(word, phonemes, True)

    def unknown(self, texts: Iterable[str]) -> set[str]:
        """Words of `texts` that its dictionary lacks. Add their phonemes to `PRONUNCIATIONS`."""
        return {word for text in texts for word in words(text) if self._decoder.lookup_word(word) is None}

    def understands(self, sound: Wave, phrase: Phrase) -> bool:
        """Whether it recognises the whole of `phrase` in `sound`."""
        choices = " | ".join(f"( {' '.join(words(text))} )" for text in (phrase.text, *phrase.others))
        self._decoder.add_jsgf_string("choices", f"#JSGF V1.0; grammar choices; public <one> = {choices} ;")
        self._decoder.activate_search("choices")
        heard = soxr.resample(sound, SAMPLE_RATE, EAR_RATE) * 10 ** (EAR_GAIN_DB / 20)
        self._decoder.start_utt()
        self._decoder.process_raw((heard.clip(-1, 1) * 32_767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        return best is not None and best.hypstr.split() == words(phrase.text)


@cache
def ear() -> Ear:
    """The shared recogniser, since loading its model takes longer than using it."""
    return Ear()


def sentences(asked: Sequence[Phrase]) -> list[Phrase]:
    """The phrases with at least four words."""
    return [phrase for phrase in asked if len(words(phrase.text)) >= 4]


def misheard(clips: Mapping[str, Wave], asked: Sequence[Phrase], bed: Wave, under_lu: float) -> list[Phrase]:
    """The phrases of `asked` that aren't understood over `bed`, which lies `under_lu` under the voice."""
    return [
        phrase
        for place, phrase in enumerate(asked)
        if not ear().understands(at_one_ear(clips[phrase.text], bed, under_lu, place), phrase)
    ]


def stoi_and_estoi(clip: Wave, bed: Wave, under_lu: float, place: int) -> tuple[float, float]:
    """STOI and ESTOI of a phrase at one ear. Use it for `sentences` only."""
    voice = _voice(clip)
    return _acoustics.stoi_and_estoi(voice, voice + _under(bed, len(voice), under_lu, place))
