"""The types that travel between the leader, which plans a library, and its workers; and the protocols of both sides.

A task holds everything that a worker needs. A worker in another process or on another machine reads no routine,
template or setting of its own: it opens the voice, makes the sound, and returns figures, never sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ..model import ALONE, Place
from ..pronunciation.lexicon import Lexicon
from ..settings import Settings

TaskState = Literal["planned", "made", "unchanged", "retitled", "failed"]


@dataclass(frozen=True, slots=True)
class BuildTask:
    """One track to build. `name` is its path below the library's folder, with / and its suffix.

    `text` is the rendered script and `shown_as` is its name in errors. `settings` are resolved. `lexicon` holds the
    user's entries and ours. `key` is the expected track key: a worker that computes another one refuses the task.
    `only_plan` asks for speech and a timeline without encoding, so that faults are known before any track is encoded.
    The clips stay in the worker's cache.
    """

    name: str
    text: str
    shown_as: str
    stem: str
    settings: Settings
    lexicon: Lexicon
    key: str
    place: Place = ALONE
    only_plan: bool = False


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The outcome of a task: figures and words, small enough to send. `bytes` of a planned track is an estimate.

    A failure sets `error`, `where`, `hint` and `exit_code`. `is_of_length` says that the requested length is
    impossible. `disk_full` says that the next tracks would fail too.
    """

    name: str
    state: TaskState
    key: str = ""
    bytes: int = 0
    sha256: str = ""
    duration_ms: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    notes: tuple[str, ...] = ()
    error: str = ""
    where: str = ""
    hint: str = ""
    exit_code: int = 0
    is_of_length: bool = False
    disk_full: bool = False


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """A task that came back. `result` is None if its worker was lost."""

    task: BuildTask
    result: TaskResult | None


class Executor(Protocol):
    """The workers: processes of this machine or a cluster. The caller limits how many tasks are submitted at a time."""

    @property
    def slots(self) -> int:
        """How many tasks can run at once at the moment."""

    def submit(self, task: BuildTask) -> None:
        """Queue a task. Never blocks."""

    def wait(self, timeout_s: float) -> Sequence[FinishedTask]:
        """The finished tasks: at least one, or none after `timeout_s`.

        The tasks of a lost worker come back without a result; the executor has replaced the worker by then.
        """

    def close(self, *, at_once: bool) -> None:
        """End the workers: after their current tasks, or `at_once`. Neither leaves a half-finished file."""


class TrackStore(Protocol):
    """Where finished tracks go: a folder, or a URL that fsspec can open. Names are task names.

    It travels to the workers, so it must be picklable.
    """

    def path_of(self, name: str) -> Path | None:
        """The track's file on this machine. None if the track is built elsewhere and then `put`.

        Raises InputError if a link leads out of the library's folder.
        """

    def put(self, name: str, path: str, key: str) -> None:
        """Move the finished file at `path` (on this machine) into the store, atomically. `path` is gone afterwards."""

    def fetch(self, name: str, path: str) -> None:
        """Copy the stored track to `path` on this machine."""

    def key_of(self, name: str) -> str | None:
        """The key of the stored track. None if there is no whole track."""

    def remove(self, name: str) -> None: ...

    def stamps(self) -> Mapping[str, str]:
        """Each stored track with a stamp that changes whenever it is written again (size and time, or an ETag)."""

    def read(self, name: str) -> bytes | None:
        """The content of a small file, such as the manifest. None if it doesn't exist."""

    def write(self, name: str, content: bytes) -> None:
        """Write a small file atomically."""
