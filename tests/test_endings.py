"""A command that is ended from outside ends, whatever it is doing at that moment."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from generator.endings import end_on


class Ended(BaseException):
    pass


@pytest.fixture(autouse=True)
def _ending() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    end_on(signal.SIGTERM, Ended)
    yield
    signal.signal(signal.SIGTERM, before)


def test_whoever_waits_is_ended() -> None:
    never = Future[Any]()
    strike = threading.Thread(target=signal.pthread_kill, args=(threading.get_ident(), signal.SIGTERM))

    def wait() -> None:
        strike.start()
        never.result(timeout=60)

    with pytest.raises(Ended):
        wait()
    strike.join()


def test_a_lock_just_taken_is_given_back() -> None:
    """Else the thread that sets a future's result would wait for it, and who ends for that thread."""
    given_back = []
    condition = threading.Condition()
    condition._lock = SimpleNamespace(  # type: ignore[attr-defined]
        __enter__=partial(_thread.interrupt_main, signal.SIGTERM),  # struck as it is taken, before `with` knows of it
        __exit__=lambda *_: given_back.append(True),
    )
    with pytest.raises(Ended), condition:
        Future[Any]().result(timeout=60)
    assert given_back
