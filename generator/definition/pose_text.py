"""Checks that a pose's Jinja text uses nothing that can run long, grow large or vary at random.

This module imports Jinja, which is slow. Import it only where it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from ..durations import parse_duration
from ..errors import did_you_mean
from ..script.say_tag import SayEveryWayTag
from ..script.template_faults import plain_syntax

MAX_TEXT = 20_000  # characters, well over a quarter of an hour of speech
MAX_TEXT_DEPTH = 30
TEXT_VARIABLES: Mapping[str, str] = {
    "side": "right or left: the side of this round, in rounds that are sides",
    "other_side": "the other one",
    "first_side": "right, or left with --first-side left; in every round",
    "second_side": "the other one",
    "round": "right, left, both, clockwise, counterclockwise or only",
    "first": "whether this is the pose's first round",
    "again": "whether the pose was done before in this routine",
    "last": "whether this is the pose's last round",
    "rest_due": "whether a rest is due first: after every four rounds of one that is repeated with reps",
    "level": "easier, standard or deeper",
    "brief": "whether the routine is a short one, that has no time for many words",
    "sleep_position": "back, side, front or any: how one likes to fall asleep",
    "ending": "sleep, or awake for those who get up again",
    "setting": "bed, mat, chair or room",
    "ground": "what one lies, sits or stands on there: bed, mat or floor",
}
"""The variables that a text may use, and their meanings."""
SIDE_VARIABLES = ("side", "other_side")  # known in the rounds that are sides
TEXT_FILTERS = ("capitalize", "lower", "title", "trim", "upper")

_BRACE = re.compile(r"[{}]")
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_UNCLOSED = re.compile(r"\{\{(?:(?!\}\}|\{[{%#]).)*(?:\{[{%#]|\Z)", re.DOTALL)
_MARK = re.compile(r"(?<!\\)\[([^\]\n]*)(?:\]|$)", re.MULTILINE)
_PAUSE_IN_BREATHS = re.compile(r"[1-9]\d{0,3} ?breaths?")
_BLOCKS = {"if": "endif", "say": "endsay"}
_BLOCK = re.compile(r"\{%[-+]?\s*(if|endif|say|endsay)\b")
_ALLOWED_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr,
    nodes.Compare, nodes.And, nodes.Or, nodes.Not, nodes.List, nodes.Tuple, nodes.Concat,
)  # fmt: skip
_MAY_USE = "a text may use {{ side }}, {{ other_side }}, {% if … %} and {% say %}"
_MAY_COMPARE = "a text can't compare like this: use == or !=, or 'in' with a list like ['right', 'left']"


def text_faults(text: str, variables: Collection[str] = TEXT_VARIABLES) -> Iterator[tuple[int, str]]:
    """Faults in a pose's Jinja text, as offsets with messages.

    Jinja's sandbox keeps templates away from files and from Python, but it allows `9 ** 9 ** 9`, loops in loops and
    random choices. So a text may only use what renders at once.
    """
    if not _BRACE.search(text):
        return
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        problem = plain_syntax(str(error.message))
        yield _syntax_offset(text, error), f"this isn't a template ({problem}): {_MAY_USE}"
    except (ValueError, OverflowError, RecursionError):
        yield 0, f"a number too large or brackets too deep for a template: {_MAY_USE}"
    else:
        for brace in _BRACE.finditer(_TAG.sub(lambda tag: " " * len(tag[0]), text)):
            yield brace.start(), "a curly bracket that belongs to no {{ … }} or {% … %}, and can't be spoken: mend it"
        yield from _node_faults(text, tree, variables)


def mark_faults(text: str) -> Iterator[tuple[int, str]]:
    """Faulty marks in a pose's text, as offsets with messages. Only pauses and bells are allowed."""
    for mark in _MARK.finditer(_TAG.sub(lambda tag: "\0" * len(tag[0]), text)):
        inside = mark[1]
        closed = mark[0].endswith("]")
        if closed and ("\0" in inside or inside == "chime" or _PAUSE_IN_BREATHS.fullmatch(inside)):
            continue
        try:
            parse_duration(inside if closed else "")
        except ValueError:
            shown = inside if len(inside) <= 40 else f"{inside[:39]}…"
            yield mark.start(), f"[{shown}] isn't a pause: write one like [6s] or [3 breaths], or \\[ for a bracket"


_ENVIRONMENT = SandboxedEnvironment(extensions=[SayEveryWayTag])


