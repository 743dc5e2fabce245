"""The command line: reads options, prints results, sets exit codes."""

from __future__ import annotations

import io
import sys

try:
    from ..system import stopping
except KeyboardInterrupt:  # before the handler is installed
    sys.exit(130)


def main() -> None:
    """Run the typed command and exit with its code: 130 after SIGINT, 143 after SIGTERM."""
    stopping.listen()  # before the imports, which take long and couldn't be interrupted cleanly
    _write_utf8()
    try:
        from .commands import run_typed

        code = run_typed()
        stopping.check()
    except stopping.StoppedError as stopped:
        import click

        click.echo("\ninterrupted: nothing half-made was left behind", err=True)
        code = stopped.exit_code
    sys.exit(code)


def _write_utf8() -> None:
    """Print UTF-8, whatever the system's encoding is: what goes to a file is then read in the encoding it was written.

    A file's name that isn't UTF-8 is printed with escapes, which JSON knows too.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not if it is closed
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
