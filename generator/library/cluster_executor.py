"""An `Executor` over the workers of a Dask cluster.

Each worker builds one track at a time. We choose the worker of every task and send it when that worker is free; other
tasks wait here. So a lost worker loses only its current task. That task returns to the scheduler, which counts losses;
Dask itself never retries it silently.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import MissingToolError, TrackError
from .cluster_worker import (
    BatchContext,
    ChosenVoice,
    TaskFunction,
    chosen_voices,
    describe_worker,
    identity,
    run_on_worker,
    stop,
)
from .protocols import BuildTask, FinishedTask, TaskResult, TrackStore

NO_WORKER_TIMEOUT_S = 60.0  # workers may still be starting
REFRESH_EVERY_S = 1.0  # of the list of workers
STOP_TIMEOUT_S = 10.0  # for running tasks to end at their next step
_FETCH_TIMEOUT_S = 10.0  # for a result of a few hundred bytes


def dask_module(name: str) -> Any:
    """A module of Dask. Raises MissingToolError if Dask isn't installed."""
    try:
        found = import_module(name)
    except ImportError as error:
        raise MissingToolError(
            f"a cluster needs Dask, which isn't installed ({error})", hint="pip install 'sleepward[dask]'"
        ) from error
    for logger in ("distributed", "distributed.client"):  # we report lost workers ourselves
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    return found


@dataclass(frozen=True, slots=True)
class _Sent:
    task: BuildTask
    address: str
    future: Any


