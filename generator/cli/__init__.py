"""The command line: reads options, prints results, sets exit codes."""

from __future__ import annotations

import sys

try:
    from ..system import stopping
except KeyboardInterrupt:  # before the handler is installed
    sys.exit(130)


def main() -> None:
    """Run the typed command and exit with its code: 130 after SIGINT, 143 after SIGTERM."""
    stopping.listen()  # before the imports, which take long and couldn't be interrupted cleanly
    try:
        from .commands import run_typed

        code = run_typed()
        stopping.check()
    except stopping.StoppedError as stopped:
        import click

        click.echo("\ninterrupted: nothing half-made was left behind", err=True)
        code = stopped.exit_code
    sys.exit(code)
