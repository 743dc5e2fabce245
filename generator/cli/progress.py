"""Provides a build's context at a terminal: the cache, the cores and progress bars."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..storage.cache import Cache, default_folder
from ..storage.leftovers import TemporaryFolder, remove_abandoned_folders
from ..system import stopping
from .tables import hanging

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..build.track import BuildContext


STAGES = {"narration": "Speaking", "background": "Making the background", "sound": "Mixing and encoding"}


@contextmanager
def open_cache(options: dict[str, Any]) -> Iterator[Cache]:
    """The user's cache, or a temporary one with `no_cache`. What killed commands left is removed first."""
    remove_abandoned_folders()
    if not options["no_cache"]:
        yield Cache(default_folder())
        return
    with TemporaryFolder("cache") as folder:
        yield Cache(folder)


@contextmanager
def build_context(options: dict[str, Any]) -> Iterator[BuildContext]:
    """A build's context, with a progress bar per stage on stderr if that is a terminal."""
    with shared_build_context(options) as (context, _):
        yield context


@contextmanager
def shared_build_context(options: dict[str, Any]) -> Iterator[tuple[BuildContext, AbstractContextManager[None]]]:
    """Like `build_context`, with a second context manager that hides the bars while results are printed."""
    from ..build.track import BuildContext

    with open_cache(options) as cache:
        notice = partial(click.echo, err=True)
        context = BuildContext(
            cache, options["jobs"], plain=options["plain"], progress=stopping.check_on_progress, notice=notice
        )
        if sys.stderr is not None and sys.stderr.isatty():  # None if it is closed
            with _bars(context) as shown:
                yield shown
        else:
            yield context, nullcontext()


@contextmanager
def _bars(context: BuildContext) -> Iterator[tuple[BuildContext, AbstractContextManager[None]]]:
    """`context` with a progress bar per stage on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<21}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            stopping.check()
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES[stage])
            elif not done:  # the stage begins for the next track
                bars.reset(tasks[stage])
            bars.update(tasks[stage], completed=done, total=total or None, visible=done < total or not total)

        def notice(text: str) -> None:
            console.out(hanging(text, err=True), highlight=False)  # above the bars

        yield replace(context, progress=report, notice=notice), _Paused(bars)


class _Paused(AbstractContextManager["None"]):
    """Hides the bars inside the block. It is reusable."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    def __enter__(self) -> None:
        if not self._bars.disable:
            self._bars.stop()

    def __exit__(self, *_: object) -> None:
        if not self._bars.disable:
            self._bars.start()


@contextmanager
def verify_progress(path: Path) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, if it is a terminal, for a track that is verified."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("Listening to {task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(path.name, total=None)

        def report(done: int, total: int) -> None:
            stopping.check()
            bars.update(task, completed=done, total=total)

        yield report
