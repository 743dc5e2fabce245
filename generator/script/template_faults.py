"""What is wrong in a template, in words for its writer: Jinja's own are for programmers.

This module imports Jinja, which is slow. Import it only where it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import TemplateSyntaxError, nodes

from ..errors import did_you_mean
from ..model import Pose, Routine, Step
from .round_contexts import RoundContext, environment

_TAGS = ("if", "elif", "else", "endif", "for", "endfor", "set", "endset", "macro", "endmacro", "from", "import",
         "include", "say", "or", "endsay", "with", "endwith", "call", "endcall", "filter", "endfilter")  # fmt: skip
_FIELDS: Mapping[str, type] = {kind.__name__: kind for kind in (RoundContext, Pose, Routine, Step)}

_UNCLOSED = re.compile(r"The innermost block that needs to be closed is '(\w+)'")
_UNKNOWN_TAG = re.compile(r"unknown tag '(\w+)'")
_TOKEN = re.compile(r"expected token '([^']+)', got '?(.*?)'?$")
_UNDEFINED = re.compile(r"'([^']+)' is undefined")
_NO_FIELD = re.compile(r"'([\w.]+)(?: object)?' has no attribute '([^']+)'")
_NO_MACRO = re.compile(r"the template '([^']+)'.* does not export the requested name '([^']+)'")
_NO_FILTER = re.compile(r"No (filter|test) named '([^']+)'")


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """A fault of a template; line and column count from 1."""

    line: int
    column: int
    what: str


def template_faults(
    text: str, names: Collection[str], exports: Callable[[str], Collection[str] | None] = lambda template: None
) -> Iterator[TemplateFault]:
    """The faults of a template that show without rendering it: wrong syntax, and names that nothing defines.

    `names` are those that every template knows. `exports` gives the macros and variables of another template, None if
    there is none of that name.
    """
    try:
        tree = environment().parse(text)
    except TemplateSyntaxError as error:
        lines = text.split("\n")
        at = lines[error.lineno - 1] if 0 < error.lineno <= len(lines) else ""
        yield TemplateFault(error.lineno, _first_tag(at), plain_syntax(str(error.message)))
        return
    known = {*names, *_defined_in(tree)}
    shown = sorted(name for name in known if not name.startswith("_"))
    known |= {*environment().globals, "loop", "caller", "varargs", "kwargs", "self", "true", "false", "none"}
    found = _Found(text)
    for node in tree.find_all((nodes.Name, nodes.Filter, nodes.Test, nodes.FromImport, nodes.Import, nodes.Include)):
        match node:
            case nodes.Name(name=name) if node.ctx == "load" and name not in known:
                yield found.at(node, name, f"'{name}' isn't known here; {did_you_mean(name, shown)}")
            case nodes.Filter(name=name) if name not in environment().filters:
                yield found.at(node, name, f"there is no filter '{name}'; {_near(name, environment().filters)}")
            case nodes.Test(name=name) if name not in environment().tests:
                yield found.at(node, name, f"there is no test '{name}'; {_near(name, environment().tests)}")
            case nodes.FromImport() | nodes.Import() | nodes.Include():
                yield from _import_faults(node, found, exports)
            case _:
                pass


def _import_faults(
    node: nodes.FromImport | nodes.Import | nodes.Include,
    found: _Found,
    exports: Callable[[str], Collection[str] | None],
) -> Iterator[TemplateFault]:
    if not isinstance(node.template, nodes.Const):
        return
    template = str(node.template.value)
    there = exports(template)
    if there is None:
        yield found.at(node, template, f"there is no template '{template}': check its name, or write it")
    elif isinstance(node, nodes.FromImport):
        for imported in node.names:
            name = imported[0] if isinstance(imported, tuple) else imported
            if name not in there:
                yield found.at(node, name, f"{template} has no '{name}'; {did_you_mean(name, sorted(there))}")


def exports_of(text: str) -> list[str] | None:
    """The macros and variables that a template gives to others; None if it can't be read."""
    try:
        return _defined_in(environment().parse(text))
    except TemplateSyntaxError:
        return None


