"""What templates pay with: the steps of one script, and the sizes of values in steps.

A routine of an hour takes an eightieth of the steps that there are. Whatever runs or grows spends some, so that every
script ends soon and stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from jinja2 import TemplateRuntimeError

MAX_STEPS = 10_000_000  # of one script: some seconds. A routine of an hour takes 130,000, one of 480 poses half of this
MAX_CHARACTERS = 1_000_000  # of one text, and so of the script
MAX_DEPTH = 50  # of lists in lists

CHARACTERS_A_STEP = 20  # that many are copied or compared in the time of a step
_CHARACTERS_A_STEP_TO_COMPILE = 2

_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_COLLECTIONS: tuple[type, ...] = (list, tuple, dict, MappingProxyType, range, *_VIEWS)


class TemplateLimitError(TemplateRuntimeError):
    """A template runs too long or makes too much."""


class _Steps:
    """The steps that are left."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def spend(self, steps: int) -> None:
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


def spend(steps: int) -> None:
    """Pay so many steps. Raises TemplateLimitError if fewer are left."""
    _STEPS.get().spend(steps)


def spend_for_source(text: str) -> None:
    """Pay for a template that is read, which is compiled next. Raises TemplateLimitError."""
    spend(len(text) // _CHARACTERS_A_STEP_TO_COMPILE)


def size_of(value: Any) -> int:
    """The size of a value in steps: its items and theirs, and a part of its characters. Raises TemplateLimitError."""
    kind = value.__class__
    if kind is not str:
        kind = _kind_of(kind)
    if kind is None or not value:
        return 0
    return len(value) // CHARACTERS_A_STEP if kind is str else _size_of_collection(value)


def _size_of_collection(collection: Any) -> int:
    size, level = 0, [collection]
    for _ in range(MAX_DEPTH):
        size += sum(map(len, level))
        if size > MAX_STEPS:
            spend(size)
        characters, below = 0, []
        for part in chain.from_iterable(map(_parts_of, level)):
            kind = part.__class__
            if kind is not str:  # most are
                kind = _kind_of(kind)
            if kind is str:
                characters += len(part)
            elif kind is not None:
                below.append(part)
        size += characters // CHARACTERS_A_STEP
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


def spend_for(*values: object) -> None:
    """Pay for what works on `values`: one text may be looked for in another. Raises TemplateLimitError."""
    steps, texts = 1, []
    for value in values:
        if size := size_of(value):
            steps += size
            if isinstance(value, str):
                texts.append(size)
    if len(texts) > 1:
        second, largest = sorted(texts)[-2:]
        steps += second * largest
    spend(steps)


def paid_result(value: Any) -> Any:
    """`value`, after paying for its size. Raises TemplateLimitError."""
    if size := size_of(value):
        spend(size)
    return value


def check_length(characters: int) -> None:
    """Raises TemplateLimitError if a text would have more than MAX_CHARACTERS."""
    if characters > MAX_CHARACTERS:
        raise TemplateLimitError(
            f"it makes a text of more than {MAX_CHARACTERS:,} characters, the most there can be: make it shorter"
        )
