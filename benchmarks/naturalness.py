"""Measure how natural voices sound and how well they are understood: as the engine gives them, and after the chain.

    python benchmarks/naturalness.py [--voice heart@146/50 …] [--sentences 200] [--beds] [--misheard]

A voice is NAME, NAME@RATE or NAME@RATE/PITCH. All speak the same sentences, taken from the built-in routines in every
style on five nights. `--beds` also counts word errors over each bed as it is when the glide has ended: the voice 3 dB
down, the bed as before. `--misheard` lists sentences of which over a quarter was misheard. `_judges.py` says what to
install; a judge that isn't here leaves its column empty. Twenty minutes on two cores, and five more for each voice
with `--beds`.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import _judges
import ear
import numpy as np
from _acoustics import as_given, words_per_minute
from ear import Wave
from scipy import signal

from generator.beds import BEDS
from generator.model import SAMPLE_RATE, SAMPLES_PER_MS, Recording
from generator.script import parse
from generator.storage.cache import default_folder
from generator.timeline.timing import Timing, spoken_texts
from generator.voices import open_voice
from generator.voices.calibration import CALIBRATION_SENTENCES, calibrate
from generator.voices.mastering import VoiceGain, master
from generator.workspace import Workspace
from generator.workspace.script_sources import routine_source

VOICES = ("en-us+klatt4", "heart@120", "heart", "heart@160", "heart@200", "heart@146/0", "heart@146/99")
STYLES = ("gentle", "breathing", "spare", "beginner")
NIGHTS = 5
UNDER_LU, GLIDE_DB = 15.0, -3.0  # the default level of a bed, and the voice's when the glide has ended
MISHEARD = 0.25
SIBILANT_HZ = (4_000, 10_000)
AUDIBLE_DBFS = -60.0

HEAD = ("voice", "", "DistillMOS", "lowest tenth", "least", "DNSMOS", "word errors", "wpm", "sibilants", "x real time")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A voice's recordings of some sentences, its gain in the chain, and how fast it spoke on one core."""

    recordings: Mapping[str, Recording]
    gain: VoiceGain
    times_real_time: float


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", action="append", help="NAME[@RATE[/PITCH]] instead of all; may be given again")
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--beds", action="store_true", help="word errors over each bed, too")
    parser.add_argument("--misheard", action="store_true", help="list what was misheard")
    asked = parser.parse_args()
    texts = sentences(asked.sentences)
    for line in _judges.missing():
        print(line)
    print(f"\n{len(texts)} sentences, {sum(len(text.split()) for text in texts)} words\n")
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|", flush=True)
    bed_rows = []
    for voice in asked.voice or VOICES:
        spoken = speak(voice, texts)
        raw = {text: as_given(spoken.recordings[text], spoken.gain) for text in texts}
        clips = {text: master(spoken.recordings[text], spoken.gain, text).samples[:, 0] for text in texts}
        print(row(voice, "raw", raw, f"{spoken.times_real_time:.0f}"), flush=True)
        print(row(voice, "chain", clips, ""), flush=True)
        if asked.misheard:
            print("\n".join(misheard(clips)), flush=True)
        if asked.beds:
            bed_rows.append(bed_row(voice, clips))
    if asked.beds:
        print("\n| word errors over | " + " | ".join(BEDS) + " |\n" + "|---" * (len(BEDS) + 1) + "|")
        print("\n".join(bed_rows))


def sentences(count: int) -> list[str]:
    """`count` of the sentences that the built-in routines speak in all styles on five nights, always the same."""
    workspace = Workspace.here()
    found = set[str]()
    for name, style, night in product(workspace.routine_names(), STYLES, range(NIGHTS)):
        routine = workspace.read_routine(workspace.routine_path(name))
        source = routine_source(routine, {"style": style, "night": str(night)}, workspace)
        found.update(spoken_texts(parse(source.text, source.shown_as, source.name), Timing()))
    return random.Random(1).sample(sorted(found), min(count, len(found)))


