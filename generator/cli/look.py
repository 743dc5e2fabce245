"""`list`, `show` and `voices`: what there is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..model import Pose, Routine


@click.command("list", short_help="List the routines.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List the routines: those of the working folder's routines/ and the built-in ones."""
    from .. import resources
    from ..build import read_routine

    routines = [read_routine(resources.routine_path(name)) for name in resources.routine_names()]
    if as_json:
        keys = ("name", "title", "summary", "setting", "props")
        click.echo(
            json.dumps([{key: getattr(routine, key) for key in keys} for routine in routines], ensure_ascii=False)
        )
        return
    width = max((len(routine.name) for routine in routines), default=0)
    for routine in routines:
        poses = len({step.pose.id for step in routine.steps if step.pose.id != "rest"})
        click.echo(f"{routine.name:<{width}}  {routine.title} ({routine.setting}, {poses} poses)")
        click.echo(f"{'':<{width}}  {routine.summary}")


@click.command("show", short_help="Show a routine or a pose.")
@click.argument("name", metavar="ROUTINE|POSE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(name: str, as_json: bool) -> None:
    """Show what a ROUTINE holds (props, poses, holds, cautions), or a POSE."""
    from pathlib import Path

    from .. import resources
    from ..build import read_pose, read_routine

    if name in resources.pose_ids() and name not in resources.routine_names():
        pose = read_pose(name)
        click.echo(json.dumps(asdict(pose), ensure_ascii=False) if as_json else "\n".join(_pose_lines(pose)))
        return
    path = Path(name) if name.endswith((".yaml", ".yml")) else resources.routine_path(name)
    routine = read_routine(path)
    click.echo(json.dumps(asdict(routine), ensure_ascii=False) if as_json else "\n".join(_routine_lines(routine)))


@click.command("voices", short_help="List the voices.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def voices_command(as_json: bool) -> None:
    """List the voices of this machine, as --voice takes them."""
    from ..voices import list_voices, open_voice

    voices = list_voices()
    if as_json:
        click.echo(json.dumps([asdict(voice) for voice in voices], ensure_ascii=False))
        return
    width = max(len(voice.id) for voice in voices)
    for voice in voices:
        click.echo(f"{voice.id:<{width}}  {voice.language:<10} {voice.gender:<8} {voice.note}".rstrip())
    click.echo(f"\nThe default is {open_voice(None).label}.", err=True)


def _routine_lines(routine: Routine) -> list[str]:
    lines = [routine.title, routine.summary, "", f"Where: {routine.setting}, eyes {routine.eyes.replace('-', ' ')}"]
    lines.append(f"Have at hand: {', '.join(routine.props) or 'nothing'}")
    lines += ["", "In order:"]
    for step in routine.steps:
        rounds = "" if step.rounds == ("only",) else f" ({', '.join(step.rounds)})"
        lines.append(f"  {step.pose.name}{rounds}: {step.hold_text}{' each' if rounds else ''}")
    cautions = {step.pose.id: step.pose for step in routine.steps if step.pose.leave_out_for or step.pose.caution}
    if cautions:
        lines += ["", "Take care:"]
        for pose in cautions.values():
            out = f" Leave it out for: {', '.join(pose.leave_out_for)}." if pose.leave_out_for else ""
            lines.append(f"  {pose.name}: {pose.caution}{out}".replace(":  ", ": "))
    if routine.notes:
        lines += ["", "Good to know:", *(f"  {note}" for note in routine.notes)]
    if routine.settings:
        lines += ["", "Its own settings:", *(f"  {name}: {value}" for name, value in routine.settings.items())]
    return lines


def _pose_lines(pose: Pose) -> list[str]:
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
            lines.append(f"{label}: {text}")
    for label, items in (("Have at hand", pose.props), ("Leave it out for", pose.leave_out_for)):
        if items:
            lines.append(f"{label}: {', '.join(items)}")
    return lines
