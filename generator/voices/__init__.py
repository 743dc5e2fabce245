"""Voices: the protocol of an engine, the registry of engines, and the choice of a voice."""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from ..errors import MissingToolError, SettingError, TrackError, did_you_mean, nearest
from ..values import OwnVoice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from ..model import Recording
    from ..values import VoiceChoice

__all__ = [
    "BUILT_IN",
    "DEFAULT_OWN_KEYS",
    "GROUP",
    "LAST_RANK",
    "Engine",
    "Voice",
    "VoiceInfo",
    "VoiceOfRecordings",
    "VoiceWithPhonemes",
    "default_is_as_measured",
    "end_unused_speech",
    "engines",
    "expect_speech",
    "expect_voice",
    "fetch_voice",
    "list_voices",
    "missing_voice",
    "narration",
    "open_other_voice",
    "open_voice",
    "other_voice",
    "own_keys",
    "quoted",
    "reading_sheet",
    "short_label",
    "speakable",
]

RATE_RANGE_WPM = (60, 300)
PITCH_RANGE = (0, 99)

MAX_CODE_LENGTH = 5  # of a language: en-us

GROUP = "sleepward.voices"
"""The entry-point group in which a package registers an engine: its name, and the module that implements `Engine`."""

BUILT_IN = ("hibari", "pyttsx3", "tone", "command", "recorded", "piper", "kokoro")
"""The built-in engines, the default first. `pyproject.toml` registers them like any other.

They are named here too, because searching all installed packages takes some 10 ms, which the default voice needn't wait
for, and because a checkout must speak without being installed. No other package can take their names.
"""

LAST_RESORT = "pyttsx3"
"""The engine in which a name without an engine is looked for last."""

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
    def rate_wpm(self) -> int | None:
        """Words per minute inside phrases, as asked for, or the voice's own; None if that isn't known."""

    @property
    def language(self) -> str:
        """The language, like ``en-us``; empty if unknown."""

    @property
    def phonemes(self) -> str | None:
        """The alphabet of phonemes in a line, by its name in a lexicon; None if it takes none.

        They stand in ``[[…]]`` for ``espeak``, and in ``[word](/…/)`` for ``misaki``.
        """

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


@runtime_checkable
class VoiceOfRecordings(Protocol):
    """What a voice has besides, if each text has a recording of its own, which no lexicon changes.

    Its `identity` holds all of its recordings; a clip depends on `identity_of` its text alone. Each recording is
    brought to the voice's level by itself.
    """

    def identity_of(self, text: str) -> str:
        """Everything that determines the sound of `text`."""

    def texts(self) -> list[str]:
        """The known texts that it has a recording of, in their order."""

    def speaker_of(self, text: str) -> Voice:
        """This voice, or the one that fills in where it has no recording."""

    def require(self, texts: Iterable[str]) -> None:
        """Raises NotFoundError, which lists all of `texts` that nobody would speak."""


LAST_RANK = 100
"""The `rank` of a voice that isn't for listeners."""


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """One line of the list of voices; `id` is what ``--voice`` takes.

    `rank` is its place in the short list, the lowest first. With None it stands in the list of all voices only.
    """

    id: str
    name: str
    language: str
    gender: str
    note: str = ""
    rank: int | None = 0


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


class SlowlyLoadedEngine(Engine, Protocol):
    """What an engine's module has besides, if it takes long to load."""

    def expect_speech(self, name: str | None) -> Callable[[], None]:
        """Start loading the voice `name`, or the default, in the background: it will probably speak. Raises nothing.

        Returns what ends that, where no voice has taken it meanwhile.
        """


class OwnVoiceEngine(Engine, Protocol):
    """What an engine's module has besides, if a ``[voices.NAME]`` table has keys of this engine's own.

    Without it, such a table takes `DEFAULT_OWN_KEYS`, and its voice is opened by `open_voice`.
    """

    OWN_KEYS: Mapping[str, str]
    """Every key that its tables take, with its value as errors describe it. All of them are trusted."""

    def open_own_voice(self, own: OwnVoice, *, rate: int | None, pitch: int | None) -> Voice:
        """The voice of that table. Raises MissingToolError, and SettingError with the place of the key."""


DEFAULT_OWN_KEYS = {
    "voice": "the name of a voice of this engine",
    "rate": "words per minute",
    "pitch": "0 to 99",
}


def open_voice(
    choice: VoiceChoice | None,
    *,
    rate: int | None = None,
    pitch: int | None = None,
    own_names: Collection[str] = (),
) -> Voice:
    """The voice a user asked for.

    `choice` is ``[engine:]name``, a voice that the user defined, or None for the default. `rate` is measured words per
    minute inside phrases, and `pitch` is 0 to 99; None stands for the voice's own. `own_names` are those of the user's
    own voices, one of which may have been meant. Raises MissingToolError for a missing engine or voice (it never gives
    another voice instead), and SettingError for a rate or pitch out of range.
    """
    if rate is not None:
        _check_range("rate", rate, RATE_RANGE_WPM, "words per minute")
    if pitch is not None:
        _check_range("pitch", pitch, PITCH_RANGE, "(50 is the middle)")
    if isinstance(choice, OwnVoice):
        return _open_own_voice(choice, rate, pitch)
    engine, name = _split(choice)
    try:
        return _engine(engine).open_voice(name, rate=rate, pitch=pitch)
    except MissingToolError as error:
        bare = choice if choice and engine == LAST_RESORT and engine != choice.partition(":")[0] else ""
        if bare and (near := nearest(bare, [*own_names, *NEURAL])):
            hint = f"Did you mean {near[0]}? Ask for it with --voice {quoted(near[0])}."
            raise MissingToolError(error.what, hint=hint) from error
        raise


