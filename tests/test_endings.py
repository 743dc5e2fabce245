"""A command that is ended from outside ends, whatever it is doing at that moment."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from generator.system.endings import end_on

strike = _thread.interrupt_main
"""SIGINT, from C: it strikes at the next point where Python looks for signals."""


class Ended(BaseException):
    pass


class Struck:
    __neg__ = strike  # at no such point itself


@pytest.fixture(autouse=True)
def _ending() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    end_on(signal.SIGINT, Ended)
    yield
    signal.signal(signal.SIGINT, before)


def test_whoever_waits_is_ended() -> None:
    never = Future[Any]()
    main = threading.get_ident()

    def strike_who_waits() -> None:
        # nothing public tells that somebody waits already
        while not never._condition._waiters:  # type: ignore[attr-defined]
            pass
        signal.pthread_kill(main, signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        struck = pool.submit(strike_who_waits)
        with pytest.raises(Ended):
            never.result(timeout=60)
        struck.result()


def test_a_lock_just_taken_is_given_back() -> None:
    """Else the thread that sets a future's result would wait for it, and who ends for that thread."""
    given_back = []
    condition = threading.Condition()
    # a lock of ours isn't taken from C, and would be struck before it is taken
    condition._lock = SimpleNamespace(  # type: ignore[attr-defined]
        __enter__=strike, __exit__=lambda *_: given_back.append(True)
    )

    def wait() -> None:
        with condition:
            Future[Any]().result(timeout=60)

    with pytest.raises(Ended):
        wait()
    assert given_back


def test_a_lock_about_to_be_given_back_is() -> None:
    condition = threading.Condition()
    struck = Struck()

    def wait() -> None:
        with condition:
            _ = -struck
        Future[Any]().result(timeout=60)

    with pytest.raises(Ended):
        wait()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(condition.acquire, timeout=10).result()
