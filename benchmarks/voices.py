"""Measure how intelligible and how soft espeak-ng's voices are after the voice chain, and draw their spectra.

    python benchmarks/voices.py [--phrases 40] [--voice en-us+klatt4 …] [--jobs 2] [--write]

Every voice speaks the same sentences of the built-in routines at the default rate, and goes through the chain with
its own gain and colour. `ear.py` then measures how much is understood. The output is three tables: the voices, the
chain before and after, and the light voice over every bed. `--write` puts them into docs/sound.md, with every
sentence of every routine in the last table, and draws the spectra before and after the chain into docs/images/. That
takes a quarter of an hour on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import ear
import numpy as np
from _acoustics import as_given, centroid_hz, hardest_onset_db, share_db, words_per_minute
from ear import Phrase, Wave
from scipy.signal import welch

from generator.beds import BEDS
from generator.dsp.loudness import integrated_lufs
from generator.model import SAMPLE_RATE, Recording
from generator.storage.cache import default_folder
from generator.voices import open_voice
from generator.voices.calibration import CALIBRATION_SENTENCES, calibrate
from generator.voices.filters import PRESENCE, TREBLE
from generator.voices.mastering import NOMINAL_LUFS, VoiceGain, master
from generator.voices.pyttsx3 import DEFAULT_ESPEAK

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "sound.md"
PICTURE = ROOT / "docs" / "images" / "voice-spectra.svg"
BEGIN, END = "<!-- voices: begin -->", "<!-- voices: end -->"

MALE = tuple(f"en-us{variant}" for variant in ("", "+klatt", "+klatt2", "+klatt4", "+klatt5", "+klatt6", "+m7"))
FEMALE = tuple(f"en-us+{name}" for name in ("belinda", "Annie", "f2", "linda"))

UNDER_LU = 15.0  # the default level of a bed
HARD_UNDER_LU = 6.0  # 9 LU closer than the default, where voices differ most
PLAIN_BEDS = ("rain", "brown", "none")
STOI_PHRASES = CONTROLS = 20
SOFTEST = 3
WORST_BED, NO_BED = "rain", "none"

# The rows of the sound targets for a voice, and the share of phrases to be recognised.
MOST_OFF_LU = 1.0
LEAST_STOI, LEAST_ESTOI = 0.90, 0.75
MOST_ONSET_DB = 20.0
MOST_TREBLE_DB = -24.0
MOST_SPREAD_LU = 3.0
WPM = (105, 125)
LEAST_RIGHT = 0.95


@dataclass(frozen=True, slots=True)
class Sound:
    """Measurements of a narration."""

    lufs: float
    treble_db: float
    presence_db: float
    centroid_hz: float
    onset_db: float
    spread_lu: float
    spectrum: tuple[Wave, Wave]


@dataclass(frozen=True, slots=True)
class Scores:
    """STOI and ESTOI of some phrases over one bed: the medians and the lowest values."""

    median: tuple[float, float]
    lowest: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """One voice as the engine gives it (trimmed, at the same loudness), and after the chain.

    `right` is the share of recognised phrases by bed; `right_hard` is the share over `WORST_BED` at `HARD_UNDER_LU`.
    """

    name: str
    gain: VoiceGain
    before: Sound
    after: Sound
    right: Mapping[str, float]
    right_hard: float
    scores: Mapping[str, Scores]
    wpm: float

    @property
    def meets_all(self) -> bool:
        return (
            min(self.right.values()) >= LEAST_RIGHT
            and all(np.greater_equal(s.lowest, (LEAST_STOI, LEAST_ESTOI)).all() for s in self.scores.values())
            and abs(self.after.lufs - NOMINAL_LUFS) <= MOST_OFF_LU
            and self.after.onset_db <= MOST_ONSET_DB
            and self.after.treble_db <= MOST_TREBLE_DB
            and self.after.spread_lu <= MOST_SPREAD_LU
            and WPM[0] <= self.wpm <= WPM[1]
        )


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phrases", type=int, default=40, help="how many sentences each voice speaks")
    parser.add_argument("--voice", action="append", help="one voice instead of all; may be given again")
    parser.add_argument("--jobs", type=int, default=2, help="how many voices and beds are judged at a time")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} and {PICTURE.name}")
    asked = parser.parse_args()
    sample = ear.phrases(asked.phrases)
    count = None if asked.write else asked.phrases
    with ProcessPoolExecutor(asked.jobs) as pool:
        voices = []
        for voice in pool.map(partial(measured, sample=sample), asked.voice or (*MALE, *FEMALE)):
            voices.append(voice)
            print(_voice_row(voice), flush=True)
        bed_rows = []
        for row in pool.map(partial(bed_row, count=count), BEDS):
            bed_rows.append(row)
            print(row, flush=True)
    fit = sorted((voice for voice in voices if voice.meets_all), key=lambda voice: voice.after.centroid_hz)
    softest = fit[:SOFTEST]
    shown = softest + [voice for voice in voices if voice.name == DEFAULT_ESPEAK and voice not in softest]
    text = "\n\n".join(
        [voice_table(voices, softest, len(sample)), chain_table(shown), bed_table(bed_rows, len(ear.phrases(count)))]
    )
    print(f"\n{text}")
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
        draw(shown)


# --- measuring --------------------------------------------------------------------------------------


def measured(name: str, sample: Sequence[Phrase]) -> Measured:
    """Measure the voice `name` on `sample`."""
    texts = [phrase.text for phrase in sample]
    recordings, gain = spoken(name, texts)
    before = {text: as_given(recordings[text], gain) for text in texts}
    after = {text: master(recordings[text], gain, text).samples[:, 0] for text in texts}
    return Measured(
        name,
        gain,
        sound_of(before),
        sound_of(after),
        {bed: right(after, sample, bed, UNDER_LU) for bed in PLAIN_BEDS},
        right(after, sample, WORST_BED, HARD_UNDER_LU),
        {bed: scores(after, ear.sentences(sample)[:STOI_PHRASES], bed) for bed in PLAIN_BEDS if bed != NO_BED},
        words_per_minute(after),
    )


def spoken(name: str, texts: Sequence[str]) -> tuple[dict[str, Recording], VoiceGain]:
    """The voice's recordings of `texts` at the default rate, and its gain in the chain."""
    recordings = dict(open_voice(name).speak([*CALIBRATION_SENTENCES, *texts], jobs=2))
    return recordings, calibrate([recordings[text] for text in CALIBRATION_SENTENCES])


