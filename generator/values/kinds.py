"""What every kind of value does, and the kinds that are words or names."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

SLUG = "[a-z0-9]+(?:-[a-z0-9]+)*"
NAME_EXAMPLE = "figure-four"
NO_NAMES = "none"  # overrides names from a file or the environment
HERE = Path()

_SLUG = re.compile(SLUG)
_ANY_CASE_SLUG = SLUG.replace("a-z", "A-Za-z")
_NAMES_PATTERN = f"^[ ,]*{_ANY_CASE_SLUG}( *,[ ,]*{_ANY_CASE_SLUG})*[ ,]*$"

T = TypeVar("T")


@dataclass(frozen=True)
class SettingKind(ABC, Generic[T]):
    """A kind of value. `metavar` stands for it in a flag's help.

    A setting without a value holds None. No text means None, unless the kind says so.
    """

    metavar: str

    @property
    @abstractmethod
    def expected(self) -> str:
        """The valid values, in words that complete the error “… isn't …”."""

    @abstractmethod
    def parse(self, text: str, folder: Path = HERE) -> T:
        """The value of a text; its files are looked up from `folder`. Raises ValueError with what to write instead."""

    def check(self, text: str) -> object:
        """Raise ValueError for a text that is invalid in every folder."""
        return self.parse(text)

    def write(self, value: T) -> str:
        """The text that `parse` reads as `value` from the working folder."""
        return str(value)

    def as_json(self, value: T | None) -> Any:
        """The value as JSON, for a plan."""
        return value

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the value in a YAML file. It accepts a number where its text is valid."""


class Slug(SettingKind[str]):
    """The name of a style: lower-case letters, digits and hyphens."""

    @property
    def expected(self) -> str:
        return "a style's name"

    def parse(self, text: str, folder: Path = HERE) -> str:
        if not _SLUG.fullmatch(text):
            raise ValueError(f"{text[:60]!r} isn't {self.expected}: write one like gentle")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "integer"], "pattern": f"^{SLUG}$", "minimum": 0}


class Words(SettingKind[T]):
    """One of a few words. `metavar` lists them with bars between them."""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.metavar.split("|"))

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.words)}"

    def refuse_others(self, text: str) -> None:
        if text not in self.words:
            raise ValueError(f"{text!r} isn't {self.expected}")

    def schema(self) -> dict[str, Any]:
        return {"enum": [*self.words]}


class OneOf(Words[str]):
    def parse(self, text: str, folder: Path = HERE) -> str:
        self.refuse_others(text)
        return text


class Ratio(Words[tuple[int, int]]):
    """Inhale to exhale, like 4:6."""

    @property
    def expected(self) -> str:
        return f"a breath ratio: {' or '.join(self.words)} (inhale:exhale)"

    def parse(self, text: str, folder: Path = HERE) -> tuple[int, int]:
        self.refuse_others(text)
        inhale, _, exhale = text.partition(":")
        return int(inhale), int(exhale)

    def write(self, value: tuple[int, int]) -> str:
        return ":".join(map(str, value))

    def as_json(self, value: tuple[int, int] | None) -> Any:
        return None if value is None else self.write(value)


class Names(SettingKind[tuple[str, ...]]):
    """Names in order, separated by commas or as a list, or `none`."""

    @property
    def expected(self) -> str:
        return f"names like {NAME_EXAMPLE}, with commas between them"

    def parse(self, text: str, folder: Path = HERE) -> tuple[str, ...]:
        names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
        if names == (NO_NAMES,):
            return ()
        if not names:
            raise ValueError(f"it is empty: write names separated by commas, or {NO_NAMES}")
        for name in names:
            if not _SLUG.fullmatch(name):
                raise ValueError(f"{name[:60]!r} isn't a name: write {self.expected}")
        return names

    def write(self, value: tuple[str, ...]) -> str:
        return ", ".join(value) or NO_NAMES

    def as_json(self, value: tuple[str, ...] | None) -> Any:
        return [*(value or ())]

    def schema(self) -> dict[str, Any]:
        one = {"type": "string", "pattern": f"^{SLUG}$"}
        alone = {"type": ["string", "integer"], "pattern": _NAMES_PATTERN, "minimum": 0}
        return {"anyOf": [alone, {"type": "array", "items": one, "minItems": 1}]}


def some(text: str) -> str:
    """`text` without spaces around it. Raises ValueError if nothing is left."""
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def any_text_schema() -> dict[str, Any]:
    """The schema of any text. A number is text, too."""
    return {"type": ["string", "number"], "pattern": "\\S"}
