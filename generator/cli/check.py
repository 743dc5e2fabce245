"""`check` and `schema`: what is wrong in files, and what may stand in them."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ..errors import Fault


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list, an object for each file.")
def check_command(paths: tuple[str, ...], as_json: bool) -> None:
    """Read routines, poses, libraries (.yaml) and scripts (.txt), and say what is wrong in them, and where.

    A FOLDER stands for all of them in it and below; nothing named stands for routines/ in this folder. Poses and
    templates are found as in a build: first in this folder, then among the built-in ones. Nothing is written. Exit code
    2 where anything is wrong. Whether every line fits its hold depends on the voice: `sleepward plan` says that.
    """
    from ..check import Checked, check

    done: list[Checked] = []
    shown: set[Fault] = set()
    for checked in check(paths):
        done.append(checked)
        if not as_json:
            _print(checked.path, checked.kind, checked.faults, shown)
            shown.update(checked.faults)
    if as_json:
        click.echo(json.dumps([asdict(checked) for checked in done], ensure_ascii=False))
    wrong = sum(bool(checked.faults) for checked in done)
    files = f"{len(done)} file{'s' * (len(done) != 1)}"
    click.echo(f"{files}, {wrong} with faults" if wrong else f"{files}, all well", err=True)
    if wrong:
        raise click.exceptions.Exit(2)


@click.command("schema")
@click.argument("kind", metavar="routine|pose|library", type=click.Choice(["routine", "pose", "library"]))
def schema_command(kind: str) -> None:
    """Print the JSON schema (2020-12) of a kind of file, with which an editor helps to write it.

    Keep it beside the files, and begin them with a line such as: # yaml-language-server: $schema=schemas/routine.json
    """
    from ..schema import KINDS, schema_text

    click.echo(schema_text(next(known for known in KINDS if known == kind)), nl=False)


def _print(path: str, kind: str, faults: tuple[Fault, ...], shown: set[Fault]) -> None:
    """A file and its faults, each said once, however many routines it makes unusable."""
    if not faults:
        click.echo(f"ok     {path}  ({kind})")
        return
    click.echo(f"FAULT  {path}  ({kind})")
    for fault in faults:
        if fault not in shown:
            click.echo(f"  {fault}")
    if again := len(shown.intersection(faults)):
        click.echo(f"  and {again} in what it uses, said above")
