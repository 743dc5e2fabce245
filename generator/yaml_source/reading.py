"""YAML text to a tree of strings, lists and mappings. Each part of the tree knows its place in the file.

Every scalar stays the string that was written: PyYAML's own types read `1:30` as 90 and `no` as False. Some of YAML is
refused, because a definition has no use for it: anchors and aliases (alias bombs), tags, several documents, control
characters. The tree is built from PyYAML's events with a stack of our own, so that deep nesting can't exhaust Python's
stack or C's.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ..durations import TIME_KEYS, format_ms, is_clock, parse_duration
from ..errors import DefinitionError, Diagnostic, InputError, NotFoundError
from .source import Node, YamlSource
from .syntax import MAX_DEPTH, TAB, TOO_DEEP, add_syntax_fault, shortened

MAX_BYTES = 1_000_000
KIND = "a routine or pose"  # what faults call a file, unless its reader knows better

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's where PyYAML was built with it, ten times faster
# What no editor shows: control characters but line feeds (tabs are checked where they matter), line breaks
# that only YAML knows (they would shift every line number), lone surrogates, byte order marks and non-characters.
_INVISIBLE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
_CONTROL = re.compile(f"[{_INVISIBLE}]")
_CONTROL_OR_TAB = re.compile(f"[\t{_INVISIBLE}]")
_TAB_INDENT = re.compile(r"^( *)\t\s*[^\s#]", re.MULTILINE)
_TOO_BIG = "the file is over 1 MB: {kind} is a few kB of text; is this the right file?"


def decode(data: bytes, file: str, *, kind: str = KIND) -> str:
    """A file's bytes as text, without its byte order mark. Faults call the file `kind`.

    The text is UTF-8. It may also be UTF-16 with a byte order mark, as PowerShell writes it. Raises DefinitionError for
    over 1 MB and for another encoding.
    """
    if len(data) > MAX_BYTES:
        raise DefinitionError([Diagnostic(file, 1, 1, _TOO_BIG.format(kind=kind))])
    encoding = "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "UTF-8"
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        lines = data[: error.start].decode(encoding).removeprefix("\ufeff").split("\n")
        message = f"byte 0x{data[error.start]:02x} isn't {encoding} text: save the file with the encoding UTF-8"
        raise DefinitionError([Diagnostic(file, len(lines), len(lines[-1]) + 1, message)]) from error


def read_text(path: Path, *, kind: str = KIND) -> str:
    """A file's text, as `decode` reads it.

    Raises NotFoundError, InputError for an unreadable file, and DefinitionError (`decode`).
    """
    try:
        with path.open("rb") as stream:
            return decode(stream.read(MAX_BYTES + 1), str(path), kind=kind)
    except FileNotFoundError as error:
        raise NotFoundError("there is no such file", where=str(path), hint="check its name and folder") from error
    except OSError as error:
        hint = "check that it is a file and that you may read it"
        raise InputError(f"it can't be read ({error.strerror})", where=str(path), hint=hint) from error


def read(text: str, file: str, *, what: str = "the file") -> YamlSource:
    """The tree of `text`, whose root is a mapping. The source keeps faults such as duplicate keys.

    The fault of a text that is no mapping calls it `what`.
    Raises DefinitionError where reading on makes no sense: over 1 MB, empty, not YAML, indented with tabs.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise DefinitionError([Diagnostic(file, 1, 1, _TOO_BIG.format(kind=KIND))])
    text = text.replace("\r\n", "\n")
    source = YamlSource(_CONTROL.sub(" ", text), file)
    for match in _CONTROL.finditer(text):
        source.fault(match.start(), f"a control character (U+{ord(match[0]):04X}), which can't be spoken: delete it")
    tabs = list(_TAB_INDENT.finditer(text))
    for match in tabs:
        source.fault(match.end(1), "a tab in the indentation, which YAML doesn't allow: use spaces")
    if tabs:  # indentation is structure, so the rest could only be guessed
        source.raise_faults()
    try:
        source.root = _TreeBuilder(source).build()
    except yaml.MarkedYAMLError as error:
        add_syntax_fault(error, source)
        source.raise_faults()
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # raised by the pure Python reader for absurd escapes
        source.fault(0, f"this isn't YAML: {error}")
        source.raise_faults()
    if not isinstance(source.root.value, dict):
        held = "a list" if isinstance(source.root.value, list) else "text"
        source.fault(source.root.start, f"{what} holds {held}, not keys: write lines like 'title: Ten minutes in bed'")
        source.raise_faults()
    return source


