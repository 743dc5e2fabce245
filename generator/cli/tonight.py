"""`tonight`: a routine chosen and built."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..settings import SETTINGS
from .commands import say_error
from .options import making_options, setting_options, split_flags
from .results import facts_of, line_of, make
from .working import building

if TYPE_CHECKING:
    from ..app.tonight import Choice, Offer


@click.command("tonight")
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
@making_options
@setting_options
def tonight_command(minutes: int | None, in_bed: bool, **given: Any) -> None:
    """Choose a routine for tonight, and make it.

    What was never done, or longest ago, comes first. Where a routine is too long, its longest poses are left out, half
    of them at most; its first pose and its last always stay. Then the one with fewest poses left out is taken, and of
    these the one whose own length is nearest. Without --minutes each is as long as it is.

    What was made is kept in a small history in your data folder ($SLEEPWARD_DATA_DIR).
    """
    from datetime import datetime

    from ..app.tonight import Done, attempt, choose, history_path, night_of, offers, read_history, record, source_of
    from ..workspace import Workspace

    flags, options = split_flags(given)
    if minutes is not None:
        if flags["length"] is not None:
            raise click.UsageError("--minutes and --length say the same: give one of them")
        flags["length"] = f"{minutes}m"
    history = history_path()
    done = read_history(history)
    workspace = Workspace.here()
    with building(options) as means:
        offered = offers(flags, workspace, say_error, in_bed=in_bed)
        choice = choose(offered, done, lambda offer: attempt(offer, workspace, means))
    offer = choice.offer
    lines = [*_choice_lines(offer), *(_reason_lines(choice) if options["why"] else ())]
    if options["dry_run"]:
        lines.append(f"Make it with: {_command(offer)}")
    if not options["as_json"]:
        click.echo("\n".join(lines))
    facts = {
        "routine": offer.routine,
        "title": offer.title,
        "left_out": offer.left_out,
        "command": _command(offer),
        "reasons": choice.reasons,
    }
    if not options["dry_run"]:
        built = make(source_of(offer, workspace), offer.flags, options, workspace)
        record(history, Done(night_of(datetime.now().astimezone()), offer.routine))
        if options["as_json"]:
            facts |= facts_of(built)
        else:
            click.echo(line_of(built))
    if options["as_json"]:
        click.echo(json.dumps(facts, ensure_ascii=False))


def _choice_lines(offer: Offer) -> Iterator[str]:
    from ..durations import clock

    length = f", {clock(offer.wanted_ms)} guided" if offer.wanted_ms else ""
    yield f"Tonight: {offer.title} [{offer.routine}]{length}"
    if offer.left_out:
        yield f"Left out to fit: {', '.join(offer.left_out)}"


def _reason_lines(choice: Choice) -> Iterator[str]:
    width = max(map(len, choice.reasons))
    for routine, reason in choice.reasons.items():
        yield f"  {routine:<{width}}  {reason}"


def _command(offer: Offer) -> str:
    """The `build` that makes the same."""
    flags = [(SETTINGS[name].flag, value) for name, value in offer.flags.items() if value is not None]
    return shlex.join(["sleepward", "build", offer.routine, *(word for flag in flags for word in flag)])
