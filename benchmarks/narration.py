"""Test narration under load: speak many sentences while every core is busy, and compare each with a reference.

    python benchmarks/narration.py [--count 2000] [--jobs 4] [--voice pyttsx3:en-us+klatt4] [--one-server-each]

Each sentence is spoken twice, by different servers. The reference is spoken on the quiet machine, in order and one at
a time; with `--one-server-each` every sentence gets a new server. Then all sentences are spoken in random order,
`--jobs` at a time, while one process per core keeps the machine busy. The output counts sentences that are missing,
cut short, at a wrong rate, or different in any sample. A wrong rate is recognised by a third rendering at rate 200,
which pyttsx3 uses if a rate gets lost. That rendering must be shorter than the reference.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from generator.errors import TrackError
from generator.model import Recording
from generator.voices import Voice, open_voice
from generator.voices._pyttsx3_link import servers
from generator.voices._pyttsx3_voice import Pyttsx3Voice
from generator.voices.pyttsx3 import ESPEAK_AMPLITUDE

Digests = dict[str, tuple[int, str, bool]]

SHORTEST, LONGEST = 3, 400  # characters in a sentence
LOST_RATE = 200  # the rate that pyttsx3's driver sets first
_WORDS = re.findall(
    r"\w+",
    "rest breathe soften the ankle knee hip shoulder jaw belly heart pillow blanket mattress slowly gently and then"
    " let lower turn slide release quiet heavy warm toward across under right left both hand foot leg side breath in"
    " out as you when ready come go hold stay feel face arm floor bed night sleep",
)


@dataclasses.dataclass(frozen=True, slots=True)
class StressOutcome:
    """The result of speaking `count` sentences under load. The lists hold the failed sentences."""

    count: int
    missing: list[str]
    cut: list[str]
    wrong_rate: list[str]
    different: list[str]
    clipped: list[str]
    rate_blind: list[str]
    quiet_s: float
    loaded_s: float

    @property
    def flawless(self) -> bool:
        return not (self.missing or self.cut or self.wrong_rate or self.different or self.rate_blind)


def sentences(count: int, seed: int = 1) -> list[str]:
    """`count` different sentences with lengths evenly from SHORTEST to LONGEST characters."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        wanted = SHORTEST + (LONGEST - SHORTEST) * len(made) // max(1, count - 1)
        text = chance.choice(_WORDS)
        while len(text) < wanted - 1:
            text += chance.choice(["", "", "", "", "", ","]) + " " + chance.choice(_WORDS)
        text = text[: wanted - 1].rstrip(" ,").capitalize()
        while len(text) < wanted - 1 or text + "." in made:
            text = text[: max(1, wanted - 3)] + "".join(chance.choices("aeioulmnrst", k=2))
        made[text + "."] = None
    return list(made)


@contextlib.contextmanager
def busy_cores() -> Iterator[None]:
    """Run one busy process per core."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def digest(recording: Recording) -> tuple[int, str, bool]:
    """(length in samples, hash of rate and samples, whether any sample is at full scale)."""
    name = hashlib.sha256(str(recording.sample_rate).encode() + recording.samples.tobytes()).hexdigest()
    return len(recording.samples), name, bool(abs(recording.samples).max() >= 0.999)


def spoken(voice: Voice, texts: Sequence[str], jobs: int) -> Digests:
    """Digests by text, without texts at which the voice broke off."""
    found: Digests = {}
    left = list(texts)
    while left:
        try:
            for text, recording in voice.speak(left, jobs):
                found[text] = digest(recording)
            left = []
        except TrackError as error:
            broken = [text for text in left if repr(text[:60]) in str(error)]  # errors shorten texts like this
            if not broken:
                raise
            left = [text for text in left if text not in found and text not in broken]
    return found


def stress(voice: Voice, texts: Sequence[str], jobs: int, *, one_server_each: bool = False) -> StressOutcome:
    """Speak `texts` on the quiet and on the busy machine. `one_server_each` gives every reference a new server."""
    started = time.perf_counter()
    reference: Digests = {}
    for batch in [[text] for text in texts] if one_server_each else [texts]:
        reference |= spoken(voice, batch, 1)
        if one_server_each:
            servers.close()
    quiet_s = time.perf_counter() - started
    at_lost_rate = spoken(_at_lost_rate(voice), texts, jobs)
    shuffled = random.Random(2).sample(list(texts), len(texts))
    with busy_cores():
        started = time.perf_counter()
        loaded = spoken(voice, shuffled, jobs)
        loaded_s = time.perf_counter() - started
    there = [text for text in texts if text in loaded]
    return StressOutcome(
        count=len(texts),
        missing=[text for text in texts if text not in loaded or text not in reference],
        cut=[text for text in there if text in reference and loaded[text][0] < reference[text][0]],
        wrong_rate=[text for text in there if text in at_lost_rate and loaded[text][1] == at_lost_rate[text][1]],
        different=[text for text in there if text in reference and loaded[text][1] != reference[text][1]],
        clipped=[text for text in there if loaded[text][2]],
        rate_blind=[text for text in texts if not _shorter(at_lost_rate, reference, text)],
        quiet_s=quiet_s / len(texts),
        loaded_s=loaded_s / len(texts),
    )


def _shorter(one: Digests, other: Digests, text: str) -> bool:
    return text in one and text in other and one[text][0] < other[text][0]


def _at_lost_rate(voice: Voice) -> Voice:
    """`voice` at the rate that it has if its own rate is lost."""
    if isinstance(voice, Pyttsx3Voice) and voice.driver == "espeak":
        return dataclasses.replace(voice, prefix=f"\x01{LOST_RATE}S\x01{ESPEAK_AMPLITUDE}A ")
    return open_voice(voice.label, rate=LOST_RATE, pitch=None)


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--voice", default=None)
    parser.add_argument("--one-server-each", action="store_true", help="each reference in a server of its own")
    asked = parser.parse_args()
    voice = open_voice(asked.voice)
    outcome = stress(voice, sentences(asked.count), asked.jobs, one_server_each=asked.one_server_each)
    print(f"{voice.label}: {voice.identity}")
    print(f"{outcome.count} sentences of {SHORTEST} to {LONGEST} characters, {asked.jobs} at a time, every core busy")
    for name in ("missing", "cut", "wrong_rate", "different", "clipped"):
        print(f"  {name.replace('_', ' '):<12}{len(getattr(outcome, name)):>6}")
    told = outcome.count - len(outcome.rate_blind)
    print(f"  a lost rate would have shown in {told} of {outcome.count}")
    print(
        f"  seconds per sentence: {outcome.quiet_s:.3f} alone on the quiet machine, {outcome.loaded_s:.3f} under load"
    )
    sys.exit(0 if outcome.flawless else 1)


if __name__ == "__main__":
    main()
