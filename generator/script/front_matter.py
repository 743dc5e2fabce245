"""The YAML between two `---` lines at a script's head: its title, where it comes from, and its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import ScriptError


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`body` is the script below the head; its first line is `first_line` of the file (from 1)."""

    body: str
    first_line: int
    title: str = ""
    routine: str | None = None
    summary: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    setting_lines: Mapping[str, int] = field(default_factory=dict)


def split_front_matter(text: str, name: str) -> FrontMatter:
    """Head and body of a script. Raises ScriptError with ``name:line``; the settings' values stay as written."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return FrontMatter(text, 1)
    try:
        end = next(i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---")
    except StopIteration:
        raise ScriptError("the front matter is never closed", where=f"{name}:1", hint="end it with a line ---") from None
    values, at = _read("\n".join(lines[1:end]), name)
    return FrontMatter(
        body="\n".join(lines[end + 1 :]),
        first_line=end + 2,
        title=values.pop("title", ""),
        routine=values.pop("routine", None),
        summary=values.pop("summary", ""),
        settings=values,
        setting_lines={key: at[key] for key in values},
    )


def write_front_matter(*, title: str, routine: str, summary: str, settings: Mapping[str, str]) -> str:
    """The head that `split_front_matter` reads back to the same values."""
    values = {"title": title, "routine": routine, "summary": summary, **settings}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return "\n".join(["---", *lines, "---", ""])


def _read(text: str, name: str) -> tuple[dict[str, str], dict[str, int]]:
    """Keys to values, all strings as written, and keys to lines of the script."""
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problem = getattr(error, "problem", None) or "this isn't YAML"
        raise ScriptError(f"front matter: {problem}", where=f"{name}:{line}", hint="write `key: value` lines") from error
    if node is None:
        return {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise ScriptError("front matter must be `key: value` lines", where=f"{name}:2")
    values: dict[str, str] = {}
    at: dict[str, int] = {}
    for key, value in node.value:
        where = f"{name}:{key.start_mark.line + 2}"
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise ScriptError("front matter: each value must be plain text", where=where)
        if key.value in values:
            raise ScriptError(f"front matter: {key.value!r} stands here twice", where=where, hint="keep one of them")
        values[key.value] = value.value
        at[key.value] = key.start_mark.line + 2
    return values, at
