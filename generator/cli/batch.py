"""The `batch` command: builds a library of tracks from one file, only what changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import jobs_option, with_options
from .publish import publish_and_say

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..library.building import Outcome
    from ..library.manifest import ManifestEntry
    from ..library.protocols import Executor, TaskResult, TrackStore
    from ..library.update import ObsoleteTrack, Stage

_STAGES = {"planning": "Planning", "making": "Making tracks"}
_DONE = {"made": "made", "retitled": "other tags", "unchanged": "unchanged", "failed": "failed"}
_TO_DO = {"planned": "to make", "retitled": "other tags", "unchanged": "unchanged", "failed": "can't be made"}


@click.command("batch")
@click.argument("library", metavar="[LIBRARY.yaml]", default="library.yaml")
@click.option("-o", "out", metavar="FOLDER|URL", help="Where to put the tracks.  [default: what the library says]")
@click.option("--dry-run", is_flag=True, help="Show what would be made, why, how long and how large; make no track.")
@click.option("--prune", "remove", is_flag=True, help="Remove tracks that are no longer in the library.")
@click.option("--names", "only", metavar="PATTERN", help="Only tracks whose names match, like 'deep-hip-opening/*'.")
@click.option("--keep-going/--no-keep-going", default=True, show_default=True, help="Go on after a track fails.")
@with_options([jobs_option(["-j", "--jobs"], "How many tracks to make at once.")])
@click.option("--scheduler", metavar="tcp://HOST:8786", help="Let the workers of a Dask cluster make them.")
@click.option("--cluster", type=click.Choice(["local"]), help="Make them on a Dask cluster of this machine's cores.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per track.")
def batch_command(library: str, out: str | None, dry_run: bool, remove: bool, **options: Any) -> None:
    """Make all tracks of a LIBRARY.yaml, the second time only what changed.

    All tracks are planned first, so that every fault is reported before one is made (except with --scheduler, as its
    workers do the speaking). library.json beside the tracks lists them. Tracks that are no longer in the library are
    named, and removed only with --prune. In a folder, publishing follows: see `sleepward publish`.

    --dry-run speaks what is new, to know how long it is. The real run reuses this speech.
    """
    from ..library.backends import folder_of, store_for
    from ..library.comparing import compare
    from ..library.library_file import open_library
    from ..library.state import LibraryState
    from ..library.update import prune, update
    from ..storage.cache import Cache, default_folder
    from ..storage.leftovers import remove_abandoned_folders

    if options["scheduler"] and options["cluster"]:
        raise click.UsageError("--scheduler uses a running cluster and --cluster starts one: give only one of them")
    remove_abandoned_folders()
    wanted = open_library(Path(library), options["only"], options["jobs"])
    place = out or wanted.output
    store = store_for(place)
    state = LibraryState(store, place, Cache(default_folder()))
    status = compare(wanted, state)
    report = _BatchReport(place, _TO_DO if dry_run else _DONE, as_json=options["as_json"])
    try:
        for entry in status.unchanged:
            report.tell_unchanged(entry)
        if status.stale:  # a cluster takes seconds to start
            with _bars() as bars, _workers(store, options, bars) as executor:
                report.untouched = update(
                    wanted,
                    status,
                    state,
                    executor,
                    _BatchListener(report, bars),
                    dry_run=dry_run,
                    plan_first=not options["scheduler"],
                    keep_going=options["keep_going"],
                )
        obsolete = prune(status.obsolete, state, store, remove=remove and not dry_run)
        _report_obsolete(obsolete, remove=remove)
    finally:
        if not dry_run:
            state.save(wanted.title, wanted.year)
    if not dry_run and (folder := folder_of(place)) is not None and state.has_tracks:
        publish_and_say(folder)
    report.sum_up()
    if report.counts["failed"]:
        raise click.exceptions.Exit(1)


_OBSOLETE = {
    "kept": "no longer in the library: {name}",
    "removed": "removed: {name}",
    "foreign": "not removed: {name} isn't the track that was made",
}


def _report_obsolete(obsolete: Iterable[ObsoleteTrack], *, remove: bool) -> None:
    """Print what became of the tracks that the library no longer has; of those kept in a dry run, what would."""
    kept = False
    for track in obsolete:
        what = "would be removed: {name}" if remove and track.state == "kept" else _OBSOLETE[track.state]
        click.echo(what.format(name=track.name), err=True)
        kept = kept or track.state == "kept"
    if kept and not remove:
        click.echo("remove them with --prune", err=True)


# --- printing ------------------------------------------------------------------------------------------


@dataclass
class _BatchReport:
    """Prints each outcome as it comes. Results go to stdout, faults and the summary to stderr."""

    place: str
    words: dict[str, str]
    as_json: bool
    counts: Counter[str] = field(default_factory=Counter)
    untouched: int = 0
    bytes: int = 0
    duration_ms: int = 0

    def tell_unchanged(self, entry: ManifestEntry) -> None:
        from ..library.protocols import TaskResult

        result = TaskResult(entry.name, "unchanged", entry.key, entry.bytes, entry.sha256, entry.duration_ms)
        self._count(result)
        if self.as_json:
            self._print_json(result, "")

    def tell(self, outcome: Outcome) -> None:
        result = outcome.result
        self._count(result)
        for note in result.notes:
            click.echo(f"{result.name}: {note}", err=True)
        if result.state == "failed":
            where = f" ({result.where})" if result.where else ""
            hint = f"\n  {result.hint}" if result.hint else ""
            click.echo(f"Error: {result.name}: {result.error}{where}{hint}", err=True)
        if self.as_json:
            self._print_json(result, outcome.why)
        elif result.state not in ("unchanged", "failed"):
            click.echo(self._line(result, outcome.why))

    def sum_up(self) -> None:
        from ..durations import clock

        parts = [f"{self.counts[state]} {word}" for state, word in self.words.items() if self.counts[state]]
        parts += [f"{self.untouched} not begun"] if self.untouched else []
        total = sum(self.counts.values()) - self.counts["failed"]
        size = f"{clock(self.duration_ms)}, {self.bytes / 1e6:,.0f} MB in {self.place}"
        click.echo(f"{', '.join(parts) or 'nothing to do'}; {total} track{'s' * (total != 1)}, {size}", err=True)

    def _count(self, result: TaskResult) -> None:
        self.counts[result.state] += 1
        self.bytes += result.bytes
        self.duration_ms += result.duration_ms

    def _line(self, result: TaskResult, why: str) -> str:
        from ..durations import clock

        facts = [clock(result.duration_ms), f"{result.bytes / 1e6:.1f} MB"] if result.duration_ms else []
        took = f" in {result.elapsed_s:.1f} s" if self.words is _DONE else ""
        return "  ".join([result.name, *facts, f"{self.words[result.state]}{took}", f"({why})"])

    def _print_json(self, result: TaskResult, why: str) -> None:
        facts = {
            "name": result.name,
            "path": f"{self.place.rstrip('/')}/{result.name}",
            "state": result.state,
            "why": why,
            "key": result.key,
            "bytes": result.bytes,
            "sha256": result.sha256,
            "duration_ms": result.duration_ms,
            "elapsed_s": result.elapsed_s,
            "cpu_s": result.cpu_s,
            "error": "\n".join(filter(None, (result.error, result.where, result.hint))),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))


class _BatchListener:
    """Shows a progress bar for each stage, and prints outcomes."""

    def __init__(self, report: _BatchReport, bars: _Bars) -> None:
        self._report, self._bars = report, bars

    def stage(self, stage: Stage, total: int) -> AbstractContextManager[Callable[[int, int], None]]:
        return self._bars.stage(_STAGES[stage], total)

    def tell(self, outcome: Outcome) -> None:
        with self._bars.paused():
            self._report.tell(outcome)


# --- workers and progress ------------------------------------------------------------------------------


@contextmanager
def _workers(store: TrackStore, options: dict[str, Any], bars: _Bars) -> Iterator[Executor]:
    """The executor. If interrupted, its workers end at once and leave no half-made file."""
    from ..library.backends import executor_for
    from ..storage.cache import default_folder

    executor = executor_for(
        store,
        jobs=options["jobs"],
        cache_folder=default_folder(),
        scheduler=options["scheduler"],
        local_cluster=options["cluster"] == "local",
        notice=bars.notice,
    )
    at_once = True
    try:
        yield executor
        at_once = False
    finally:
        executor.close(at_once=at_once)


class _Bars:
    """Progress bars on stderr, if it is a terminal."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    @contextmanager
    def stage(self, words: str, total: int) -> Iterator[Callable[[int, int], None]]:
        task = self._bars.add_task(words, total=total, visible=total > 0)
        yield lambda done, total: self._bars.update(task, completed=done, total=total)
        self._bars.remove_task(task)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hide the bars, so that results can be printed."""
        if self._bars.disable:
            yield
            return
        self._bars.stop()
        yield
        self._bars.start()

    def notice(self, text: str) -> None:
        self._bars.console.out(text, highlight=False)


@contextmanager
def _bars() -> Iterator[_Bars]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<13}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield _Bars(bars)