@cache  # a process judges several beds
def light_says(count: int | None) -> tuple[list[Phrase], dict[str, Wave]]:
    """Phrases of the routines, some or all, and the light voice's clips of them."""
    asked = ear.phrases(count)
    recordings, gain = spoken(DEFAULT_ESPEAK, [phrase.text for phrase in asked])
    return asked, {p.text: master(recordings[p.text], gain, p.text).samples[:, 0] for p in asked}


def sound_of(clips: Mapping[str, Wave]) -> Sound:
    """Loudness and brightness of all phrases together, the hardest onset, and the spread of the phrases' loudness."""
    whole = np.concatenate(list(clips.values()))
    hz, power = welch(whole, SAMPLE_RATE, nperseg=4096)
    loudness = [integrated_lufs(clip) for clip in clips.values()]
    return Sound(
        integrated_lufs(whole),
        share_db(hz, power, TREBLE),
        share_db(hz, power, PRESENCE),
        centroid_hz(hz, power),
        max(hardest_onset_db(clip) for clip in clips.values()),
        max(loudness) - min(loudness),
        (hz, power),
    )


@cache
def bed_sound(name: str) -> Wave:
    return ear.bed_sound(name, default_folder())


def right(clips: Mapping[str, Wave], asked: Sequence[Phrase], bed: str, under_lu: float) -> float:
    """The share of the phrases `asked` that are recognised."""
    return 1 - len(ear.misheard(clips, asked, bed_sound(bed), under_lu)) / len(asked)


def scores(clips: Mapping[str, Wave], asked: Sequence[Phrase], bed: str) -> Scores:
    pairs = [
        ear.stoi_and_estoi(clips[phrase.text], bed_sound(bed), UNDER_LU, place) for place, phrase in enumerate(asked)
    ]
    median, lowest = np.median(pairs, axis=0), np.min(pairs, axis=0)
    return Scores((float(median[0]), float(median[1])), (float(lowest[0]), float(lowest[1])))


# --- telling ----------------------------------------------------------------------------------------


def voice_table(voices: Sequence[Measured], softest: Sequence[Measured], count: int) -> str:
    """The table of all voices."""
    head = f"""\
### Voices

{count} sentences of the routines by each, at its own rate, through the chain.
*Right*: the ear takes the sentence for itself, in %, over rain, over brown, alone, and (hard) over rain only
{HARD_UNDER_LU:g} LU under the voice. STOI/ESTOI are the lowest of {STOI_PHRASES} sentences at {UNDER_LU:g} LU. *Onset*
is the hardest step from 10 ms to the next, *spread* what lies between the loudest and the softest sentence.
Limits: right {100 * LEAST_RIGHT:.0f}, STOI {LEAST_STOI:.2f}, ESTOI {LEAST_ESTOI:.2f}, {MOST_TREBLE_DB:g} dB above
5 kHz, onset {MOST_ONSET_DB:g} dB, spread {MOST_SPREAD_LU:g} LU, {WPM[0]} to {WPM[1]} words a minute. Those that meet
all come first, the softest (by centroid) before the others; the {len(softest)} softest are bold. The light voice
is {DEFAULT_ESPEAK}.

| voice | | right: rain, brown, alone | hard | STOI/ESTOI rain | brown | > 5 kHz | centroid | onset | spread | wpm |
|---|---|---|---|---|---|---|---|---|---|---|"""
    order = sorted(voices, key=lambda voice: (not voice.meets_all, voice.after.centroid_hz))
    return "\n".join([head, *(_voice_row(voice, bold=voice in softest) for voice in order)])


