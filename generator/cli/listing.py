"""The `list`, `show`, `backgrounds` and `voices` commands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import NotFoundError, SleepwardError, did_you_mean
from .audition import AUDITION_HELP, AUDITION_OUT_HELP, audition_backgrounds, audition_voices
from .commands import say_error
from .options import GroupedCommand, build_options, split_flags, word_options
from .progress import build_context, open_cache
from .tables import hanging
from .values import complete_shown, complete_voices

if TYPE_CHECKING:
    from ..definition.outline import PoseOutline, RoutineOutline
    from ..model import Pose, Routine
    from ..values import VoiceChoice
    from ..workspace import Workspace


@click.command("list")
@click.option("--poses", is_flag=True, help="List the poses instead, by their ids.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(poses: bool, as_json: bool) -> None:
    """List the routines (or the poses): those of the working folder's routines/ and the built-in ones."""
    from ..definition.outline import pose_outline, routine_outline
    from ..workspace import Workspace

    workspace = Workspace.here()
    failed: SleepwardError | None = None
    found: list[RoutineOutline | PoseOutline] = []
    for name in workspace.pose_ids() if poses else workspace.routine_names():
        try:
            path = workspace.pose_path(name) if poses else workspace.routine_path(name)
            outline = pose_outline(path) if poses else routine_outline(path)
            if outline is not None:
                found.append(outline)
            else:
                _judge(path, workspace, is_pose=poses)
        except SleepwardError as error:  # one that can't be read doesn't hide the others
            say_error(error)
            failed = failed or error
    if as_json:
        keys = ("id", "name", "position") if poses else ("name", "title", "summary", "setting", "props")
        click.echo(json.dumps([{key: getattr(item, key) for key in keys} for item in found], ensure_ascii=False))
    else:
        for item in found:
            click.echo(hanging("\n".join(_summary(item))))
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


@click.command("show")
@click.argument("name", metavar="ROUTINE|POSE", shell_complete=complete_shown)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(name: str, as_json: bool) -> None:
    """Show what a ROUTINE holds (props, poses, holds, cautions), or a POSE, by its id or its name."""
    from ..workspace import Workspace
    from ..workspace.trusted_folders import ROUTINE_SUFFIXES

    workspace = Workspace.here()
    item: Routine | Pose
    if Path(name).suffix in ROUTINE_SUFFIXES:
        item = workspace.read_routine(Path(name))
    elif name in workspace.routine_names():
        item = workspace.read_routine(workspace.routine_path(name))
    else:
        pose_id = name.lower().replace("'", "").replace(" ", "-")
        if pose_id not in workspace.pose_ids():
            known = [*workspace.routine_names(), *workspace.pose_ids()]
            raise NotFoundError(f"there is no routine or pose called {name!r}", hint=did_you_mean(pose_id, known, 3))
        item = workspace.read_pose(pose_id)
    click.echo(json.dumps(asdict(item), ensure_ascii=False) if as_json else hanging("\n".join(_lines(item))))


@click.command("backgrounds")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--sample", "folder", metavar="FOLDER", help="Write twenty seconds of each into a folder, to choose by ear."
)
@click.option("--audition", is_flag=True, help=AUDITION_HELP)
@click.option("-o", "out", metavar="FOLDER", help=AUDITION_OUT_HELP)
@build_options(unused=("plain",))
def backgrounds_command(*, as_json: bool, folder: str | None, audition: bool, out: str | None, **options: Any) -> None:
    """List what can sound under the voice, as --background takes it.

    Your own music goes by its file's name, of any format; a plus lays one over another: rain+drone:-6 is rain with the
    drone 6 dB lower. With --audition, the voice that a build here has says two sentences over each.
    """
    from ..beds import BEDS

    _refuse_two(json=as_json, sample=folder is not None, audition=audition)
    _refuse(out and not audition, "-o goes only with --audition")
    if audition:
        audition_backgrounds(out, options)
        return
    if folder is not None:
        from ..app.samples import sample_background

        with build_context(options) as context:
            for name, kind in BEDS.items():
                if kind.texture != "none":
                    click.echo(sample_background(name, Path(folder), context))
        return
    if as_json:
        click.echo(json.dumps([{"name": name, "summary": kind.summary} for name, kind in BEDS.items()]))
        return
    width = max(map(len, BEDS))
    for name, kind in BEDS.items():
        click.echo(f"{name:<{width}}  {kind.summary}")


