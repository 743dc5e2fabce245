"""What a build works with at a terminal: the cache, the cores, and bars of progress."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..cache import Cache, default_folder

if TYPE_CHECKING:
    from ..build import Means


@contextmanager
def building(options: dict[str, Any]) -> Iterator[Means]:
    """The cache, the cores, and a bar per stage on stderr where that is a terminal; results alone go to stdout."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from ..build import Means

    names = {"narration": "Speaking", "sound": "Mixing and encoding"}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(names[stage], total=total)
            bars.update(tasks[stage], completed=done)

        with _cache_folder(keep=not options["no_cache"]) as folder:
            yield Means(
                Cache(folder), options["jobs"], options["plain"], report, lambda text: click.echo(text, err=True)
            )


@contextmanager
def _cache_folder(*, keep: bool) -> Iterator[Path]:
    """The user's, or one that is gone afterwards."""
    if keep:
        yield default_folder()
        return
    with tempfile.TemporaryDirectory(prefix="sleepward-") as folder:
        yield Path(folder)