class DaskExecutor:
    """An `Executor`. It closes `local_cluster` with itself. `task_function` replaces building the track."""

    def __init__(
        self,
        client: Any,
        store: TrackStore,
        *,
        notice: Callable[[str], None],
        cache_folder: Path | None = None,
        local_cluster: Any = None,
        task_function: TaskFunction | None = None,
    ) -> None:
        self._client, self._local_cluster, self._notice = client, local_cluster, notice
        self._batch = BatchContext(secrets.token_hex(8), store, cache_folder, task_function)
        self._voices: dict[ChosenVoice, None] = {}
        self._admitted: dict[str, int] = {}  # address to its number of threads
        self._refused: dict[str, str] = {}
        self._waiting: deque[BuildTask] = deque()
        self._sent: dict[str, _Sent] = {}
        self._finished: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._count = 0
        self._refreshed_s = 0.0
        self._without_workers_since_s = time.monotonic()
        self._present = self._list_workers()

    # --- the Executor protocol ---------------------------------------------------------------------

    @property
    def slots(self) -> int:
        return max(1, len(self._present) - len(self._refused))

    def submit(self, task: BuildTask) -> None:
        voices = dict.fromkeys(chosen_voices(task.settings))
        if voices.keys() - self._voices.keys():
            self._voices |= voices
            self._admitted.clear()  # ask every worker again, now about this voice too
        self._waiting.append(task)

    def wait(self, timeout_s: float) -> Sequence[FinishedTask]:
        """See `Executor`. Raises TrackError if the scheduler is gone or no worker can take tasks."""
        until_s = time.monotonic() + timeout_s
        while True:
            done = self._refresh_workers()
            self._assign_tasks()
            left_s = until_s - time.monotonic()
            done += self._collect(0.0 if done else min(max(left_s, 0.0), REFRESH_EVERY_S))
            if done or left_s <= 0:
                self._assign_tasks()
                return done

    def close(self, *, at_once: bool) -> None:
        with contextlib.suppress(OSError, TimeoutError):  # if the scheduler is gone, nothing is left to end
            if at_once and self._client.status == "running":
                self._stop_tasks()
            self._client.cancel([sent.future for sent in self._sent.values()])
        self._sent.clear()
        self._waiting.clear()
        with contextlib.suppress(OSError, TimeoutError):
            self._client.close()
        if self._local_cluster is not None:
            self._local_cluster.close()

    # --- sending and collecting tasks -------------------------------------------------------------

    def _assign_tasks(self) -> None:
        """Send waiting tasks to free workers."""
        busy = {sent.address for sent in self._sent.values()}
        for address in self._admitted:
            if not self._waiting:
                return
            if address not in busy:
                self._send(self._waiting.popleft(), address)

    def _send(self, task: BuildTask, address: str) -> None:
        self._count += 1
        key = f"sleepward-{self._batch.token}-{self._count}"
        future = self._client.submit(
            run_on_worker,
            task,
            self._batch,
            self._admitted[address],
            key=key,
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )
        self._sent[key] = _Sent(task, address, future)
        future.add_done_callback(lambda finished: self._finished.put(finished.key))

    def _collect(self, timeout_s: float) -> list[FinishedTask]:
        """The tasks that came back. Waits for the first alone. Releases the futures, so that Dask never reruns them."""
        back: list[_Sent] = []
        with contextlib.suppress(queue.Empty):
            while True:
                key = self._finished.get(timeout=0 if back else timeout_s)
                if key in self._sent:  # otherwise its worker was lost meanwhile
                    back.append(self._sent.pop(key))
        results = self._results([sent for sent in back if sent.future.status == "finished"])
        done = [FinishedTask(sent.task, results.get(sent.future.key) or self._result_of_failure(sent)) for sent in back]
        for sent, each in zip(back, done, strict=True):
            sent.future.release()
            if each.result is None:  # send no other task to a lost worker
                self._admitted.pop(sent.address, None)
                self._refreshed_s = 0.0
        return done

    def _results(self, finished: Sequence[_Sent]) -> dict[str, TaskResult]:
        """The results by their futures' keys, fetched in one request. Results of workers lost since are missing."""
        futures = {sent.future.key: sent.future for sent in finished}
        try:
            return dict(
                self._client.sync(self._client.gather, futures, errors="skip", callback_timeout=_FETCH_TIMEOUT_S)
            )
        except (OSError, TimeoutError):  # Dask waits for a rerun that no worker can do
            return {}

    def _result_of_failure(self, sent: _Sent) -> TaskResult | None:
        """The result of a task that raised an error. None if its worker was lost."""
        if sent.future.status != "error":
            return None
        error = sent.future.exception(timeout=_FETCH_TIMEOUT_S)
        if isinstance(error, dask_module("distributed").KilledWorker):
            return None
        words = f"{type(error).__name__}: {error}"  # a bug of ours: this track fails, the others go on
        return TaskResult(sent.task.name, "failed", error=words, exit_code=1)

    # --- workers that join and leave ---------------------------------------------------------------

    def _refresh_workers(self) -> list[FinishedTask]:
        """Admit or refuse new workers. Returns the tasks of lost workers."""
        now_s = time.monotonic()
        if self._admitted and now_s - self._refreshed_s < REFRESH_EVERY_S:
            return []
        self._refreshed_s = now_s
        self._present = self._list_workers()
        self._refused = {address: why for address, why in self._refused.items() if address in self._present}
        self._admitted = {address: threads for address, threads in self._present.items() if address in self._admitted}
        newcomers = [address for address in self._present if address not in {*self._admitted, *self._refused}]
        if newcomers and self._voices:
            self._admit(newcomers)
        lost = [key for key, sent in self._sent.items() if sent.address not in self._present]
        given_up = [self._sent.pop(key) for key in lost]
        if given_up:
            self._client.cancel([sent.future for sent in given_up])
        self._fail_without_workers(now_s)
        return [FinishedTask(sent.task, None) for sent in given_up]

    def _list_workers(self) -> dict[str, int]:
        cause: Exception | None = None
        if self._client.status == "running":
            try:
                return dict(self._client.nthreads())
            except (OSError, TimeoutError) as error:
                cause = error
        raise TrackError(
            f"the cluster's scheduler is gone{f': {cause}' if cause else ''}",
            hint="start it and run the same command again: finished tracks are kept",
        ) from cause

    def _admit(self, newcomers: Sequence[str]) -> None:
        ours = identity(self._voices)
        probe = f".sleepward-{self._batch.token}"
        self._batch.store.write(probe, self._batch.token.encode())
        try:
            answers = self._client.run(
                describe_worker,
                list(self._voices),
                self._batch.store,
                probe,
                workers=list(newcomers),
                on_error="return",
            )
        finally:
            self._batch.store.remove(probe)
        for address, answer in answers.items():
            if isinstance(answer, OSError):  # the worker left before it answered: the next refresh notices
                continue
            if why := self._refusal_reason(ours, answer):
                self._refused[address] = why
                self._notice(f"the worker {address} is refused: {why}")
            else:
                self._admitted[address] = self._present[address]

    def _refusal_reason(self, ours: dict[str, str], answer: tuple[dict[str, str], str] | Exception) -> str:
        """Why a worker is refused. Empty if it is admitted."""
        if isinstance(answer, ModuleNotFoundError):
            return f"sleepward isn't installed there, or has another version ({answer})"
        if isinstance(answer, Exception):
            return f"it couldn't report its versions ({type(answer).__name__}: {answer})"
        theirs, content = answer
        different = [
            f"{name} is {theirs.get(name, 'none')} there and {ours.get(name, 'none')} here"
            for name in {**ours, **theirs}
            if theirs.get(name) != ours.get(name)
        ]
        if content != self._batch.token:
            different.append(f"it can't read the output folder{f': {content}' if content else ''}")
        return "; ".join(different)

    def _fail_without_workers(self, now_s: float) -> None:
        """Raise TrackError if tasks wait and no worker can take them."""
        if self._admitted or not self._waiting:
            self._without_workers_since_s = now_s
            return
        if self._refused and len(self._refused) == len(self._present):
            reasons = "\n".join(f"  {address}: {why}" for address, why in self._refused.items())
            raise TrackError(f"every worker of the cluster was refused:\n{reasons}")
        if now_s - self._without_workers_since_s > NO_WORKER_TIMEOUT_S:
            raise TrackError(
                f"the cluster has had no worker for {NO_WORKER_TIMEOUT_S:.0f} s",
                hint="start some with `dask worker tcp://HOST:8786 --nthreads 1`",
            )

    def _stop_tasks(self) -> None:
        """Ask running tasks to stop at their next step and to remove their unfinished files."""
        busy = list({sent.address for sent in self._sent.values()})
        until_s = time.monotonic() + STOP_TIMEOUT_S
        while busy and time.monotonic() < until_s:
            left = self._client.run(stop, self._batch.token, workers=busy, on_error="ignore")
            if not any(left.values()):
                return
            time.sleep(0.1)
