"""Opens the voices that a track's settings choose."""

from __future__ import annotations

from collections.abc import Collection

from ..settings import Settings
from ..voices import Voice, open_voice


def open_speaker(settings: Settings, own_names: Collection[str] = ()) -> Voice:
    """The voice that speaks. `own_names` are those of the user's own voices, for errors. Raises MissingToolError."""
    return open_voice(settings.voice, rate=settings.rate, pitch=settings.pitch, own_names=own_names)
