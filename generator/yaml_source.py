"""YAML text to a tree of strings, lists and mappings that knows where each part stands in its file.

Every scalar stays the string that was written (PyYAML's own types read `1:30` as 90 and `no` as False), and what a
definition has no use for is refused: anchors and aliases (alias bombs), tags, several documents, control characters.
The tree is built from PyYAML's events with a stack of our own, so that no nesting can exhaust Python's or C's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import DefinitionError, Diagnostic, InputError, NotFoundError

MAX_BYTES = 1_000_000
MAX_DEPTH = 8  # a routine needs four: the file, its steps, a step, its sides
MAX_FAULTS = 100  # nobody reads more, and a hostile file could have hundreds of thousands

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's where PyYAML was built with it, ten times faster
# What no editor shows: all control characters but the line feed (a tab is looked at where it matters), the line breaks
# only YAML knows (they would shift every line number), lone surrogates, byte order marks and non-characters.
_INVISIBLE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
_CONTROL = re.compile(f"[{_INVISIBLE}]")
_CONTROL_OR_TAB = re.compile(f"[\t{_INVISIBLE}]")
_TAB_INDENT = re.compile(r"^( *)\t\s*[^\s#]", re.MULTILINE)
_DASHES = re.compile(r"[- ]*")

Loc = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the file: `start` and `end` are offsets in the text. A `broken` one already has its fault."""

    value: str | list[Node] | dict[str, tuple[Node, Node]]
    start: int
    end: int
    broken: bool = False

    def plain(self) -> object:
        """The node as str, list and dict."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, (_, node) in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class YamlSource:
    """A text with its faults so far; `root` is its mapping, once read."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.root = Node({}, 0, 0)
        self._faults: list[Diagnostic] = []
        self._uncounted = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    @property
    def full(self) -> bool:
        """Whether further faults would only be counted."""
        return len(self._faults) >= MAX_FAULTS

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column counted from 0, as PyYAML's marks count."""
        return min(self._line_starts[min(line, len(self._line_starts) - 1)] + column, len(self.text))

    def line_of(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_right(self._line_starts, offset)

    def fault(self, offset: int, message: str) -> None:
        """Note a fault at an offset of the text."""
        if self.full:
            self._uncounted += 1
            return
        line = self.line_of(offset)
        self._faults.append(Diagnostic(self.file, line, offset - self._line_starts[line - 1] + 1, message))

    def add(self, faults: Iterable[Diagnostic]) -> None:
        """Note faults of another file that this one names."""
        self._faults.extend(faults)

    @property
    def faulty(self) -> bool:
        """Whether there was any fault."""
        return bool(self._faults)

    def raise_faults(self) -> None:
        """Raise DefinitionError where there was any fault."""
        if self._uncounted:
            last = max(fault for fault in self._faults if fault.file == self.file)
            message = f"… and {self._uncounted} faults more: mend these first"
            self._faults.append(Diagnostic(self.file, last.line, last.column + 1, message))
        if self._faults:
            raise DefinitionError(list(dict.fromkeys(self._faults)))

    def find(self, loc: Loc) -> Node | None:
        """The node at a path of keys and indexes, if the file has it."""
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
        """The key that the last name of a path is written with."""
        holder = self.find(loc[:-1]) if loc else None
        if holder is None or not isinstance(holder.value, dict):
            return None
        entry = holder.value.get(str(loc[-1]))
        return entry[0] if entry else None


def decode(data: bytes, file: str, *, kind: str = "a routine or pose") -> str:
    """A file's bytes as text; `kind` stands in faults. Raises DefinitionError where it is over 1 MB or not UTF-8."""
    if len(data) > MAX_BYTES:
        raise DefinitionError([Diagnostic(file, 1, 1, _TOO_BIG.format(kind=kind))])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line_start = before.rfind(b"\n") + 1
        message = f"byte 0x{data[error.start]:02x} isn't UTF-8 text: save the file with the encoding UTF-8"
        column = len(before[line_start:].decode("utf-8")) + 1
        raise DefinitionError([Diagnostic(file, before.count(b"\n") + 1, column, message)]) from error


def read_text(path: Path) -> str:
    """A definition's text. Raises NotFoundError, InputError where it can't be read, and DefinitionError (`decode`)."""
    try:
        with path.open("rb") as stream:
            return decode(stream.read(MAX_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise NotFoundError("there is no such file", where=str(path), hint="check its name and folder") from error
    except OSError as error:
        hint = "check that it is a file and that you may read it"
        raise InputError(f"it can't be read ({error.strerror})", where=str(path), hint=hint) from error


_TOO_DEEP = "lists or keys nested too deeply: a definition needs four levels at most"
_TAB = "a tab, which YAML and voices stumble over: write a space instead"
_TOO_BIG = "the file is over 1 MB: {kind} is a few kB of text; is this the right file?"


def read(text: str, file: str, *, what: str = "the file") -> YamlSource:
    """The tree of `text`, whose root is a mapping; duplicate keys and the like wait in the source's faults.

    `what` stands in the fault of a text that is no mapping.
    Raises DefinitionError where no further reading makes sense: over 1 MB, empty, not YAML, indented with tabs.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise DefinitionError([Diagnostic(file, 1, 1, _TOO_BIG.format(kind="a routine or pose"))])
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    source = YamlSource(_CONTROL.sub(" ", text), file)
    for match in _CONTROL.finditer(text):
        source.fault(match.start(), f"a control character (U+{ord(match[0]):04X}), which can't be spoken: delete it")
    tabs = list(_TAB_INDENT.finditer(text))
    for match in tabs:
        source.fault(match.end(1), "a tab in the indentation, which YAML doesn't allow: use spaces")
    if tabs:  # indentation is structure: whatever follows would be guessed
        source.raise_faults()
    try:
        source.root = _TreeBuilder(source).build()
    except yaml.MarkedYAMLError as error:
        _add_syntax_fault(error, source)
        source.raise_faults()
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the pure Python reader's, for absurd escapes
        source.fault(0, f"this isn't YAML: {error}")
        source.raise_faults()
    if not isinstance(source.root.value, dict):
        held = "a list" if isinstance(source.root.value, list) else "text"
        source.fault(source.root.start, f"{what} holds {held}, not keys: write lines like 'title: Ten minutes in bed'")
        source.raise_faults()
    return source


@dataclass(slots=True)
class _OpenCollection:
    """A list or mapping whose end hasn't come yet."""

    start: int
    items: list[Node] | None = None
    entries: dict[str, tuple[Node, Node]] = field(default_factory=dict)
    key: Node | None = None


class _TreeBuilder:
    """Events to nodes; see the module's docstring for what is refused."""

    def __init__(self, source: YamlSource) -> None:
        self.source = source
        self.open: list[_OpenCollection] = []
        self.root: Node | None = None

    def build(self) -> Node:
        for event in yaml.parse(self.source.text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                self.source.fault(
                    self._offset(event.start_mark), "a second document begins here: one a file, without '---' between"
                )
                self.source.raise_faults()
            if isinstance(event, yaml.NodeEvent):
                self._refuse(event)
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(self._offset(event.start_mark))
        if self.root is None:
            self.source.fault(0, "the file is empty: it needs at least its required keys, such as 'title' or 'name'")
            self.source.raise_faults()
        assert self.root is not None  # raise_faults has raised: a fault was just noted
        return self.root

    def _offset(self, mark: Any) -> int:  # a yaml.Mark, Python's or libyaml's; every event of a parser has its two
        return self.source.offset(mark.line, mark.column)

    def _refuse(self, event: yaml.NodeEvent) -> None:
        start = self._offset(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self.source.fault(start, f"an alias (*{event.anchor}), which isn't allowed here: write the content out")
        elif event.anchor is not None:
            self.source.fault(start, f"an anchor (&{event.anchor}), which isn't allowed here: delete it")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self.source.fault(start, f"a tag ({_short(str(tag))}), which isn't allowed here: delete it")

    def _node(self, event: yaml.NodeEvent) -> None:
        start, end = self._offset(event.start_mark), self._offset(event.end_mark)
        if isinstance(event, yaml.ScalarEvent):
            text = self._without_control(event.value, start, end)
            self._add(Node(text, start, end, broken=text != event.value))
        elif isinstance(event, yaml.AliasEvent):
            self._add(Node("", start, end, broken=True))
        else:
            if len(self.open) == MAX_DEPTH:
                self.source.fault(start, _TOO_DEEP)
                self.source.raise_faults()
            self.open.append(_OpenCollection(start, [] if isinstance(event, yaml.SequenceStartEvent) else None))

    def _without_control(self, value: str, start: int, end: int) -> str:
        """`value` without control characters, which can come in by escapes of double quotes."""
        found = _CONTROL_OR_TAB.search(value)
        if found:
            raw = self.source.text.find("\t", start, end)
            at = raw if found[0] == "\t" and raw >= 0 else start
            what = f"a control character (U+{ord(found[0]):04X}) in a text, which can't be spoken: delete it"
            self.source.fault(at, _TAB if found[0] == "\t" else what)
        return _CONTROL_OR_TAB.sub(" ", value)

    def _close(self, end: int) -> None:
        done = self.open.pop()
        self._add(Node(done.entries if done.items is None else done.items, done.start, end))

    def _add(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        holder = self.open[-1]
        if holder.items is not None:
            holder.items.append(node)
        elif holder.key is None:
            holder.key = node
        else:
            self._enter(holder, holder.key, node)
            holder.key = None

    def _enter(self, holder: _OpenCollection, key: Node, node: Node) -> None:
        if key.broken and not key.value:  # an alias
            return
        if not isinstance(key.value, str):
            self.source.fault(
                key.start, "a list or mapping where a key belongs: a text that begins with { or [ needs quotes"
            )
        elif not key.value:
            self.source.fault(key.start, "a key is missing before the colon: write 'key: value'")
        elif key.value in holder.entries:
            first = self.source.line_of(holder.entries[key.value][0].start)
            again = self.source.line_of(key.start)
            message = f"'{_short(key.value)}' stands twice, on line {first} and again on line {again}: keep one of them"
            self.source.fault(key.start, message)
        else:
            holder.entries[key.value] = (key, node)


_ADVICE = {  # libyaml's words and PyYAML's own, which differ a little
    "mapping values": "a colon and a space inside a text, or a line indented too far: put the text in quotes",
    "cannot start any token": "put the text in quotes: it begins with a character that YAML keeps for itself",
    "expected ':'": "write 'key: value', with a space after the colon, and check the indentation",
    "end of stream": "a quote or bracket is opened here and never closed: close it",
    "unexpected end": "a quote or bracket is opened here and never closed: close it",
    "expected ',' or": "a comma or the closing bracket is missing: write lists like [right, left]",
    "expected key": "check the indentation, and put texts that begin with {, [ or a quotation mark in quotes",
    "block end": "check the indentation, and put texts that begin with {, [ or a quotation mark in quotes",
    "escape": "in double quotes a backslash must be written twice",
}


def _add_syntax_fault(error: yaml.MarkedYAMLError, source: YamlSource) -> None:
    problem = error.problem or error.context or "something unexpected"
    mark = error.problem_mark or error.context_mark
    at = source.offset(mark.line, mark.column) if mark else 0
    unclosed = not source.text[at:].strip() or "',' or" in problem
    if error.context_mark and unclosed:  # then where it was opened says more than where it was missed
        at = source.offset(error.context_mark.line, error.context_mark.column)
    if source.text[at - 1 : at] == "\\":  # the two readers point at a wrong escape one character apart
        at -= 1
    if source.text[at : at + 1] == "\t":
        source.fault(at, _TAB)
        return
    if _depth_at(source.text, at) > MAX_DEPTH:  # libyaml 0.2.6 and newer have a limit of their own, and reach it first
        source.fault(at, _TOO_DEEP)
        return
    advice = next((text for words, text in _ADVICE.items() if words in problem), f"{problem}; check colons and quotes")
    source.fault(at, f"this isn't YAML: {advice}")


def _depth_at(text: str, at: int) -> int:
    """How many brackets are open at `at`, and how many dashes begin its line; brackets in quotes count too."""
    before = text[:at]
    opened = sum(map(before.count, "[{")) - sum(map(before.count, "]}"))
    dashes = _DASHES.match(before, before.rfind("\n") + 1)
    return opened + len(dashes[0].split() if dashes else ())


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
