"""Voices: the protocol of an engine, the registry of engines, and the choice of a voice."""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from ..errors import MissingToolError, SettingError, TrackError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from ..model import Recording

__all__ = [
    "BUILT_IN",
    "GROUP",
    "Engine",
    "Voice",
    "VoiceInfo",
    "VoiceWithPhonemes",
    "engines",
    "expect_voice",
    "fetch_voice",
    "list_voices",
    "missing_voice",
    "narration",
    "open_voice",
    "short_label",
    "speakable",
]

RATE_RANGE_WPM = (60, 300)
PITCH_RANGE = (0, 99)

GROUP = "sleepward.voices"
"""The entry-point group in which a package registers an engine: its name, and the module that implements `Engine`."""

BUILT_IN = ("hibari", "pyttsx3", "tone")
"""The built-in engines, the default first. `pyproject.toml` registers them like any other.

They are named here too, because searching all installed packages takes some 10 ms, which the default voice needn't wait
for, and because a checkout must speak without being installed. No other package can take their names.
"""

NEURAL = ("heart", "emma", "fenrir", "fable", "kore")
"""The names that mean a voice of hibari-tts; any other name without an engine is looked for in pyttsx3's own."""


class Voice(Protocol):
    """A voice of an engine with its settings, ready to speak."""

    @property
    def label(self) -> str:
        """The name by which a user chooses this voice: ``pyttsx3:en-us+klatt4``."""

    @property
    def identity(self) -> str:
        """Everything that determines the sound: engine, versions, voice, the engine's own rate and pitch; no paths.

        It begins with the engine's name, since it is part of a clip's cache key and no two engines may share a clip.
        """

    @property
    def rate_wpm(self) -> int:
        """Words per minute inside phrases, as asked for, or the voice's own."""

    @property
    def language(self) -> str:
        """The language, like ``en-us``; empty if unknown."""

    @property
    def phonemes(self) -> str | None:
        """The phoneme alphabet between ``[[`` and ``]]``, by its name in a lexicon; None if it takes no phonemes."""

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        """Speak each distinct text once. Yields texts with their recordings, in any order; keeps `jobs` cores busy.

        Neither order nor `jobs` changes a sample. Closing the iterator early stops the engine.
        Raises TrackError, naming the text, if the voice failed or a text has nothing to speak.
        """


@runtime_checkable
class VoiceWithPhonemes(Protocol):
    """What a voice has besides, if it can tell how it says a line."""

    def phonemes_of(self, lines: Sequence[str]) -> list[str]:
        """The phonemes of each line, in the voice's alphabet. Raises TrackError if it can't tell them."""


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """One line of the list of voices; `id` is what ``--voice`` takes."""

    id: str
    name: str
    language: str
    gender: str
    note: str = ""


class Engine(Protocol):
    """The functions of an engine's module."""

    def expect_voice(self) -> None:
        """Start preparing for `open_voice` in the background. Raises nothing."""

    def open_voice(self, name: str | None, *, rate: int | None, pitch: int | None) -> Voice:
        """The voice called `name`, or the engine's default, at its own rate and pitch where these are None.

        Raises MissingToolError, SettingError.
        """

    def list_voices(self) -> list[VoiceInfo]:
        """All voices of this engine. Raises MissingToolError if the engine isn't installed."""


def open_voice(choice: str | None, *, rate: int | None = None, pitch: int | None = None) -> Voice:
    """The voice a user asked for.

    `choice` is ``[engine:]name`` or None for the default. `rate` is measured words per minute inside phrases, and
    `pitch` is 0 to 99; None stands for the voice's own. Raises MissingToolError for a missing engine or voice (it never
    gives another voice instead), and SettingError for a rate or pitch out of range.
    """
    if rate is not None:
        _check_range("rate", rate, RATE_RANGE_WPM, "words per minute")
    if pitch is not None:
        _check_range("pitch", pitch, PITCH_RANGE, "(50 is the middle)")
    engine, name = _split(choice)
    return _engine(engine).open_voice(name, rate=rate, pitch=pitch)


