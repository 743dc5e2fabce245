"""The voices: the protocol an engine fulfils, the registry of engines, and the choice among them."""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from ..errors import MissingToolError, SettingError, TrackError, nearest

if TYPE_CHECKING:
    from ..model import Recording

__all__ = [
    "DEFAULT_RATE_WPM",
    "ENGINES",
    "Engine",
    "Voice",
    "VoiceInfo",
    "expect_voice",
    "list_voices",
    "missing_voice",
    "narration",
    "open_voice",
    "speakable",
]

DEFAULT_RATE_WPM = 116  # measured inside phrases: where a slow teacher's voice lies (105 to 125)
RATE_RANGE_WPM = (60, 300)
PITCH_RANGE = (0, 99)

ENGINES: dict[str, str] = {
    "pyttsx3": "generator.voices.pyttsx3",
    "tone": "generator.voices.tone",
}
"""Engine name to the module that fulfils :class:`Engine`; a plug-in adds a line, and the first is the default."""


class Voice(Protocol):
    """An engine with its settings, ready to speak."""

    @property
    def label(self) -> str:
        """How a user names this voice: ``pyttsx3:en-us+klatt4``."""

    @property
    def identity(self) -> str:
        """Everything that makes the sound: engine, versions, voice, the engine's own rate and pitch; no paths."""

    @property
    def language(self) -> str:
        """What it speaks, like ``en-us``; empty where that isn't known."""

    @property
    def phonemes(self) -> str | None:
        """The alphabet of what stands between ``[[`` and ``]]`` in a text, as a lexicon names it; None: it has none."""

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        """Each distinct text once with its recording, in any order, as many at a time as keep `jobs` cores busy.

        Neither order nor `jobs` changes a sample. Closing the iterator early ends whatever speaks.
        Raises TrackError, naming the text, where the voice broke off or a text has nothing to speak.
        """


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """One line of the list of voices; `id` is what ``--voice`` takes."""

    id: str
    name: str
    language: str
    gender: str
    note: str = ""


class Engine(Protocol):
    """What an engine's module offers."""

    def expect_voice(self) -> None:
        """Prepare for `open_voice` beside what the caller does; nothing is raised."""

    def open_voice(self, name: str | None, *, rate: int, pitch: int | None) -> Voice:
        """The voice called `name`, or the engine's default. Raises MissingToolError, SettingError."""

    def list_voices(self) -> list[VoiceInfo]:
        """All voices of this engine. Raises MissingToolError where the engine isn't there."""


def open_voice(choice: str | None, *, rate: int = DEFAULT_RATE_WPM, pitch: int | None = None) -> Voice:
    """The voice a user asked for.

    `choice` is ``[engine:]name`` or None for the default; `rate` is measured words per minute inside phrases,
    `pitch` 0 to 99 or None for the voice's own. Raises MissingToolError for an engine or a voice that isn't
    there (never another voice instead) and SettingError for a rate or pitch that can't be had.
    """
    _check_range("rate", rate, RATE_RANGE_WPM, "words per minute")
    if pitch is not None:
        _check_range("pitch", pitch, PITCH_RANGE, "(50 is the middle)")
    engine, name = _split(choice)
    return _engine(engine).open_voice(name, rate=rate, pitch=pitch)


def expect_voice(choice: str | None) -> None:
    """Say that `open_voice` will soon be asked for a voice, perhaps `choice`: the engine begins to look what it has."""
    engine = _split(choice)[0]
    if engine in ENGINES:
        _engine(engine).expect_voice()


def list_voices() -> list[VoiceInfo]:
    """Every voice of every engine. Raises MissingToolError, saying what to install, where an engine isn't there."""
    return [info for engine in ENGINES for info in _engine(engine).list_voices()]


def speakable(text: str) -> str:
    """`text` on one line and without control characters, which engines take for commands.

    Raises TrackError for a text that has nothing else.
    """
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
    line = " ".join(kept.split())
    if not line:
        raise TrackError(f"there is nothing to speak in {text!r}", hint="Write words there, or leave the line out.")
    return line


def missing_voice(label: str, known: Iterable[str]) -> MissingToolError:
    """The error for a voice that isn't there: `known` are ids as a user would write them."""
    known = list(known)
    near = nearest(label, known, 3)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    example = near[0] if near else (known[0] if known else "tone")
    return MissingToolError(
        f"there is no voice {label}",
        hint=f"{meant}Ask for one with --voice {_quoted(example)}; `sleepward voices` lists them all.",
    )


def _split(choice: str | None) -> tuple[str, str | None]:
    default = next(iter(ENGINES))
    if not choice:
        return default, None
    if choice in ENGINES:
        return choice, None
    engine, colon, name = choice.partition(":")
    return (engine, name or None) if colon else (default, choice)


def _engine(name: str) -> Engine:
    if name not in ENGINES:
        near = nearest(name, ENGINES) or list(ENGINES)
        raise MissingToolError(
            f"there is no voice engine {name!r}",
            hint=f"Ask for one with --voice {near[0]}: (engines here: {', '.join(ENGINES)}).",
        )
    return cast("Engine", importlib.import_module(ENGINES[name]))


def _check_range(name: str, value: int, allowed: tuple[int, int], unit: str) -> None:
    low, high = allowed
    if not low <= value <= high:
        raise SettingError(f"{name} {value} can't be had", hint=f"Ask for {low} to {high} {unit}.")


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
