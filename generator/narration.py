"""Spoken texts to clips, through a voice, the voice chain and the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING

from .cache import Cache, content_key
from .errors import TrackError
from .lexicon import NOTHING, Lexicon
from .mastering import CALIBRATION_SENTENCES, VoiceGain, calibrate, chain_identity, master
from .model import CLIP_HEAD_MS, CLIP_TAIL_MS
from .segments import from_pcm, to_segment
from .voices import Voice

if TYPE_CHECKING:
    from pydub import AudioSegment

    from .model import Recording

Progress = Callable[[int, int], None]
KIND = "clips"
KEPT_CLIPS = 10  # of half a megabyte each: more than sound in the blocks that all workers mix at a time


def voice_identity(voice: Voice) -> str:
    """Everything that makes a clip's sound besides its text: the voice and the chain."""
    return f"{voice.identity} {chain_identity()}"


class Narration:
    """The clips of a script: how long each is heard, and their sound, read from the cache where it is asked for.

    So memory doesn't grow with what is spoken. Reading from several threads is safe.
    """

    def __init__(self, identity: str, cache: Cache, given: Mapping[str, str], lengths_ms: Mapping[str, int]) -> None:
        """`given` is what the voice was given for each text, and `lengths_ms` how long that is heard."""
        self.durations_ms = {text: lengths_ms[line] for text, line in given.items()}
        self._given = given
        self._identity = identity
        self._cache = cache
        self.clip = lru_cache(maxsize=KEPT_CLIPS)(self._clip)

    def _clip(self, text: str) -> AudioSegment:
        """The clip of one of the texts: 48 kHz mono. Raises TrackError where the cache has lost it."""
        stored = self._cache.get(KIND, content_key(self._identity, self._given[text]))
        if stored is None:
            hint = "the cache was emptied while the track was made: build it again"
            raise TrackError(f"the clip of {text[:60]!r} is gone", hint=hint)
        return from_pcm(stored)


def narrate(
    texts: Sequence[str],
    voice: Voice,
    cache: Cache,
    jobs: int,
    progress: Progress = lambda done, total: None,
    *,
    lexicon: Lexicon = NOTHING,
) -> Narration:
    """A clip for each of `texts`; only what the cache doesn't hold is spoken, `jobs` sentences at a time.

    The voice is given each text as the `lexicon` says it, and the clips are kept by that: another entry has those
    sentences spoken anew that it touches. Raises TrackError, naming what the voice was given, where it broke off.
    """
    identity = voice_identity(voice)
    given = {text: lexicon.given(text, voice.phonemes) for text in texts}
    lines = list(dict.fromkeys(given.values()))
    lengths_ms: dict[str, int] = {}
    missing: list[str] = []
    for line in lines:
        stored = cache.get(KIND, content_key(identity, line))
        if stored is None:
            missing.append(line)
        else:
            lengths_ms[line] = _heard_ms(from_pcm(stored))
    progress(len(lengths_ms), len(lines))
    for line, clip in _spoken(missing, voice, identity, cache, jobs):
        cache.put(KIND, content_key(identity, line), clip.raw_data)
        lengths_ms[line] = _heard_ms(clip)
        progress(len(lengths_ms), len(lines))
    return Narration(identity, cache, given, lengths_ms)


def _spoken(
    lines: Sequence[str], voice: Voice, identity: str, cache: Cache, jobs: int
) -> Iterator[tuple[str, AudioSegment]]:
    """Each of `lines` with its clip; the voice goes on speaking while its gain is measured."""
    if not lines:
        return
    key = content_key(identity, *CALIBRATION_SENTENCES)
    gain = _stored_gain(cache, key)
    wanted = set(lines)
    early: dict[str, Recording] = {}
    texts = lines if gain else [*CALIBRATION_SENTENCES, *lines]
    with ThreadPoolExecutor(1) as beside:
        chain = beside.submit(_import_chain)
        for line, recording in voice.speak(texts, jobs):
            early[line] = recording
            chain.result()
            if gain is None and all(text in early for text in CALIBRATION_SENTENCES):
                gain = calibrate([early[text] for text in CALIBRATION_SENTENCES])
                cache.put("gains", key, json.dumps(asdict(gain)).encode())
            if gain is not None:
                for each in wanted.intersection(early):
                    yield each, to_segment(master(early[each], gain, each).samples)
                early.clear()


def _import_chain() -> None:
    """What the voice chain computes with takes half a second to import: the voice speaks meanwhile."""
    import scipy.signal  # noqa: F401


def _heard_ms(clip: AudioSegment) -> int:
    """How long `clip` is heard: without the quiet at its edges."""
    return len(clip) - CLIP_HEAD_MS - CLIP_TAIL_MS


def _stored_gain(cache: Cache, key: str) -> VoiceGain | None:
    """The voice's ONE gain, measured once on fixed sentences: an edit of one sentence must not move the others."""
    stored = cache.get("gains", key)
    return None if stored is None else VoiceGain(**json.loads(bytes(stored)))
