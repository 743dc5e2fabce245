"""The `program` command: lists programmes and their nights, or builds the nights."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError, SleepwardError
from .commands import say_error
from .options import GroupedCommand, build_options, setting_options, split_flags
from .publish import publish_and_say
from .results import build_one, facts_of, line_of
from .tables import hanging
from .values import complete_programs

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from ..build.track import BuildResult
    from ..definition.program_models import Program, ProgramNight
    from ..workspace import Workspace

Flags = Mapping[str, str | None]


@click.command("program", cls=GroupedCommand)
@click.argument("name", required=False, metavar="[PROGRAM|FILE.yaml]", shell_complete=complete_programs)
@click.option("--build", "is_build", is_flag=True, help="Make a track of each night.")
@click.option("--days", metavar="NIGHTS", help="Only these of its nights, counted from 1, like 3 or 1-7.")
@click.option("-o", "out", metavar="FOLDER/", help="Where to put the tracks.  [default: output/PROGRAM/]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list, or with --build an object per track.")
@build_options()
@setting_options()
def program_command(name: str | None, is_build: bool, **given: Any) -> None:
    """List the programmes; or the nights of a PROGRAM; or make their tracks, named 01-… so that they sort.

    Settings given here hold for every night, above what the programme sets. Your own programmes go into
    routines/programs/ in this folder. --build ends with what `sleepward publish` does.
    """
    from ..app.programs import chosen_nights, load_program
    from ..workspace import Workspace

    flags, options = split_flags(given)
    if name is None:
        if is_build or options["days"]:
            raise click.UsageError("name a programme; `sleepward program` lists them")
        _list_programs(Workspace.here(), as_json=options["as_json"])
        return
    workspace = Workspace.here()
    program = load_program(name, workspace)
    nights = chosen_nights(program, options["days"])
    if is_build:
        _build(program, nights, flags, options, workspace)
    else:
        _list_nights(program, nights, flags, workspace, as_json=options["as_json"])


# --- listing ------------------------------------------------------------------------------------------


def _list_programs(workspace: Workspace, *, as_json: bool) -> None:
    from ..app.programs import load_program

    failed: SleepwardError | None = None
    found: list[Program] = []
    for name in workspace.program_names():
        try:
            found.append(load_program(name, workspace))
        except SleepwardError as error:  # a faulty programme doesn't hide the others
            say_error(error)
            failed = failed or error
    if as_json:
        facts = [
            {"name": each.name, "title": each.title, "summary": each.summary, "nights": len(each.nights)}
            for each in found
        ]
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        for each in found:
            count = len(each.nights)
            click.echo(hanging(f"{each.name}: {each.title} ({count} night{'s' * (count != 1)})\n  {each.summary}"))
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


def _list_nights(
    program: Program, nights: Sequence[ProgramNight], flags: Flags, workspace: Workspace, *, as_json: bool
) -> None:
    rows = list(_rows(program, nights, flags, workspace))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    from .tables import print_table

    print_table(_table(program, rows, adapted=any(flags.values())))


def _rows(
    program: Program, nights: Sequence[ProgramNight], flags: Flags, workspace: Workspace
) -> Iterator[dict[str, Any]]:
    """One row for each run of equal nights."""
    from ..app.programs import night_flags, night_source
    from ..durations import format_ms
    from ..script import parse
    from ..workspace.script_sources import script_layer
    from ..workspace.settings_layers import resolve_for

    for _, same in groupby(nights, key=lambda night: night.entry):
        first, *more = same
        own = night_flags(program, first, flags)
        source = night_source(first, own, workspace)
        script = parse(source.text, source.shown_as, source.name)
        length_ms = resolve_for(script_layer(source, script), own, workspace.layers()).length
        poses = dict.fromkeys(cue.where.pose for cue in script.cues if cue.where.pose)
        yield {
            "first": first.number,
            "last": more[-1].number if more else first.number,
            "routine": first.routine,
            "title": script.title,
            "length": None if length_ms is None else format_ms(length_ms),
            "poses": [workspace.read_pose(pose).name for pose in poses],
            "note": first.note,
            "adapted": list(script.adapted),
            "settings": dict(first.settings),
        }


def _table(program: Program, rows: Sequence[Mapping[str, Any]], *, adapted: bool) -> Group:
    """A table of the nights. `adapted` adds what the given settings change in them."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Nights", "Guided"):
        table.add_column(name, no_wrap=True)
    table.add_column("Routine")
    for row in rows:
        nights = f"{row['first']}-{row['last']}" if row["last"] > row["first"] else f"{row['first']}"
        table.add_row(nights, row["length"] or "", Text(f"{row['title']} [{row['routine']}]"))
        for line in (", ".join(row["poses"]), row["note"], *(row["adapted"] if adapted else ())):
            if line:
                table.add_row("", "", Padding(Text(line), (0, 0, 0, 2)))
    good_to_know: list[RenderableType] = [Padding(Text(note), (0, 0, 0, 2)) for note in program.notes]
    if good_to_know:
        good_to_know.insert(0, Text("\nGood to know:"))
    head = Text.assemble((program.title, "bold"), f"\n{program.summary}\n")
    return Group(head, table, *good_to_know, Text(f"\nMake them with: sleepward program {program.name} --build"))


# --- building -----------------------------------------------------------------------------------------


def _build(
    program: Program,
    nights: Sequence[ProgramNight],
    flags: Flags,
    options: Mapping[str, Any],
    workspace: Workspace,
) -> None:
    from ..app.programs import night_flags, night_source, place_of, track_name
    from ..build.track_file import OUTPUT_FOLDER, suffix_of

    out = options["out"] or str(OUTPUT_FOLDER / program.name)
    if suffix_of(out) is not None:
        raise InputError("this names a file, but nights need a folder", where=f"-o {out}", hint="write -o nights/")
    into = {**options, "out": f"{out.rstrip('/')}/"}
    failed: SleepwardError | None = None
    made: list[tuple[int, BuildResult]] = []
    for night in nights:
        try:
            own = night_flags(program, night, flags)
            source, name = night_source(night, own, workspace), track_name(program, night)
            built = build_one(source, own, into, workspace, name=name, place=place_of(program, night))
        except SleepwardError as error:  # a night that fails doesn't stop the others
            click.echo(f"Error: night {night.number}: {error}", err=True)
            failed = failed or error
            continue
        made.append((night.number, built))
        if options["as_json"]:
            click.echo(json.dumps({"night": night.number, **facts_of(built)}, ensure_ascii=False))
        else:
            click.echo(line_of(built))
    if made:
        _publish(program, Path(out), made)
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


def _publish(program: Program, folder: Path, made: Sequence[tuple[int, BuildResult]]) -> None:
    from ..library.made_tracks import note_tracks

    if note_tracks(folder, program.title, program.year, made):
        publish_and_say(folder)
    else:
        click.echo(f"not published: {folder} is the folder of another library; choose one with -o", err=True)
