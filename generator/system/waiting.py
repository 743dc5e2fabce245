"""Waiting for others without missing that we are to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Condition
from typing import TypeVar

from .stopping import check

POLL_S = 0.05  # between two looks whether we are to stop

_T = TypeVar("_T")


def as_completed(futures: Iterable[Future[_T]]) -> Iterator[Future[_T]]:
    """Each of the futures when it is done. Raises StoppedError where the process is to stop meanwhile."""
    pending = set(futures)
    while pending:
        check()
        done, pending = wait(pending, POLL_S, FIRST_COMPLETED)
        yield from done


def wait_for(future: Future[_T]) -> Future[_T]:
    """The future, done. Raises StoppedError where the process is to stop meanwhile."""
    return next(as_completed([future]))


def wait_until(condition: Condition, holds: Callable[[], bool]) -> None:
    """Wait, with the lock of `condition` in hand, until it `holds`. Raises StoppedError as the others do."""
    while not condition.wait_for(holds, POLL_S):
        check()
