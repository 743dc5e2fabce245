"""The `publish` command, and publishing at the end of `batch` and `program`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..library.publishing import Published

NO_ADDRESS = (
    "feed.xml has no addresses that a podcast app can reach: give the folder's with\n"
    "  sleepward publish {folder} --base-url https://HOST/FOLDER/"
)


@click.command("publish")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--base-url",
    metavar="URL",
    help="The folder's address on the web, for podcast feeds. It is remembered; '' forgets it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def publish_command(folder: Path, base_url: str | None, as_json: bool) -> None:
    """Write what players need beside the tracks in DIR: playlists, words in time, chapters, covers, a podcast feed.

    `batch` and `program --build` end with this. Only what changed is written, files of tracks that are gone are
    removed, and files of your own are left alone.
    """
    from ..library.publishing import publish

    done = publish(folder, base_url)
    if as_json:
        facts = {
            "folder": str(folder),
            "tracks": done.tracks,
            "base_url": done.base_url,
            "written": done.written,
            "removed": done.removed,
            "foreign": done.foreign,
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(_line(folder, done))
    _say_notes(folder, done, asked=True)


def publish_and_say(folder: Path) -> None:
    """Publish a folder that has just been built, and say on stderr what has changed. Raises what `publish` raises."""
    from ..library.publishing import publish

    done = publish(folder)
    if done.changed:
        click.echo(_line(folder, done), err=True)
    _say_notes(folder, done, asked=False)


def _line(folder: Path, done: Published) -> str:
    counts = [(len(done.written), "written"), (len(done.removed), "removed")]
    what = ", ".join(f"{number} file{'s' * (number != 1)} {word}" for number, word in counts if number)
    return f"published {done.tracks} track{'s' * (done.tracks != 1)} in {folder}: {what or 'nothing has changed'}"


def _say_notes(folder: Path, done: Published, *, asked: bool) -> None:
    """What the user should know: files that were left alone, and a feed that no app can follow."""
    for name in done.foreign:
        click.echo(f"left alone: {name} isn't the file that was published; delete it to have it made", err=True)
    if not done.base_url and (asked or any(name.endswith(".xml") for name in done.written)):
        click.echo(NO_ADDRESS.format(folder=folder), err=True)
