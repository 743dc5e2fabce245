"""Worker processes on this machine, each building one track at a time.

Each worker is a pool of one process. If the process is killed, only its own task is lost and the other workers go on.
A worker ignores Ctrl+C, which the leader handles, and ends when the leader ends for any reason.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..system import stopping
from .protocols import BuildTask, FinishedTask, TaskResult, TrackStore

_CLEANUP_TIMEOUT_S = 10.0  # for a worker whose leader is gone


@dataclass(eq=False)
class _Worker:
    """A process, started at its first task, and its current task."""

    processes: ProcessPoolExecutor | None = None
    pid: Future[int] | None = None
    task: BuildTask | None = None


@dataclass(frozen=True)
class _Finished:
    worker: _Worker
    future: Future[TaskResult]


@dataclass
class ProcessExecutor:
    """An `Executor` with `slots` processes, which write to `store` and share the cache in `cache_folder`."""

    slots: int
    store: TrackStore
    cache_folder: Path
    _backlog: deque[BuildTask] = field(default_factory=deque)
    _events: queue.SimpleQueue[_Finished | None] = field(default_factory=queue.SimpleQueue)
    _done: queue.SimpleQueue[FinishedTask] = field(default_factory=queue.SimpleQueue)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closing: bool = False

    def __post_init__(self) -> None:
        self._workers = [_Worker() for _ in range(self.slots)]
        # This thread assigns tasks without delay while the leader is busy. Processes are started and ended here, not in
        # a future's callback: a broken pool calls back with its own lock held.
        self._dispatcher = threading.Thread(target=self._dispatch, name="dispatcher", daemon=True)
        self._dispatcher.start()

    def submit(self, task: BuildTask) -> None:
        with self._lock:
            self._backlog.append(task)
            self._assign_tasks()

    def wait(self, timeout_s: float) -> Sequence[FinishedTask]:
        found: list[FinishedTask] = []
        with suppress(queue.Empty):
            found.append(self._done.get(timeout=timeout_s))
            while True:
                found.append(self._done.get_nowait())
        return found

    def close(self, *, at_once: bool) -> None:
        with self._lock:
            self._closing = True
            self._backlog.clear()
            workers = [worker for worker in self._workers if worker.processes is not None]
        for worker in workers:
            if at_once and worker.task is not None and worker.pid is not None:
                with suppress(Exception):  # it may have ended already
                    os.kill(worker.pid.result(), signal.SIGTERM)
        for worker in workers:
            if worker.processes is not None:
                worker.processes.shutdown(wait=True, cancel_futures=True)
        self._events.put(None)
        self._dispatcher.join()

    # --- the dispatcher thread -------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while (event := self._events.get()) is not None:
            with self._lock:
                task, event.worker.task = event.worker.task, None
                assert task is not None  # a finished worker had a task
                result = _result_of(event.future)
                if result is None and event.worker.processes is not None:
                    event.worker.processes.shutdown(wait=False)
                    event.worker.processes = None
                self._done.put(FinishedTask(task, result))
                self._assign_tasks()

    def _assign_tasks(self) -> None:
        """Assign queued tasks to free workers."""
        for worker in self._workers:
            if not self._backlog or self._closing:
                return
            if worker.task is None:
                self._begin(worker, self._backlog.popleft())

    def _begin(self, worker: _Worker, task: BuildTask) -> None:
        if worker.processes is None:
            self._start(worker)
        assert worker.processes is not None
        work = partial(_run, task, self.store, self.cache_folder)
        try:
            future = worker.processes.submit(work)
        except RuntimeError:  # the process was killed while idle
            self._start(worker)
            future = worker.processes.submit(work)
        worker.task = task
        future.add_done_callback(lambda done: self._events.put(_Finished(worker, done)))

    def _start(self, worker: _Worker) -> None:
        context = multiprocessing.get_context("spawn")
        worker.processes = ProcessPoolExecutor(1, mp_context=context, initializer=_set_up_worker)
        with stopping.sigint_blocked():
            worker.pid = worker.processes.submit(os.getpid)


def _result_of(future: Future[TaskResult]) -> TaskResult | None:
    """None if the worker was lost or told to end."""
    if future.cancelled() or future.exception() is not None:
        return None
    return future.result()


# --- in the worker's process -------------------------------------------------------------------------------


_busy = threading.Lock()


def _set_up_worker() -> None:
    stopping.listen_to_leader()
    threading.Thread(target=_end_with_leader, name="watch", daemon=True).start()


def _end_with_leader() -> None:
    leader = multiprocessing.parent_process()
    assert leader is not None  # this runs in a worker
    leader.join()
    stopping.PROCESS.set()
    _busy.acquire(timeout=_CLEANUP_TIMEOUT_S)
    os._exit(1)  # the main thread would wait for tasks that can't come


def _run(task: BuildTask, store: TrackStore, cache_folder: Path) -> TaskResult:
    from ..build.track import BuildContext
    from ..storage.cache import Cache
    from .tasks import run_task

    with _busy:
        stopping.check()
        return run_task(task, store, BuildContext(Cache(cache_folder), jobs=1, progress=stopping.check_on_progress))