def _node_faults(text: str, tree: nodes.Template, variables: Collection[str]) -> Iterator[tuple[int, str]]:
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    after: dict[str, int] = {}
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 1)]
    while waiting:  # a stack of our own, because `a and a and a …` nests as deep as it is long
        node, depth, line = waiting.pop()  # some nodes have no line, so they take their parent's
        start = line_starts[min(node.lineno or line, len(line_starts)) - 1]
        if depth > MAX_TEXT_DEPTH:
            yield _tag_at(text, start), f"a template nested too deeply: {_MAY_USE}"
            return
        if isinstance(node, nodes.Name) and node.name not in variables:
            at = _name_at(text, node.name, max(start, after.get(node.name, 0)))
            after[node.name] = at + 1
            yield at, _unknown_name(node.name, variables)
        elif isinstance(node, (nodes.Filter, nodes.Test)):
            if fault := _fault_of_call(node):
                yield _name_at(text, node.name, start), fault
        elif isinstance(node, nodes.Operand):
            if not _compares_anything(node):
                yield _tag_at(text, start), _MAY_COMPARE
        elif not isinstance(node, _ALLOWED_NODES):
            yield _tag_at(text, start), f"a text can't use Jinja's '{type(node).__name__.lower()}': {_MAY_USE}"
            continue
        waiting.extend((child, depth + 1, node.lineno or line) for child in reversed(list(node.iter_child_nodes())))


def _fault_of_call(node: nodes.Filter | nodes.Test) -> str:
    """What is wrong with a filter or test; empty if nothing is. Arguments are refused: they could have any type."""
    if isinstance(node, nodes.Filter) and node.name not in TEXT_FILTERS:
        there_are = f"; {did_you_mean(node.name, TEXT_FILTERS)}"
        return f"a text can't use the filter '{node.name}'{there_are}"
    if isinstance(node, nodes.Test) and node.name not in ("defined", "undefined"):
        return f"a text can't use the test '{node.name}': {_MAY_USE}"
    if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        return f"'{node.name}' takes nothing in brackets here: delete them"
    return ""


def _compares_anything(node: nodes.Operand) -> bool:
    """Whether the comparison works for values of all types; `side < 1` and `first in side` would raise an error."""
    return node.op in ("eq", "ne") or (node.op in ("in", "notin") and isinstance(node.expr, (nodes.List, nodes.Tuple)))


def _unknown_name(name: str, variables: Collection[str]) -> str:
    if name in TEXT_VARIABLES:
        return f"'{name}' is only known in a pose whose rounds are sides: add 'rounds: [right, left]', or leave it out"
    there_are = f"; {did_you_mean(name, variables)}"
    return f"'{name}' isn't known in a pose's text{there_are}"


def _name_at(text: str, name: str, start: int) -> int:
    """The offset of a name in a tag, from `start` on. Jinja itself gives only the line."""
    for match in re.finditer(rf"\b{re.escape(name)}\b", text[start:]):
        at = start + match.start()
        if max(text.rfind("{{", 0, at), text.rfind("{%", 0, at)) > max(
            text.rfind("}}", 0, at), text.rfind("%}", 0, at)
        ):
            return at
    return start


def _tag_at(text: str, start: int) -> int:
    """The offset of the first tag on the line that begins at `start`, or else of the last tag before that."""
    line_end = text.find("\n", start)
    found = _TAG.search(text, start, line_end if line_end >= 0 else len(text))
    return found.start() if found else max(text.rfind("{{", 0, start), text.rfind("{%", 0, start), 0)


def _syntax_offset(text: str, error: TemplateSyntaxError) -> int:
    """The offset of the tag that is wrong by itself, of the `if` that is never closed, or of the last open brace."""
    message, lines = str(error.message), text.split("\n")
    start = sum(len(line) + 1 for line in lines[: error.lineno - 1])
    end = start + len(lines[min(error.lineno, len(lines)) - 1])
    if "end of template" in message and "closed" in message:
        unclosed: list[int] = []
        for match in _BLOCK.finditer(text):
            if match[1] in _BLOCKS:
                unclosed.append(match.start())
            elif unclosed:
                unclosed.pop()
        return unclosed[-1] if unclosed else start
    if unclosed_tag := _UNCLOSED.search(text):
        return unclosed_tag.start()
    for tag in _TAG.finditer(text, start, end):
        try:
            _ENVIRONMENT.parse(_completed(tag[0]))
        except (TemplateSyntaxError, ValueError):
            return tag.start()
    return max((match.start() for match in re.finditer(r"\{[{%#]", text[:end])), default=start)


def _completed(tag: str) -> str:
    """A tag of a block, with the tags around it that make it valid."""
    match = re.match(r"\{%[-+]?\s*(if|elif|else|endif|say|or|endsay)\b", tag)
    if not match:
        return tag
    begin, end = (
        ("{% say %}", "{% endsay %}") if match[1] in ("say", "or", "endsay") else ("{% if side %}", "{% endif %}")
    )
    return ("" if match[1] in _BLOCKS else begin) + tag + ("" if match[1] in _BLOCKS.values() else end)