@cache
def engines() -> tuple[str, ...]:
    """The names of all installed engines: the built-in ones, the default first, then others alphabetically."""
    return *BUILT_IN, *sorted({each.name for each in _installed()} - set(BUILT_IN))


def short_label(label: str) -> str:
    """A voice's label as a user writes it: without the engine where the name is enough."""
    engine, _, name = label.partition(":")
    return name if engine in BUILT_IN and _split(name) == (engine, name) else label


def expect_voice(choice: str | None) -> None:
    """Announce that a voice, probably `choice`, will soon be opened, so that its engine can start preparing."""
    with suppress(MissingToolError):  # `open_voice` will raise it
        _engine(_split(choice)[0]).expect_voice()


def list_voices() -> list[VoiceInfo]:
    """All voices of all engines. Raises MissingToolError, which says what to install, if an engine is missing."""
    return [info for engine in engines() for info in _engine(engine).list_voices()]


def fetch_voice(name: str) -> Path:
    """Fetch a voice that can be had once over the network; nothing else does. Returns its path.

    Raises MissingToolError for an unknown name, and where there is no connection: with what to copy where.
    """
    from .hibari import fetch

    return fetch(name)


def speakable(text: str) -> str:
    """`text` on one line, without control characters, which engines take for commands.

    Raises TrackError if nothing else is in the text.
    """
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
    line = " ".join(kept.split())
    if not line:
        raise TrackError(f"there is nothing to speak in {text!r}", hint="Write words there, or leave the line out.")
    return line


def missing_voice(label: str, known: Iterable[str]) -> MissingToolError:
    """The error for a missing voice. `known` are the existing ids, as a user would write them."""
    known = list(known)
    near = nearest(label, known, 3)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    example = near[0] if near else (known[0] if known else "tone")
    return MissingToolError(
        f"there is no voice {label}",
        hint=f"{meant}Ask for one with --voice {_quoted(example)}; `sleepward voices` lists them all.",
    )


def _split(choice: str | None) -> tuple[str, str | None]:
    if not choice:
        return BUILT_IN[0], None
    engine, colon, name = choice.partition(":")
    if colon:
        return engine, name or None
    if choice.lower() in NEURAL:
        return "hibari", choice
    return (choice, None) if choice in BUILT_IN or choice in engines() else ("pyttsx3", choice)


def _engine(name: str) -> Engine:
    if name in BUILT_IN:
        return cast("Engine", importlib.import_module(f".{name}", __name__))
    registered = [each for each in _installed() if each.name == name]
    if not registered:
        near = nearest(name, engines()) or list(engines())
        raise MissingToolError(
            f"there is no voice engine {name!r}",
            hint=f"Ask for one with --voice {near[0]}: (engines here: {', '.join(engines())}).",
        )
    packages = [each.dist.name if each.dist else each.value for each in registered]
    if len(packages) > 1:
        raise MissingToolError(
            f"{len(packages)} packages have a voice engine {name!r}: {', '.join(sorted(packages))}",
            hint=f"pip uninstall {packages[0]}, or another of them.",
        )
    try:
        return cast("Engine", registered[0].load())
    except (ImportError, AttributeError) as error:
        raise MissingToolError(
            f"the voice engine {name!r} of {packages[0]} can't be loaded: {error}",
            hint=f"pip install --force-reinstall {packages[0]}",
        ) from error


@cache
def _installed() -> tuple[EntryPoint, ...]:
    """All registered engines, searched for once per process."""
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


def _check_range(name: str, value: int, allowed: tuple[int, int], unit: str) -> None:
    low, high = allowed
    if not low <= value <= high:
        raise SettingError(f"{name} {value} is out of range", hint=f"Ask for {low} to {high} {unit}.")


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
