"""The contents of a library file: the tracks to build, as a matrix of settings.

This module imports pydantic, which is slow. Import it only where it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from .models import MAX_ENTRIES, Line, Required
from .validation import FileModel, invalid, quoted

NIGHT = "night"
FILE_ENDING = "format"  # the axis that decides the suffix, so names don't need it
MAX_VALUES = 10_000  # of one axis
MAX_TRACKS = 200_000
TRACK_KEYS = ("routine", "script", "name")
AXIS_FIELD = re.compile(r"\{([^{}]*)\}")  # of `names`: {axis} stands for the axis's value

_RANGE = re.compile(r"(\d{1,9})\s*[-–]\s*(\d{1,9})")

_REFUSED = re.compile(r'[<>:"\\|?*\x00-\x1f]')  # by Windows, which has the strictest rules


def _inside(value: str) -> str:
    """Accepts a path below the library's own folder; a library isn't trusted."""
    if value and (PurePosixPath(value).is_absolute() or "\\" in value or ":" in value or ".." in value.split("/")):
        raise invalid(f"{quoted(value)} leads out of this folder: name one inside it, with / between folders")
    return value


def _single(value: object) -> object:
    if isinstance(value, list):
        if not all(isinstance(entry, str) for entry in value):
            raise invalid("this list must hold plain texts")
        return ", ".join(value)
    return value


def _year(value: str) -> str:
    if value and not re.fullmatch(r"[0-9]{4}", value):
        raise invalid(f"{quoted(value)} isn't a year: write it with four digits, like 2026")
    return value


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _name_pattern(value: str) -> str:
    plain = AXIS_FIELD.sub("x", value)
    if found := re.search(r"[{}]", plain):
        raise invalid(
            f"a curly bracket ({found[0]}) that belongs to no {{axis}}: write names like {{routine}}/{{length}}"
        )
    if found := _REFUSED.search(plain):
        raise invalid(f"{found[0]!r} can't stand in a file's name everywhere: leave it out")
    if value and any(part != part.strip(" .") or not part for part in plain.split("/")):
        raise invalid("a part of this name is empty, or begins or ends with a space or a dot: write it without")
    return value


Value = Annotated[Line, BeforeValidator(_single, json_schema_input_type=str | list[str])]
Values = Annotated[
    list[Required], Field(min_length=1, max_length=MAX_VALUES), BeforeValidator(_several, json_schema_input_type=Any)
]
Axes = dict[str, Values]
Year = Annotated[
    Line,
    AfterValidator(_year),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^([0-9]{4})?$"}),
]


class LibraryFile(FileModel):
    """A library: many tracks from one file. An axis is `routine` or any setting."""

    called: ClassVar[str] = "the file"

    title: Required = Field(description="What the library is called.", examples=["Nights"])
    year: Year = Field(default="", description="The year that players show.", examples=["2026"])
    output: Annotated[Required, AfterValidator(_inside)] = Field(
        default="output", description="The folder that the tracks go to, below this one; -o overrides it.",
        examples=["nights"],
    )  # fmt: skip
    defaults: dict[str, Value] = Field(
        default={},
        description="Settings of every track that says nothing else.",
        examples=[{"background": "rain", "tail": "8h"}],
    )
    matrix: Axes = Field(
        default={},
        description="One track for each combination of these values; one of the axes must be `routine`. Nights may be "
        "a range, like 1-30.",
        examples=[{"routine": ["deep-hip-opening", "lower-back-relief"], "length": ["25m", "35m"]}],
    )
    include: Annotated[list[Axes], Field(max_length=MAX_ENTRIES)] = Field(
        default=[],
        description="Further tracks: each entry is a small matrix of its own.",
        examples=[[{"routine": "deep-hip-opening", "length": ["45m"]}]],
    )
    exclude: Annotated[list[Axes], Field(max_length=MAX_ENTRIES)] = Field(
        default=[],
        description="Tracks of the matrix that aren't made: those that agree with everything in one of the entries.",
        examples=[[{"routine": "lower-back-relief", "length": "35m"}]],
    )
    tracks: Annotated[list[dict[str, Value]], Field(max_length=MAX_VALUES)] = Field(
        default=[],
        description="Single tracks: a `routine`, or the file of a `script` below this folder; a `name` of its own, "
        "without the ending; and settings.",
        examples=[[{"script": "scripts/mine.txt", "name": "mine", "tail": "1h"}]],
    )
    names: Annotated[Line, AfterValidator(_name_pattern)] = Field(
        default="",
        description="What the matrix's files are called, without the ending; {axis} stands for its value. Where left "
        "out: the routine's folder, then the value of every other axis written in the matrix but the format.",
        examples=["{routine}/{length}"],
    )

    def axes(self) -> dict[str, tuple[str, ...]]:
        """The matrix, with ranges of nights expanded."""
        return {name: tuple(expanded(name, values)) for name, values in self.matrix.items()}


def expanded(name: str, values: Collection[str]) -> Iterator[str]:
    """An axis's values with ranges expanded. Raises ValueError for a range that runs backwards or is too long."""
    for value in values:
        match = _RANGE.fullmatch(value) if name == NIGHT else None
        if match is None:
            yield value
            continue
        low, high = int(match[1]), int(match[2])
        if high < low:
            raise ValueError(f"{quoted(value)} runs backwards: write the smaller number first")
        if high - low >= MAX_VALUES:
            raise ValueError(f"{quoted(value)} has more than {MAX_VALUES} nights, the most there can be: write fewer")
        yield from map(str, range(low, high + 1))


def number_of(name: str, value: str) -> int:
    """How many values `expanded` makes of one text, without writing them out; 1 for a range that it refuses."""
    match = _RANGE.fullmatch(value) if name == NIGHT else None
    number = int(match[2]) - int(match[1]) + 1 if match else 1
    return number if 1 <= number <= MAX_VALUES else 1


def is_inside(value: str) -> bool:
    """Whether `value` is a path below the library's own folder."""
    return _accepts(_inside, value)


def is_file_name(value: str) -> bool:
    """Whether `value` can name a track's file on every system."""
    return not AXIS_FIELD.search(value) and _accepts(_inside, value) and _accepts(_name_pattern, value)


def _accepts(check: Callable[[str], str], value: str) -> bool:
    from pydantic_core import PydanticCustomError

    try:
        check(value)
    except PydanticCustomError:
        return False
    return True
