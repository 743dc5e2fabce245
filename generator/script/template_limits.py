"""A Jinja environment with limits: whatever a template says, it ends soon, stays small and gives the same text again.

Jinja's sandbox keeps templates away from files and from Python. It allows loops in loops, `'x' * 10 ** 9`, texts that
double with each line, and random choices. Here everything that runs or grows is paid for in steps. Each part of a
template pays when it is entered: a turn of a loop, a call of a macro, an import. Whatever works on texts and lists pays
for their sizes. What multiplies sizes, or varies at random, isn't there.

This module imports Jinja, which is slow. Import it only where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateRuntimeError,
    TemplateSyntaxError,
    nodes,
    pass_context,
    pass_environment,
)
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from .say_tag import SayTag

if TYPE_CHECKING:
    from jinja2.runtime import Context, Undefined

MAX_STEPS = 10_000_000  # of one script: some seconds. A routine of an hour takes 130,000, one of 480 poses half of this
MAX_CHARACTERS = 1_000_000  # of one text, and so of the script
MAX_TEMPLATE_BYTES = 200_000  # ten times the longest of the templates that come along
MAX_RANGE = 100_000
MAX_NUMBER = 10**18
MAX_EXPONENT = 18
MAX_DEPTH = 50  # of lists in lists
MAX_TREE_DEPTH = 100  # of blocks in blocks and brackets in brackets: Python's own stack allows some 300

_CHARACTERS_A_STEP = 20  # that many are copied or compared in the time of a step
_CHARACTERS_A_STEP_TO_COMPILE = 2

_FILTERS = (
    "abs", "attr", "capitalize", "dictsort", "float", "groupby", "int", "items",
    "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr",
    "sort", "string", "title", "trim", "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
"""Jinja's own filters whose results are no larger than what they are given."""
_QUICK_FILTERS = ("count", "d", "default", "first", "last", "length")
"""Those that don't go through what they are given."""

_METHODS: Mapping[type, Collection[str]] = {
    str: (
        "capitalize", "casefold", "count", "endswith", "find", "isalpha", "isdecimal", "isdigit", "islower", "isspace",
        "isupper", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rfind", "rpartition", "rsplit",
        "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper",
    ),
    list: ("append", "count", "index"),
    tuple: ("count", "index"),
    dict: ("get", "items", "keys", "values"),
    int: (),
    float: (),
    bytes: (),
    range: (),
    type: (),  # such as `dict.update`
}  # fmt: skip
"""What may be called of Python's own values. A type that isn't here has what Jinja's sandbox allows."""

_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_COLLECTIONS: tuple[type, ...] = (list, tuple, dict, MappingProxyType, range, *_VIEWS)


class TemplateLimitError(TemplateRuntimeError):
    """A template runs too long or makes too much."""


# --- the steps of a script -------------------------------------------------------------------------


class _Steps:
    """The steps that are left."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Raises TemplateLimitError if fewer than `steps` are left."""
        self._left -= steps
        if self._left < 0:
            raise TemplateLimitError(
                f"it takes more than {MAX_STEPS:,} steps, the most there can be: use fewer or shorter loops and lists"
            )


_STEPS: ContextVar[_Steps] = ContextVar("steps")


@contextmanager
def limited() -> Iterator[None]:
    """Templates may be compiled and rendered in this block alone. They share the steps of one script."""
    token = _STEPS.set(_Steps())
    try:
        yield
    finally:
        _STEPS.reset(token)


