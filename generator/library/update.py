"""Brings a library up to date: plans all its tracks, builds the stale ones and prunes the obsolete ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from .building import Outcome, make, plan
from .comparing import Status
from .library_file import Library
from .manifest import ManifestEntry
from .protocols import Executor, TrackStore
from .state import LibraryState

Stage = Literal["planning", "making"]


class Listener(Protocol):
    """Receives progress and outcomes while a library is updated."""

    def stage(self, stage: Stage, total: int) -> AbstractContextManager[Callable[[int, int], None]]:
        """A stage of `total` tracks, as long as the context lasts. The context's callable takes (done, total)."""

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
    """Build the stale tracks. Returns how many weren't begun.

    With `plan_first`, all tracks are planned before the first is built, so that every fault is reported at once. A
    `dry_run` ends after planning. Raises DefinitionError with the faults of all tracks.
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
    """A stored track that the library no longer has. `foreign` means that its file isn't the one that was built."""

    name: str
    state: Literal["kept", "removed", "foreign"]


def prune(
    obsolete: Iterable[ManifestEntry], state: LibraryState, store: TrackStore, *, remove: bool
) -> Iterator[ObsoleteTrack]:
    """Yield the stored tracks that the library no longer has. `remove` deletes those whose file is unchanged."""
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
