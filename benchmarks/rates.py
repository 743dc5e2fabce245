"""Measure how many words a minute the natural voice speaks at each speed of its model: the driver's `WPM_BY_SPEED`.

    python benchmarks/rates.py [--voice heart] [--sentences 400]

Half of the sentences make the table, and the other half tell how far off a rate that is asked for would be. They are
taken from the built-in routines in every style on five nights, and trimmed as clips are; pauses at commas count. Ten
minutes on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

import numpy as np
from _acoustics import as_given, words_per_minute
from naturalness import sentences

from generator.model import Recording
from generator.voices import hibari_driver
from generator.voices.calibration import CALIBRATION_SENTENCES, calibrate

# Dense where the model's rounding of durations makes the pace jump.
SPEEDS = (
    *(0.5, 0.53, 0.55, 0.57, 0.5716, 0.575, 0.58, 0.6, 0.6208, 0.63, 0.64, 0.65, 0.66, 0.6669, 0.67, 0.68, 0.7),
    *(0.72, 0.75, 0.78, 0.79, 0.7995, 0.8005, 0.81),
)
OFF = 0.05


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default="heart")
    parser.add_argument("--sentences", type=int, default=400)
    asked = parser.parse_args()
    texts = sentences(asked.sentences)
    given = {text: hibari_driver.to_phonemes(asked.voice, text) for text in [*CALIBRATION_SENTENCES, *texts]}
    print(f"{len(texts)} sentences\n\n| speed | words a minute | of the others |\n|---|---|---|")
    paces = [measured(asked.voice, given, (texts[::2], texts[1::2]), speed) for speed in SPEEDS]
    table, others = np.array(paces).T
    table = table.round()
    rates = range(int(table[0]), hibari_driver.FASTEST_WPM + 1)
    heard = np.interp(np.interp(rates, table, SPEEDS), SPEEDS, others)
    off = heard / np.array(rates) - 1
    worst = int(np.abs(off).argmax())
    print(f"\nthe other half at rate {rates[worst]}: {heard[worst]:.1f} words a minute, {off[worst]:+.1%} (the worst)")
    print(f"{sum(abs(off) > OFF)} of {len(rates)} rates are over {OFF:.0%} off")
    print("\nWPM_BY_SPEED = (" + ", ".join(f"({s:g}, {wpm:.0f})" for s, wpm in zip(SPEEDS, table, strict=True)) + ")")


def measured(voice: str, given: Mapping[str, str], halves: Sequence[Sequence[str]], speed: float) -> list[float]:
    """Words a minute of each of `halves` at `speed`."""
    spoken = {
        text: Recording(hibari_driver.speak(voice, phonemes, speed)[:, None], 24_000)
        for text, phonemes in given.items()
    }
    gain = calibrate([spoken[text] for text in CALIBRATION_SENTENCES])
    found = [words_per_minute({text: as_given(spoken[text], gain) for text in half}) for half in halves]
    print(f"| {speed:g} | " + " | ".join(f"{wpm:.1f}" for wpm in found) + " |", flush=True)
    return found


if __name__ == "__main__":
    main()
