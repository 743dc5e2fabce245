"""A library file to finished tracks: what is wanted, what of it is there, what has to be made, and why."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from ..definition.library_models import read_library
from ..errors import InputError, SleepwardError
from ..settings import written_settings
from ..system.stopping import check
from ..workspace import Workspace
from ..workspace.parsers import parsers_in
from ..yaml_source import read_text
from .blame import Blame
from .inputs import PARTS
from .jobs import Value, jobs_of
from .ledger import Ledger
from .manifest import Entry
from .names import collisions, name_fault
from .orders import failure
from .run import run
from .settle import Prepared, Settler, Track
from .work import Executor, Order, Result

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
    tracks: tuple[Track, ...]
    names: frozenset[str]
    settler: Settler
    blame: Blame


@dataclass(frozen=True, slots=True)
class Todo:
    """A track to look after, and why; `entry` is what the manifest has of it, if the file is there and whole."""

    track: Track
    why: str
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is there of a library: tracks that are unchanged, those to look after, entries that it has no more."""

    unchanged: tuple[Entry, ...]
    todo: tuple[Todo, ...]
    left: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a track, or is to become of it, and why."""

    result: Result
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
        source.fault(_at(source, "output"), "this leads out of the library's folder: name another, or give -o")
    defaults = {name: Value(value, _at(source, "defaults", name)) for name, value in file.defaults.items()}
    settler, blame = Settler(folder, workspace, defaults, file.title), Blame(source, defaults)
    tracks = []
    jobs = jobs_of(file, source)
    if not jobs:
        source.fault(_at(source, "exclude"), "no track is left to make: exclude fewer")
    for job in jobs:
        try:
            tracks.append(settler.settle(job))
        except SleepwardError as error:
            blame.note(error, job)
    _check_names(tracks, source)
    blame.raise_faults()
    names = frozenset(track.name for track in tracks)
    chosen = tuple(track for track in tracks if only is None or fnmatchcase(track.name, only))
    if not chosen:
        hint = "a * stands for anything: 'deep-hip-opening/*'"
        raise InputError(f"none of the {len(names)} tracks has a name like {only!r}", where="--names", hint=hint)
    return Library(path, file.title, str(folder / file.output), chosen, names, settler, blame)


def _at(source: YamlSource, *loc: str) -> int:
    node = source.find(loc)
    return node.start if node else 0


def _must_be_script(folder: Path, script: str) -> None:
    path = folder / script
    if not path.is_file():
        raise ValueError(f"there is no file {script!r} in this folder: check its name")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{script!r} lies outside this folder, by a link: put the file itself here")


def _check_names(tracks: Sequence[Track], source: YamlSource) -> None:
    for track in tracks:
        if fault := name_fault(track.name):
            source.fault(track.job.offset, f"{fault}: give it another with 'names' or 'name'")
    for index, earlier in collisions([track.name for track in tracks]):
        job, other = tracks[index].job, tracks[earlier].job
        differing = [name for name in job.settings if job.settings[name] != other.settings.get(name)]
        at = job.offset_of(differing[0]) if differing and job.offset == other.offset else job.offset
        line = source.line_of(other.offset)
        what = f"{tracks[index].name} would be another track's too, that of line {line}"
        source.fault(at, f"{what}: give one of them another with 'names' or 'name'")


# --- comparing -----------------------------------------------------------------------------------------------


def compare(library: Library, ledger: Ledger) -> Standing:
    """What is there of the library, and what isn't, or of other things; nothing is rendered.

    Raises InputError where a link below the library's folder leads a track out of it.
    """
    ledger.refuse_links(track.name for track in library.tracks)
    unchanged: list[Entry] = []
    todo: list[Todo] = []
    for track in library.tracks:
        check()
        entry = ledger.entries.get(track.name)
        whole = entry is not None and ledger.is_whole(track.name, entry.key)
        if entry is not None and whole and not track.made_from.differences(entry.inputs):
            unchanged.append(entry)
            ledger.record(entry)
        else:
            todo.append(Todo(track, _why(track, entry, ledger, whole=whole), entry if whole else None))
    left = [entry for name, entry in ledger.entries.items() if name not in library.names]
    return Standing(tuple(unchanged), tuple(todo), tuple(left))


def _why(track: Track, entry: Entry | None, ledger: Ledger, *, whole: bool) -> str:
    if entry is None:
        return NEW
    if not whole:
        return DAMAGED if ledger.is_there(track.name) else MISSING
    parts = track.made_from.differences(entry.inputs)
    return ", ".join(_changes(entry, track) if part == "settings" else PARTS.get(part, part) for part in parts)


def _changes(entry: Entry, track: Track) -> str:
    """Which settings are others now."""
    now, before = written_settings(track.settings), entry.settings
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {now.get(name, 'by default')}" for name in names) or PARTS["settings"]


# --- planning ------------------------------------------------------------------------------------------------


def plan(
    library: Library,
    standing: Standing,
    ledger: Ledger,
    executor: Executor,
    progress: Progress = lambda done, total: None,
) -> tuple[list[Todo], list[Outcome]]:
    """Speak and place whatever is new, so that all that can't be had is said before the first track is encoded.

    Returns what is to be made, and for each track to look after what is known of it: planned, unchanged after all,
    found there, or failed. Raises DefinitionError with the faults of all of them.
    """
    known: list[Outcome] = []
    again: dict[str, Todo] = {}
    names = {todo.track.name: todo for todo in standing.todo}

    def orders() -> Iterator[Order]:
        for todo in interleaved(standing.todo):
            track = todo.track
            try:
                prepared = library.settler.prepare(track)
            except SleepwardError as error:
                library.blame.note(error, track.job)
                continue
            if found := _found(prepared, todo, ledger):
                known.append(found)
                if found.result.state != "unchanged":
                    again[track.name] = todo
                progress(len(known), len(names))
            else:
                yield replace(prepared.order, only_plan=True)

    for result in run(orders(), executor):
        todo = names[result.name]
        if result.state == "failed" and result.exit_code == InputError.exit_code:
            library.blame.note_result(result, todo.track.job)
            continue
        known.append(Outcome(result, todo.why))
        if result.state == "planned":
            again[result.name] = todo
        progress(len(known), len(names))
    library.blame.raise_faults()
    return [todo for todo in standing.todo if todo.track.name in again], known


def _found(prepared: Prepared, todo: Todo, ledger: Ledger) -> Outcome | None:
    """A track whose sound is there already; None where it has to be made."""
    order, entry = prepared.order, todo.entry
    if entry is None:  # a run that was ended by force may have made it
        is_whole = ledger.is_whole(order.name, order.key)
        return Outcome(Result(order.name, "retitled", order.key), "it was found there") if is_whole else None
    if entry.key != order.key:
        return None
    figures = Result(order.name, "retitled", entry.key, entry.bytes, entry.sha256, entry.duration_ms)
    if entry.tags != prepared.tags:
        return Outcome(figures, f"{todo.why}: tags alone")
    ledger.record(replace(entry, inputs=todo.track.made_from.digests))
    return Outcome(replace(figures, state="unchanged"), todo.why)


# --- making ----------------------------------------------------------------------------------------------------


def make(
    library: Library, todo: Sequence[Todo], ledger: Ledger, executor: Executor, *, keep_going: bool = True
) -> Iterator[Outcome]:
    """Each track as it is finished, or has failed; what is finished is in the ledger."""
    names = {each.track.name: each for each in todo}
    prepared: dict[str, Prepared] = {}
    unordered: deque[Outcome] = deque()

    def orders() -> Iterator[Order]:
        for each in interleaved(todo):
            try:
                ready = library.settler.prepare(each.track)
            except SleepwardError as error:
                unordered.append(Outcome(failure(each.track.name, error), each.why))
                if not keep_going:
                    return
                continue
            found = _found(ready, each, ledger)
            if found is not None and found.result.state == "unchanged":
                unordered.append(found)
                continue
            prepared[each.track.name] = ready
            yield ready.order

    for result in run(orders(), executor, keep_going=keep_going):
        each, ready = names[result.name], prepared.pop(result.name)
        if result.state != "failed":
            ledger.record(_entry(each.track, ready, result))
            ledger.save_now_and_then(library.title)
        yield Outcome(result, each.why)
        yield from _drained(unordered)
    yield from _drained(unordered)


def _drained(outcomes: deque[Outcome]) -> Iterator[Outcome]:
    while outcomes:
        yield outcomes.popleft()


def _entry(track: Track, ready: Prepared, result: Result) -> Entry:
    return Entry(
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


def interleaved(todo: Iterable[Todo]) -> Iterator[Todo]:
    """A track of each routine in turn: workers speak different sentences at a time, and share what is spoken."""
    groups: dict[str, list[Todo]] = {}
    for each in todo:
        groups.setdefault(each.track.job.routine or each.track.job.script, []).append(each)
    rounds = zip_longest(*groups.values())
    return (each for each in chain.from_iterable(rounds) if each is not None)