def _spelled(clock: str) -> str:
    """A time like 1:30 with units."""
    try:
        return format_ms(parse_duration(clock))
    except ValueError:
        return "90 s"


@dataclass(slots=True)
class _OpenCollection:
    """A list or mapping whose end hasn't been read yet."""

    start: int
    items: list[Node] | None = None
    entries: dict[str, tuple[Node, Node]] = field(default_factory=dict)
    key: Node | None = None


class _TreeBuilder:
    """Builds the tree from PyYAML's events; the module's docstring says what is refused."""

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
        assert self.root is not None  # else raise_faults has raised
        return self.root

    def _offset(self, mark: Any) -> int:  # a yaml.Mark, which has no common type
        return self.source.offset(mark.line, mark.column)

    def _refuse(self, event: yaml.NodeEvent) -> None:
        start = self._offset(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self.source.fault(start, f"an alias (*{event.anchor}), which isn't allowed here: write the content out")
        elif event.anchor is not None:
            self.source.fault(start, f"an anchor (&{event.anchor}), which isn't allowed here: delete it")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self.source.fault(start, f"a tag ({shortened(str(tag))}), which isn't allowed here: delete it")

    def _node(self, event: yaml.NodeEvent) -> None:
        start, end = self._offset(event.start_mark), self._offset(event.end_mark)
        if isinstance(event, yaml.ScalarEvent):
            text = self._without_control(event.value, start, end)
            quoted = event.style not in (None, "")
            self._add(Node(text, start, end, broken=text != event.value, quoted=quoted))
        elif isinstance(event, yaml.AliasEvent):
            self._add(Node("", start, end, broken=True))
        else:
            if len(self.open) == MAX_DEPTH:
                self.source.fault(start, TOO_DEEP)
                self.source.raise_faults()
            self.open.append(_OpenCollection(start, [] if isinstance(event, yaml.SequenceStartEvent) else None))

    def _without_control(self, value: str, start: int, end: int) -> str:
        """`value` without control characters. Escapes in double quotes can bring them in."""
        found = _CONTROL_OR_TAB.search(value)
        if found:
            raw = self.source.text.find("\t", start, end)
            at = raw if found[0] == "\t" and raw >= 0 else start
            what = f"a control character (U+{ord(found[0]):04X}) in a text, which can't be spoken: delete it"
            self.source.fault(at, TAB if found[0] == "\t" else what)
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
            self._enter(holder, holder.key, self._quoted_times(node) if holder.key.value in TIME_KEYS else node)
            holder.key = None

    def _quoted_times(self, node: Node) -> Node:
        """`node`, the value of a key that holds a time; broken where a time like 1:30 stands without quotes."""
        if isinstance(node.value, list):
            return replace(node, value=[self._quoted_times(each) for each in node.value])
        if node.broken or node.quoted or not isinstance(node.value, str) or not is_clock(node.value):
            return node
        what = f"{node.value} without quotes is a number in YAML"
        self.source.fault(node.start, f'{what}: write "{node.value}", or {_spelled(node.value)}')
        return replace(node, broken=True)

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
            message = (
                f"'{shortened(key.value)}' stands twice, on line {first} and again on line {again}: keep one of them"
            )
            self.source.fault(key.start, message)
        else:
            holder.entries[key.value] = (key, node)
