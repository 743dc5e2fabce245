"""What a track's sound is made of, as one key: where it is the same, so is the sound."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from .. import beds
from ..storage.cache import content_key
from ..system import ffmpeg
from ..timeline.timing import spoken_texts, timing_of
from ..voices.narration import voice_identity
from .track import TrackSpec

SCHEMA = "7"  # goes up whenever the same input makes another sound, so that no old track counts as unchanged


def track_key(spec: TrackSpec) -> str:
    """A hash of everything that makes the track's sound; its title and other tags stay out of it.

    It is taken before anything is spoken, so a setting counts even where this script has no use for it.
    """
    return content_key(
        SCHEMA,
        spec.script.body,
        json.dumps(_respelled(spec)),
        json.dumps(asdict(replace(spec.settings, voice=None, background="", cover="")), sort_keys=True),
        voice_identity(spec.voice),
        beds.bed_identity(spec.background, spec.settings.breath_ms, spec.settings.inhale_ms),
        ffmpeg.identity(),
    )


def _respelled(spec: TrackSpec) -> list[str]:
    """What the voice is given where that isn't what is written: all that a lexicon changes in this very track."""
    texts = spoken_texts(spec.script, timing_of(spec.settings))
    lines = ((text, spec.lexicon.given(text, spec.voice.phonemes)) for text in texts)
    return [line for text, line in lines if line != text]
