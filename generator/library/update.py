"""A library brought up to date: planned as a whole, made, and pruned of what it has no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from .batch import Library, Outcome, Standing, make, plan
from .ledger import Ledger
from .manifest import Entry
from .work import Executor, Store

Stage = Literal["planning", "making"]


class Listener(Protocol):
    """Who is told what becomes of the tracks, as it comes."""

    def stage(self, stage: Stage, total: int) -> AbstractContextManager[Callable[[int, int], None]]:
        """A stage of `total` tracks lasts as long as the context; what that gives is told how many are done."""

    def tell(self, outcome: Outcome) -> None: ...


def update(
    library: Library,
    standing: Standing,
    ledger: Ledger,
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
    todo = list(standing.todo)
    if dry_run or plan_first:
        place = {each.track.name: number for number, each in enumerate(todo)}
        with listener.stage("planning", len(todo)) as progress:
            todo, known = plan(library, standing, ledger, executor, progress)
        failed = False
        for outcome in sorted(known, key=lambda outcome: place[outcome.result.name]):
            failed = failed or outcome.result.state == "failed"
            if dry_run or outcome.result.state in ("failed", "unchanged"):
                listener.tell(outcome)
        if dry_run or (failed and not keep_going):
            return 0
    done = 0
    with listener.stage("making", len(todo)) as progress:
        for done, outcome in enumerate(make(library, todo, ledger, executor, keep_going=keep_going), 1):
            listener.tell(outcome)
            progress(done, len(todo))
    return len(todo) - done


@dataclass(frozen=True, slots=True)
class LeftTrack:
    """A track that lies there, and that the library has no more; `foreign` is another file than was made."""

    name: str
    state: Literal["kept", "removed", "foreign"]


def prune(left: Iterable[Entry], ledger: Ledger, store: Store, *, remove: bool) -> Iterator[LeftTrack]:
    """Tell the tracks that the library has no more; with `remove` they go, where they still are what was made."""
    for entry in left:
        if not ledger.is_there(entry.name):
            ledger.forget(entry.name)
        elif not remove:
            yield LeftTrack(entry.name, "kept")
        elif store.key_of(entry.name) == entry.key:
            store.remove(entry.name)
            ledger.forget(entry.name)
            yield LeftTrack(entry.name, "removed")
        else:
            yield LeftTrack(entry.name, "foreign")
