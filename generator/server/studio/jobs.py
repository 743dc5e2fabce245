"""A queue of work that takes a while: some at once, the others in their order, each seen and cancelled from outside."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Literal

from ...errors import InputError, SleepwardError, TrackError, shortage
from ...system.stopping import StoppedError, StopToken

MOST_WAITING = 100
MOST_ENDED = 30  # that are still shown

State = Literal["waiting", "working", "ending", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Made:
    """A finished sound: where the server shows it."""

    address: str


@dataclass(slots=True)
class JobView:
    """What is seen of a job. `stage`, `done` and `total` are of a build's progress; `message` says why it failed."""

    number: int
    title: str
    state: State = "waiting"
    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    notes: list[str] = field(default_factory=list)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work in the queue. `ended` gets what it made, or the error that it ended with."""

    view: JobView
    stop: StopToken
    ended: Future[Made]


Work = Callable[["Reporter"], Made]


class Queue:
    """Work for `at_once` threads."""

    def __init__(self, at_once: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._jobs: dict[int, Job] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._version = 0

    def add(self, title: str, work: Work) -> Job:
        """Put `work` at the end. Raises InputError if too much is waiting."""
        with self._lock:
            if sum(job.view.state == "waiting" for job in self._jobs.values()) >= MOST_WAITING:
                raise InputError(f"{MOST_WAITING} tracks are waiting", hint="wait for some of them, or cancel them")
            job = Job(JobView(next(self._numbers), title), StopToken(), Future())
            self._jobs[job.view.number] = job
            ended = [number for number, each in self._jobs.items() if each.ended.done()]
            for number in ended[: max(0, len(ended) - MOST_ENDED)]:
                del self._jobs[number]
            self._version += 1
        self._threads.submit(self._run, job, work)
        return job

    def cancel(self, number: int) -> None:
        """End a job: at once if it waits, else at its next step. Nothing happens if it has ended or was never there."""
        with self._lock:
            job = self._jobs.get(number)
            if job is None or job.ended.done():
                return
            job.stop.set()
            if job.view.state == "waiting":
                self._end(job, "cancelled", _cancelled())
            else:
                job.view.state = "ending"
                self._version += 1

    @property
    def version(self) -> int:
        """A number that grows with every change."""
        return self._version

    def seen(self) -> list[dict[str, Any]]:
        """Every job that is waiting or working, and the last that ended, in their order."""
        with self._lock:
            return [asdict(job.view) for job in self._jobs.values()]

    def close(self) -> None:
        """Cancel everything, and wait until the threads have ended."""
        for number in reversed([*self._jobs]):  # what waits first: else it would begin
            self.cancel(number)
        self._threads.shutdown(cancel_futures=True)

    def _run(self, job: Job, work: Work) -> None:
        with self._lock:
            if job.view.state != "waiting":
                return
            job.view.state = "working"
            self._version += 1
        state: State = "failed"
        outcome: Made | SleepwardError
        try:
            state, outcome = "done", work(Reporter(job, partial(self._note, job)))
        except StoppedError:
            state, outcome = "cancelled", _cancelled()
        except SleepwardError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001  # a bug that hits one track must not stop the others
            outcome = shortage(error) or TrackError(f"{type(error).__name__}: {error}")
        with self._lock:
            self._end(job, state, outcome)

    def _end(self, job: Job, state: State, outcome: Made | SleepwardError) -> None:
        """Note how a job ended. The lock is held."""
        job.view.state = state
        self._version += 1
        if isinstance(outcome, Made):
            job.view.address = outcome.address
            job.ended.set_result(outcome)
        else:
            job.view.message = str(outcome) if state == "failed" else ""
            job.ended.set_exception(outcome)

    def _note(self, job: Job, **changes: Any) -> None:
        with self._lock:
            for name, value in changes.items():
                setattr(job.view, name, value)
            self._version += 1


def _cancelled() -> SleepwardError:
    return InputError("this was cancelled")


class Reporter:
    """What a job's work tells. Both raise StoppedError once the job is cancelled, or the program ends."""

    def __init__(self, job: Job, note: Callable[..., None]) -> None:
        self._job, self._note = job, note

    def check(self) -> None:
        self._job.stop.check()

    def progress(self, stage: str, done: int, total: int) -> None:
        self.check()
        self._note(stage=stage, done=done, total=total)

    def notice(self, text: str) -> None:
        self.check()
        self._note(notes=[*self._job.view.notes, text])
