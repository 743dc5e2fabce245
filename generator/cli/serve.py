"""The `serve` and `studio` commands: a library's page and tracks for the phone, and a page to make them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from .options import with_options
from .publish import publish_and_say

DEFAULT_PORT = 8765
STUDIO_FOLDER = "output/studio"

_SERVER_OPTIONS = (
    click.Option(["--lan"], is_flag=True, help="Let other devices of your network in, such as your phone."),
    click.Option(
        ["--port"],
        type=click.IntRange(0, 65_535),
        default=DEFAULT_PORT,
        show_default=True,
        help="Where to listen; 0 takes any free port.",
    ),
)


@click.command("serve")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@with_options(_SERVER_OPTIONS)
def serve_command(folder: Path, lan: bool, port: int) -> None:
    """Serve the library in DIR (this folder, if none is named) to a browser: its page and its tracks, nothing else.

    What publishing makes is brought up to date first. The address that is shown lets one device in, once; each device
    that has come is told here, with an address for the next. Ctrl-C ends it, and every device has to come anew then.

    Without --lan only this computer gets in. With it, whoever is in your network and has the address does; what is sent
    isn't encrypted.
    """
    publish_and_say(folder)
    _serve_until_stopped(folder, lan=lan, port=port)


@click.command("studio")
@click.argument("folder", metavar="[DIR]", default=STUDIO_FOLDER, type=click.Path(path_type=Path))
@with_options(_SERVER_OPTIONS)
@click.option("--open/--no-open", "opens", default=None, help="Open it in the browser, or don't.  [default: here, yes]")
def studio_command(folder: Path, lan: bool, port: int, opens: bool | None) -> None:
    """Make tracks on a page in the browser: choose, hear a minute, make, play.

    They join the library in DIR (output/studio, if none is named), which has its own page on the same server. Routines,
    voices and settings are those of this folder. Who gets in, and how it ends, is as with `sleepward serve`.
    """
    if opens is None:
        opens = not lan and _has_screen()
    _serve_until_stopped(folder, lan=lan, port=port, studio=True, opens=opens)


def _serve_until_stopped(folder: Path, *, lan: bool, port: int, studio: bool = False, opens: bool = False) -> None:
    from ..server import Served, serve
    from ..system.waiting import wait_for

    def show(served: Served) -> None:
        if sys.stdout.isatty():
            click.echo(served.code())
        click.echo(f"Open this on {'your phone' if lan else 'this computer'}; it works once:\n  {served.address}")

    def entered(device: str) -> None:
        click.echo(f"{device} is in. For another device:", err=True)
        show(served)

    with serve(folder, port=port, lan=lan, studio=studio, entered=entered) as served:
        show(served)
        if opens:
            import webbrowser

            webbrowser.open(served.address)
        wait_for(served.ended).result()


def _has_screen() -> bool:
    """Whether a browser can show itself: a terminal's own would take the terminal."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