def other_voice(choice: VoiceChoice, rate: int | None) -> tuple[VoiceChoice, int | None, int | None]:
    """A voice beside the one that the settings choose, with rate and pitch: those of its own if the user defined it.

    `rate` is for a voice that has neither an engine set by the user nor a rate of its own.
    """
    if not isinstance(choice, OwnVoice):
        return choice, rate, None
    return choice, choice.rate or (None if choice.engine else rate), choice.pitch


def open_other_voice(choice: VoiceChoice, rate: int | None, own_names: Collection[str] = ()) -> Voice:
    """The voice that `other_voice` gives. Raises what `open_voice` raises."""
    choice, rate, pitch = other_voice(choice, rate)
    return open_voice(choice, rate=rate, pitch=pitch, own_names=own_names)


def _open_own_voice(own: OwnVoice, rate: int | None, pitch: int | None) -> Voice:
    name = own.text("voice")
    if not own.engine:
        return open_voice(name, rate=rate, pitch=pitch)
    engine = _engine(own.engine)
    if hasattr(engine, "open_own_voice"):
        return cast("OwnVoiceEngine", engine).open_own_voice(own, rate=rate, pitch=pitch)
    return engine.open_voice(name, rate=rate, pitch=pitch)


def own_keys(engine: str) -> Mapping[str, str]:
    """The keys that ``[voices.NAME]`` takes for an engine. Raises MissingToolError if there is no such engine."""
    found: Mapping[str, str] = getattr(_engine(engine), "OWN_KEYS", DEFAULT_OWN_KEYS)
    return found


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


_expected: list[Callable[[], None]] = []


def expect_speech(choice: str | None) -> None:
    """Announce that a voice, probably `choice`, will soon speak, so that it can be loaded meanwhile."""
    engine, name = _split(choice)
    with suppress(MissingToolError):
        module = _engine(engine)
        if hasattr(module, "expect_speech"):
            _expected.append(cast("SlowlyLoadedEngine", module).expect_speech(name))


def end_unused_speech() -> None:
    """End what `expect_speech` has started and no voice has taken: another one speaks, or all is in the cache."""
    while _expected:
        _expected.pop()()


def list_voices() -> list[VoiceInfo]:
    """All voices of all engines. Raises MissingToolError, which says what to install, if an engine is missing."""
    return [info for engine in engines() for info in _engine(engine).list_voices()]


def fetch_voice(name: str) -> Path:
    """Fetch a voice that can be had once over the network; nothing else does. Returns its path.

    Raises MissingToolError for an unknown name, and where there is no connection: with what to copy where.
    """
    from .hibari import fetch

    return fetch(name)


def default_is_as_measured() -> bool:
    """Whether the default voice's model is the one that was measured. Raises MissingToolError if there is none."""
    from .hibari import is_as_measured

    return is_as_measured()


def speakable(text: str) -> str:
    """`text` on one line, without control characters, which engines take for commands.

    Raises TrackError if nothing else is in the text.
    """
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
    line = " ".join(kept.split())
    if not line:
        raise TrackError(f"there is nothing to speak in {text!r}", hint="Write words there, or leave the line out.")
    return line


def missing_voice(label: str, known: Iterable[str], recommended: Sequence[str] = ()) -> MissingToolError:
    """The error for a missing voice. `known` are the existing ids, as a user would write them.

    The hint has the nearest of them, or else the voices that are `recommended`.
    """
    by_name = {each.partition(":")[2].casefold() or each: each for each in known}
    asked = label.partition(":")[2] or label
    near = [by_name[name] for name in nearest(asked, by_name, 3) if not _is_other_code(name, asked)]
    offered = near or list(recommended)[:3] or list(by_name.values())[:1] or ["tone"]
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    example = " or ".join(f"--voice {quoted(each)}" for each in (offered[:1] if near else offered))
    return MissingToolError(
        f"there is no voice {label}", hint=f"{meant}Ask for one with {example}; `sleepward voices` lists more."
    )


def _is_other_code(name: str, asked: str) -> bool:
    """Whether `name` is the code of a language, and `asked` is hardly meant as that: two letters make it look alike."""
    return len(name) <= MAX_CODE_LENGTH and SequenceMatcher(None, name, asked.lower()).ratio() < 0.7


def _split(choice: str | None) -> tuple[str, str | None]:
    if not choice:
        return BUILT_IN[0], None
    engine, colon, name = choice.partition(":")
    if colon:
        return engine, name or None
    if choice.lower() in NEURAL:
        return "hibari", choice
    return (choice, None) if choice in BUILT_IN or choice in engines() else (LAST_RESORT, choice)


def _engine(name: str) -> Engine:
    if name in BUILT_IN:
        return cast("Engine", importlib.import_module(f".{name}", __name__))
    registered = [each for each in _installed() if each.name == name]
    if not registered:
        hint = did_you_mean(name, engines())
        raise MissingToolError(f"there is no voice engine {name!r}", hint=hint)
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


def quoted(name: str) -> str:
    """A voice's name as it is typed after ``--voice``."""
    return f'"{name}"' if " " in name else name
