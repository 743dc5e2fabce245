"""The `tonight` command: chooses a routine and builds it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..settings import SETTINGS
from .commands import say_error
from .options import GroupedCommand, build_options, setting_options, split_flags
from .progress import build_context
from .results import build_one, facts_of, line_of
from .tables import hanging

if TYPE_CHECKING:
    from ..app.tonight import Candidate, Choice


@click.command("tonight", cls=GroupedCommand)
@click.option(
    "--minutes",
    type=click.IntRange(1, 1_439),
    metavar="NUMBER",
    help="How long the guided part lasts; the background goes on after it, see --tail.",
)
@click.option("--in-bed", is_flag=True, help="Only what is done in bed from beginning to end.")
@click.option("--why", is_flag=True, help="Say of each routine why it is taken or not.")
@click.option("--dry-run", is_flag=True, help="Only choose: make and record nothing.")
@click.option("-o", "out", metavar="FILE|FOLDER/", help="Where to put the track.  [default: output/NAME.mp3]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@build_options()
@setting_options()
def tonight_command(minutes: int | None, in_bed: bool, **given: Any) -> None:
    """Choose a routine for tonight, and make it.

    Routines never done, or done longest ago, come first. If a routine is too long, poses are left out as --length does
    it, at most two thirds of them. Then the fewest poses left out decide, then the nearest own length. Without
    --minutes, each routine keeps its own length.

    A small history of what was made is kept in your data folder ($SLEEPWARD_DATA_DIR).
    """
    from datetime import datetime

    from ..app.tonight import (
        PastNight,
        candidates,
        choose,
        history_path,
        night_of,
        read_history,
        record,
        source_of,
        try_candidate,
    )
    from ..workspace import Workspace

    flags, options = split_flags(given)
    if minutes is not None:
        if flags["length"] is not None:
            raise click.UsageError("--minutes and --length say the same: give one of them")
        flags["length"] = f"{minutes}m"
    history = history_path()
    done = read_history(history)
    workspace = Workspace.here()
    with build_context(options) as context:
        found = candidates(flags, workspace, say_error, in_bed=in_bed)
        choice = choose(found, done, lambda candidate: try_candidate(candidate, workspace, context))
    candidate = choice.candidate
    lines = [*_choice_lines(candidate, dry_run=options["dry_run"]), *(_reason_lines(choice) if options["why"] else ())]
    if options["dry_run"]:
        lines.append(f"Make it with: {_command(candidate)}")
    if not options["as_json"]:
        click.echo(hanging("\n".join(lines)))
    facts = {
        "routine": candidate.routine,
        "title": candidate.title,
        "left_out": candidate.left_out,
        "command": _command(candidate),
        "reasons": choice.reasons,
    }
    if not options["dry_run"]:
        built = build_one(source_of(candidate, workspace), candidate.flags, options, workspace)
        record(history, PastNight(night_of(datetime.now().astimezone()), candidate.routine))
        if options["as_json"]:
            facts |= facts_of(built)
        else:
            click.echo(line_of(built))
    if options["as_json"]:
        click.echo(json.dumps(facts, ensure_ascii=False))


def _choice_lines(candidate: Candidate, *, dry_run: bool) -> Iterator[str]:
    from ..durations import clock

    length = f", {clock(candidate.wanted_ms)} guided" if candidate.wanted_ms else ""
    yield f"Tonight: {candidate.title} [{candidate.routine}]{length}"
    if candidate.left_out and dry_run:  # building says it, too
        yield f"Left out to fit: {', '.join(candidate.left_out)}"


def _reason_lines(choice: Choice) -> Iterator[str]:
    width = max(map(len, choice.reasons))
    for routine, reason in choice.reasons.items():
        yield f"  {routine:<{width}}  {reason}"


def _command(candidate: Candidate) -> str:
    """The `build` command that makes the same track."""
    flags = [(SETTINGS[name].flag, value) for name, value in candidate.flags.items() if value is not None]
    return shlex.join(["sleepward", "build", candidate.routine, *(word for flag in flags for word in flag)])
