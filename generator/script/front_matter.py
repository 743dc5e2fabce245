"""A script file's front matter: the YAML between two `---` lines, with title, routine and settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import DefinitionError, ScriptError
from ..settings import SETTINGS
from ..values import NO_NAMES
from .faults import combined

_FILE_NAME = re.compile(r"\w[^/\\:\0]{0,99}")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`body` is the script below the front matter. It begins on line `first_line` of the file (from 1)."""

    body: str
    first_line: int
    title: str = ""
    routine: str | None = None
    summary: str = ""
    adapted: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    setting_lines: Mapping[str, int] = field(default_factory=dict)


def decode_script(data: bytes, name: str) -> str:
    """A script file's bytes as text. Raises ScriptError with ``name:line`` as `yaml_source.decode` refuses.

    The first `yaml_source.MAX_BYTES` + 1 bytes of a file are enough.
    """
    from ..yaml_source import decode

    try:
        return decode(data, name, kind="a script")
    except DefinitionError as error:
        raise combined(_of_script(error)) from error


def split_front_matter(text: str, name: str) -> FrontMatter:
    """Front matter and body of a script. Raises ScriptError with ``name:line``; ScriptFaultsError for several faults.

    The values of settings stay as written. A list becomes names with commas between them, as on the command line.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
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
    if routine is not None and not _FILE_NAME.fullmatch(routine):  # a script isn't trusted, so it can't name a folder
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
    """The front matter that `split_front_matter` reads back to the same values."""
    values = {"title": title, "routine": routine, "summary": summary, "adapted": " | ".join(adapted), **settings}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return "\n".join(["---", *lines, "---", ""])


def _read(text: str, name: str) -> tuple[dict[str, str], dict[str, int]]:
    """Each key's value, as written, and each key's line in the script."""
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.split("\n")):
        return {}, {}
    from ..yaml_source import read

    try:
        source = read("\n" + text, name, what="it")  # the line break stands for the first `---`
        entries = source.root.value
        assert isinstance(entries, dict)  # else `read` has raised
        values = {key: _text_of(key, node.plain()) for key, (_, node) in entries.items()}
        for key in (key for key, value in values.items() if value is None):
            hint = "write one value" if key in SETTINGS else "a text with ': ' or brackets in it needs quotes"
            source.fault(entries[key][1].start, f"'{key}' must be plain text, not a list or keys: {hint}")
        source.raise_faults()
    except DefinitionError as error:
        raise combined(_of_script(error, "front matter: ")) from error
    texts = {key: text for key, text in values.items() if text is not None}
    return texts, {key: source.line_of(at.start) for key, (at, _) in entries.items()}


def _text_of(key: str, value: object) -> str | None:
    """A value as text; a list as names with commas between them; None for anything else."""
    if isinstance(value, str):
        return value
    if key in SETTINGS and SETTINGS[key].is_list and isinstance(value, list):
        return ", ".join(value) or NO_NAMES if all(isinstance(name, str) for name in value) else None
    return None


def _of_script(error: DefinitionError, before: str = "") -> list[ScriptError]:
    """Its faults as those of a script."""
    return [
        ScriptError(before + fault.message, where=f"{fault.file}:{fault.line}:{fault.column}") for fault in error.faults
    ]
