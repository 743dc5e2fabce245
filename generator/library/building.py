"""Plans and builds the stale tracks of a library."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from ..errors import InputError, SleepwardError
from ..settings import written_settings
from .comparing import StaleTrack, Status
from .library_file import Library
from .manifest import ManifestEntry
from .protocols import BuildTask, Executor, TaskResult
from .resolver import PreparedTask, ResolvedTrack
from .scheduler import run_tasks
from .state import LibraryState
from .tasks import failed_result

if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a track, built or planned, and why it was due."""

    result: TaskResult
    why: str


# --- planning ------------------------------------------------------------------------------------------------


def plan(
    library: Library,
    status: Status,
    state: LibraryState,
    executor: Executor,
    progress: Progress = lambda done, total: None,
) -> tuple[list[StaleTrack], list[Outcome]]:
    """Speak and lay out every stale track, so that all faults are reported before the first track is encoded.

    Returns the tracks to build, and an outcome for each stale track: planned, unchanged after all, retitled or failed.
    Raises DefinitionError with the faults of all tracks.
    """
    known: list[Outcome] = []
    to_make: dict[str, StaleTrack] = {}
    by_name = {each.track.name: each for each in status.stale}

    def tasks() -> Iterator[BuildTask]:
        for each in interleaved(status.stale):
            track = each.track
            try:
                prepared = library.resolver.prepare(track)
            except SleepwardError as error:
                library.fault_report.note(error, track.requested)
                continue
            if found := _outcome_if_present(prepared, each, state):
                known.append(found)
                if found.result.state != "unchanged":
                    to_make[track.name] = each
                progress(len(known), len(by_name))
            else:
                yield replace(prepared.task, only_plan=True)

    for result in run_tasks(tasks(), executor):
        each = by_name[result.name]
        if result.state == "failed" and result.exit_code == InputError.exit_code:
            library.fault_report.note_result(result, each.track.requested)
            continue
        known.append(Outcome(result, each.why))
        if result.state == "planned":
            to_make[result.name] = each
        progress(len(known), len(by_name))
    library.fault_report.raise_faults()
    return [each for each in status.stale if each.track.name in to_make], known


def _outcome_if_present(prepared: PreparedTask, stale: StaleTrack, state: LibraryState) -> Outcome | None:
    """The outcome of a track whose sound is in the store. None if it must be built."""
    task, entry = prepared.task, stale.entry
    if entry is None:  # a killed run may have built it
        is_whole = state.is_whole(task.name, task.key)
        return Outcome(TaskResult(task.name, "retitled", task.key), "it was already there") if is_whole else None
    if entry.key != task.key:
        return None
    figures = TaskResult(task.name, "retitled", entry.key, entry.bytes, entry.sha256, entry.duration_ms)
    if entry.tags != prepared.tags:
        return Outcome(figures, f"{stale.why}: tags alone")
    state.record(replace(entry, inputs=stale.track.made_from.digests))
    return Outcome(replace(figures, state="unchanged"), stale.why)


# --- making ----------------------------------------------------------------------------------------------------


def make(
    library: Library, stale: Sequence[StaleTrack], state: LibraryState, executor: Executor, *, keep_going: bool = True
) -> Iterator[Outcome]:
    """Build the tracks, and yield each outcome as it comes. Finished tracks are recorded in `state`."""
    by_name = {each.track.name: each for each in stale}
    prepared: dict[str, PreparedTask] = {}
    not_submitted: deque[Outcome] = deque()

    def tasks() -> Iterator[BuildTask]:
        for each in interleaved(stale):
            try:
                ready = library.resolver.prepare(each.track)
            except SleepwardError as error:
                not_submitted.append(Outcome(failed_result(each.track.name, error), each.why))
                if not keep_going:
                    return
                continue
            found = _outcome_if_present(ready, each, state)
            if found is not None and found.result.state == "unchanged":
                not_submitted.append(found)
                continue
            prepared[each.track.name] = ready
            yield ready.task

    for result in run_tasks(tasks(), executor, keep_going=keep_going):
        each, ready = by_name[result.name], prepared.pop(result.name)
        if result.state != "failed":
            state.record(_entry(each.track, ready, result))
            state.save_periodically(library.title, library.year)
        yield Outcome(result, each.why)
        yield from _drain(not_submitted)
    yield from _drain(not_submitted)


def _drain(outcomes: deque[Outcome]) -> Iterator[Outcome]:
    while outcomes:
        yield outcomes.popleft()


def _entry(track: ResolvedTrack, ready: PreparedTask, result: TaskResult) -> ManifestEntry:
    return ManifestEntry(
        name=result.name,
        title=ready.title,
        practice=ready.practice,
        summary=ready.summary,
        number=track.place.number,
        routine=ready.routine,
        key=result.key,
        tags=ready.tags,
        bytes=result.bytes,
        sha256=result.sha256,
        duration_ms=result.duration_ms,
        settings=written_settings(track.settings),
        inputs=track.made_from.digests,
    )


def interleaved(stale: Iterable[StaleTrack]) -> Iterator[StaleTrack]:
    """A track of each routine in turn, so that workers speak different sentences and then share the clips."""
    groups: dict[str, list[StaleTrack]] = {}
    for each in stale:
        groups.setdefault(each.track.requested.routine or each.track.requested.script, []).append(each)
    rounds = zip_longest(*groups.values())
    return (each for each in chain.from_iterable(rounds) if each is not None)
