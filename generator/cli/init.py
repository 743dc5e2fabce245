"""The `init` command."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init_command(folder: Path) -> None:
    """Make a folder DIR with a routine, words and a library of your own, ready to build and to change.

    Nothing that is there already is overwritten.
    """
    from ..app.init_files import starter_files, write_new

    texts = starter_files()
    write_new(folder, texts)
    for name in sorted(texts):
        click.echo(folder / name)
    click.echo(f"{folder / 'README.md'} says what to do with them", err=True)
