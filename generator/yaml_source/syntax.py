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
_ADVICE = {  # by a part of the message: libyaml and PyYAML word theirs a little differently
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


def add_syntax_fault(error: yaml.MarkedYAMLError, source: YamlSource) -> None:
    problem = error.problem or error.context or "something unexpected"
    mark = error.problem_mark or error.context_mark
    at = source.offset(mark.line, mark.column) if mark else 0
    unclosed = not source.text[at:].strip() or "',' or" in problem
    if error.context_mark and unclosed:  # the place where it was opened helps more than the one where its end is missed
        at = source.offset(error.context_mark.line, error.context_mark.column)
    if source.text[at - 1 : at] == "\\":  # libyaml and PyYAML point at a wrong escape one character apart
        at -= 1
    if source.text[at : at + 1] == "\t":
        source.fault(at, TAB)
        return
    if _depth_at(source.text, at) > MAX_DEPTH:  # libyaml from 0.2.6 on has its own limit, and reaches it first
        source.fault(at, TOO_DEEP)
        return
    advice = next((text for words, text in _ADVICE.items() if words in problem), f"{problem}; check colons and quotes")
    source.fault(at, f"this isn't YAML: {advice}")


def _depth_at(text: str, at: int) -> int:
    """How many brackets are open at `at`, and how many dashes begin its line; brackets in quotes count too."""
    before = text[:at]
    opened = sum(map(before.count, "[{")) - sum(map(before.count, "]}"))
    dashes = _DASHES.match(before, before.rfind("\n") + 1)
    return opened + len(dashes[0].split() if dashes else ())


def shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
