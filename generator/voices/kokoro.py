"""The Kokoro engine: model files of the user's, set in a ``[voices.NAME]`` table. It needs the package kokoro-onnx."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingError, did_you_mean
from ..values import OwnVoice
from ._models import DEADLINE_S, ModelVoice, package_versions, speed_for
from ._own_engines import (
    CALM_WPM,
    digest_of,
    existing_file,
    expect_voice,
    list_voices,
    needs_table,
    positive,
    refuse_pitch,
    required,
)

if TYPE_CHECKING:
    from . import Voice

__all__ = ["OWN_KEYS", "expect_voice", "list_voices", "open_own_voice", "open_voice"]

OWN_KEYS: Mapping[str, str] = {
    "model": "the model's file, like kokoro-v1.0.onnx",
    "voices": "the file of its voices, like voices-v1.0.bin",
    "voice": "one of its voices, like af_heart",
    "rate": "words per minute",
    "natural_rate": "the words per minute of the voice by itself",
    "language": "the language that it reads, if not the voice's own",
    "deadline_s": "how many seconds one sentence may take",
}
NATURAL_WPM = 237.0  # inside phrases, measured with af_heart
SLOWEST, FASTEST = 0.5, 2.0  # the package's own limits
# The first letter of a voice's name is its language, by Kokoro's list of voices; phonemes are espeak-ng's.
LANGUAGES = {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "p": "pt-br"}
_VERSION = 1  # part of the identity: goes up whenever the same model would give another sound


def open_voice(name: str | None, **_: object) -> Voice:
    """Raises MissingToolError: there is no voice without a table."""
    raise needs_table(
        "kokoro", name, {"model": "kokoro-v1.0.onnx", "voices": "voices-v1.0.bin", "voice": name or "af_heart"}
    )


def open_own_voice(own: OwnVoice, *, rate: int | None, pitch: int | None) -> ModelVoice:
    """The voice of a table: see :class:`generator.voices.OwnVoiceEngine`."""
    versions = package_versions("kokoro", "kokoro-onnx", "kokoro_onnx")
    rate = CALM_WPM if rate is None else rate
    refuse_pitch(own, pitch, "Kokoro has no setting for it: leave it out")
    model = existing_file(own, "model", OWN_KEYS["model"])
    voices = existing_file(own, "voices", OWN_KEYS["voices"])
    voice = required(own, "voice", OWN_KEYS["voice"])
    known = _voices_in(own, voices)
    if voice not in known:
        what = f"the voices of [voices.{own.name}] have no {voice!r}"
        raise SettingError(what, where=own.where_of("voice"), hint=did_you_mean(voice, known, 3))
    natural_wpm = positive(own, "natural_rate", NATURAL_WPM)
    speed = speed_for(own, rate, natural_wpm, SLOWEST, FASTEST)
    language = own.text("language") or LANGUAGES.get(voice[:1], "en-us")
    parts = (
        f"kokoro {_VERSION}, {versions}",
        f"model {digest_of(model)}",
        f"voices {digest_of(voices)}",
        f"voice {voice}",
        f"speed {speed}",
        f"language {language}",
    )
    return ModelVoice(
        label=own.name,
        identity=", ".join(parts),
        rate_wpm=rate,
        language=language,
        setup=(
            ("engine", "kokoro"),
            ("model", str(model)),
            ("voices", str(voices)),
            ("voice", voice),
            ("speed", speed),
            ("language", language),
        ),
        deadline_s=positive(own, "deadline_s", DEADLINE_S),
    )


def _voices_in(own: OwnVoice, path: Path) -> list[str]:
    """The names in a file of voices, which is a zip of numpy arrays. Raises SettingError."""
    try:
        with zipfile.ZipFile(path) as file:
            return sorted(name.removesuffix(".npy") for name in file.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        hint = f"voices is {OWN_KEYS['voices']}"
        raise SettingError(f"{path} can't be read: {error}", where=own.where_of("voices"), hint=hint) from error
