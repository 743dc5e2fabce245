"""The kinds of values that are numbers: bit rates, whole and other numbers in a range, the bell's level, durations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..durations import DURATION_PATTERN, MAX_DIGITS, format_ms, parse_duration
from .kinds import HERE, SettingKind, T, Words

_DIGITS_PATTERN = "^-?[0-9]+([.][0-9]+)?$"


@dataclass(frozen=True)
class Kilobits(Words[int]):
    """One of the valid bit rates in kb/s, with or without a k after it."""

    rates: tuple[int, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(map(str, self.rates))

    @property
    def expected(self) -> str:
        return f"{super().expected} (kb/s)"

    def parse(self, text: str, folder: Path = HERE) -> int:
        number = text.lower().removesuffix("k")
        if number not in self.words:
            raise ValueError(f"{text!r} isn't {self.expected}")
        return int(number)

    def schema(self) -> dict[str, Any]:
        return {"enum": [*self.words, *self.rates, *(f"{rate}{k}" for k in "kK" for rate in self.rates)]}


@dataclass(frozen=True)
class _InRange(SettingKind[T]):
    """A number from `low` to `high` in `unit`."""

    low: float
    high: float
    unit: str

    _json_type = "number"

    @property
    def expected(self) -> str:
        return f"a number from {self.low:g} to {self.high:g} ({self.unit})"

    def schema(self) -> dict[str, Any]:
        number = {"type": self._json_type, "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "string", "pattern": _DIGITS_PATTERN}]}


class Whole(_InRange[int]):
    _json_type = "integer"

    @property
    def expected(self) -> str:
        return f"a whole number from {self.low} to {self.high} ({self.unit})"

    def parse(self, text: str, folder: Path = HERE) -> int:
        if not text.strip().isdecimal() or len(text) > MAX_DIGITS or not self.low <= int(text) <= self.high:
            raise ValueError(f"{text!r} isn't {self.expected}")
        return int(text)


class Number(_InRange[float]):
    def parse(self, text: str, folder: Path = HERE) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:  # NaN is in no range
            raise ValueError(f"{text!r} isn't {self.expected}")
        return value

    def write(self, value: float) -> str:
        short = f"{value:g}"
        return short if float(short) == value else repr(value)


@dataclass(frozen=True)
class ChimeLevel(SettingKind[float | None]):
    """How many LU the bell lies under the voice. `on` means `on_lu`, and `off` means None."""

    level: Number
    on_lu: float

    @property
    def expected(self) -> str:
        return f"{self.level.expected}; or write on or off"

    def parse(self, text: str, folder: Path = HERE) -> float | None:
        if text in ("on", "off"):
            return self.on_lu if text == "on" else None
        try:
            return self.level.parse(text)
        except ValueError as error:
            raise ValueError(f"{error}; or write on or off") from error

    def write(self, value: float | None) -> str:
        return "off" if value is None else self.level.write(value)

    def as_json(self, value: float | None) -> Any:
        return "off" if value is None else value

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [*self.level.schema()["anyOf"], {"enum": ["on", "off"]}]}


@dataclass(frozen=True)
class Duration(SettingKind[int]):
    """A time of at least `least_ms` milliseconds; `why` gives the reason in an error."""

    least_ms: int = 1
    why: str = ""

    @property
    def expected(self) -> str:
        return "a duration"

    def parse(self, text: str, folder: Path = HERE) -> int:
        ms = parse_duration(text)
        if ms < self.least_ms:
            raise ValueError(f"{text!r} is too short: {self.why}")
        return ms

    def write(self, value: int) -> str:
        return format_ms(value)

    def as_json(self, value: int | None) -> Any:
        return None if value is None else self.write(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": DURATION_PATTERN}