def speak(voice: str, texts: Sequence[str]) -> Spoken:
    """Let `voice` speak `texts` in one process, and time it, loading included: on a quiet machine that is one core."""
    name, _, settings = voice.partition("@")
    rate, _, pitch = settings.partition("/")
    opened = open_voice(name, rate=int(rate) if rate else None, pitch=int(pitch) if pitch else None)
    started = time.monotonic()
    recordings = dict(opened.speak([*CALIBRATION_SENTENCES, *texts], 1))
    spent_s = time.monotonic() - started
    sound_s = sum(len(each.samples) / each.sample_rate for each in recordings.values())
    return Spoken(recordings, calibrate([recordings[text] for text in CALIBRATION_SENTENCES]), sound_s / spent_s)


# --- telling ---------------------------------------------------------------------------------------


def row(voice: str, stage: str, clips: Mapping[str, Wave], speed: str) -> str:
    """The row of one voice, raw or after the chain."""
    sounds = list(clips.values())
    natural, clean = _judges.distillmos(sounds), _judges.dnsmos(sounds)
    cells = ["", "", ""]
    if natural is not None:
        cells = [f"{value:.2f}" for value in (natural.mean(), np.percentile(natural, 10), natural.min())]
    cells.append("" if clean is None else f"{clean.mean():.2f}")
    cells += [
        error_percent([*clips], sounds),
        f"{words_per_minute(clips):.0f}",
        f"{sibilants_db(sounds):.1f} dB",
        speed,
    ]
    return "| " + " | ".join([voice, stage, *cells]) + " |"


def bed_row(voice: str, clips: Mapping[str, Wave]) -> str:
    """The word errors of one voice over each bed."""
    cells = [
        error_percent(
            [*clips], [over_bed(clip, bed, place) for place, clip in enumerate(clips.values())], silence=False
        )
        for bed in BEDS
    ]
    return "| " + " | ".join([voice, *cells]) + " |"


def over_bed(clip: Wave, bed: str, place: int) -> Wave:
    """`clip` over a part of the bed in a quiet room, at the end of the glide. `place` selects the part."""
    return ear.at_one_ear(clip * np.float32(10 ** (GLIDE_DB / 20)), bed_sound(bed), UNDER_LU, place)


@cache
def bed_sound(name: str) -> Wave:
    return ear.bed_sound(name, default_folder())


def error_percent(texts: Sequence[str], sounds: Sequence[Wave], *, silence: bool = True) -> str:
    transcripts = _judges.heard(sounds, silence=silence)
    if transcripts is None:
        return ""
    counts = np.array([_judges.word_errors(*pair) for pair in zip(texts, transcripts, strict=True)])
    return f"{100 * counts[:, 0].sum() / counts[:, 1].sum():.1f} %"


def misheard(clips: Mapping[str, Wave]) -> list[str]:
    """The sentences of which over a quarter was misheard, with what was heard."""
    lines = []
    for text, understood in zip(clips, _judges.heard([*clips.values()]) or [], strict=False):
        errors, words = _judges.word_errors(text, understood)
        if errors > MISHEARD * words:
            lines.append(f"  {text} -> {understood}")
    return lines


def sibilants_db(clips: Sequence[Wave]) -> float:
    """The level from 4 to 10 kHz that one audible block of 10 ms in a hundred passes, over its phrase's level."""
    band = signal.butter(6, SIBILANT_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    over = []
    for clip in clips:
        whole, high = _block_powers(clip), _block_powers(signal.sosfilt(band, clip))
        audible = whole > 10 ** (AUDIBLE_DBFS / 10)
        over.append(high[audible] / whole[audible].mean())
    return float(10 * np.log10(np.percentile(np.concatenate(over), 99)))


def _block_powers(wave: Wave) -> Wave:
    block = 10 * SAMPLES_PER_MS
    powers: Wave = np.square(wave[: len(wave) // block * block].reshape(-1, block)).mean(axis=1)
    return powers


if __name__ == "__main__":
    main()
