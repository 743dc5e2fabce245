"""Rain: noise that swells, with drops in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model import SAMPLE_RATE
from ..bed_kind import BedKind

if TYPE_CHECKING:
    from ..loops import LoopWriter

# Times the noise's RMS, before the Pareto draw: heard as drops, but none plinks and none masks a consonant.
DROP_PEAK = 0.6
DROP_CLIP = 3.0  # the loudest drop's amplitude relative to the softest, at most
_DROP_SAMPLES = 30 * SAMPLE_RATE // 1000  # five times the longest decay


def fill(loop: LoopWriter) -> None:
    """Pink noise that swells by 10 % over 20 s, with 200 soft drops a second; inaudible above 5.5 kHz."""
    import numpy as np

    from ..noise import apply_gain, filter_loop, filtered_noise, high_pass, low_pass, slow_curve

    filtered_noise(loop, 2, lambda hz: high_pass(hz, 250, 2) * low_pass(hz, 6_000, 4) / np.sqrt(hz))
    swell = slow_curve(loop.samples, depth=0.1, period_s=20, seed=3)
    apply_gain(loop, lambda at: 1 + swell(at))
    _add_drops(loop, per_second=200, seed=4)
    filter_loop(loop, lambda hz: low_pass(hz, 5_500, 6))


def _add_drops(loop: LoopWriter, per_second: int, seed: int) -> None:
    """Add drops to `loop`, in place: decaying sines at random times, panned at random by equal power.

    Uniform panning gives the drops a correlation of 2/pi = 0.64 between the channels, near that of the noise.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    count = random.poisson(per_second * loop.samples / SAMPLE_RATE)
    starts = np.sort(random.integers(0, loop.samples, count))
    hz = np.exp(random.uniform(np.log(800), np.log(5_000), count))
    decay_ms = random.uniform(2, 6, count)
    peak = DROP_PEAK * np.minimum(1 + random.pareto(2.5, count), DROP_CLIP)
    phase = random.uniform(0, 2 * np.pi, count)
    place = random.uniform(0, np.pi / 2, count)
    sides = (peak * np.stack([np.cos(place), np.sin(place)])).T.astype(np.float32)
    turn, fall, begin = (each.astype(np.float32)[:, None] for each in (2 * np.pi * hz, 1000 / decay_ms, phase))
    seconds = np.arange(_DROP_SAMPLES, dtype=np.float32) / SAMPLE_RATE
    attack = 1 - np.exp(-seconds / np.float32(0.8e-3))
    end_of_last = np.zeros((_DROP_SAMPLES, 2), np.float32)  # the drops of one block that ring into the next
    for start, end in loop.blocks():
        some = slice(*np.searchsorted(starts, (start, end)))
        waves = np.sin(turn[some] * seconds + begin[some])
        waves *= np.exp(-fall[some] * seconds) * attack
        block = np.zeros((end - start + _DROP_SAMPLES, 2), np.float32)
        block[:_DROP_SAMPLES] = end_of_last
        for at, wave, side in zip(starts[some] - start, waves, sides[some], strict=True):
            block[at : at + _DROP_SAMPLES] += wave[:, None] * side
        loop.write(start, loop.read(start, end) + block[: end - start])
        end_of_last = block[end - start :]
    loop.write(0, loop.read(0, _DROP_SAMPLES) + end_of_last)


# It is bright because of the drops, and rain needs them.
BED = BedKind("steady rain with soft drops", "4", "noise", fill, bright=True)
