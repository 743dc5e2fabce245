"""The `cache` commands: show, collect and verify what earlier builds kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ..errors import SettingError

if TYPE_CHECKING:
    from ..storage.housekeeping import EntryTotal


@click.group("cache", no_args_is_help=True)
def cache_command() -> None:
    """Manage what earlier builds kept: sentences, levels of voices, backgrounds. All of it can be made again."""


@cache_command.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info_command(as_json: bool) -> None:
    """Show where the cache is and what it holds: how much of each kind, and its oldest use."""
    from ..storage.cache import default_folder
    from ..storage.housekeeping import EntryTotal, format_size, totals_by_kind

    folder = default_folder()
    held = totals_by_kind(folder)
    total = sum((holding.amount for holding in held.values()), EntryTotal())
    if as_json:
        kinds = {
            kind: {
                "entries": holding.amount.entries,
                "bytes": holding.amount.bytes,
                "oldest_use": _time(holding.oldest_use_s).isoformat(timespec="seconds"),
            }
            for kind, holding in held.items()
        }
        found = {"folder": str(folder), "entries": total.entries, "bytes": total.bytes, "kinds": kinds}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(folder)
    if not held:
        click.echo("empty")
        return
    from rich.table import Table

    from .tables import print_table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Kind", "Entries", "Size", "Oldest use"):
        table.add_column(name, justify="right" if name in ("Entries", "Size") else "left")
    for kind, holding in held.items():
        used = _time(holding.oldest_use_s).astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(kind, f"{holding.amount.entries:,}", format_size(holding.amount.bytes), used)
    table.add_row("all", f"{total.entries:,}", format_size(total.bytes), "")
    print_table(table)


@cache_command.command("gc")
@click.option("--max-size", metavar="SIZE", required=True, help="How much may stay, like 2GB, 500 MB or 1.5GiB.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def gc_command(max_size: str, dry_run: bool) -> None:
    """Remove what was used longest ago, until the rest fits. What was used within the last day stays."""
    from ..storage.cache import default_folder
    from ..storage.housekeeping import EntryTotal, collect, format_size, parse_size

    try:
        max_bytes = parse_size(max_size)
    except ValueError as error:
        raise SettingError(str(error), where="--max-size") from error
    collected = collect(default_folder(), max_bytes, dry_run=dry_run)
    freed = sum(collected.freed.values(), EntryTotal())
    kinds = ", ".join(f"{kind} {_shown(amount)}" for kind, amount in collected.freed.items())
    what = f"{format_size(freed.bytes)}: {kinds}" if kinds else "nothing"
    click.echo(f"would free {what}" if dry_run else f"freed {what}")
    click.echo(f"{'would be left' if dry_run else 'left'}: {_shown(collected.left)}")
    if collected.left.bytes > max_bytes:
        spared = f"used within the last day, so a running build may need them: {_shown(collected.spared)}"
        click.echo(f"{spared}; to remove them too, delete the folder while nothing is being built", err=True)


@cache_command.command("verify")
def verify_command() -> None:
    """Check every entry. Damaged ones are removed, and made again when needed; then the exit code is 1."""
    from ..storage.cache import default_folder
    from ..storage.housekeeping import verify_entries

    folder = default_folder()
    whole = wrong = 0
    for entry, fault in verify_entries(folder):
        if fault:
            wrong += 1
            click.echo(f"{entry.path.relative_to(folder)}: {fault}")
        else:
            whole += 1
    click.echo(f"{whole:,} whole, {wrong:,} not", err=True)
    if wrong:
        raise click.exceptions.Exit(1)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _shown(amount: EntryTotal) -> str:
    from ..storage.housekeeping import format_size

    return f"{amount.entries:,} ({format_size(amount.bytes)})"
