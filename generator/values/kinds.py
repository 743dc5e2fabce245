"""The kinds of values that need nothing but their text: words, numbers, durations, names."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..durations import DURATION_PATTERN, MAX_DIGITS, format_ms, parse_duration

SLUG = "[a-z0-9]+(?:-[a-z0-9]+)*"
NAME_EXAMPLE = "figure-four"
NO_NAMES = "none"  # takes back what a file or the environment names
HERE = Path()

_SLUG = re.compile(SLUG)
_ANY_CASE_SLUG = SLUG.replace("a-z", "A-Za-z")
_NAMES_PATTERN = f"^[ ,]*{_ANY_CASE_SLUG}( *,[ ,]*{_ANY_CASE_SLUG})*[ ,]*$"
_DIGITS_PATTERN = "^-?[0-9]+([.][0-9]+)?$"

T = TypeVar("T")


@dataclass(frozen=True)
class SettingKind(ABC, Generic[T]):
    """What may be written for a setting; `metavar` stands for it in a flag's help.

    A setting that may have no value at all holds None, which no text means but where its kind says so.
    """

    metavar: str

    @property
    @abstractmethod
    def may_be(self) -> str:
        """What may be written, in the words of a refusal: it “isn't …”."""

    @abstractmethod
    def parse(self, text: str, folder: Path = HERE) -> T:
        """The value; files that it names are looked up from `folder`. Raises ValueError with what to write instead."""

    def check(self, text: str) -> object:
        """Raise ValueError for a text that has no meaning in any folder."""
        return self.parse(text)

    def write(self, value: T) -> str:
        """The text that `parse` reads as `value`, seen from the working folder."""
        return str(value)

    def plain(self, value: T | None) -> Any:
        """The value as JSON has it, in a plan."""
        return value

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """What editors accept in a YAML file, as JSON Schema; a number may stand where we read its text."""


class Text(SettingKind[str]):
    """Any text that isn't empty."""

    @property
    def may_be(self) -> str:
        return "text"

    def parse(self, text: str, folder: Path = HERE) -> str:
        return some(text)

    def schema(self) -> dict[str, Any]:
        return some_text()


class Slug(SettingKind[str]):
    """One name of small letters, digits and hyphens: a style's."""

    @property
    def may_be(self) -> str:
        return "a style's name"

    def parse(self, text: str, folder: Path = HERE) -> str:
        if not _SLUG.fullmatch(text):
            raise ValueError(f"{text[:60]!r} isn't {self.may_be}: write one like gentle")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "integer"], "pattern": f"^{SLUG}$", "minimum": 0}


class Words(SettingKind[T]):
    """One of a few words; they stand in `metavar`, with bars between them."""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.metavar.split("|"))

    @property
    def may_be(self) -> str:
        return f"one of {', '.join(self.words)}"

    def refuse_others(self, text: str) -> None:
        if text not in self.words:
            raise ValueError(f"{text!r} isn't {self.may_be}")

    def schema(self) -> dict[str, Any]:
        return {"enum": [*self.words]}


class Choice(Words[str]):
    def parse(self, text: str, folder: Path = HERE) -> str:
        self.refuse_others(text)
        return text


class Ratio(Words[tuple[int, int]]):
    """Inhale to exhale, like 4:6."""

    @property
    def may_be(self) -> str:
        return f"a breath ratio: {' or '.join(self.words)} (inhale:exhale)"

    def parse(self, text: str, folder: Path = HERE) -> tuple[int, int]:
        self.refuse_others(text)
        inhale, _, exhale = text.partition(":")
        return int(inhale), int(exhale)

    def write(self, value: tuple[int, int]) -> str:
        return ":".join(map(str, value))

    def plain(self, value: tuple[int, int] | None) -> Any:
        return None if value is None else self.write(value)


