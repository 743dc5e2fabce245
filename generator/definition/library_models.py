"""What a library file may hold: the tracks that are wanted, as a matrix of settings, with every fault at its place.

pydantic is imported at the top: whoever must start instantly imports this module when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, BeforeValidator, Field

from ..errors import did_you_mean
from ..settings import SETTINGS
from ..values import SLUG
from ..yaml_source import Node, YamlSource, read
from .models import MAX_ENTRIES, Line, Required
from .validation import FileModel, invalid, quoted, validated

NIGHT = "night"
FILE_ENDING = "format"  # the axis that shows in the ending, and so needn't stand in a name
MAX_VALUES = 10_000  # of one axis
TRACK_KEYS = ("routine", "script", "name")

_RANGE = re.compile(r"(\d{1,9})\s*[-–]\s*(\d{1,9})")
_SLUG = re.compile(SLUG)
_FIELD = re.compile(r"\{([^{}]*)\}")
_REFUSED = re.compile(r'[<>:"\\|?*\x00-\x1f]')  # by Windows, whose rules are the narrowest


def _inside(value: str) -> str:
    """A path below the library's own folder: a library may be a stranger's."""
    if value and (PurePosixPath(value).is_absolute() or "\\" in value or ":" in value or ".." in value.split("/")):
        raise invalid(f"{quoted(value)} leads out of this folder: name one inside it, with / between folders")
    return value


def _single(value: object) -> object:
    if isinstance(value, list):
        if not all(isinstance(entry, str) for entry in value):
            raise invalid("this list must hold plain texts")
        return ", ".join(value)
    return value


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _name_pattern(value: str) -> str:
    plain = _FIELD.sub("x", value)
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


class LibraryFile(FileModel):
    """A library: many tracks from one file. An axis is `routine` or any setting."""

    called: ClassVar[str] = "the file"

    title: Required = Field(description="What the library is called.", examples=["Nights"])
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
        """The matrix, its ranges of nights written out."""
        return {name: tuple(expanded(name, values)) for name, values in self.matrix.items()}


def expanded(name: str, values: Collection[str]) -> Iterator[str]:
    """An axis's values, its ranges written out. Raises ValueError where a range runs backwards or has no end."""
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


def parse_library(
    text: str,
    file: str,
    *,
    known_settings: Mapping[str, Callable[[str], object]],
    known_routines: Collection[str],
) -> LibraryFile:
    """The library that `text` describes; nothing is built: see `read_library`."""
    return read_library(text, file, known_settings=known_settings, known_routines=known_routines)[0]


def read_library(
    text: str,
    file: str,
    *,
    known_settings: Mapping[str, Callable[[str], object]],
    known_routines: Collection[str],
    check_script: Callable[[str], object] = lambda path: None,
) -> tuple[LibraryFile, YamlSource]:
    """The library that `text` describes, and where everything stands in it; nothing is built.

    `known_settings` gives a setting's parser by its name, `check_script` looks at a script's path; ValueError's message
    becomes a fault. Raises DefinitionError with every fault found.
    """
    source = read(text, file)
    written = validated(LibraryFile, cast("dict[str, Any]", source.root.plain()), source)
    _LibraryChecker(source, known_settings, known_routines, check_script).check()
    if written is not None and not (written.matrix or written.include or written.tracks):
        source.fault(source.root.start, "there is nothing to build: add a 'matrix' or 'tracks'")
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return written, source


