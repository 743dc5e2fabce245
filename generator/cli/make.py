"""`build`, `plan` and `script`: from what is named to a track, its timeline, its words."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..errors import InputError, SleepwardError
from ..settings import FORMATS
from . import say_error
from .options import making_options, setting_options, split_flags
from .working import building


@click.command("build")
@click.argument("sources", nargs=-1, required=True, metavar="ROUTINE|FILE|-...")
@click.option(
    "-o",
    "out",
    metavar="FILE|FOLDER/",
    help="Where to put it; a file's suffix chooses the format.  [default: output/NAME.mp3]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per track.")
@making_options
@setting_options
def build_command(sources: tuple[str, ...], **given: Any) -> None:
    """Make a track of each ROUTINE (its name or its .yaml file), script FILE, or - for a script on standard input.

    Each part that is already there is kept: a second build costs nothing.
    """
    from ..build import build, read, track_path
    from ..sources import load_source

    flags, options = split_flags(given)
    suffix = _suffix(options["out"])
    if suffix and len(sources) > 1:
        raise InputError(
            f"-o names one file, but there are {len(sources)} tracks", hint="name a folder instead, like -o nights/"
        )
    flags["format"] = flags["format"] or suffix
    failed: SleepwardError | None = None
    taken: dict[Path, str] = {}
    for argument in sources:
        try:
            with building(options) as means:
                piece = read(load_source(argument, flags), flags)
                path = track_path(options["out"], piece.name, piece.settings.format)
                if (other := taken.setdefault(path, argument)) != argument:
                    hint = "build them one by one, each with a file of its own (-o)"
                    raise InputError(f"{argument} and {other} would both become {path}", hint=hint)
                for note in piece.script.adapted:
                    means.notice(note)
                built = build(piece, path, means)
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


def _suffix(out: str | None) -> str | None:
    """The format that a file given with -o asks for."""
    name = (out or "").lower()
    return next((format_ for format_ in FORMATS if name.endswith(f".{format_}")), None)


@click.command("plan")
@click.argument("source", metavar="ROUTINE|FILE|-")
@click.option("--events", is_flag=True, help="Every sentence, pause and hold, not only the chapters.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON (version 1).")
@click.option("--plot", metavar="FILE", help="Draw it into a .png or .svg: voice, holds, background, chapters.")
@click.option("-o", "out", hidden=True, help="Taken and not used, so that a build's line can be planned as it is.")
@making_options
@setting_options
def plan_command(source: str, **given: Any) -> None:
    """Show the timeline of a track with clock times, without making it. Takes what `build` takes."""
    from ..build import plan, read
    from ..sources import load_source

    flags, options = split_flags(given)
    if options["plot"] is not None:
        from ..plot import check_suffix

        check_suffix(Path(options["plot"]))  # before anything is spoken
    with building(options) as means:
        planned = plan(read(load_source(source, flags), flags), means)
    if options["plot"] is not None:
        from ..envelope import Envelope
        from ..plot import plot_plan

        plot_plan(planned.plan, Envelope(planned.timeline).level_db, Path(options["plot"]))
    if options["as_json"]:
        click.echo(json.dumps(planned.plan, ensure_ascii=False, indent=2))
        return
    from .tables import event_table, plan_table, print_table

    print_table(event_table(planned.plan) if options["events"] else plan_table(planned.plan))


@click.command("script")
@click.argument("source", metavar="ROUTINE|FILE.yaml|FILE|-")
@click.option("--ssml", is_flag=True, help="Print W3C SSML 1.1 instead, every pause as long as this track has it.")
@making_options
@setting_options
def script_command(source: str, **given: Any) -> None:
    """Print the script of a routine: plain text with timing marks, ready for `sleepward build -`.

    Settings given here are written into its front matter, where a flag or SLEEPWARD_... at the build still wins. Which
    reminders a hold in breaths gets is settled here, by the breath rate that holds now.
    """
    from ..sources import load_source, script_text

    flags, options = split_flags(given)
    if not options["ssml"]:
        click.echo(script_text(source, flags), nl=False)
        return
    from ..build import plan, read
    from ..script.ssml import to_ssml

    with building(options) as means:
        planned = plan(read(load_source(source, flags), flags), means)
    click.echo(to_ssml(planned.piece.script, planned.timeline, planned.piece.settings), nl=False)
