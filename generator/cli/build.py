"""The `build`, `plan` and `script` commands."""

from __future__ import annotations

import json
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError, SleepwardError
from .commands import say_error
from .options import GroupedCommand, build_options, setting_options, split_flags
from .progress import build_context, open_cache, shared_build_context
from .results import json_of, line_of
from .tables import hanging
from .values import complete_sources

if TYPE_CHECKING:
    from ..definition.fitting import FitChoice
    from ..workspace.script_sources import ScriptSource

PREVIEW_MS = 60_000
LEAST_PREVIEW_MS, MOST_PREVIEW_MS = 30_000, 600_000


@click.command("build", cls=GroupedCommand)
@click.argument("sources", nargs=-1, required=True, metavar="ROUTINE|FILE|-...", shell_complete=complete_sources)
@click.option(
    "-o",
    "out",
    metavar="FILE|FOLDER/",
    help="Where to put it; a file's suffix chooses the format.  [default: output/NAME.mp3]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per track.")
@click.option("--preview", metavar="TIME", help="Make a preview of that length instead, like 1m: see `preview`.")
@build_options()
@setting_options()
def build_command(sources: tuple[str, ...], preview: str | None, **given: Any) -> None:
    """Make a track of each ROUTINE (its name or its .yaml file), script FILE, or - for a script on standard input.

    Parts that exist already are reused: a second build costs nothing.
    """
    _build(sources, given, None if preview is None else _preview_ms(preview))


@click.command("preview", cls=GroupedCommand)
@click.argument("sources", nargs=-1, required=True, metavar="ROUTINE|FILE|-...", shell_complete=complete_sources)
@click.option("-o", "out", metavar="FILE|FOLDER/", help="Where to put it.  [default: output/NAME-preview.mp3]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per preview.")
@build_options()
@setting_options(unused=("length", "tail", "keep"))
def preview_command(sources: tuple[str, ...], **given: Any) -> None:
    """Make a minute of a track, to hear what its settings do: how the arrival ends, an entry into a pose, the beginning
    of its hold and the line that announces its end, the last words, and the fade.

    `build --preview 2m` makes a longer one.
    """
    _build(sources, given, PREVIEW_MS)


def _preview_ms(text: str) -> int:
    """The length of a preview. Raises InputError for any that can't be had."""
    from ..durations import parse_duration

    try:
        preview_ms = parse_duration(text)
    except ValueError as error:
        raise InputError(str(error), where="--preview", hint="write it like 1m") from error
    if not LEAST_PREVIEW_MS <= preview_ms <= MOST_PREVIEW_MS:
        raise InputError("a preview lasts 30 s to 10 min", where=f"--preview {text}", hint="write 1m")
    return preview_ms


def _build(sources: tuple[str, ...], given: dict[str, Any], preview_ms: int | None) -> None:
    """Make a track, or a preview, of each of the sources, and say so."""
    from ..voices import expect_speech, expect_voice

    flags, options = split_flags(given)
    expect_voice(flags["voice"])  # beside the imports: else an unchanged build lasts 1.4 times as long
    from ..build.track_file import may_exist, requested_format, suffix_of
    from ..workspace import Workspace
    from ..workspace.script_sources import STDIN_NAME
    from ..workspace.settings_layers import as_written, flag_layer

    workspace = Workspace.here()
    if not may_exist(options["out"], sources[0]):
        with suppress(SleepwardError):  # it is told for each track
            # beside the imports and the reading: a new track is there 0.5 s sooner
            expect_speech(as_written("voice", [flag_layer(flags), *workspace.layers()]))
    from ..build.several import build_several

    if suffix_of(options["out"]) and len(sources) > 1:
        raise InputError(
            f"-o names one file, but there are {len(sources)} tracks", hint="name a folder instead, like -o nights/"
        )
    if sources.count(STDIN_NAME) > 1:
        raise InputError("standard input can be read only once, but - stands twice", hint="put one script into a file")
    flags["format"] = requested_format(options["out"], flags["format"])
    failed: SleepwardError | None = None
    with (
        shared_build_context(options) as (context, paused),
        closing(build_several(sources, flags, options["out"], workspace, context, preview_ms=preview_ms)) as results,
    ):
        for result in results:
            with paused:
                if isinstance(result, SleepwardError):
                    say_error(result)
                    failed = failed or result
                else:
                    click.echo(json_of(result) if options["as_json"] else hanging(line_of(result)))
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