class _LibraryChecker:
    """The names and values of a library's settings, wherever they stand in the file."""

    def __init__(
        self,
        source: YamlSource,
        settings: Mapping[str, Callable[[str], object]],
        routines: Collection[str],
        check_script: Callable[[str], object],
    ) -> None:
        self.source = source
        self.settings = settings
        self.routines = routines
        self.check_script = check_script
        self.matrix: dict[str, list[str]] = {}

    def check(self) -> None:
        for key, node in self._entries(self._at("defaults")):
            if self._known(key, self.settings):
                self._value(str(key.value), node, joined=True)
        matrix = self._at("matrix")
        self._axes(matrix, self.matrix)
        self._needs(matrix, ("routine",))
        for entry in self._items("include"):
            self._axes(entry, {})
            self._needs(entry, ("routine",))
        for entry in self._items("exclude"):
            self._excluded(entry)
        for entry in self._items("tracks"):
            self._track(entry)
        self._names()

    def _at(self, key: str) -> Node | None:
        return self.source.find((key,))

    def _entries(self, node: Node | None) -> list[tuple[Node, Node]]:
        return list(node.value.values()) if node is not None and isinstance(node.value, dict) else []

    def _items(self, key: str) -> list[Node]:
        node = self._at(key)
        return node.value if node is not None and isinstance(node.value, list) else []

    def _known(self, key: Node, known: Collection[str]) -> bool:
        if key.value not in known:
            name = str(key.value)
            self.source.fault(key.start, f"{quoted(name)} isn't a setting; {did_you_mean(name, known)}")
        return key.value in known

    def _needs(self, entry: Node | None, keys: tuple[str, ...]) -> None:
        if entry is not None and isinstance(entry.value, dict) and entry.value and not set(keys) & set(entry.value):
            self.source.fault(entry.start, f"{' or '.join(map(repr, keys))} is missing: say what is to be built")

    def _axes(self, node: Node | None, found: dict[str, list[str]]) -> None:
        for key, values in self._entries(node):
            if not self._known(key, ("routine", *self.settings)):
                continue
            axis = found.setdefault(str(key.value), [])
            for each in values.value if isinstance(values.value, list) else [values]:
                for value in self._value(str(key.value), each):
                    if value in axis:
                        self.source.fault(
                            each.start, f"{quoted(value)} stands twice in '{key.value}': keep one of them"
                        )
                    axis.append(value)

    def _value(self, name: str, node: Node, *, joined: bool = False) -> list[str]:
        """The values that one text stands for, ranges written out; none where it has a fault."""
        text = node.value
        if joined and isinstance(text, list) and name in SETTINGS and SETTINGS[name].is_list:
            text = ", ".join(str(each.value) for each in text)
        elif joined and isinstance(text, list):
            self.source.fault(node.start, f"'{name}' takes one value here: several belong in the matrix")
        if node.broken or not isinstance(text, str):  # what isn't text was said by the model
            return []
        try:
            values = list(expanded(name, [" ".join(text.split())]))
            for value in values:
                self._parse(name, value)
        except ValueError as error:
            self.source.fault(node.start, f"'{name}': {error}")
            return []
        return values

    def _parse(self, name: str, value: str) -> None:
        if name == "script":
            if not value or _inside_fault(value):
                raise ValueError(f"{quoted(value)} isn't a file below this folder: write it like scripts/mine.txt")
            self.check_script(value)
        elif name == "name":
            if not value or _FIELD.search(value) or _pattern_fault(value):
                raise ValueError(
                    f"{quoted(value)} can't be a file's name everywhere: write it like mine or folder/mine"
                )
        elif name != "routine":
            self.settings[name](value)
        elif not _SLUG.fullmatch(value) or value not in self.routines:
            raise ValueError(f"there is no routine {quoted(value)}; {did_you_mean(value, self.routines)}")

    def _excluded(self, entry: Node) -> None:
        for key, values in self._entries(entry):
            if not self._known(key, self.matrix):
                continue
            axis = self.matrix[str(key.value)]
            for each in values.value if isinstance(values.value, list) else [values]:
                for value in self._value(str(key.value), each):
                    if value not in axis:
                        what = f"'{key.value}' of the matrix has no {quoted(value)}, so this leaves nothing out"
                        self.source.fault(each.start, f"{what}; {did_you_mean(value, axis)}")

    def _track(self, entry: Node) -> None:
        self._needs(entry, ("routine", "script"))
        for key, node in self._entries(entry):
            if self._known(key, (*TRACK_KEYS, *self.settings)):
                self._value(str(key.value), node, joined=True)
        if isinstance(entry.value, dict) and {"routine", "script"} <= set(entry.value):
            self.source.fault(
                entry.value["script"][0].start, "a track is of a routine or of a script: keep one of them"
            )

    def _names(self) -> None:
        node = self._at("names")
        if node is None or not isinstance(node.value, str):
            return
        fields = _FIELD.findall(node.value)
        for field in fields:
            if field not in self.matrix:
                message = f"{{{field}}} isn't an axis of the matrix; {did_you_mean(field, self.matrix)}"
                self.source.fault(node.start, message)
        missing = [
            axis for axis, values in self.matrix.items() if len(values) > 1 and axis not in (*fields, FILE_ENDING)
        ]
        if missing:
            what = f"tracks that differ only in {' and '.join(missing)} would have one name"
            self.source.fault(node.start, f"{what}: add {' and '.join(f'{{{axis}}}' for axis in missing)}")


def _inside_fault(value: str) -> bool:
    return _faulty(_inside, value)


def _pattern_fault(value: str) -> bool:
    return _faulty(_inside, value) or _faulty(_name_pattern, value)


def _faulty(check: Callable[[str], str], value: str) -> bool:
    from pydantic_core import PydanticCustomError

    try:
        check(value)
    except PydanticCustomError:
        return True
    return False
