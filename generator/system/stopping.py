"""Stops the program in order: a signal sets a token, which everything that works or waits checks.

The signal handler raises nothing, so no step is interrupted halfway. The code that took a lock or made a temporary file
also releases or removes it. Long work calls `check` between its steps, mostly where it reports progress. Waiting goes
through `waiting`. A second signal ends the process at once; its children (voices, encoders, workers) notice that it is
gone, and end by themselves.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

# This module imports little, because a signal that arrives before `listen` can't stop the program in order.

REPEAT_WINDOW_S = 1.0  # a signal so soon after the first counts as the same: `timeout` sends its signal twice
_SHOW_CURSOR = b"\x1b[?25h"  # progress bars hide it


class StoppedError(BaseException):
    """The work was cancelled, by a signal or by its caller. Only `main` turns this into an exit code.

    It isn't an Exception, so that no handler takes it for a failed track.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class StopToken:
    """Tells work to stop. It takes no lock, so any thread and any signal handler may set it."""

    def __init__(self) -> None:
        self._exit_code = 0

    def set(self, exit_code: int = 1) -> None:
        self._exit_code = self._exit_code or exit_code

    def check(self) -> None:
        """Raises StoppedError if this token or the process's token is set."""
        if code := self._exit_code or PROCESS._exit_code:
            raise StoppedError(code)


PROCESS = StopToken()
"""The process's token, which its signal handlers set."""

check = PROCESS.check


def check_on_progress(*_: object) -> None:
    """`check` as a progress callback, whatever its arguments."""
    check()


# --- signals -------------------------------------------------------------------------------------------


class _Signals:
    """When the first signal came, and whether the main thread may be interrupted now."""

    first_s: float | None = None
    interruptible = False


def listen() -> None:
    """Let SIGINT and SIGTERM set `PROCESS`, unless the parent process has them ignored. Call this in the main thread.

    A second signal ends the process at once.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def listen_to_leader() -> None:
    """Like `listen`, for a worker: it ignores SIGINT, which its leader handles, and stops on the leader's SIGTERM.

    A repeated SIGTERM never ends the worker at once, because it may be sent to the whole process group as well.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: PROCESS.set(128 + number))


def _on_signal(number: int, _: object) -> None:
    now_s = time.monotonic()
    if _Signals.first_s is None:
        _Signals.first_s = now_s
        PROCESS.set(128 + number)
    elif now_s - _Signals.first_s > REPEAT_WINDOW_S:
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)
        os._exit(128 + number)
    if _Signals.interruptible:
        check()


@contextmanager
def interruptible() -> Iterator[None]:
    """Within this block a signal raises StoppedError at once, if the block runs in the main thread.

    It is meant for a single system call that waits for a person or another program. The block must not hold anything
    that needs to be released.
    """
    from threading import current_thread, main_thread

    if current_thread() is not main_thread():
        yield
        return
    _Signals.interruptible = True
    try:
        check()
        yield
    finally:
        _Signals.interruptible = False


@contextmanager
def sigint_blocked() -> Iterator[None]:
    """Processes started in this block never get SIGINT, which a terminal's Ctrl-C would send to them as well.

    A SIGINT to this process is delivered after the block. Threads started here inherit the mask, and processes inherit
    it from the thread that starts them. The resource tracker is started first: starting it clears the mask.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
