"""The command line: options in, results out, exit codes. Nothing but click happens here."""

from __future__ import annotations

import sys

try:
    from ..system import stopping
except KeyboardInterrupt:  # before there is a handler
    sys.exit(130)


def main() -> None:
    """Run what was typed, and leave its exit code; after a signal 130 (SIGINT) or 143 (SIGTERM)."""
    stopping.listen()  # before the imports: they take longer than anything else that can't be stopped
    try:
        from .commands import run_typed

        code = run_typed()
        stopping.check()
    except stopping.StoppedError as stopped:
        import click

        click.echo("\ninterrupted: nothing half-made was left behind", err=True)
        code = stopped.exit_code
    sys.exit(code)
