"""One way to stop: a signal sets a token, and whoever works or waits looks at it.

Nothing is interrupted in the middle of a step: the handler raises nothing, so that locks are given back and temporary
files removed by the very code that made them. What takes long calls `check` between its steps, mostly where it reports
progress; what waits for others does so through `waiting`. A second signal ends the process hard: its children (voices,
encoders, workers) see that it is gone, and end by themselves.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Nothing else is imported here: what comes before `listen` can't be stopped in order.

REPEAT_WINDOW_S = 1.0  # what comes so soon after the first signal is no second wish: `timeout` sends its own twice
_SHOW_CURSOR = b"\x1b[?25h"  # bars of progress hide it


class StoppedError(BaseException):
    """The work isn't wanted any more, as a signal or whoever began it has said; only `main` ends with it.

    It is no Exception, so that nobody takes it for a failed track.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class StopToken:
    """Whether work is still wanted. It may be set from any thread and from a signal handler: it takes no lock."""

    def __init__(self) -> None:
        self._exit_code = 0

    def set(self, exit_code: int = 1) -> None:
        self._exit_code = self._exit_code or exit_code

    def check(self) -> None:
        """Raises StoppedError where this token is set, or that of the whole process."""
        if code := self._exit_code or PROCESS._exit_code:
            raise StoppedError(code)


PROCESS = StopToken()
"""Set by the signals that this process listens to."""

check = PROCESS.check


def check_on_progress(*_: object) -> None:
    """`check`, for where progress is told."""
    check()


# --- signals -------------------------------------------------------------------------------------------


class _Signals:
    """When the first one came, and whether the main thread is where it may be interrupted."""

    first_s: float | None = None
    interruptible = False


def listen() -> None:
    """From now on SIGINT and SIGTERM set `PROCESS`, but for what whoever started us has ignored. A second one ends
    us hard. To be called in the main thread.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)


def listen_to_leader() -> None:
    """Like `listen`, in a worker: SIGINT is its leader's alone, who sends SIGTERM.

    A terminal, or whoever ends a whole group of processes, may send it too: so it never ends the worker hard.
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
    """Where one waits for a person or another program, in one call of the system: a signal raises StoppedError there,
    in the main thread. The block may hold nothing that has to be given back.
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
    """Processes started in this block never get SIGINT: a terminal's Ctrl-C goes to them too, and at once. What comes
    to us meanwhile is taken after the block.

    Threads begun here inherit that, and processes from the thread which starts them. The resource tracker is started
    before: it takes the mask away again.
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
