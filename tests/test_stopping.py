"""A command that is asked to stop does, whatever it is doing at that moment, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from interruptions import GENTLE, HARD, Bench, kinds, trials

from generator.system import stopping

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there an interruption can't be sent to one process")

SEED = 7

PRELUDE = """
import os, signal, sys, threading, time
from concurrent.futures import Future, ThreadPoolExecutor
from generator.system import stopping, waiting
stopping.listen()
def strike(number=signal.SIGINT):
    os.kill(os.getpid(), number)
def ended(work):
    try:
        work()
    except stopping.StoppedError as stopped:
        print("stopped with", stopped.exit_code, flush=True)
"""


def script(code: str, ignored: bool = False) -> subprocess.Popen[bytes]:
    """`code` in a process of its own, where SIGINT is as a terminal leaves it, or is ignored."""
    way = signal.SIG_IGN if ignored else signal.default_int_handler
    before = signal.signal(signal.SIGINT, way)  # whoever runs the tests in the background has it ignored
    try:
        command = [sys.executable, "-c", PRELUDE + code]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)


def ran(code: str, ignored: bool = False) -> tuple[str, int]:
    with script(code, ignored) as process:
        out, errors = process.communicate(timeout=60)
    assert errors == b""
    return out.decode(), process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_waits_is_stopped(number: signal.Signals) -> None:
    code = f"""
threading.Timer(0.1, strike, [{int(number)}]).start()
ended(lambda: waiting.wait_for(Future()))
with (condition := threading.Condition()):
    ended(lambda: waiting.wait_until(condition, lambda: False))
"""
    assert ran(code) == (f"stopped with {128 + number}\n" * 2, 0)


def test_nothing_is_broken_off_where_the_signal_strikes() -> None:
    """Or a lock that was just taken would never be given back, and whoever sets a future's result wait for it."""
    code = """
lock = threading.Lock()
with lock:
    strike()
    print("went on")
print(lock.locked())
ended(stopping.check)
"""
    assert ran(code) == ("went on\nFalse\nstopped with 130\n", 0)


def test_what_is_ignored_stays_ignored() -> None:
    assert ran("strike(); ended(stopping.check); print('went on')", ignored=True) == ("went on\n", 0)


def test_a_second_signal_at_once_is_no_second_wish() -> None:
    assert ran("strike(); strike(); ended(stopping.check)") == ("stopped with 130\n", 0)


def test_a_second_signal_later_ends_hard() -> None:
    code = f"""
strike()
time.sleep({stopping.REPEAT_WINDOW_S + 0.1})
strike(signal.SIGTERM)
print("went on")
"""
    assert ran(code) == ("", 143)


def test_who_waits_for_a_person_is_stopped() -> None:
    with script("""
def read():
    with stopping.interruptible():
        print("reading", flush=True)
        sys.stdin.read()
ended(read)
""") as process:
        assert process.stdout
        assert process.stdout.readline() == b"reading\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert (out, errors, process.returncode) == (b"stopped with 130\n", b"", 0)


def test_one_token_stops_its_own_work_alone() -> None:
    mine, others = stopping.StopToken(), stopping.StopToken()
    mine.set()
    with pytest.raises(stopping.StoppedError):
        mine.check()
    others.check()


@pytest.mark.slow
def test_commands_end_in_order_at_any_moment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A sample of what `python benchmarks/interruptions.py` does 200 times, and as often with `--kill`."""
    bench = Bench(tmp_path_factory.mktemp("n"))
    build, *_, batch, publish = kinds(["tone"])  # the build makes its bed; the batch finds all in the cache
    for signals, of in ((GENTLE, (batch, build, publish)), (HARD, (batch,))):
        for number, trial in enumerate(trials(bench, len(of), SEED, of, signals)):
            assert not bench.try_one(trial, rerun=number == 0).faults, str(trial)