def spend_for_source(text: str) -> None:
    """Pay for a template that is read, which is compiled next. Raises TemplateLimitError."""
    _STEPS.get().spend(len(text) // _CHARACTERS_A_STEP_TO_COMPILE)


def _size(value: Any) -> int:
    """The size of a value in steps: its items and theirs, and a part of its characters. Raises TemplateLimitError."""
    kind = value.__class__
    if kind is not str:
        kind = _kind_of(kind)
    if kind is None:
        return 0
    return len(value) // _CHARACTERS_A_STEP if kind is str else _size_of_collection(value)


def _size_of_collection(collection: Any) -> int:
    size, level = 0, [collection]
    for _ in range(MAX_DEPTH):
        size += sum(map(len, level))
        if size > MAX_STEPS:
            _STEPS.get().spend(size)
        characters, below = 0, []
        for part in chain.from_iterable(map(_parts_of, level)):
            kind = part.__class__
            if kind is not str:  # most are
                kind = _kind_of(kind)
            if kind is str:
                characters += len(part)
            elif kind is not None:
                below.append(part)
        size += characters // _CHARACTERS_A_STEP
        if not below:
            return size
        level = below
    raise TemplateLimitError(f"it makes lists in lists in lists, more than {MAX_DEPTH} deep, the most there can be")


@lru_cache(maxsize=1_000)
def _kind_of(its_type: type) -> type | None:
    """Which of the types that have a size a type is; None if it is none of them."""
    return next((kind for kind in (str, *_COLLECTIONS) if issubclass(its_type, kind)), None)


def _parts_of(collection: Any) -> Iterable[Any]:
    if isinstance(collection, range):
        return ()
    return (*collection, *collection.values()) if isinstance(collection, dict | MappingProxyType) else collection


def _spend_for(*values: object) -> None:
    """Pay for what works on `values`: one text may be looked for in another. Raises TemplateLimitError."""
    steps, texts = 1, []
    for value in values:
        if size := _size(value):
            steps += size
            if isinstance(value, str):
                texts.append(size)
    if len(texts) > 1:
        second, largest = sorted(texts)[-2:]
        steps += second * largest
    _STEPS.get().spend(steps)


def _paid_result(value: Any) -> Any:
    """`value`, after paying for its size."""
    if size := _size(value):
        _STEPS.get().spend(size)
    return value


def _check_length(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise TemplateLimitError(
            f"it makes a text of more than {MAX_CHARACTERS:,} characters, the most there can be: make it shorter"
        )


# --- what templates may use ------------------------------------------------------------------------


def _refuse(what: str) -> NoReturn:
    raise TemplateLimitError(what)


def _paid(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test that pays for what it is given and for what it gives."""

    @wraps(work)
    def paid(*args: Any, **kwargs: Any) -> Any:
        _spend_for(*args, kwargs)
        return _paid_result(work(*args, **kwargs))

    return paid


def _joined(texts: Iterable[str]) -> str:
    """The texts one after the other."""
    found = list(texts)
    characters = sum(map(len, found))
    _check_length(characters)
    if characters >= _CHARACTERS_A_STEP:
        _STEPS.get().spend(characters // _CHARACTERS_A_STEP)
    return "".join(found)


def _shown(value: object) -> str:
    """What `{{ value }}` puts into the text."""
    if size := _size(value):
        _STEPS.get().spend(size)
    if value.__class__ is str:
        return value
    text = str(value)
    _STEPS.get().spend(len(text) // _CHARACTERS_A_STEP)
    return text


@pass_environment
def _join(environment: Environment, values: Iterable[Any], d: str = "", attribute: str | None = None) -> str:
    """Jinja's `join`."""
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    pieces: list[str] = []
    for each in values:
        pieces += [d, _shown(each)] if pieces else [_shown(each)]
    return _joined(pieces)


@pass_environment
def _sum(environment: Environment, values: Iterable[Any], attribute: str | None = None) -> object:
    """Jinja's `sum`, of numbers: of lists it would take the square of their number."""
    return FILTERS["sum"](environment, values, attribute)


def _replace(s: str, old: str, new: str, count: int = -1) -> str:
    """Jinja's `replace`."""
    s, old, new = str(s), str(old), str(new)
    _check_length(len(s) + s.count(old) * len(new))
    return s.replace(old, new, count)


def _round(value: float, precision: int = 0, method: str = "common") -> object:
    """Jinja's `round`."""
    if not 0 <= precision <= MAX_EXPONENT:
        _refuse(f"it rounds to {precision} places: there can be 0 to {MAX_EXPONENT}")
    return FILTERS["round"](value, precision, method)


def _batch(value: Iterable[Any], linecount: int, fill_with: object = None) -> object:
    """Jinja's `batch`."""
    _STEPS.get().spend(max(linecount, 0))
    return FILTERS["batch"](value, linecount, fill_with)


def _slice(value: Iterable[Any], slices: int, fill_with: object = None) -> object:
    """Jinja's `slice`."""
    _STEPS.get().spend(max(slices, 0) * (1 + _size(value)))
    return FILTERS["slice"](value, slices, fill_with)


def _range(*bounds: int) -> range:
    """Python's `range`."""
    numbers = range(*bounds)
    if numbers and (numbers[-1] - numbers[0]) // numbers.step >= MAX_RANGE:
        _refuse(f"it counts through more than {MAX_RANGE:,} numbers, the most there can be: use a smaller range")
    return numbers


@pass_context
def _entered(_: Context, steps: int) -> bool:
    """Pay for a part of the template. True, so that it can stand in a condition."""
    _STEPS.get().spend(steps)
    return True


@pass_context
def _looked_at(_: Context, value: object) -> object:
    """Pay for a value that is compared, sliced or looked up."""
    return _paid_result(value)


@pass_context
def _concatenated(_: Context, values: list[object]) -> str:
    """The values as one text, as `~` joins them."""
    return _joined(map(_shown, values))


_ENTERED, _LOOKED_AT, _CONCATENATED = "_entered", "_looked_at", "_concatenated"


@lru_cache(maxsize=1_000)
def _methods_of(its_type: type) -> Collection[str] | None:
    return next((_METHODS[kind] for kind in its_type.__mro__ if kind in _METHODS), None)


class LimitedEnvironment(SandboxedEnvironment):
    """The environment of every template and every pose's text. What it reads and renders stands in `limited()`."""

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)
    concat = staticmethod(_joined)  # of a macro's pieces, a set block's, a whole script's

    def __init__(self, loader: Any = None) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[SayTag],
            finalize=_shown,
        )
        filters: dict[str, Callable[..., Any]] = {name: FILTERS[name] for name in _FILTERS}
        filters |= {"batch": _batch, "slice": _slice, "join": _join, "replace": _replace, "round": _round, "sum": _sum}
        self.filters = {name: _paid(each) for name, each in filters.items()}
        self.filters |= {name: FILTERS[name] for name in _QUICK_FILTERS}
        self.filters |= {_ENTERED: _entered, _LOOKED_AT: _looked_at, _CONCATENATED: _concatenated}
        self.tests = {name: _paid(cast("Callable[..., Any]", each)) for name, each in self.tests.items()}
        self.globals = {name: self.globals[name] for name in ("cycler", "dict", "joiner", "namespace")}
        self.globals["range"] = _range

    # --- what is called and counted

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        methods = _methods_of(obj.__class__)
        return super().is_safe_attribute(obj, attr, value) if methods is None else attr in methods

    def wrap_str_format(self, value: Any) -> None:
        """None: there is no `format` whose results would have to be kept in the sandbox."""

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        what = f"a template can't use '.{attribute}'"
        return self.undefined(what, name=attribute, obj=obj, exc=SecurityError)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063 - Jinja's names
        _spend_for(getattr(__obj, "__self__", None), *args, kwargs)
        return _paid_result(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        for side, other in ((left, right), (right, left)):
            if isinstance(side, int) and abs(side) > MAX_NUMBER:
                _refuse("it counts with a number of more than 18 digits, the most there can be")
            if isinstance(side, str | list | tuple):
                if operator == "*" and isinstance(other, int):
                    _STEPS.get().spend((1 + _size(side)) * max(other, 0))
                elif operator != "+":
                    _refuse(f"it can't take '{operator}' of a text or list: only numbers go with it")
        if operator == "**" and isinstance(right, int | float) and abs(right) > MAX_EXPONENT:
            _refuse(f"it raises a number to the power of {right}: there can be {MAX_EXPONENT} at most")
        _STEPS.get().spend(1 + _size(left) + _size(right))
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, str):
            _check_length(len(result))
        return result

    # --- how templates are compiled

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > MAX_TEMPLATE_BYTES:
            what = f"it is over {MAX_TEMPLATE_BYTES // 1000} kB, the most there can be"
            raise TemplateSyntaxError(what, 1, name, filename)
        with _readable(name, filename):
            tree = super()._parse(source, name, filename)
            _check_depth(tree)
            return tree

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,  # noqa: FBT002 - Jinja's
    ) -> str:
        with _readable(name, filename):
            _Payments().visit(source)
            source.set_environment(self)
            return super()._generate(source, name, filename, defer_init)

    def _compile(self, source: str, filename: str) -> Any:
        with _readable(None, filename):
            return super()._compile(source, filename)