def _defined_in(tree: nodes.Template) -> list[str]:
    """The names that a template gives to something, wherever in it."""
    names = [node.name for node in tree.find_all(nodes.Macro)]
    names += [node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"]
    names += [node.target for node in tree.find_all(nodes.Import)]
    for node in tree.find_all(nodes.FromImport):
        names += [each[1] if isinstance(each, tuple) else each for each in node.names]
    return list(dict.fromkeys(names))


def plain_syntax(message: str) -> str:
    """What Jinja can't read in a template, and what to do about it."""
    message = message.rstrip(".")
    block = _UNCLOSED.search(message)
    if tag := _UNKNOWN_TAG.search(message):
        return _plain_tag(tag[1], block[1] if block else "")
    if block:
        return f"{{% {block[1]} %}} is never closed: write {{% end{block[1]} %}} where it ends"
    if missing := _NO_FILTER.search(message):
        there = environment().filters if missing[1] == "filter" else environment().tests
        return f"there is no {missing[1]} '{missing[2]}'; {_near(missing[2], there)}"
    if token := _TOKEN.search(message):
        return _plain_token(token[1], token[2])
    unread = f"this can't be read as a template ({message})"
    return next((plain for sign, plain in _PLAIN if sign in message), unread)


def _plain_tag(tag: str, unclosed: str) -> str:
    """What is wrong with a tag that stands where none like it can, after one that is `unclosed`, if any is."""
    if tag not in _TAGS:
        return f"there is no tag '{tag}'; {_near(tag, _TAGS)}"
    if unclosed:
        return f"{{% {tag} %}} comes before the {{% {unclosed} %}} above it is closed: write {{% end{unclosed} %}}"
    return f"{{% {tag} %}} belongs to no tag before it: delete it, or write what it belongs to"


_PLAIN = (
    ("Missing end of comment", "a comment is never closed: write #} where it ends"),
    ("Missing end of raw", "{% raw %} is never closed: write {% endraw %} where it ends"),
    ("unexpected end of template", "a {{ or {% is never closed: write }} or %} where it ends"),
    ("tag name expected", "a {% has no word after it: write like {% if first %}"),
    ("unexpected '}'", "a '}' that closes nothing: a {{ is closed by }}, with two of them"),
    ("unexpected ')'", "a ) that closes nothing: delete it, or write the ( before it"),
    ("unexpected ']'", "a ] that closes nothing: delete it, or write the [ before it"),
    ("unexpected char", "a character that can't stand in a tag: put texts into quotes, like 'bed'"),
    ("Expected an expression", "something is missing here: a name, or a text in quotes"),
)


def _plain_token(expected: str, got: str) -> str:
    if expected == "end of print statement":
        return f"'{got}' is too much in this {{{{ … }}}}: close it with }}}} before, or join the two with ~"
    if expected == "end of statement block":
        return f"'{got}' is too much in this tag: close it with %}} before; two values are compared with =="
    if expected in ("name", "name:in", "in"):
        return f"{'a name' if expected == 'name' else 'in'} is missing before '{got}'"
    return f"'{expected}' is missing before '{got}'"


def plain_undefined(message: str, names: Collection[str]) -> str:
    """What a template asked for that isn't there, with the nearest that is; any other message as it is."""
    if macro := _NO_MACRO.search(message):
        return f"{macro[1]} has no '{macro[2]}': check its name, or write that macro"
    if missing := _NO_FIELD.search(message):
        holder = _FIELDS.get(missing[1].rpartition(".")[2])
        if holder is not None:
            what = {"RoundContext": "a visit"}.get(holder.__name__, f"a {holder.__name__.lower()}")
            return f"{what} has no '{missing[2]}'; {did_you_mean(missing[2], _fields_of(holder))}"
        if missing[1].endswith("TemplateModule"):
            return f"the template that is imported here has no '{missing[2]}': check its name, or write that macro"
        return f"there is no '{missing[2]}' in this {missing[1].rpartition('.')[2]}"
    if unknown := _UNDEFINED.search(message):
        shown = sorted(name for name in names if not name.startswith("_"))
        return f"'{unknown[1]}' isn't known here; {did_you_mean(unknown[1], shown)}"
    return message


@cache
def _fields_of(kind: type) -> tuple[str, ...]:
    return tuple(getattr(kind, "__dataclass_fields__", ()))


def _near(name: str, known: Collection[str]) -> str:
    return did_you_mean(name, sorted(each for each in known if not each.startswith("_")))


def _first_tag(line: str) -> int:
    found = re.search(r"\{[{%#]", line)
    return found.start() + 1 if found else len(line) - len(line.lstrip()) + 1


class _Found:
    """Finds the places of names in a template: Jinja gives only lines."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._after: dict[tuple[int, str], int] = {}

    def at(self, node: nodes.Node, name: str, what: str) -> TemplateFault:
        line = max(1, min(node.lineno, len(self._lines)))
        written, key = self._lines[line - 1], (line, name)
        match = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(written, self._after.get(key, 0))
        if match is None:
            return TemplateFault(line, _first_tag(written), what)
        self._after[key] = match.end()
        return TemplateFault(line, match.start() + 1, what)
