"""`build`, `plan` and `script`: from what is named to a track, its timeline, its words."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from ..errors import InputError, SleepwardError
from . import say_error
from .options import making_options, setting_options, split_flags
from .results import format_asked, json_of, line_of, suffix_of
from .working import building, building_several, cache_of

if TYPE_CHECKING:
    from ..build.pipeline import Means, Ready


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
    from ..voices import expect_voice

    flags, options = split_flags(given)
    if suffix_of(options["out"]) and len(sources) > 1:
        raise InputError(
            f"-o names one file, but there are {len(sources)} tracks", hint="name a folder instead, like -o nights/"
        )
    expect_voice(flags["voice"])  # before the imports, which take as long
    from ..build.pipeline import finish
    from ..workspace.sources import STDIN_NAME

    if sources.count(STDIN_NAME) > 1:
        raise InputError("standard input can be read once, and - stands twice", hint="put one script into a file")
    flags["format"] = format_asked(options["out"], flags["format"])
    failed: SleepwardError | None = None
    with building_several(options) as (means, paused), _Tracks(sources, flags, options["out"], means) as tracks:
        for number in range(len(sources)):
            try:
                ready = tracks.take(number)
                shared = tracks.begin(number + 1)
                built = finish(ready, replace(means, shared=shared))
            except SleepwardError as error:  # one track that can't be made doesn't stop the others
                with paused:
                    say_error(error)
                failed = failed or error
                continue
            with paused:
                click.echo(json_of(built) if options["as_json"] else line_of(built))
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


class _Tracks:
    """What `build` was asked for: while one track is encoded, the next is spoken."""

    def __init__(self, sources: Sequence[str], flags: dict[str, str | None], out: str | None, means: Means) -> None:
        self._sources, self._flags, self._out, self._means = sources, flags, out, means
        self._taken: dict[Path, str] = {}
        self._stop = threading.Event()
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="next-track")
        self._begun: dict[int, tuple[Future[Ready], list[str]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What is being spoken ahead ends at its next sentence."""
        self._stop.set()
        self._ahead.shutdown(cancel_futures=True)

    def begin(self, number: int) -> bool:
        """Speak a track in a thread, if there is one; what there is to tell of it is told when it is taken."""
        if number >= len(self._sources) or self._sources[number] in self._sources[:number]:  # that waits for its file
            return False
        notes: list[str] = []
        means = replace(self._means, jobs=1, notice=notes.append, progress=self._watched)
        self._begun[number] = self._ahead.submit(self._spoken, number, means), notes
        return True

    def take(self, number: int) -> Ready:
        """A track that only has to be written. Raises SleepwardError where it can't be made."""
        from ..build.pipeline import with_bed

        if number not in self._begun:
            return with_bed(self._spoken(number, self._means), self._means)
        future, notes = self._begun.pop(number)
        wait([future])
        for note in notes:
            self._means.notice(note)
        return with_bed(future.result(), self._means)

    def _watched(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _StoppedError
        self._means.progress(stage, done, total)

    def _spoken(self, number: int, means: Means) -> Ready:
        from ..build.output import track_path
        from ..build.pipeline import read, speak
        from ..workspace.sources import load_source

        source = self._sources[number]
        piece = read(load_source(source, self._flags, means.cache), self._flags)
        path = track_path(self._out, piece.name, piece.settings.format)
        if (other := self._taken.setdefault(path, source)) != source:
            hint = "build them one by one, each with a file of its own (-o)"
            raise InputError(f"{source} and {other} would both become {path}", hint=hint)
        for note in piece.script.adapted:
            means.notice(note)
        return speak(piece, path, means)


class _StoppedError(Exception):
    """The track that is being spoken isn't wanted any more."""


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
    from ..voices import expect_voice

    flags, options = split_flags(given)
    expect_voice(flags["voice"])  # before the imports, which take as long
    from ..build.pipeline import plan, read
    from ..workspace.sources import load_source

    if options["plot"] is not None:
        from ..plot import check_suffix

        check_suffix(Path(options["plot"]))  # before anything is spoken
    with building(options) as means:
        planned = plan(read(load_source(source, flags, means.cache), flags), means)
    if options["plot"] is not None:
        from ..mix.envelope import Envelope
        from ..plot import plot_plan

        lacking = plot_plan(planned.plan, Envelope(planned.timeline).level_db, Path(options["plot"]))
        if lacking:
            shown = f"{lacking[:20]}{'…' * (len(lacking) > 20)}"
            click.echo(f"{options['plot']}: the picture's font has no {shown}: boxes stand for them", err=True)
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
    from ..workspace.sources import load_source, script_text

    flags, options = split_flags(given)
    if not options["ssml"]:
        with cache_of(options) as cache:
            click.echo(script_text(source, flags, cache), nl=False)
        return
    from ..build.pipeline import plan, read
    from ..script.ssml import to_ssml

    with building(options) as means:
        planned = plan(read(load_source(source, flags, means.cache), flags), means)
    click.echo(to_ssml(planned.piece.script, planned.timeline, planned.piece.settings), nl=False)
