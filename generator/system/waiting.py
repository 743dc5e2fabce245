"""Waits for futures and conditions, and still notices when the process is to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Condition
from typing import TypeVar

from .stopping import check

POLL_S = 0.05  # between two checks of the stop token

_T = TypeVar("_T")


def as_completed(futures: Iterable[Future[_T]]) -> Iterator[Future[_T]]:
    """Yield each future when it is done. Raises StoppedError if the process is to stop meanwhile."""
    pending = set(futures)
    while pending:
        check()
        done, pending = wait(pending, POLL_S, FIRST_COMPLETED)
        yield from done


def wait_for(future: Future[_T]) -> Future[_T]:
    """Wait until `future` is done, and return it. Raises StoppedError if the process is to stop meanwhile."""
    return next(as_completed([future]))


def wait_until(condition: Condition, holds: Callable[[], bool]) -> None:
    """Wait until `holds` is true; the caller holds the lock of `condition`. Raises StoppedError likewise."""
    while not condition.wait_for(holds, POLL_S):
        check()
