"""Spoken texts to clips, through a voice, the voice chain and the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from .cache import Cache, content_key
from .mastering import CALIBRATION_SENTENCES, VoiceGain, calibrate, chain_identity, master
from .model import Clip
from .segments import from_pcm, to_samples, to_segment
from .voices import Voice

Progress = Callable[[int, int], None]


def voice_identity(voice: Voice) -> str:
    """Everything that makes a clip's sound besides its text: the voice and the chain."""
    return f"{voice.identity} {chain_identity()}"


def narrate(
    texts: Sequence[str], voice: Voice, cache: Cache, jobs: int, progress: Progress = lambda done, total: None
) -> dict[str, Clip]:
    """A clip for each of `texts`; only what the cache doesn't hold is spoken, `jobs` sentences at a time.

    Raises TrackError, naming the text, where the voice broke off.
    """
    identity = voice_identity(voice)
    clips: dict[str, Clip] = {}
    missing: list[str] = []
    for text in texts:
        stored = cache.get("clips", content_key(identity, text))
        if stored is None:
            missing.append(text)
        else:
            clips[text] = Clip(text, to_samples(from_pcm(stored)))
    progress(len(clips), len(texts))
    if missing:
        gain = _voice_gain(voice, identity, cache, jobs)
        for text, recording in voice.speak(missing, jobs):
            segment = to_segment(master(recording, gain, text).samples)
            cache.put("clips", content_key(identity, text), segment.raw_data)
            clips[text] = Clip(text, to_samples(segment))  # what a warm build reads: cold and warm give the same bytes
            progress(len(clips), len(texts))
    return clips


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
