"""The `check` and `schema` commands."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .tables import hanging

if TYPE_CHECKING:
    from ..app.check import CheckedFile
    from ..errors import Diagnostic


_KINDS = ("routine", "pose", "library", "program")  # those of schema.py, which takes long to import


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER]...")
@click.option("--strict", is_flag=True, help="Fail with exit code 1 where there are warnings, though no faults.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list, an object for each file.")
def check_command(paths: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Read routines, poses, programs, libraries, lexicons (.yaml), scripts (.txt), templates (.j2) and sleepward.toml,
    and say what is wrong in them, and where.

    A FOLDER stands for all of them in it and below; nothing named stands for routines/, scripts_templates/ and
    sleepward.toml here. Poses
    and templates are found as in a build: first in this folder, then among the built-in ones. Nothing is written. Exit
    code 2 where anything is wrong. Whether every line fits its hold depends on the voice: `sleepward plan` says that.

    The words are judged too: warnings say what would keep a listener awake or leave them at a loss, and how to mend
    it. They change no exit code, unless --strict is given.
    """
    from ..app.check import check

    done: list[CheckedFile] = []
    shown: set[Diagnostic] = set()
    for checked in check(paths):
        done.append(checked)
        if not as_json:
            _print(checked, shown)
            shown.update(checked.faults, checked.warnings)
    if as_json:
        click.echo(json.dumps([_as_json(checked) for checked in done], ensure_ascii=False))
    wrong = sum(bool(checked.faults) for checked in done)
    warned = sum(bool(checked.warnings) for checked in done)
    counted = [f"{wrong} with faults"] * bool(wrong) + [f"{warned} with warnings"] * bool(warned)
    click.echo(", ".join([f"{len(done)} file{'s' * (len(done) != 1)}", *(counted or ["all well"])]), err=True)
    if wrong or (warned and strict):
        raise click.exceptions.Exit(2 if wrong else 1)


@click.command("schema")
@click.argument("kind", metavar="|".join(_KINDS), type=click.Choice(_KINDS))
def schema_command(kind: str) -> None:
    """Print the JSON schema (2020-12) of a kind of file, with which an editor helps to write it.

    Keep it beside the files, and begin them with a line such as: # yaml-language-server: $schema=schemas/routine.json
    """
    from ..definition.schema import KINDS, schema_text

    click.echo(schema_text(next(known for known in KINDS if known == kind)), nl=False)


def _as_json(checked: CheckedFile) -> dict[str, Any]:
    """A file as `--json` prints it; of what is found there, only warnings have a rule."""
    plain = asdict(checked)
    for found in (*plain["faults"], *plain["warnings"]):
        if found.pop("severity") == "fault":
            del found["rule"]
    return plain


def _print(checked: CheckedFile, shown: set[Diagnostic]) -> None:
    """Print a file with its faults and warnings. Those already shown for another file are only counted."""
    found = (*checked.faults, *checked.warnings)
    head = "FAULT" if checked.faults else "warn" if checked.warnings else "ok"
    click.echo(f"{head:<6} {checked.path}  ({checked.kind})")
    for each in found:
        if each not in shown:
            click.echo(hanging(f"  {each}"))
    if again := len(shown.intersection(found)):
        click.echo(f"  and {again} in what it uses, said above")
