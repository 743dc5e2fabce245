"""The `serve` command: a library's page and tracks for the phone, in the same network."""

from __future__ import annotations

import sys
from pathlib import Path

import click

DEFAULT_PORT = 8765


@click.command("serve")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--lan", is_flag=True, help="Let other devices of your network in, such as your phone.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Where to listen; 0 takes any free port.",
)
def serve_command(folder: Path, lan: bool, port: int) -> None:
    """Serve the library in DIR (this folder, if none is named) to a browser: its page and its tracks, nothing else.

    What publishing makes is brought up to date first. The address that is shown lets one device in, once; each device
    that has come is told here, with an address for the next. Ctrl-C ends it, and every device has to come anew then.

    Without --lan only this computer gets in. With it, whoever is in your network and has the address does; what is sent
    isn't encrypted.
    """
    from ..server import Served, serve
    from ..system.waiting import wait_for
    from .publish import publish_and_say

    def show(served: Served) -> None:
        if sys.stdout.isatty():
            click.echo(served.code())
        click.echo(f"Open this on {'your phone' if lan else 'this computer'}; it works once:\n  {served.address}")

    def entered(device: str) -> None:
        click.echo(f"{device} is in. For another device:", err=True)
        show(served)

    publish_and_say(folder)
    with serve(folder, port=port, lan=lan, entered=entered) as served:
        show(served)
        wait_for(served.ended).result()
