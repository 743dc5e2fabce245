"""The `doctor` command."""

from __future__ import annotations

import click


@click.command("doctor")
def doctor_command() -> None:
    """Speak, encode and read back one second for real; each failure prints the one command that mends it."""
    from ..app.doctor import examine
    from ..build.track_file import OUTPUT_FOLDER

    worst = 0
    for finding in examine(OUTPUT_FOLDER):
        state = "FAIL" if not finding.good else "note" if finding.mend else "ok"
        click.echo(f"{state:<4}  {finding.name:<9} {finding.found}")
        if finding.mend:
            click.echo(f"      mend it with: {finding.mend}")
            worst = max(worst, finding.exit_code)
    if worst:
        raise click.exceptions.Exit(worst)
    click.echo("All is well. Tonight's track: sleepward build deep-hip-opening")
