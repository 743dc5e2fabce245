"""A script file's bytes to its body and its head, the YAML between two `---` lines: title, routine, settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import DefinitionError, ScriptError

_FILE_NAME = re.compile(r"\w[^/\\:\0]{0,99}")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`body` is the script below the head; its first line is `first_line` of the file (from 1)."""

    body: str
    first_line: int
    title: str = ""
    routine: str | None = None
    summary: str = ""
    adapted: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    setting_lines: Mapping[str, int] = field(default_factory=dict)


def decode_script(data: bytes, name: str) -> str:
    """A script file's bytes as text. Raises ScriptError with ``name:line`` where it is over 1 MB or not UTF-8.

    Whoever reads a file needs no more than its first `yaml_source.MAX_BYTES` + 1 bytes.
    """
    from ..yaml_source import decode

    try:
        return decode(data, name, kind="a script")
    except DefinitionError as error:
        raise _first_of(error) from error


def split_front_matter(text: str, name: str) -> FrontMatter:
    """Head and body of a script. Raises ScriptError with ``name:line``; the settings' values stay as written."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return FrontMatter(text, 1)
    try:
        end = next(i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---")
    except StopIteration:
        raise ScriptError(
            "the front matter is never closed", where=f"{name}:1", hint="end it with a line ---"
        ) from None
    values, at = _read("\n".join(lines[1:end]), name)
    routine = values.get("routine")
    if routine is not None and not _FILE_NAME.fullmatch(routine):  # a script is a stranger's: it names no folder
        where = f"{name}:{at['routine']}"
        raise ScriptError(f"{routine!r} can't be a routine's name", where=where, hint="write the name alone")
    return FrontMatter(
        body="\n".join(lines[end + 1 :]),
        first_line=end + 2,
        title=values.pop("title", ""),
        routine=values.pop("routine", None),
        summary=values.pop("summary", ""),
        adapted=tuple(filter(None, values.pop("adapted", "").split(" | "))),
        settings=values,
        setting_lines={key: at[key] for key in values},
    )


def write_front_matter(
    *, title: str, routine: str, summary: str, adapted: Sequence[str], settings: Mapping[str, str]
) -> str:
    """The head that `split_front_matter` reads back to the same values."""
    values = {"title": title, "routine": routine, "summary": summary, "adapted": " | ".join(adapted), **settings}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return "\n".join(["---", *lines, "---", ""])


def _read(text: str, name: str) -> tuple[dict[str, str], dict[str, int]]:
    """Keys to values, all strings as written, and keys to lines of the script."""
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.split("\n")):
        return {}, {}
    from ..yaml_source import read

    try:
        source = read("\n" + text, name, what="it")  # on the lines that it has in the script, below the first `---`
        entries = source.root.value
        assert isinstance(entries, dict)  # else `read` has raised
        for key, (_, node) in entries.items():
            if not isinstance(node.value, str):
                what = f"'{key}' must be plain text, not a list or keys"
                source.fault(node.start, f"{what}: a text with ': ' or brackets in it needs quotes")
        source.raise_faults()
    except DefinitionError as error:
        raise _first_of(error, "front matter: ") from error
    values = {key: node.value for key, (_, node) in entries.items() if isinstance(node.value, str)}
    return values, {key: source.line_of(at.start) for key, (at, _) in entries.items()}


def _first_of(error: DefinitionError, before: str = "") -> ScriptError:
    """Its first fault in the words of scripts, whose parser stops at the first as well."""
    fault = error.faults[0]
    return ScriptError(before + fault.message, where=f"{fault.file}:{fault.line}")
