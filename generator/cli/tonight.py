"""The `tonight` command: chooses a routine and builds it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..durations import MAX_GUIDED_MINUTES
from ..errors import SleepwardError
from ..settings import SETTINGS
from ..system import stopping
from .commands import say_error
from .options import GroupedCommand, build_options, setting_options, split_flags
from .progress import build_context
from .results import build_one, facts_of, line_of
from .tables import hanging

if TYPE_CHECKING:
    from ..app.night_answers import NightAnswers
    from ..app.tonight import Candidate, Choice, Where

T = TypeVar("T")
PLACES: tuple[Where, ...] = ("bed", "floor", "anywhere")


@click.command("tonight", cls=GroupedCommand)
@click.option(
    "--minutes",
    type=click.IntRange(1, MAX_GUIDED_MINUTES),
    metavar="NUMBER",
    help="How long the guided part lasts; the background goes on after it, see --tail.",
)
@click.option("--where", type=click.Choice(PLACES), help="Only what is done there.")
@click.option("--in-bed", is_flag=True, help="The same as --where bed.")
@click.option("--why", is_flag=True, help="Say of each routine why it is taken or not.")
@click.option("--dry-run", is_flag=True, help="Only choose: make and record nothing.")
@click.option("-o", "out", metavar="FILE|FOLDER/", help="Where to put the track.  [default: output/NAME.mp3]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@build_options()
@setting_options()
def tonight_command(minutes: int | None, where: Where | None, in_bed: bool, **given: Any) -> None:
    """Choose a routine for tonight, and make it.

    Without any option, at a terminal, it asks four short questions, and proposes what was answered last time. With
    options it asks nothing.

    What was done in the last three nights comes last. Then the routine that loses least to --avoid is taken, in bed
    before floor before standing, never done or done longest ago, with the fewest poses left out (as --length does it,
    at most two thirds), of the nearest own length. Without --minutes, each routine keeps its own length.

    A small history of what was made is kept in your data folder ($SLEEPWARD_DATA_DIR).
    """
    flags, options = split_flags(given)
    if minutes is not None:
        if flags["length"] is not None:
            raise click.UsageError("--minutes and --length say the same: give one of them")
        flags["length"] = f"{minutes}m"
    if in_bed and where not in (None, "bed"):
        raise click.UsageError(f"--in-bed and --where {where} differ: give one of them")
    if _any_given(click.get_current_context()) or not _at_a_terminal():
        _choose_and_build(flags, options, "bed" if in_bed else where or "anywhere", None)
        return
    answers = _ask()
    flags |= {"length": f"{answers.minutes}m", "avoid": answers.avoid or None}
    flags |= {"voice": answers.voice, "background": answers.background}
    _choose_and_build(flags, options, answers.where, answers)


def _choose_and_build(
    flags: dict[str, str | None], options: dict[str, Any], where: Where, answers: NightAnswers | None
) -> None:
    """Choose and build under these settings. `answers` are kept once they have led to a choice."""
    from datetime import datetime

    from ..app.night_answers import keep_answers
    from ..app.night_ranges import NightRanges
    from ..app.tonight import (
        PastNight,
        answers_path,
        build_line,
        candidates,
        choose,
        history_path,
        night_of,
        read_history,
        record,
        try_candidate,
    )
    from ..workspace import Workspace

    history = history_path()
    done = read_history(history)
    workspace = Workspace.here()
    with build_context(options) as context:
        ranges = NightRanges(flags, workspace, context.cache)
        found = candidates(ranges, flags, workspace, say_error, where=where)
        choice = choose(found, done, lambda candidate: try_candidate(candidate, ranges, context))
        source = ranges.source(choice.candidate.routine)
    candidate = choice.candidate
    lines = [*_choice_lines(candidate, dry_run=options["dry_run"]), *(_reason_lines(choice) if options["why"] else ())]
    if options["dry_run"]:
        lines.append(f"Make it with: {build_line(candidate.routine, candidate.flags)}")
    if answers is not None:
        keep_answers(answers_path(), answers)
        lines.append(f"The same again: {build_line(candidate.routine, candidate.flags)}")
    if not options["as_json"]:
        click.echo(hanging("\n".join(lines)))
    facts = {
        "routine": candidate.routine,
        "title": candidate.title,
        "left_out": candidate.left_out,
        "command": build_line(candidate.routine, candidate.flags),
        "reasons": choice.reasons,
    }
    if not options["dry_run"]:
        built = build_one(source, candidate.flags, options, workspace)
        record(history, PastNight(night_of(datetime.now().astimezone()), candidate.routine))
        if options["as_json"]:
            facts |= facts_of(built)
        else:
            click.echo(hanging(line_of(built)))
    if options["as_json"]:
        click.echo(json.dumps(facts, ensure_ascii=False))


def _any_given(context: click.Context) -> bool:
    """Whether anything was typed after the command's name."""
    return any(context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE for name in context.params)


def _at_a_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _ask() -> NightAnswers:
    """Ask for the minutes, what hurts, where, and the voice and background. Raises StoppedError at the end of input."""
    from ..app.night_answers import NightAnswers, parse_hurts, read_answers, usual_settings
    from ..app.tonight import answers_path
    from ..workspace import Workspace

    workspace = Workspace.here()
    last = read_answers(answers_path())
    usual = usual_settings(("voice", "background"), workspace.layers())
    voice, background = last.voice, last.background

    def hurts(text: str) -> str:
        return _or_usage_error(lambda: parse_hurts(text, workspace))

    def value(name: str) -> Callable[[str], str]:
        def parse(text: str) -> str:
            _or_usage_error(lambda: SETTINGS[name].kind.check(text))
            return text

        return parse

    try:
        with stopping.interruptible():
            minutes = click.prompt("Minutes", default=str(last.minutes), value_proc=_parse_minutes)
            avoid = click.prompt("What hurts (knees, back)", default=last.avoid or "nothing", value_proc=hurts)
            where: Where = click.prompt("Where", default=last.where, type=click.Choice(PLACES))
            if not click.confirm(
                f"Sound: {voice or usual['voice']}, {background or usual['background']}", default=True
            ):
                voice = click.prompt("Voice", default=voice or usual["voice"], value_proc=value("voice"))
                background = click.prompt(
                    "Background", default=background or usual["background"], value_proc=value("background")
                )
    except click.Abort as error:
        raise stopping.StoppedError(130) from error
    return NightAnswers(minutes, avoid, where, voice, background)


def _parse_minutes(text: str) -> int:
    if not (text.strip().isdecimal() and 1 <= int(text) <= MAX_GUIDED_MINUTES):
        raise click.UsageError(f"{text.strip()[:20]!r} isn't a number of minutes: write one like 20")
    return int(text)


def _or_usage_error(parse: Callable[[], T]) -> T:
    """What `parse` returns. Its error as one after which click asks again."""
    try:
        return parse()
    except (ValueError, SleepwardError) as error:
        raise click.UsageError(str(error)) from error


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