def _voice_row(voice: Measured, *, bold: bool = False) -> str:
    sound = voice.after
    heard = ", ".join(f"{100 * voice.right[bed]:.0f}" for bed in PLAIN_BEDS)
    lowest = " | ".join(f"{score.lowest[0]:.2f}/{score.lowest[1]:.2f}" for score in voice.scores.values())
    return (
        f"| {f'**{voice.name}**' if bold else voice.name} | {'f' if voice.name in FEMALE else 'm'} | {heard} "
        f"| {100 * voice.right_hard:.0f} | {lowest} | {sound.treble_db:.1f} dB | {sound.centroid_hz:.0f} Hz "
        f"| {sound.onset_db:.1f} dB | {sound.spread_lu:.1f} LU | {voice.wpm:.0f} |"
    )


def chain_table(voices: Sequence[Measured]) -> str:
    """The table of measurements before the chain (trimmed, at the same loudness) and after it."""
    lines = [
        "### The chain, before and after\n",
        "Before it, the voice is trimmed and as loud. Colour: presence and treble, as the chain measured them.\n",
        "| voice | colour, dB | 2 to 5 kHz, dB | > 5 kHz, dB | centroid, Hz | onset, dB | spread, LU |",
        "|---|---|---|---|---|---|---|",
    ]
    for voice in voices:
        figures = [
            f"{sound.presence_db:.1f} {sound.treble_db:.1f} {sound.centroid_hz:.0f} {sound.onset_db:.1f} "
            f"{sound.spread_lu:.1f}".split()
            for sound in (voice.before, voice.after)
        ]
        cells = " | ".join(f"{before} → {after}" for before, after in zip(*figures, strict=True))
        lines.append(f"| {voice.name} | {voice.gain.presence_db:+.1f}, {voice.gain.treble_db:+.1f} | {cells} |")
    return "\n".join([*lines, "", f"![Spectra before and after the chain](images/{PICTURE.name})"])


def bed_table(rows: Sequence[str], count: int) -> str:
    """The table of the light voice over each bed, with controls that show that the recogniser can fail."""
    head = f"""\
### The light voice over each bed

{DEFAULT_ESPEAK}, {count} sentences of the routines, right in %; STOI and ESTOI as median (lowest) of some {CONTROLS}.
The controls: the bed {HARD_UNDER_LU:g} LU under the voice and as loud as it, and no voice at all.

| bed | right | STOI | ESTOI | control: {HARD_UNDER_LU:g} LU | 0 LU | no voice |
|---|---|---|---|---|---|---|"""
    return "\n".join([head, *rows])


def bed_row(bed: str, count: int | None) -> str:
    """The row of one bed: `count` phrases or all, and the controls on a few."""
    every, clips = light_says(count)
    few = every[:: max(1, len(every) // CONTROLS)]
    silent = {text: np.zeros_like(clip) for text, clip in clips.items()}
    cells = [f"{100 * right(clips, every, bed, UNDER_LU):.1f}"]
    if bed == NO_BED:
        cells += ["–"] * 4
    else:
        score = scores(clips, ear.sentences(few), bed)
        cells += [f"{middle:.2f} ({low:.2f})" for middle, low in zip(score.median, score.lowest, strict=True)]
        cells += [f"{100 * right(clips, few, bed, under_lu):.0f}" for under_lu in (HARD_UNDER_LU, 0.0)]
    cells.append(f"{100 * right(silent, few, bed, UNDER_LU):.0f}")
    return f"| {bed} | {' | '.join(cells)} |"


def draw(voices: Sequence[Measured]) -> None:
    """Draw spectra in third octaves before and after the chain, one panel a voice."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sleepward"
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(voices), figsize=(3.4 * len(voices), 3), sharey=True, squeeze=False)
    for panel, voice in zip(panels[0], voices, strict=True):
        for sound, label, style in ((voice.before, "before", "--"), (voice.after, "after", "-")):
            panel.plot(*_third_octaves(*sound.spectrum), style, label=label)
        panel.axvspan(*PRESENCE, alpha=0.12, lw=0)
        panel.set(xscale="log", xlim=(80, 12_000), ylim=(-60, 0), title=voice.name, xlabel="Hz")
        panel.grid(visible=True, alpha=0.3)
        panel.legend(frameon=False)
    panels[0][0].set_ylabel("share of the power, dB")
    figure.tight_layout()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None})


def _third_octaves(hz: Wave, power: Wave) -> tuple[list[float], list[float]]:
    centres = [1000 * 2 ** (step / 3) for step in range(-10, 11)]
    edge = 2 ** (1 / 6)
    return centres, [share_db(hz, power + 1e-20, (centre / edge, centre * edge)) for centre in centres]


if __name__ == "__main__":
    main()
