"""What is wrong in a text that isn't YAML, and what its writer can do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

    from .source import YamlSource

MAX_DEPTH = 8  # a routine needs four: the file, its steps, a step, its sides
TAB = "a tab, which YAML and voices stumble over: write a space instead"
TOO_DEEP = "lists or keys nested too deeply: a definition needs four levels at most"

_DASHES = re.compile(r"[- ]*")
_RESERVED = tuple("@`%|>!&*]},-")  # they begin something else than a text
_COLON = "a colon and a space inside a text, or a line indented too far: put the text in quotes"
_START = "put the text in quotes: it begins with a character that YAML keeps for itself"
_NO_COLON = "write 'key: value', with a space after the colon, and check the indentation"
_UNCLOSED = "a quote or bracket is opened here and never closed: close it"
_NO_COMMA = "a comma or the closing bracket is missing: write lists like [right, left]"
_ESCAPE = "in double quotes a backslash must be written twice"
_INDENTATION = "check the indentation, and put texts that begin with {, [ or a quotation mark in quotes"


def add_syntax_fault(error: yaml.MarkedYAMLError, source: YamlSource) -> None:
    """Add the fault at the place where the YAML library stopped.

    The advice comes from the text alone: the library's own words differ between its versions.
    """
    text = source.text
    mark = error.problem_mark or error.context_mark
    at = source.offset(mark.line, mark.column) if mark else 0
    opened = source.offset(error.context_mark.line, error.context_mark.column) if error.context_mark else at
    if text[at - 1 : at] == "\\":  # libyaml and PyYAML point at a wrong escape one character apart
        at -= 1
    depth = _depth_at(text, at)
    if text[at : at + 1] == "\t":
        source.fault(at, TAB)
    elif depth > MAX_DEPTH:  # libyaml from 0.2.6 on has its own limit, and reaches it first
        source.fault(at, TOO_DEEP)
    elif depth and text[opened : opened + 1] in ("[", "{"):  # its beginning says more than its missing end
        source.fault(opened, f"this isn't YAML: {_NO_COMMA}")
    elif not text[at:].strip() and text[opened : opened + 1] in ("'", '"'):
        source.fault(opened, f"this isn't YAML: {_UNCLOSED}")
    else:
        source.fault(at, f"this isn't YAML: {_advice(text, at, opened)}")


def _advice(text: str, at: int, opened: int) -> str:
    """What to do about the character `at` which the YAML library stopped, in what was `opened` before it."""
    character = text[at : at + 1]
    if character == "\\":
        return _ESCAPE
    if character == ":":
        return _COLON
    if character in _RESERVED:
        return _START
    line, line_break, _ = text[opened:at].partition("\n")
    if line_break and ":" not in line:
        return _NO_COLON
    return _INDENTATION


def _depth_at(text: str, at: int) -> int:
    """How many brackets are open at `at`, and how many dashes begin its line; brackets in quotes count too."""
    before = text[:at]
    opened = sum(map(before.count, "[{")) - sum(map(before.count, "]}"))
    dashes = _DASHES.match(before, before.rfind("\n") + 1)
    return opened + len(dashes[0].split() if dashes else ())


def shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
