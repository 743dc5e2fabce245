"""The Piper engine: a model file of the user's, set in a ``[voices.NAME]`` table. It needs the package piper-tts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
)

if TYPE_CHECKING:
    from . import Voice

__all__ = ["OWN_KEYS", "expect_voice", "list_voices", "open_own_voice", "open_voice"]

OWN_KEYS: Mapping[str, str] = {
    "model": "the model's file NAME.onnx; NAME.onnx.json lies beside it",
    "voice": "the speaker's name or number, in a model with several",
    "rate": "words per minute",
    "natural_rate": "the words per minute of the model by itself",
    "language": "the language for the lexicon, if not the model's own",
    "deadline_s": "how many seconds one sentence may take",
}
NATURAL_WPM = 190.0  # inside phrases, as an even reader speaks, by which Piper's voices were trained
SLOWEST, FASTEST = 0.25, 4.0
_SLOWEST_SCALE = 100.0  # a length_scale that no model has
_MOST_SPEAKERS = 100_000  # the largest model has 904
_VERSION = 1  # part of the identity: goes up whenever the same model would give another sound


def open_voice(name: str | None, **_: object) -> Voice:
    """Raises MissingToolError: there is no voice without a table."""
    raise needs_table("piper", name, {"model": "en_US-lessac-medium.onnx"})


def open_own_voice(own: OwnVoice, *, rate: int | None, pitch: int | None) -> ModelVoice:
    """The voice of a table: see :class:`generator.voices.OwnVoiceEngine`.

    Both of Piper's noises are off: they would make each run sound different.
    """
    versions = package_versions("piper", "piper-tts", "piper")
    rate = CALM_WPM if rate is None else rate
    refuse_pitch(own, pitch, "Piper has no setting for it: leave it out")
    model = existing_file(own, "model", OWN_KEYS["model"])
    config_file = model.with_name(f"{model.name}.json")
    config = _read_config(own, config_file)
    natural_wpm = positive(own, "natural_rate", NATURAL_WPM)
    speed = speed_for(own, rate, natural_wpm, SLOWEST, FASTEST)
    length_scale = round(float(_part(config, "inference").get("length_scale", 1.0)) / speed, 4)
    speaker = _speaker(own, config)
    parts = (
        f"piper {_VERSION}, {versions}",
        f"model {digest_of(model)}",
        f"config {digest_of(config_file)}",
        f"length {length_scale}",
        f"speaker {speaker}",
    )
    return ModelVoice(
        label=own.name,
        identity=", ".join(parts),
        rate_wpm=rate,
        language=own.text("language") or str(_part(config, "espeak").get("voice", "")),
        setup=(
            ("engine", "piper"),
            ("model", str(model)),
            ("config", str(config_file)),
            ("length_scale", length_scale),
            ("speaker", speaker),
        ),
        deadline_s=positive(own, "deadline_s", DEADLINE_S),
    )


def _read_config(own: OwnVoice, path: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        hint = f"model is {OWN_KEYS['model']}"
        raise SettingError(f"{path} can't be read: {error}", where=own.where_of("model"), hint=hint) from error
    if not _describes_model(config):
        hint = f"model is {OWN_KEYS['model']}"
        raise SettingError(f"{path} is no description of a Piper model", where=own.where_of("model"), hint=hint)
    described: Mapping[str, Any] = config
    return described


def _describes_model(config: Any) -> bool:
    """Whether it has what a description of a Piper model has, as far as that is read here."""
    if not isinstance(config, dict) or "phoneme_id_map" not in config:
        return False
    inference, espeak, speakers = (_part(config, key) for key in ("inference", "espeak", "speaker_id_map"))
    if not all(isinstance(part, dict) for part in (inference, espeak, speakers)):
        return False
    scale, numbers = inference.get("length_scale", 1.0), (config.get("num_speakers", 1), *speakers.values())
    return (
        isinstance(scale, int | float)
        and 0 < scale < _SLOWEST_SCALE
        and all(isinstance(number, int) and 0 <= number <= _MOST_SPEAKERS for number in numbers)
    )


def _part(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = config.get(key) or {}
    return found


def _speaker(own: OwnVoice, config: Mapping[str, Any]) -> int | None:
    """The number of the speaker that the table names; None for the model's own. Raises SettingError."""
    asked = own.text("voice")
    if asked is None:
        return None
    names: Mapping[str, int] = _part(config, "speaker_id_map")
    count: int = config.get("num_speakers", 1)
    if asked in names:
        return names[asked]
    if asked.isdecimal() and int(asked) < count:
        return int(asked)
    known = [*names] or [str(number) for number in range(count)]
    raise SettingError(
        f"the model of [voices.{own.name}] has no speaker {asked!r}",
        where=own.where_of("voice"),
        hint=did_you_mean(asked, known, 3),
    )
