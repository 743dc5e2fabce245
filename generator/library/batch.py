"""A library file to finished tracks: what is wanted, what of it is there, what has to be made, and why."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from ..definition.library_reading import read_library
from ..errors import InputError, SleepwardError
from ..settings import written_settings
from ..system.stopping import check
from ..workspace import Workspace
from ..workspace.parsers import parsers_in
from ..yaml_source import read_text
from .fault_report import FaultReport
from .inputs import PARTS
from .manifest import ManifestEntry
from .names import collisions, name_fault
from .protocols import BuildTask, Executor, TaskResult
from .requested_tracks import LocatedText, requested_tracks
from .resolver import PreparedTask, ResolvedTrack, TrackResolver
from .scheduler import run_tasks
from .state import LibraryState
from .tasks import failed_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..yaml_source import YamlSource

    Progress = Callable[[int, int], None]

NEW, MISSING, DAMAGED = "it is new", "its file is gone", "its file isn't what was made"


@dataclass(frozen=True, slots=True)
class Library:
    """A library file, read: its tracks in the order of the file, and where they go; `names` are those of all."""

    path: Path
    title: str
    output: str
    tracks: tuple[ResolvedTrack, ...]
    names: frozenset[str]
    resolver: TrackResolver
    fault_report: FaultReport


@dataclass(frozen=True, slots=True)
class StaleTrack:
    """A track to look after, and why; `entry` is what the manifest has of it, if the file is there and whole."""

    track: ResolvedTrack
    why: str
    entry: ManifestEntry | None


@dataclass(frozen=True, slots=True)
class Status:
    """What is there of a library: tracks that are unchanged, those to look after, entries that it has no more."""

    unchanged: tuple[ManifestEntry, ...]
    stale: tuple[StaleTrack, ...]
    obsolete: tuple[ManifestEntry, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a track, or is to become of it, and why."""

    result: TaskResult
    why: str


# --- reading -------------------------------------------------------------------------------------------


def open_library(path: Path, only: str | None = None) -> Library:
    """The library in a file, of its tracks those whose names match the pattern `only`; nothing is made.

    Raises DefinitionError with every fault, each at the line that makes it, and other SleepwardErrors for what isn't
    the library's fault.
    """
    folder, workspace = path.parent, Workspace.beside(path)
    file, source = read_library(
        read_text(path),
        str(path),
        known_settings=parsers_in(folder, workspace),
        known_routines=workspace.routine_names(),
        check_script=lambda script: _must_be_script(folder, script),
    )
    if not (folder / file.output).resolve().is_relative_to(folder.resolve()):
        source.fault(_offset_in(source, "output"), "this leads out of the library's folder: name another, or give -o")
    defaults = {name: LocatedText(value, _offset_in(source, "defaults", name)) for name, value in file.defaults.items()}
    resolver, fault_report = TrackResolver(folder, workspace, defaults, file.title), FaultReport(source, defaults)
    tracks = []
    requests = requested_tracks(file, source)
    if not requests:
        source.fault(_offset_in(source, "exclude"), "no track is left to make: exclude fewer")
    for requested in requests:
        try:
            tracks.append(resolver.resolve(requested))
        except SleepwardError as error:
            fault_report.note(error, requested)
    _check_names(tracks, source)
    fault_report.raise_faults()
    names = frozenset(track.name for track in tracks)
    chosen = tuple(track for track in tracks if only is None or fnmatchcase(track.name, only))
    if not chosen:
        hint = "a * stands for anything: 'deep-hip-opening/*'"
        raise InputError(f"none of the {len(names)} tracks has a name like {only!r}", where="--names", hint=hint)
    return Library(path, file.title, str(folder / file.output), chosen, names, resolver, fault_report)


def _offset_in(source: YamlSource, *loc: str) -> int:
    node = source.find(loc)
    return node.start if node else 0


def _must_be_script(folder: Path, script: str) -> None:
    path = folder / script
    if not path.is_file():
        raise ValueError(f"there is no file {script!r} in this folder: check its name")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{script!r} lies outside this folder, by a link: put the file itself here")


def _check_names(tracks: Sequence[ResolvedTrack], source: YamlSource) -> None:
    for track in tracks:
        if fault := name_fault(track.name):
            source.fault(track.requested.offset, f"{fault}: give it another with 'names' or 'name'")
    for index, earlier in collisions([track.name for track in tracks]):
        requested, other = tracks[index].requested, tracks[earlier].requested
        differing = [name for name in requested.settings if requested.settings[name] != other.settings.get(name)]
        at = requested.offset_of(differing[0]) if differing and requested.offset == other.offset else requested.offset
        line = source.line_of(other.offset)
        what = f"{tracks[index].name} would be another track's too, that of line {line}"
        source.fault(at, f"{what}: give one of them another with 'names' or 'name'")


# --- comparing -----------------------------------------------------------------------------------------------


def compare(library: Library, state: LibraryState) -> Status:
    """What is there of the library, and what isn't, or of other things; nothing is rendered.

    Raises InputError where a link below the library's folder leads a track out of it.
    """
    state.refuse_links(track.name for track in library.tracks)
    unchanged: list[ManifestEntry] = []
    stale: list[StaleTrack] = []
    for track in library.tracks:
        check()
        entry = state.entries.get(track.name)
        whole = entry is not None and state.is_whole(track.name, entry.key)
        if entry is not None and whole and not track.made_from.differences(entry.inputs):
            unchanged.append(entry)
            state.record(entry)
        else:
            stale.append(StaleTrack(track, _reason(track, entry, state, whole=whole), entry if whole else None))
    obsolete = [entry for name, entry in state.entries.items() if name not in library.names]
    return Status(tuple(unchanged), tuple(stale), tuple(obsolete))


def _reason(track: ResolvedTrack, entry: ManifestEntry | None, state: LibraryState, *, whole: bool) -> str:
    if entry is None:
        return NEW
    if not whole:
        return DAMAGED if state.is_there(track.name) else MISSING
    parts = track.made_from.differences(entry.inputs)
    return ", ".join(_changed_settings(entry, track) if part == "settings" else PARTS.get(part, part) for part in parts)


def _changed_settings(entry: ManifestEntry, track: ResolvedTrack) -> str:
    """Which settings are others now."""
    now, before = written_settings(track.settings), entry.settings
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {now.get(name, 'by default')}" for name in names) or PARTS["settings"]


# --- planning ------------------------------------------------------------------------------------------------


def plan(
    library: Library,
    status: Status,
    state: LibraryState,
    executor: Executor,
    progress: Progress = lambda done, total: None,
) -> tuple[list[StaleTrack], list[Outcome]]:
    """Speak and place whatever is new, so that all that can't be had is said before the first track is encoded.

    Returns what is to be made, and for each track to look after what is known of it: planned, unchanged after all,
    found there, or failed. Raises DefinitionError with the faults of all of them.
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
    """A track whose sound is there already; None where it has to be made."""
    task, entry = prepared.task, stale.entry
    if entry is None:  # a run that was ended by force may have made it
        is_whole = state.is_whole(task.name, task.key)
        return Outcome(TaskResult(task.name, "retitled", task.key), "it was found there") if is_whole else None
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
    """Each track as it is finished, or has failed; what is finished is in `state`."""
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
            state.save_periodically(library.title)
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
    """A track of each routine in turn: workers speak different sentences at a time, and share what is spoken."""
    groups: dict[str, list[StaleTrack]] = {}
    for each in stale:
        groups.setdefault(each.track.requested.routine or each.track.requested.script, []).append(each)
    rounds = zip_longest(*groups.values())
    return (each for each in chain.from_iterable(rounds) if each is not None)
