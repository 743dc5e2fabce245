"""How every engine says that it failed at a text."""

from __future__ import annotations

from ..errors import TrackError
from ..model import Recording


def broke_off(label: str, text: str, reason: str, hint: str = "") -> TrackError:
    return TrackError(
        f"the voice {label} broke off at {text[:60]!r}: {reason}",
        hint=hint or "Build again; if the same text fails again, reword it or choose another voice.",
    )


def without_words(label: str, text: str) -> TrackError:
    """The error for a text in which there is no word."""
    return TrackError(
        f"the voice {label} finds nothing to speak in {text!r}", hint="Write that text in words, or leave it out."
    )


def gave_silence(label: str, text: str) -> TrackError:
    return TrackError(
        f"the voice {label} finds nothing to speak in {text[:60]!r}",
        hint="It gave silence: write that text in words, or leave it out.",
    )


def require_speech(label: str, text: str, recording: Recording) -> Recording:
    """`recording`, unless it is silent. Raises TrackError."""
    if not recording.samples.any():
        raise gave_silence(label, text)
    return recording
