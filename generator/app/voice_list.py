"""The list of all voices, in the order in which to try them."""

from __future__ import annotations

from collections.abc import Mapping

from ..values import OwnVoice
from ..voices import LAST_RANK, VoiceInfo, list_voices


def all_voices(own: Mapping[str, OwnVoice], default: str) -> list[VoiceInfo]:
    """The default voice, the user's `own`, then all others by their rank. Raises MissingToolError.

    The default is first: it is natural, and comes with the program. The user's own, and models
    that they installed, are theirs by choice. Those of espeak-ng stand in the order of `pyttsx3.SHORT_LIST`.
    """
    mine = [VoiceInfo(name, name, voice.text("language") or "", "", _note(voice)) for name, voice in own.items()]
    others = sorted(list_voices(), key=lambda info: LAST_RANK + 1 if info.rank is None else info.rank)
    first = [info for info in others if info.id == default]
    return [*first, *mine, *(info for info in others if info.id != default)]


def _note(voice: OwnVoice) -> str:
    what = f"engine {voice.engine}" if voice.engine else f"{voice.text('voice')}"
    return f"your own: {what}, {voice.where}"
