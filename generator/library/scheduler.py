"""Runs tasks on an executor in a sliding window, and retries tasks whose worker was lost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from ..system.stopping import check
from .protocols import BuildTask, Executor, TaskResult

WINDOW_PER_SLOT = 2  # one running, one queued: memory doesn't grow with the library
MAX_LOSSES = 3  # lost workers before a task counts as failed
WAIT_S = 0.1  # between checks for a stop signal


def run_tasks(tasks: Iterable[BuildTask], executor: Executor, *, keep_going: bool = True) -> Iterator[TaskResult]:
    """Yield each result as it arrives. `tasks` is consumed no faster than the window allows.

    A task whose worker is lost is retried, and fails at the third loss. After a failure without `keep_going`, or when
    the disk is full, submitted tasks are finished and no other is begun. Raises StoppedError.
    """
    coming, again = iter(tasks), deque[BuildTask]()
    losses: Counter[str] = Counter()
    in_hand, stopped = 0, False
    while True:
        while not stopped and in_hand < WINDOW_PER_SLOT * max(1, executor.slots):
            task = again.popleft() if again else next(coming, None)
            if task is None:
                break
            executor.submit(task)
            in_hand += 1
        if not in_hand:
            return
        check()
        for done in executor.wait(WAIT_S):
            in_hand -= 1
            result = done.result
            if result is None:
                losses[done.task.name] += 1
                if losses[done.task.name] < MAX_LOSSES and not stopped:
                    again.append(done.task)
                    continue
                result = _lost(done.task, losses[done.task.name])
            stopped = stopped or result.disk_full or (result.state == "failed" and not keep_going)
            yield result


def _lost(task: BuildTask, times: int) -> TaskResult:
    what = f"its worker process was ended {times} times while building it" if times > 1 else "its worker was ended"
    hint = "the machine may lack memory: build fewer tracks at once with -j 1, or this one alone with sleepward build"
    return TaskResult(task.name, "failed", error=what, hint=hint, exit_code=1)