@contextmanager
def _readable(name: str | None, filename: str | None) -> Iterator[None]:
    """Raises TemplateSyntaxError for what is too large or too deep for Jinja's parser, or for Python's."""
    try:
        yield
    except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
        what = "its blocks or brackets are too deep, or a number is too long"
        raise TemplateSyntaxError(what, 1, name, filename) from error


def _check_depth(tree: nodes.Template) -> None:
    """Raises RecursionError if others would, who go down the tree."""
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_TREE_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise RecursionError


class _Payments(NodeTransformer):
    """Puts payments into a template's tree: where a part is entered, and where values are compared or joined."""

    def _visit_part(self, node: Any) -> nodes.Node:
        paid = nodes.ExprStmt(_payment(_weight([*node.body, *getattr(node, "defaults", ())]), node.lineno))
        self.generic_visit(node)
        node.body = [paid.set_lineno(node.lineno), *node.body]
        return cast("nodes.Node", node)

    visit_Template = visit_Macro = visit_CallBlock = visit_Block = _visit_part  # noqa: N815 - Jinja's names

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's names
        if node.test is not None:  # what it leaves out has no turn
            node.test = nodes.And(_payment(_weight([node.test]), node.lineno), node.test).set_lineno(node.lineno)
        return self._visit_part(node)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        node.expr = _looked_at_node(node.expr)
        for operand in node.ops:
            operand.expr = _looked_at_node(operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _looked_at_node(node.node)
        else:
            node.arg = _looked_at_node(node.arg)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        node.key = _looked_at_node(node.key)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes), _CONCATENATED, node.lineno)


def _weight(parts: Iterable[nodes.Node]) -> int:
    """The nodes and the text in `parts`, in steps. What is paid for when it is entered counts as one."""
    weight, waiting = 0, [*parts]
    while waiting:
        node = waiting.pop()
        weight += 1
        match node:
            case nodes.For():
                waiting += [node.iter, *node.else_]
            case nodes.Macro() | nodes.CallBlock() | nodes.Block():
                pass
            case nodes.TemplateData():
                weight += _size(node.data)
            case _:
                waiting += node.iter_child_nodes()
    return weight


def _payment(steps: int, line: int) -> nodes.Expr:
    return _filtered(nodes.Const(steps), _ENTERED, line)


def _looked_at_node(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _filtered(node, _LOOKED_AT, node.lineno)


def _filtered(node: nodes.Expr, name: str, line: int) -> nodes.Expr:
    filtered = nodes.Filter(node, name, [], [], None, None)
    filtered.set_lineno(line)
    return filtered
