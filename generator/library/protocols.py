"""What travels between whoever plans a library and whoever builds its tracks, and what both must be able to do.

A task holds everything that a worker needs, so that a worker in another process or on another machine reads no
routine, template or setting of its own: it opens the voice, makes the sound and answers with figures, never with sound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from ..pronunciation.lexicon import Lexicon
from ..settings import Settings

TaskState = Literal["planned", "made", "unchanged", "retitled", "failed"]


@dataclass(frozen=True, slots=True)
class BuildTask:
    """One track to make. `name` is its path below the library's folder, with / and its suffix.

    `text` is the rendered script and `shown_as` how errors name it; `settings` are resolved, `lexicon` is the user's as
    well as ours. `key` is what the track's key must come out as: a worker that finds another is of another identity.
    `only_plan` asks for speaking and placing alone, so that what can't be had is known before anything is encoded; the
    clips stay in the worker's cache.
    """

    name: str
    text: str
    shown_as: str
    stem: str
    settings: Settings
    lexicon: Lexicon
    key: str
    album: str = ""
    only_plan: bool = False


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of a task; figures and words, small enough to send. Of a planned track `bytes` is an estimate.

    `error`, where it happened, what to do and `exit_code` tell of a failure. One `is_of_length` is that this length
    can't be had; where the disk is full the tracks after it would fail alike.
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
    """A task that came back: with its result, or without one where the worker that had it was lost."""

    task: BuildTask
    result: TaskResult | None


class Executor(Protocol):
    """Workers behind one interface: the pool of this machine, or a cluster. Whoever calls it keeps the window small."""

    @property
    def slots(self) -> int:
        """How many tasks can be worked on at once, as of now."""

    def submit(self, task: BuildTask) -> None:
        """Take a task; never waits for it."""

    def wait(self, timeout_s: float) -> Sequence[FinishedTask]:
        """What is finished: at least one, or none where `timeout_s` passed. A lost worker's tasks come back lost,
        and the executor has made itself whole again.
        """

    def close(self, *, at_once: bool) -> None:
        """End the workers: after what they have in hand, or `at_once`, leaving no half-finished file."""


class TrackStore(Protocol):
    """Where finished tracks go: a folder, or any place that fsspec knows. Names are those of tasks.

    It travels to the workers, so it can be pickled.
    """

    def path_of(self, name: str) -> Path | None:
        """The file of this machine that the track is; None where it is made elsewhere and then `put`.

        Raises InputError for a place that isn't the library's own.
        """

    def put(self, name: str, path: str, key: str) -> None:
        """The finished file at `path` (on this machine) goes to its place, whole or not at all; `path` is used up."""

    def fetch(self, name: str, path: str) -> None:
        """The track, as it lies there, to `path` on this machine."""

    def key_of(self, name: str) -> str | None:
        """The track key of what lies there, None where there is nothing whole."""

    def remove(self, name: str) -> None: ...

    def stamps(self) -> Mapping[str, str]:
        """Every track that lies there, with what changes whenever it is written again (size and time, an ETag)."""

    def read(self, name: str) -> bytes | None:
        """A small file, as the manifest is; None where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """A small file, whole or not at all."""
