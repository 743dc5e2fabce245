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
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, NoReturn, cast

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateSyntaxError,
    nodes,
    pass_context,
    pass_environment,
)
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.sandbox import SandboxedEnvironment

from .say_tag import SayTag
from .template_payments import CONCATENATED, ENTERED, LOOKED_AT, Payments
from .template_steps import CHARACTERS_A_STEP, TemplateLimitError, check_length, paid_result, size_of, spend, spend_for

if TYPE_CHECKING:
    from jinja2.runtime import Context, Undefined

MAX_TEMPLATE_BYTES = 200_000  # ten times the longest of the templates that come along
MAX_RANGE = 100_000
MAX_NUMBER = 10**18
MAX_EXPONENT = 18
MAX_TREE_DEPTH = 100  # of blocks in blocks and brackets in brackets: Python's own stack allows some 300


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


# --- what templates may use ------------------------------------------------------------------------


def _refuse(what: str) -> NoReturn:
    raise TemplateLimitError(what)


def _paid(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test that pays for what it is given and for what it gives."""

    @wraps(work)
    def paid(*args: Any, **kwargs: Any) -> Any:
        spend_for(*args, kwargs)
        return paid_result(work(*args, **kwargs))

    return paid


def _joined(texts: Iterable[str]) -> str:
    """The texts one after the other."""
    found = list(texts)
    characters = sum(map(len, found))
    check_length(characters)
    if characters >= CHARACTERS_A_STEP:
        spend(characters // CHARACTERS_A_STEP)
    return "".join(found)


def _shown(value: object) -> str:
    """What `{{ value }}` puts into the text."""
    paid_result(value)
    if value.__class__ is str:
        return value
    text = str(value)
    spend(len(text) // CHARACTERS_A_STEP)
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
    check_length(len(s) + s.count(old) * len(new))
    return s.replace(old, new, count)


def _round(value: float, precision: int = 0, method: str = "common") -> object:
    """Jinja's `round`."""
    if not 0 <= precision <= MAX_EXPONENT:
        _refuse(f"it rounds to {precision} places: there can be 0 to {MAX_EXPONENT}")
    return FILTERS["round"](value, precision, method)


def _batch(value: Iterable[Any], linecount: int, fill_with: object = None) -> object:
    """Jinja's `batch`."""
    spend(max(linecount, 0))
    return FILTERS["batch"](value, linecount, fill_with)


def _slice(value: Iterable[Any], slices: int, fill_with: object = None) -> object:
    """Jinja's `slice`."""
    spend(max(slices, 0) * (1 + size_of(value)))
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
    spend(steps)
    return True


@pass_context
def _looked_at(_: Context, value: object) -> object:
    """Pay for a value that is compared, sliced or looked up."""
    return paid_result(value)


@pass_context
def _concatenated(_: Context, values: list[object]) -> str:
    """The values as one text, as `~` joins them."""
    return _joined(map(_shown, values))


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
        self.filters |= {ENTERED: _entered, LOOKED_AT: _looked_at, CONCATENATED: _concatenated}
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
        spend_for(getattr(__obj, "__self__", None), *args, kwargs)
        return paid_result(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        for side, other in ((left, right), (right, left)):
            if isinstance(side, int) and abs(side) > MAX_NUMBER:
                _refuse("it counts with a number of more than 18 digits, the most there can be")
            if isinstance(side, str | list | tuple):
                if operator == "*" and isinstance(other, int):
                    spend((1 + size_of(side)) * max(other, 0))
                elif operator != "+":
                    _refuse(f"it can't take '{operator}' of a text or list: only numbers go with it")
        if operator == "**" and isinstance(right, int | float) and abs(right) > MAX_EXPONENT:
            _refuse(f"it raises a number to the power of {right}: there can be {MAX_EXPONENT} at most")
        spend(1 + size_of(left) + size_of(right))
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, str):
            check_length(len(result))
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
            Payments().visit(source)
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
