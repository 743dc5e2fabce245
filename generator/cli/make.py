"""`build`, `plan` and `script`: from what is named to a track, its timeline, its words."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..cache import Cache, default_folder
from ..errors import InputError, SleepwardError
from . import say_error
from .options import making_options, setting_options, split_flags

if TYPE_CHECKING:
    from ..build import Means


@click.command("build")
@click.argument("sources", nargs=-1, required=True, metavar="ROUTINE|FILE|-...")
@click.option("-o", "out", metavar="FILE|FOLDER/", help="Where to put it.  [default: output/NAME.mp3]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per track.")
@making_options
@setting_options
def build_command(sources: tuple[str, ...], **given: Any) -> None:
    """Make a track of each ROUTINE (its name or its .yaml file), script FILE, or - for a script on standard input.

    Each part that is already there is kept: a second build costs nothing.
    """
    from ..build import build, track_path
    from ..sources import load_source

    flags, options = split_flags(given)
    if options["out"] is not None and len(sources) > 1 and options["out"].lower().endswith(".mp3"):
        raise InputError(
            f"-o names one file, but there are {len(sources)} tracks", hint="name a folder instead, like -o nights/"
        )
    failed: SleepwardError | None = None
    taken: dict[Path, str] = {}
    for argument in sources:
        try:
            with _means(options) as means:
                source = load_source(argument, flags)
                path = track_path(options["out"], source.name, "mp3")
                if (other := taken.setdefault(path, argument)) != argument:
                    hint = "build them one by one, each with a file of its own (-o)"
                    raise InputError(f"{argument} and {other} would both become {path}", hint=hint)
                built = build(source, flags, means, options["out"])
        except SleepwardError as error:  # one track that can't be made doesn't stop the others
            say_error(error)
            failed = failed or error
            continue
        if options["as_json"]:
            facts = {**asdict(built), "path": str(built.path)}
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            from ..lengths import clock

            state = f"made in {built.elapsed_s:.1f} s" if built.fresh else "unchanged"
            click.echo(
                f"{built.path}  {clock(built.duration_ms)}  {built.bytes / 1e6:.1f} MB  {built.voice}  ({state})"
            )
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


@click.command("plan")
@click.argument("source", metavar="ROUTINE|FILE|-")
@click.option("--events", is_flag=True, help="Every sentence, pause and hold, not only the chapters.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON (version 1).")
@click.option("-o", "out", hidden=True, help="Taken and not used, so that a build's line can be planned as it is.")
@making_options
@setting_options
def plan_command(source: str, **given: Any) -> None:
    """Show the timeline of a track with clock times, without making it. Takes what `build` takes."""
    from ..build import plan, read
    from ..sources import load_source

    flags, options = split_flags(given)
    with _means(options) as means:
        planned = plan(read(load_source(source, flags), flags), means)
    if options["as_json"]:
        click.echo(json.dumps(planned.plan, ensure_ascii=False, indent=2))
        return
    from .tables import event_table, plan_table, print_table

    print_table(event_table(planned.plan) if options["events"] else plan_table(planned.plan))


@click.command("script")
@click.argument("source", metavar="ROUTINE|FILE.yaml")
@setting_options
def script_command(source: str, **given: str | None) -> None:
    """Print the script of a routine: plain text with timing marks, ready for `sleepward build -`.

    Settings given here are written into its front matter, where a flag or SLEEPWARD_... at the build still wins. Which
    reminders a hold in breaths gets is settled here, by the breath rate that holds now.
    """
    from ..sources import script_text

    click.echo(script_text(source, given), nl=False)


@contextmanager
def _means(options: dict[str, Any]) -> Iterator[Means]:
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
            yield Means(Cache(folder), options["jobs"], report, lambda text: click.echo(text, err=True))


@contextmanager
def _cache_folder(*, keep: bool) -> Iterator[Path]:
    """The user's, or one that is gone afterwards."""
    if keep:
        yield default_folder()
        return
    with tempfile.TemporaryDirectory(prefix="sleepward-") as folder:
        yield Path(folder)
