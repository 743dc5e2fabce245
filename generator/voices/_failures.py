"""How every engine says that it failed at a text."""

from __future__ import annotations

import errno
import os

from ..durations import format_ms
from ..errors import TrackError, shortage
from ..model import Recording
from ..storage.leftovers import temporary_folder_full

LONG_S, LONG_S_A_CHARACTER = 60.0, 1.0  # the slowest voice takes a seventh of a second for a character


def out_of_resources(reason: str) -> TrackError | None:
    """The error where a voice's process lacked memory, open files or room for its recordings; None if not."""
    if os.strerror(errno.ENOSPC) in reason:
        return temporary_folder_full(os.strerror(errno.ENOSPC))
    return shortage(reason)


def broke_off(label: str, text: str, reason: str, hint: str = "") -> TrackError:
    """The error for a sentence that wasn't spoken, and the `reason`."""
    return TrackError(
        f"the voice {label} broke off at {text[:60]!r}: {reason}",
        hint=hint or "Build again; if the same text fails again, reword it or choose another voice.",
    )


def server_broke_off(label: str, text: str, reason: str) -> TrackError:
    """The error for a sentence that a process of ours didn't speak, for the `reason` that it gives."""
    return out_of_resources(reason) or broke_off(label, text, reason)


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
    """`recording`, unless it is silent, or far too long for its text. Raises TrackError."""
    if not recording.samples.any():
        raise gave_silence(label, text)
    lasts_s = len(recording.samples) / recording.sample_rate
    if lasts_s > LONG_S + len(text) * LONG_S_A_CHARACTER:
        raise TrackError(
            f"the voice {label} took {format_ms(round(lasts_s * 1_000))} to say {text[:60]!r}",
            hint="Listen to what it made: sound that long isn't this text.",
        )
    return recording
