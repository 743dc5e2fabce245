"""The `verify` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError, SleepwardError
from .commands import say_error
from .progress import verify_progress

if TYPE_CHECKING:
    from rich.console import Group

    from ..verify import Report


@click.command("verify")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per track.")
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="FILE.png|svg", help="Draw loudness over time, with its limits."
)
def verify_command(files: tuple[Path, ...], as_json: bool, plot: Path | None) -> None:
    """Measure finished tracks, decoded to their end, against the plans in them. Exit code 1 when a row fails."""
    from ..verify import verify

    if plot is not None:
        from ..plot import check_suffix, plot_loudness

        check_suffix(plot)
        if len(files) > 1:
            raise InputError(f"--plot draws one track, but there are {len(files)}", hint="verify them one by one")
    worst = 0
    for path in files:
        try:
            with verify_progress(path) as progress:
                report = verify(path, progress)
        except SleepwardError as error:  # an unreadable track doesn't hide the others
            say_error(error)
            worst = max(worst, error.exit_code)
            continue
        if as_json:
            click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
        else:
            from .tables import print_table

            print_table(report_table(report))
        if plot is not None:
            plot_loudness(report.momentary_lufs, report.plan, [row.id for row in report.failed], plot)
        worst = max(worst, 0 if report.ok else 1)
    if worst:
        raise click.exceptions.Exit(worst)


def report_table(report: Report) -> Group:
    """One row per property. Those that couldn't be measured come last, with their reasons."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Property", "Measured", "Limit"):
        table.add_column(name)
    looks: dict[bool, Any] = {True: Text("ok"), False: Text("FAIL", style="bold red")}
    for row in report.rows:
        if row.ok is not None:
            table.add_row(looks[row.ok], Text(row.what), Text(row.measured), Text(row.limit))
    notes = [Text(f"{row.what}: {row.note}") for row in report.rows if row.ok is not None and row.note]
    unknown = [Text(f"{row.what}: not measured, for {row.note}") for row in report.rows if row.ok is None]
    judged = sum(row.ok is not None for row in report.rows)
    failed = [row.what for row in report.failed]
    verdict = f"{len(failed)} of {judged} fail: {'; '.join(failed)}" if failed else f"All {judged} are within limits."
    head = Text.assemble((report.plan["title"], "bold"), f"\n{report.path}\n")
    after = [Text(""), *notes, *unknown] if notes or unknown else []
    return Group(head, table, *after, Text(f"\n{verdict}"))
