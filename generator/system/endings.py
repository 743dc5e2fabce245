"""Ends from outside: a signal becomes an exception, but not where that would leave a lock taken for ever."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

AGAIN_S = 0.01  # locks that Python's own functions take are held for less


def end_on(number: signal.Signals, ending: Callable[[], BaseException]) -> None:
    """Let the signal raise an `ending` in the main thread, from now on.

    Whoever waits for a future takes its lock, and gives it back, in functions of Python's own. An exception that
    strikes there, with the lock in hand, finds nobody who has promised to give it back, or cuts off who was about to:
    the thread that has the result waits for the lock, and we for that thread. Of 360 batches that were ended while
    they encoded, one hung so. As a `with` block begins or ends in Python, the signal is therefore sent again.
    """

    def struck(_: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_name in ("__enter__", "__exit__"):
            _thread.start_new_thread(_again, (number,))  # not from here: this very call would be struck
        else:
            raise ending()

    signal.signal(number, struck)


def _again(number: signal.Signals) -> None:
    """To the main thread, also where it sleeps; Windows can't wake it, and strikes as soon as it goes on."""
    time.sleep(AGAIN_S)  # where it still waits for that lock, it would ask for the next of these threads at once
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(number)