@click.command("voices", cls=GroupedCommand)
@click.option("--all", "everything", is_flag=True, help="All there are, in all languages.")
@click.option("--json", "as_json", is_flag=True, help="Print all of them as JSON.")
@click.option(
    "--sample", "folder", metavar="FOLDER", help="Write two sentences of each into a folder, to choose by ear."
)
@click.option("--get", "wanted", metavar="NAME", help="Fetch a sibling of the default voice: 8 MB, once.")
@click.option(
    "--sheet",
    "source",
    metavar="ROUTINE|FILE",
    help="Print its sentences with numbers, to be recorded.",
)
@click.option("--audition", is_flag=True, help=AUDITION_HELP)
@click.option(
    "-o",
    "out",
    metavar="FILE|FOLDER",
    help=f"With --sheet: add to this sheet the sentences that it lacks. {AUDITION_OUT_HELP}",
)
@build_options(unused=("plain",))
@word_options
@click.argument("names", nargs=-1, metavar="[VOICE]...", shell_complete=complete_voices)
def voices_command(
    *,
    names: tuple[str, ...],
    everything: bool,
    as_json: bool,
    folder: str | None,
    wanted: str | None,
    source: str | None,
    audition: bool,
    out: str | None,
    **given: Any,
) -> None:
    """List the voices to try first, as --voice takes them: the default, your own, those installed, the softest.

    With --sample or --audition and names, only those are written. With --sheet, the flags for a routine's words choose
    its sentences.
    """
    from ..app.voice_list import all_voices
    from ..voices import fetch_voice, open_voice
    from ..workspace import Workspace

    flags, options = split_flags(given)
    if wanted is not None:
        click.echo(fetch_voice(wanted))
        return
    if source is not None:
        _refuse(
            names or everything or as_json or folder or audition,
            "--sheet goes only with -o and the flags for a routine's words",
        )
        _print_sheet(source, None if out is None else Path(out), flags, options)
        return
    words = any(value is not None for value in flags.values())
    _refuse(words, "the flags for a routine's words go only with --sheet")
    _refuse(out and not audition, "-o goes only with --sheet or --audition")
    _refuse(names and folder is None and not audition, "voices can be named only with --sample or --audition")
    _refuse_two(json=as_json, sample=folder is not None, audition=audition)
    own = Workspace.here().own_voices()
    default = open_voice(None).label
    voices = all_voices(own, default)
    if as_json:
        click.echo(json.dumps([asdict(voice) for voice in voices], ensure_ascii=False))
        return
    shown = [voice for voice in voices if everything or voice.rank is not None]
    if audition:
        audition_voices(voices, own, names, out, options, everything=everything)
        return
    if folder is not None:
        chosen = names or [voice.id for voice in shown]
        _sample_voices([own.get(name, name) for name in chosen], Path(folder), options)
        return
    width = max(len(voice.id) for voice in shown)
    for voice in shown:
        click.echo(f"{voice.id:<{width}}  {voice.language:<16} {voice.gender:<8} {voice.note}".rstrip())
    click.echo(f"\nThe default is {default}.", err=True)
    if len(shown) < len(voices):
        click.echo(f"{len(voices) - len(shown)} more: sleepward voices --all", err=True)


def _print_sheet(source: str, out: Path | None, flags: dict[str, str | None], options: dict[str, Any]) -> None:
    from ..app.sheets import texts_to_read, write_sheet
    from ..voices.reading_sheet import extended, sheet_text
    from ..workspace import Workspace

    with open_cache(options) as cache:
        texts = texts_to_read(source, flags, Workspace.here(), cache)
    if out is None:
        click.echo(sheet_text(extended({}, texts)), nl=False)
        return
    written = write_sheet(texts, out)
    click.echo(f"{written.path}: {written.sentences} sentences, {written.new} of them new")


