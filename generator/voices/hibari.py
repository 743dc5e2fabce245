"""The neural engine: the voices of hibari-tts, through pyttsx3 and our driver for it.

The default, `heart`, is inside the package. Its siblings are fetched by `fetch` alone, never while a track is made.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingToolError, SettingError
from . import VoiceInfo, missing_voice
from ._processor import processor_class
from ._pyttsx3_voice import Pyttsx3Voice, load_ahead
from .hibari_driver import FASTEST_WPM, OWN_RATE_WPM, SLOWEST_WPM

if TYPE_CHECKING:
    from types import ModuleType

    from . import Voice

__all__ = ["expect_speech", "expect_voice", "fetch", "list_voices", "open_voice"]

DEFAULT = "heart"
MEASURED_SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"  # heart
LIGHT_VOICE = "en-us+klatt4"  # what an error offers where this engine can't run
DRIVER_VERSION = 4  # part of the identity: raise it when the driver's sound changes
_DETERMINING = ("hibari-tts", "onnxruntime", "numpy")  # packages whose versions determine bytes


def expect_voice() -> None:
    """There is nothing to prepare: whether a track is unchanged is known without the voice."""


def expect_speech(name: str | None) -> Callable[[], None]:
    """Start a server that loads the model meanwhile, which takes 0.7 s. The first voice to speak takes it over.

    Only for the voice inside the package: the file of another is compared with its digest first.
    """
    return load_ahead("hibari", DEFAULT) if (name or DEFAULT).lower() == DEFAULT else lambda: None


def open_voice(name: str | None, *, rate: int | None, pitch: int | None) -> Voice:
    """The voice `name`, or `heart`: see :func:`generator.voices.open_voice`."""
    name = (name or DEFAULT).lower()
    offer = _offer()
    if name not in offer:
        raise missing_voice(f"hibari:{name}", [f"hibari:{each}" for each in offer])
    rate = OWN_RATE_WPM if rate is None else rate
    if not SLOWEST_WPM <= rate <= FASTEST_WPM:
        raise SettingError(
            f"{name} can't speak at rate {rate}",
            hint=f"It speaks {SLOWEST_WPM} to {FASTEST_WPM} words a minute; for more calm, lengthen pauses (--pace).",
        )
    model = _model(name, offer[name])
    pitch = 50 if pitch is None else pitch
    parts = (
        f"hibari driver {DRIVER_VERSION}",
        *(f"{package} {_version(package)}" for package in _DETERMINING),
        f"{platform.system()} {platform.machine()} {processor_class()}",
        f"{name} {_sha256(model)[:16]}",
        f"rate {rate}",
        f"pitch {pitch}",
    )
    return Pyttsx3Voice(
        label=f"hibari:{name}",
        identity=", ".join(parts),
        rate_wpm=rate,
        driver="hibari",
        voice_id=name,
        language=offer[name]["language"].lower(),
        phonemes="misaki",
        properties=(("rate", rate), ("pitch", pitch)),
        workers_stay=True,
    )


def fetch(name: str) -> Path:
    """Bring a sibling of `heart` here, through the package's own loader, which compares its sha256. Returns its path.

    Nothing is fetched if it is here. Raises MissingToolError for an unknown name, and where it can't be fetched.
    """
    offer = _offer()
    if name.lower() not in offer:
        raise MissingToolError(
            f"there is no voice {name} to fetch",
            hint=f"These can be fetched: {', '.join(each for each in offer if each != DEFAULT)}.",
        )
    path = _path(offer[name.lower()])
    if path.is_file():
        return _model(name, offer[name.lower()])
    try:
        return Path(_loader().voice_path(name.lower()))
    except (RuntimeError, OSError) as error:
        url = _loader().BASE_URL + path.name
        raise MissingToolError(
            f"the voice {name} couldn't be fetched: {error.__cause__ or error}",
            hint=f"Download {url} where there is a connection, and copy it to {path}",
        ) from error


def is_as_measured() -> bool:
    """Whether heart's model is the one that the figures in the docs are of. Raises MissingToolError."""
    return _sha256(_path(_offer()[DEFAULT])) == MEASURED_SHA256


def list_voices() -> list[VoiceInfo]:
    """The package's voices; the note of one that isn't here says how to get it. Raises MissingToolError."""
    return [
        VoiceInfo(
            f"hibari:{name}",
            name.title(),
            facts["language"].lower(),
            facts["gender"],
            _note(name, facts),
            rank=0 if _path(facts).is_file() else None,
        )
        for name, facts in _offer().items()
    ]


def _note(name: str, facts: dict[str, Any]) -> str:
    kind = f"neural, {facts['accent']}"
    if name == DEFAULT:
        return f"the default: {kind}"
    return kind if _path(facts).is_file() else f"{kind}; get it with: sleepward voices --get {name}"


@cache
def _offer() -> dict[str, dict[str, Any]]:
    """The package's list of voices: name to facts. Read from its file, since importing it takes 0.2 s."""
    for package, import_name in (("onnxruntime", "onnxruntime"), ("hibari-tts", "hibari")):
        if importlib.util.find_spec(import_name) is None:
            raise MissingToolError(
                f"the voice {DEFAULT} needs {package}, which isn't installed",
                hint=f"{sys.executable} -m pip install {package}. Where it has no wheel for your Python or system, take"
                f" the light voice: --voice {LIGHT_VOICE}",
            )
    offer: dict[str, dict[str, Any]] = json.loads((_package() / "assets" / "voices.json").read_text("utf-8"))
    return offer


@cache
def _package() -> Path:
    spec = importlib.util.find_spec("hibari")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def _loader() -> ModuleType:
    """The package's module that fetches voices, without the rest of the package."""
    spec = importlib.util.spec_from_file_location("_hibari_voices", _package() / "voices.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _path(facts: dict[str, Any]) -> Path:
    return Path(_package() / "assets" if facts.get("bundled") else _loader().cache_dir(), facts["file"])


def _model(name: str, facts: dict[str, Any]) -> Path:
    """The voice's file. Raises MissingToolError if it isn't here, or isn't whole."""
    path = _path(facts)
    if not path.is_file():
        hint = f"Get it once with: sleepward voices --get {name}"
        raise MissingToolError(f"the voice {name} isn't here yet", hint=hint)
    if not facts.get("bundled") and _sha256(path) != facts["sha256"]:
        hint = f"Delete it, then: sleepward voices --get {name}"
        raise MissingToolError(f"{path} isn't the voice {name}: its sha256 is {_sha256(path)[:12]}…", hint=hint)
    return path


@cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _version(package: str) -> str:
    return importlib.metadata.version(package)
