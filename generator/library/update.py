"""A library brought up to date: planned as a whole, made, and pruned of what it has no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from .batch import Library, Outcome, Status, make, plan
from .manifest import ManifestEntry
from .protocols import Executor, TrackStore
from .state import LibraryState

Stage = Literal["planning", "making"]


class Listener(Protocol):
    """Who is told what becomes of the tracks, as it comes."""

    def stage(self, stage: Stage, total: int) -> AbstractContextManager[Callable[[int, int], None]]:
        """A stage of `total` tracks lasts as long as the context; what that gives is told how many are done."""

    def tell(self, outcome: Outcome) -> None: ...


def update(
    library: Library,
    status: Status,
    state: LibraryState,
    executor: Executor,
    listener: Listener,
    *,
    dry_run: bool = False,
    plan_first: bool = True,
    keep_going: bool = True,
) -> int:
    """Make what the library lacks; returns how many tracks weren't begun.

    With `plan_first` every track is planned before one is made, so that what can't be had is said at once; a `dry_run`
    ends there. Raises DefinitionError with the faults of all of them.
    """
    stale = list(status.stale)
    if dry_run or plan_first:
        position = {each.track.name: number for number, each in enumerate(stale)}
        with listener.stage("planning", len(stale)) as progress:
            stale, known = plan(library, status, state, executor, progress)
        failed = False
        for outcome in sorted(known, key=lambda outcome: position[outcome.result.name]):
            failed = failed or outcome.result.state == "failed"
            if dry_run or outcome.result.state in ("failed", "unchanged"):
                listener.tell(outcome)
        if dry_run or (failed and not keep_going):
            return 0
    done = 0
    with listener.stage("making", len(stale)) as progress:
        for done, outcome in enumerate(make(library, stale, state, executor, keep_going=keep_going), 1):
            listener.tell(outcome)
            progress(done, len(stale))
    return len(stale) - done


@dataclass(frozen=True, slots=True)
class ObsoleteTrack:
    """A track that lies there, and that the library has no more; `foreign` is another file than was made."""

    name: str
    state: Literal["kept", "removed", "foreign"]


def prune(
    obsolete: Iterable[ManifestEntry], state: LibraryState, store: TrackStore, *, remove: bool
) -> Iterator[ObsoleteTrack]:
    """Tell the tracks that the library has no more; with `remove` they go, where they still are what was made."""
    for entry in obsolete:
        if not state.is_there(entry.name):
            state.forget(entry.name)
        elif not remove:
            yield ObsoleteTrack(entry.name, "kept")
        elif store.key_of(entry.name) == entry.key:
            store.remove(entry.name)
            state.forget(entry.name)
            yield ObsoleteTrack(entry.name, "removed")
        else:
            yield ObsoleteTrack(entry.name, "foreign")