def _refuse_two(**given: bool) -> None:
    """Refuse two flags of which one lists and others write files."""
    flags = [f"--{name}" for name, is_given in given.items() if is_given]
    _refuse(len(flags) > 1, f"{' and '.join(flags)} do different things: give only one of them")


def _refuse(given: object, why: str) -> None:
    if given:
        raise click.UsageError(why)


def _sample_voices(choices: Sequence[VoiceChoice], folder: Path, options: dict[str, Any]) -> None:
    from ..app.samples import sample_voice

    failed: SleepwardError | None = None
    for choice in choices:
        try:
            with build_context(options) as context:
                click.echo(sample_voice(choice, folder, context))
        except SleepwardError as error:  # a voice that fails doesn't stop the others
            say_error(error)
            failed = failed or error
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


def _judge(path: Path, workspace: Workspace, *, is_pose: bool) -> None:
    """Read all of a file that isn't plainly what it should be. Raises DefinitionError with every fault."""
    from ..definition.loading import load_pose

    load_pose(path) if is_pose else workspace.read_routine(path)


def _summary(item: RoutineOutline | PoseOutline) -> list[str]:
    from ..definition.outline import PoseOutline

    if isinstance(item, PoseOutline):
        return [f"{item.id:<26} {item.name} ({item.position})"]
    return [f"{item.name}: {item.title} ({item.setting}, {item.poses} poses)", f"  {item.summary}"]


def _lines(item: Routine | Pose) -> list[str]:
    from ..model import Pose

    return _pose_lines(item) if isinstance(item, Pose) else _routine_lines(item)


def _routine_lines(routine: Routine) -> list[str]:
    from ..script import plain_description

    lines = [routine.title, routine.summary, "", f"Where: {routine.setting}, eyes {routine.eyes.replace('-', ' ')}"]
    lines.append(f"Have at hand: {', '.join(routine.props) or 'nothing'}")
    lines += ["", "In order:"]
    for step in routine.steps:
        rounds = "" if step.rounds == ("only",) else f" ({', '.join(step.rounds)})"
        lines.append(f"  {step.pose.name} [{step.pose.id}]{rounds}: {step.hold_text}{' each' if rounds else ''}")
    cautions = {step.pose.id: step.pose for step in routine.steps if step.pose.leave_out_for or step.pose.caution}
    if cautions:
        lines += ["", "Take care:"]
        for pose in cautions.values():
            caution = plain_description(pose.caution, pose)
            out = f" Leave it out for: {', '.join(pose.leave_out_for)}." if pose.leave_out_for else ""
            lines.append(f"  {pose.name}: {caution}{out}".replace(":  ", ": "))
    if routine.notes:
        lines += ["", "Good to know:", *(f"  {note}" for note in routine.notes)]
    if routine.settings:
        lines += ["", "Its own settings:", *(f"  {name}: {value}" for name, value in routine.settings.items())]
    return lines


def _pose_lines(pose: Pose) -> list[str]:
    from ..definition.adapt import at_level
    from ..script import plain_description

    lines = [pose.name + (f" ({', '.join(pose.also)})" if pose.also else ""), f"Id: {pose.id}"]
    lines.append(f"Position: {pose.position}, afterwards {pose.ends}")
    if pose.rounds != ("only",):
        lines.append(f"Rounds: {', '.join(pose.rounds)}")
    for label, text in (
        ("Felt", pose.felt),
        ("Easier", pose.easier),
        ("Deeper", pose.deeper),
        ("Caution", pose.caution),
    ):
        if text:
            lines.append(f"{label}: {plain_description(text, pose)}")
    for label, items in (
        ("Have at hand", pose.props),
        ("It asks for", pose.involves),
        ("Leave it out for", pose.leave_out_for),
    ):
        if items:
            lines.append(f"{label}: {', '.join(items)}")
    for label, way in (("The easier way", at_level(pose, "easier")), ("The deeper way", at_level(pose, "deeper"))):
        for what, items, usual in (
            ("begins", (way.position,), (pose.position,)),
            ("asks for", way.involves, pose.involves),
            ("is to be left out for", way.leave_out_for, pose.leave_out_for),
        ):
            if items != usual:
                lines.append(f"{label} {what}: {', '.join(items) or 'nothing'}")
    return lines