@click.command("plan", cls=GroupedCommand)
@click.argument("source", metavar="ROUTINE|FILE|-", shell_complete=complete_sources)
@click.option("--events", is_flag=True, help="Every sentence, pause and hold, not only the chapters.")
@click.option("--said", is_flag=True, help="Every sentence as it is said, too, where it isn't said as it is written.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON (version 1).")
@click.option("--plot", metavar="FILE", help="Draw it into a .png or .svg: voice, holds, background, chapters.")
@click.option("--preview", metavar="TIME", help="Plan a preview of that length instead, like 1m.")
@click.option("-o", "out", hidden=True, help="Taken and not used, so that a build's line can be planned as it is.")
@build_options(unused=("plain",))
@setting_options(unused=("background_level", "loudness", "glide", "ear", "cover"))
def plan_command(source: str, said: bool, preview: str | None, **given: Any) -> None:
    """Show the timeline of a track with clock times, without making it. Takes what `build` takes."""
    from ..voices import expect_voice

    flags, options = split_flags(given)
    expect_voice(flags["voice"])  # beside the imports: else an unchanged build lasts 1.4 times as long
    from ..build.excerpt import excerpt
    from ..build.pipeline import plan_track, read_spec
    from ..workspace import Workspace
    from ..workspace.script_sources import load_source

    if options["plot"] is not None:
        from ..plot import check_suffix

        check_suffix(Path(options["plot"]))  # before anything is spoken
    workspace = Workspace.here()
    with build_context(options) as context:
        spec = read_spec(load_source(source, flags, workspace, context.cache), flags, workspace)
        planned = plan_track(spec if preview is None else excerpt(spec, _preview_ms(preview)), context)
    if options["plot"] is not None:
        from ..mix.envelope import Envelope
        from ..plot import plot_plan

        lacking = plot_plan(planned.plan, Envelope(planned.timeline).level_db, Path(options["plot"]))
        if lacking:
            shown = f"{lacking[:20]}{'…' * (len(lacking) > 20)}"
            click.echo(f"{options['plot']}: the picture's font has no {shown}, and shows boxes instead", err=True)
    if said:
        for event in planned.plan["events"]:
            if event["kind"] == "speech":
                event["said"] = planned.spec.reading.of(event["text"]).words
    if options["as_json"]:
        click.echo(json.dumps(planned.plan, ensure_ascii=False, indent=2))
        return
    from .tables import event_table, plan_table, print_table

    print_table(event_table(planned.plan) if options["events"] or said else plan_table(planned.plan))


@click.command("script", cls=GroupedCommand)
@click.argument("source", metavar="ROUTINE|FILE.yaml|FILE|-", shell_complete=complete_sources)
@click.option("--ssml", is_flag=True, help="Print W3C SSML 1.1 instead, every pause as long as this track has it.")
@build_options(unused=("plain", "jobs"))
@setting_options()
def script_command(source: str, **given: Any) -> None:
    """Print the script of a routine: plain text with timing marks, ready for `sleepward build -`.

    Settings given here are written into its front matter, where a flag or SLEEPWARD_... at the build still wins. Which
    reminders a hold in breaths gets is settled here, by the breath rate that holds now.
    """
    from ..workspace import Workspace
    from ..workspace.script_sources import load_source, script_text

    flags, options = split_flags(given)
    workspace = Workspace.here()

    def fit(source: ScriptSource) -> FitChoice:
        from ..build.fitting import fitting_choice
        from ..build.pipeline import read_spec

        with build_context(options) as context:
            return fitting_choice(read_spec(source, flags, workspace), context)

    if not options["ssml"]:
        with open_cache(options) as cache:
            click.echo(script_text(source, flags, workspace, cache, fit), nl=False)
        return
    from ..build.pipeline import plan_track, read_spec
    from ..script.ssml import to_ssml

    with build_context(options) as context:
        planned = plan_track(read_spec(load_source(source, flags, workspace, context.cache), flags, workspace), context)
    click.echo(to_ssml(planned.spec.script, planned.timeline, planned.spec.settings), nl=False)
