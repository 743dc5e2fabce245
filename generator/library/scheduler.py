"""Orders in, results out: a window that slides over them, and what becomes of those whose worker was lost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from ..system.stopping import check
from .protocols import BuildTask, Executor, TaskResult

WINDOW_PER_SLOT = 2  # one in hand, one waiting for it: memory doesn't grow with the library
MAX_LOSSES = 3  # workers that a task may take with it
WAIT_S = 0.1  # between two looks whether we are to stop


def run_tasks(tasks: Iterable[BuildTask], executor: Executor, *, keep_going: bool = True) -> Iterator[TaskResult]:
    """The result of each task, as it comes; no more tasks are taken than the window holds.

    A task whose worker is lost goes again, and counts as failed after the third one. Where one fails and `keep_going`
    is false, or the disk is full, those in hand are finished and no other is begun. Raises StoppedError.
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
    what = f"its worker was ended {times} times while making it" if times > 1 else "its worker was ended"
    hint = "is there enough memory? build it alone to see: sleepward build …; fewer at once need less: -j 1"
    return TaskResult(task.name, "failed", error=what, hint=hint, exit_code=1)