@dataclass(frozen=True)
class Kilobits(Words[int]):
    """One of the bit rates there are, in kb/s, with or without a k behind it."""

    rates: tuple[int, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(map(str, self.rates))

    @property
    def may_be(self) -> str:
        return f"{super().may_be} (kb/s)"

    def parse(self, text: str, folder: Path = HERE) -> int:
        number = text.lower().removesuffix("k")
        if number not in self.words:
            raise ValueError(f"{text!r} isn't {self.may_be}")
        return int(number)

    def schema(self) -> dict[str, Any]:
        return {"enum": [*self.words, *self.rates, *(f"{rate}{k}" for k in "kK" for rate in self.rates)]}


@dataclass(frozen=True)
class _Among(SettingKind[T]):
    """A number from `low` to `high`, of `unit`."""

    low: float
    high: float
    unit: str

    _json_type = "number"

    @property
    def may_be(self) -> str:
        return f"a number from {self.low:g} to {self.high:g} ({self.unit})"

    def schema(self) -> dict[str, Any]:
        number = {"type": self._json_type, "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "string", "pattern": _DIGITS_PATTERN}]}


class Whole(_Among[int]):
    _json_type = "integer"

    @property
    def may_be(self) -> str:
        return f"a whole number from {self.low} to {self.high} ({self.unit})"

    def parse(self, text: str, folder: Path = HERE) -> int:
        if not text.strip().isdecimal() or len(text) > MAX_DIGITS or not self.low <= int(text) <= self.high:
            raise ValueError(f"{text!r} isn't {self.may_be}")
        return int(text)


class Number(_Among[float]):
    def parse(self, text: str, folder: Path = HERE) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:  # NaN is in no range
            raise ValueError(f"{text!r} isn't {self.may_be}")
        return value

    def write(self, value: float) -> str:
        short = f"{value:g}"
        return short if float(short) == value else repr(value)


@dataclass(frozen=True)
class ChimeLevel(SettingKind[float | None]):
    """By how many LU the bell lies under the voice; `on` is `on_lu`, and `off` is None."""

    level: Number
    on_lu: float

    @property
    def may_be(self) -> str:
        return f"{self.level.may_be}; or write on or off"

    def parse(self, text: str, folder: Path = HERE) -> float | None:
        if text in ("on", "off"):
            return self.on_lu if text == "on" else None
        try:
            return self.level.parse(text)
        except ValueError as error:
            raise ValueError(f"{error}; or write on or off") from error

    def write(self, value: float | None) -> str:
        return "off" if value is None else self.level.write(value)

    def plain(self, value: float | None) -> Any:
        return "off" if value is None else value

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [*self.level.schema()["anyOf"], {"enum": ["on", "off"]}]}


@dataclass(frozen=True)
class Duration(SettingKind[int]):
    """Milliseconds, `least_ms` of them at least; `why` says what for."""

    least_ms: int = 1
    why: str = ""

    @property
    def may_be(self) -> str:
        return "a duration"

    def parse(self, text: str, folder: Path = HERE) -> int:
        ms = parse_duration(text)
        if ms < self.least_ms:
            raise ValueError(f"{text!r} is too short: {self.why}")
        return ms

    def write(self, value: int) -> str:
        return format_ms(value)

    def plain(self, value: int | None) -> Any:
        return None if value is None else self.write(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": DURATION_PATTERN}


class Names(SettingKind[tuple[str, ...]]):
    """Names in their order, with commas between them or as a list; none of them where it says so."""

    @property
    def may_be(self) -> str:
        return f"names like {NAME_EXAMPLE}, with commas between them"

    def parse(self, text: str, folder: Path = HERE) -> tuple[str, ...]:
        names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
        if names == (NO_NAMES,):
            return ()
        if not names:
            raise ValueError(f"it is empty: write names with commas between them, or {NO_NAMES}")
        for name in names:
            if not _SLUG.fullmatch(name):
                raise ValueError(f"{name[:60]!r} isn't a name: write {self.may_be}")
        return names

    def write(self, value: tuple[str, ...]) -> str:
        return ", ".join(value) or NO_NAMES

    def plain(self, value: tuple[str, ...] | None) -> Any:
        return [*(value or ())]

    def schema(self) -> dict[str, Any]:
        one = {"type": "string", "pattern": f"^{SLUG}$"}
        alone = {"type": ["string", "integer"], "pattern": _NAMES_PATTERN, "minimum": 0}
        return {"anyOf": [alone, {"type": "array", "items": one, "minItems": 1}]}


def some(text: str) -> str:
    """`text` without spaces around it. Raises ValueError where nothing is left."""
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def some_text() -> dict[str, Any]:
    """The schema of any text; a number is one too."""
    return {"type": ["string", "number"], "pattern": "\\S"}
