"""Reads a library file, and checks the names and values of the settings in it.

This module imports pydantic, which is slow. Import it only where it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from ..errors import did_you_mean
from ..settings import SETTINGS
from ..yaml_source import Node, YamlSource, read
from .checks import is_slug
from .library_models import (
    AXIS_FIELD,
    FILE_ENDING,
    MAX_TRACKS,
    MAX_VALUES,
    TRACK_KEYS,
    LibraryFile,
    expanded,
    is_file_name,
    is_inside,
    number_of,
)
from .validation import one_line, quoted, validated


def parse_library(
    text: str,
    file: str,
    *,
    known_settings: Mapping[str, Callable[[str], object]],
    known_routines: Collection[str],
) -> LibraryFile:
    """The library in `text`; see `read_library`."""
    return read_library(text, file, known_settings=known_settings, known_routines=known_routines)[0]


def read_library(
    text: str,
    file: str,
    *,
    known_settings: Mapping[str, Callable[[str], object]],
    known_routines: Collection[str],
    check_script: Callable[[str], object] = lambda path: None,
) -> tuple[LibraryFile, YamlSource]:
    """The library in `text`, and the source that knows its places. Nothing is built.

    `known_settings` has each setting's parser, `check_script` checks a script's path; a ValueError of either becomes a
    fault. Raises DefinitionError with every fault.
    """
    source = read(text, file)
    written = validated(LibraryFile, cast("dict[str, Any]", source.root.plain()), source)
    _check_numbers(source)
    _LibraryChecker(source, known_settings, known_routines, check_script).check()
    if written is not None and not (written.matrix or written.include or written.tracks):
        source.fault(source.root.start, "there is nothing to build: add a 'matrix' or 'tracks'")
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return written, source


def _check_numbers(source: YamlSource) -> None:
    """Check how many tracks there would be before any value is written out. Raises DefinitionError."""
    matrix, tracks = source.find(("matrix",)), 0
    for key in ("matrix", "include", "exclude"):
        node = source.find((key,))
        entries = [] if node is None else node.value if isinstance(node.value, list) else [node]
        for entry in entries:
            numbers = _numbers_of(entry, source)
            tracks += math.prod(numbers) if numbers and key != "exclude" else 0
    if (single := source.find(("tracks",))) is not None:
        tracks += len(single.value)
    if tracks > MAX_TRACKS:
        at = matrix or source.root
        source.fault(at.start, f"this makes {tracks:,} tracks, but a library can have at most {MAX_TRACKS:,}: split it")
        source.raise_faults()


def _numbers_of(entry: Node, source: YamlSource) -> list[int]:
    """How many values each axis of a matrix has. Raises DefinitionError if an axis has too many."""
    numbers = []
    for axis, (key, values) in entry.value.items() if isinstance(entry.value, dict) else ():
        each = values.value if isinstance(values.value, list) else [values]
        number = sum(number_of(axis, one_line(text.value)) for text in each if isinstance(text.value, str))
        if number > MAX_VALUES:
            what = f"'{axis}' has {number:,} values, but there can be at most {MAX_VALUES:,}: write fewer"
            source.fault(key.start, what)
            source.raise_faults()
        numbers.append(number)
    return numbers


class _LibraryChecker:
    """Checks the names and values of settings everywhere in a library file."""

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
        """The values that one text stands for, with ranges expanded; none if it has a fault."""
        text = node.value
        if joined and isinstance(text, list) and name in SETTINGS and SETTINGS[name].is_list:
            text = ", ".join(str(each.value) for each in text)
        elif joined and isinstance(text, list):
            self.source.fault(node.start, f"'{name}' takes one value here: several belong in the matrix")
        if node.broken or not isinstance(text, str):  # the model has reported what isn't text
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
            if not value or not is_inside(value):
                raise ValueError(f"{quoted(value)} isn't a file below this folder: write it like scripts/mine.txt")
            self.check_script(value)
        elif name == "name":
            if not value or not is_file_name(value):
                raise ValueError(
                    f"{quoted(value)} can't be a file's name everywhere: write it like mine or folder/mine"
                )
        elif name != "routine":
            self.settings[name](value)
        elif not is_slug(value) or value not in self.routines:
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
        fields = AXIS_FIELD.findall(node.value)
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
