"""The contents of a programme file: nights in a row.

This module imports pydantic, which is slow. Import it only where it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from ..errors import did_you_mean
from ..settings import SETTINGS
from ..yaml_source import Node, YamlSource, read
from .library_models import Value, Year
from .models import MAX_ENTRIES, Entries, Required
from .validation import FileModel, one_line, quoted, validated

NIGHT_KEYS = ("routine", "repeat", "note", "say")
POSE_LISTS = ("only", "skip", "order")
MAX_REPEAT = 100


class ProgramFile(FileModel):
    """A programme: nights in a row, each a routine with settings of its own."""

    called: ClassVar[str] = "the file"

    title: Required = Field(description="What the programme is called.", examples=["A quiet week"])
    summary: Required = Field(description="One sentence for listings.", examples=["Seven short nights."])
    year: Year = Field(default="", description="The year that players show.", examples=["2026"])
    notes: Entries = Field(
        default=[],
        description="Shown by `sleepward program NAME`, never spoken.",
        examples=[["Leave a night out whenever you like."]],
    )
    nights: Annotated[list[dict[str, Value]], Field(min_length=1, max_length=MAX_ENTRIES)] = Field(
        description="The nights in order. Each names its `routine`, and may have any setting, like `length`, `only` or "
        "`level`; `repeat`, for how many nights it stays the same; a `note`, shown beside it; and what to `say` "
        "after the greeting.",
        examples=[[{"routine": "ten-minutes-in-bed", "length": "12m", "repeat": "7"}]],
    )


@dataclass(frozen=True, slots=True)
class ProgramNight:
    """One night; `number` counts from 1. `settings` are as written, by name. Nights of one `entry` are the same."""

    number: int
    entry: int
    routine: str
    settings: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    say: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """Nights in a row."""

    name: str
    title: str
    summary: str
    notes: tuple[str, ...]
    nights: tuple[ProgramNight, ...]
    path: str = ""
    year: str = ""


def parse_program(
    text: str,
    file: str,
    *,
    name: str,
    known_settings: Mapping[str, Callable[[str], object]],
    known_routines: Collection[str],
    poses_of: Callable[[str], Collection[str]],
) -> Program:
    """The programme in `text`. Faults name `file`; `name` is the programme's name in commands.

    `known_settings` has each setting's parser; its ValueError becomes a fault. `poses_of` returns the pose ids of one
    of `known_routines`, none if it can't be read. Raises DefinitionError with every fault.
    """
    source = read(text, file)
    written = validated(ProgramFile, cast("dict[str, Any]", source.root.plain()), source)
    nights = tuple(_NightReader(source, known_settings, known_routines, poses_of))
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return Program(name, written.title, written.summary, tuple(written.notes), nights, file, written.year)


class _NightReader:
    """Reads the entries of `nights`, each as often as it is repeated. Entries with faults are reported, not read."""

    def __init__(
        self,
        source: YamlSource,
        settings: Mapping[str, Callable[[str], object]],
        routines: Collection[str],
        poses_of: Callable[[str], Collection[str]],
    ) -> None:
        self._source = source
        self._settings = settings
        self._routines = routines
        self._poses_of = poses_of

    def __iter__(self) -> Iterator[ProgramNight]:
        nights = self._source.find(("nights",))
        number = 1
        for entry, node in enumerate(nights.value if nights and isinstance(nights.value, list) else ()):
            if not isinstance(node, Node) or not isinstance(node.value, dict):  # the model has reported it
                continue
            texts = dict(self._texts(node.value))
            self._check(node, node.value, texts)
            again = int(texts["repeat"]) if _is_repeat(texts.get("repeat", "")) else 1
            settings = {key: text for key, text in texts.items() if key not in NIGHT_KEYS}
            line = self._source.line_of(node.start)
            for _ in range(again):
                routine, note, say = (texts.get(key, "") for key in ("routine", "note", "say"))
                yield ProgramNight(number, entry, routine, settings, note, say, line)
                number += 1

    def _texts(self, entries: Mapping[str, tuple[Node, Node]]) -> Iterator[tuple[str, str]]:
        """Each known key with its text; a list as on the command line, with commas."""
        for name, (key, node) in entries.items():
            known = (*NIGHT_KEYS, *self._settings)
            if name not in known:
                self._source.fault(key.start, f"{quoted(name)} isn't a key here; {did_you_mean(name, known)}")
            elif isinstance(node.value, str):
                yield name, one_line(node.value)
            elif name in SETTINGS and SETTINGS[name].is_list and isinstance(node.value, list):
                yield name, ", ".join(one_line(str(each.value)) for each in node.value)
            elif isinstance(node.value, list):
                self._source.fault(node.start, f"'{name}' takes one value: write it on one line")

    def _check(self, night: Node, entries: Mapping[str, tuple[Node, Node]], texts: Mapping[str, str]) -> None:
        if "routine" not in entries:
            self._source.fault(night.start, "'routine' is missing: every night needs it, so add it")
        for name, text in texts.items():
            node = entries[name][1]
            if not node.broken and (message := self._fault_of(name, text, texts.get("routine", ""))):
                self._source.fault(node.start, message)

    def _fault_of(self, name: str, text: str, routine: str) -> str:
        if name in ("note", "say"):
            marked = name == "say" and re.search(r"[\[\]{}#\\]", text)
            return "'say' is spoken, and can't hold marks or templates" if marked else ""
        if name == "routine":
            known = text in self._routines
            return "" if known else f"there is no routine {quoted(text)}; {did_you_mean(text, self._routines)}"
        if name == "repeat":
            what = f"{quoted(text)} isn't a number of nights: write one from 1 to {MAX_REPEAT}"
            return "" if _is_repeat(text) else what
        try:
            value = self._settings[name](text)
        except ValueError as error:
            return f"'{name}': {error}"
        poses = self._poses_of(routine) if name in POSE_LISTS and routine in self._routines else ()
        for pose in cast("tuple[str, ...]", value) if poses else ():
            if pose not in poses:
                return f"'{name}': {routine} has no pose {quoted(pose)}; {did_you_mean(pose, poses)}"
        return ""


def _is_repeat(text: str) -> bool:
    return text.isdecimal() and len(text) <= len(str(MAX_REPEAT)) and 1 <= int(text) <= MAX_REPEAT
