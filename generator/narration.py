"""Spoken texts to clips, through a voice, the voice chain and the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING

from .cache import Cache, content_key
from .errors import TrackError
from .mastering import CALIBRATION_SENTENCES, VoiceGain, calibrate, chain_identity, master
from .model import CLIP_HEAD_MS, CLIP_TAIL_MS
from .segments import from_pcm, to_segment
from .voices import Voice

if TYPE_CHECKING:
    from pydub import AudioSegment

Progress = Callable[[int, int], None]
KIND = "clips"
KEPT_CLIPS = 32  # of half a megabyte each: more than sound in what all workers mix at a time


def voice_identity(voice: Voice) -> str:
    """Everything that makes a clip's sound besides its text: the voice and the chain."""
    return f"{voice.identity} {chain_identity()}"


class Narration:
    """The clips of a script: how long each is heard, and their sound, read from the cache where it is asked for.

    So memory doesn't grow with what is spoken. Reading from several threads is safe.
    """

    def __init__(self, identity: str, cache: Cache, durations_ms: Mapping[str, int]) -> None:
        self.durations_ms = durations_ms
        self._identity = identity
        self._cache = cache
        self.clip = lru_cache(maxsize=KEPT_CLIPS)(self._clip)

    def _clip(self, text: str) -> AudioSegment:
        """The clip of one of the texts: 48 kHz mono. Raises TrackError where the cache has lost it."""
        stored = self._cache.get(KIND, content_key(self._identity, text))
        if stored is None:
            hint = "the cache was emptied while the track was made: build it again"
            raise TrackError(f"the clip of {text[:60]!r} is gone", hint=hint)
        return from_pcm(stored)


def narrate(
    texts: Sequence[str], voice: Voice, cache: Cache, jobs: int, progress: Progress = lambda done, total: None
) -> Narration:
    """A clip for each of `texts`; only what the cache doesn't hold is spoken, `jobs` sentences at a time.

    Raises TrackError, naming the text, where the voice broke off.
    """
    identity = voice_identity(voice)
    durations_ms: dict[str, int] = {}
    missing: list[str] = []
    for text in texts:
        stored = cache.get(KIND, content_key(identity, text))
        if stored is None:
            missing.append(text)
        else:
            durations_ms[text] = _heard_ms(from_pcm(stored))
    progress(len(durations_ms), len(texts))
    if missing:
        gain = _voice_gain(voice, identity, cache, jobs)
        for text, recording in voice.speak(missing, jobs):
            clip = to_segment(master(recording, gain, text).samples)
            cache.put(KIND, content_key(identity, text), clip.raw_data)
            durations_ms[text] = _heard_ms(clip)
            progress(len(durations_ms), len(texts))
    return Narration(identity, cache, durations_ms)


def _heard_ms(clip: AudioSegment) -> int:
    """How long `clip` is heard: without the quiet at its edges."""
    return len(clip) - CLIP_HEAD_MS - CLIP_TAIL_MS


def _voice_gain(voice: Voice, identity: str, cache: Cache, jobs: int) -> VoiceGain:
    """The voice's ONE gain, measured once on fixed sentences: an edit of one sentence must not move the others."""
    key = content_key(identity, *CALIBRATION_SENTENCES)
    stored = cache.get("gains", key)
    if stored is not None:
        return VoiceGain(**json.loads(bytes(stored)))
    spoken = dict(voice.speak(CALIBRATION_SENTENCES, jobs))
    gain = calibrate([spoken[text] for text in CALIBRATION_SENTENCES])
    cache.put("gains", key, json.dumps(asdict(gain)).encode())
    return gain
