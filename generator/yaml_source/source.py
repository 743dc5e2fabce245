"""The tree of a YAML text, in which each part knows its place, and the faults found in that text so far."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import DefinitionError, Diagnostic

MAX_FAULTS = 100  # nobody reads more, and a hostile file could have hundreds of thousands

Loc = tuple[int | str, ...]
"""A path of keys and indexes into the tree."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the file, from offset `start` to `end` in the text. A `broken` node already has its fault.

    `quoted` is a scalar in quotes or a block, which no reader of YAML takes for a number.
    """

    value: str | list[Node] | dict[str, tuple[Node, Node]]
    start: int
    end: int
    broken: bool = False
    quoted: bool = False

    def plain(self) -> object:
        """The node as str, list and dict."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, (_, node) in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class YamlSource:
    """A text, the tree read from it (`root`, a mapping), and the faults found so far."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.root = Node({}, 0, 0)
        self._faults: list[Diagnostic] = []
        self._uncounted = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    @property
    def full(self) -> bool:
        """Whether there are so many faults that further ones are only counted."""
        return len(self._faults) >= MAX_FAULTS

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 0 as in PyYAML's marks."""
        return min(self._line_starts[min(line, len(self._line_starts) - 1)] + column, len(self.text))

    def line_of(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_right(self._line_starts, offset)

    def fault(self, offset: int, message: str) -> None:
        """Record a fault at an offset of the text."""
        if self.full:
            self._uncounted += 1
            return
        line = self.line_of(offset)
        self._faults.append(Diagnostic(self.file, line, offset - self._line_starts[line - 1] + 1, message))

    def add(self, faults: Iterable[Diagnostic]) -> None:
        """Record faults of another file that this one names."""
        self._faults.extend(faults)

    @property
    def faulty(self) -> bool:
        """Whether any fault was found."""
        return bool(self._faults)

    def raise_faults(self) -> None:
        """Raise DefinitionError if any fault was found."""
        if self._uncounted:
            last = max(fault for fault in self._faults if fault.file == self.file)
            message = f"… and {self._uncounted} faults more: mend these first"
            self._faults.append(Diagnostic(self.file, last.line, last.column + 1, message))
        if self._faults:
            raise DefinitionError(list(dict.fromkeys(self._faults)))

    def find(self, loc: Loc) -> Node | None:
        """The node at a path of keys and indexes; None if the file has none there."""
        node = self.root
        for step in loc:
            if isinstance(node.value, dict) and isinstance(step, str) and step in node.value:
                node = node.value[step][1]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def key(self, loc: Loc) -> Node | None:
        """The node of the key at the end of a path; None if the file has none there."""
        holder = self.find(loc[:-1]) if loc else None
        if holder is None or not isinstance(holder.value, dict):
            return None
        entry = holder.value.get(str(loc[-1]))
        return entry[0] if entry else None
