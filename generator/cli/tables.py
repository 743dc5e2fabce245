"""Formats plans as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..durations import clock, whole_seconds_up

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


def print_table(table: Table | Group) -> None:
    """Print to stdout. Without a terminal or $COLUMNS, the width is enough that nothing is cut.

    What isn't read at a terminal has no spaces at the ends of lines.
    """
    import os
    import sys

    from rich.console import Console

    if sys.stdout.isatty():
        Console(highlight=False).print(table)
        return
    console = Console(width=None if "COLUMNS" in os.environ else 110, highlight=False)
    with console.capture() as printed:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


def hanging(text: str, *, err: bool = False) -> str:
    """`text` for a terminal: a line too long for it goes on below, under its own words.

    An indented line, and an error's, goes on two spaces farther in, so that the next one is seen to begin.
    """
    import shutil
    import sys
    import textwrap

    if not (sys.stderr if err else sys.stdout).isatty():
        return text
    width = max(40, shutil.get_terminal_size().columns)
    lines = []
    for line in text.split("\n"):
        own = len(line) - len(line.lstrip())
        indent = " " * (own + 2 * (own > 0 or err))
        lines += textwrap.wrap(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        ) or [line]
    return "\n".join(lines)


def plan_table(plan: dict[str, Any]) -> Group:
    """One row per chapter: its start, the way into its hold, the hold, and the number of sentences."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Begins", "Chapter", "Way in", "Hold", "from", "to", "Says"):
        right = name in ("Begins", "Way in", "Hold", "from", "to", "Says")
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "Chapter")
    for index, chapter in enumerate(plan["chapters"]):
        events = [event for event in plan["events"] if event["chapter"] == index]
        holds = [event for event in events if event["kind"] == "hold"]
        sentences = sum(event["kind"] == "speech" for event in events)
        row = [clock(chapter["start_ms"]), chapter["title"], "", "", "", ""]
        if holds:
            row[2] = clock(holds[0]["start_ms"] - chapter["start_ms"])
            row[3] = _lengths([hold["end_ms"] - hold["start_ms"] for hold in holds])
            row[4:] = [clock(holds[0]["start_ms"]), clock(holds[-1]["end_ms"])]
        table.add_row(*row, f"{sentences} lines" if sentences != 1 else "1 line")
    table.add_row(clock(plan["guided_ms"]), f"(the background goes on: {clock(plan['tail_ms'])})", "", "", "", "", "")
    table.add_row(clock(plan["duration_ms"]), "(end)", "", "", "", "", "")
    return Group(_head(plan), Text(""), table, Text(""), _foot(plan))


def event_table(plan: dict[str, Any]) -> Group:
    """One row per event. A pause stands in the row of the event before it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("At", justify="right")
    table.add_column("Lasts", justify="right")
    table.add_column("What")
    table.add_column("Then", justify="right")
    chapter = None
    holds_end_ms = 0
    rows: list[list[Any]] = []
    row: list[Any] = []
    pauses_ms = 0
    for event in plan["events"]:
        if event["chapter"] != chapter:
            chapter = event["chapter"]
            rows.append(["", "", Text(plan["chapters"][chapter]["title"], style="bold"), ""])
            row = []
        lasts = _length(event["end_ms"] - event["start_ms"])
        if event["kind"] == "pause" and row:
            pauses_ms += event["end_ms"] - event["start_ms"]
            row[3] = f"+{_length(pauses_ms)}"
            continue
        pauses_ms = 0
        inside = "  " if event["start_ms"] < holds_end_ms else ""
        if event["kind"] == "hold":
            holds_end_ms = event["end_ms"]
        what = event["text"] if event["kind"] == "speech" else f"[{event['kind']} {event['text']}".rstrip() + "]"
        row = [_exact(event["start_ms"]), lasts, Text(inside + what), ""]
        rows.append(row)
        if event.get("said", what) != what:
            rows.append(["", "", Text(f"{inside}  said: {event['said']}", style="dim"), ""])
    for row in rows:
        table.add_row(*row)
    return Group(_head(plan), Text(""), table, Text(""), _foot(plan))


def _head(plan: dict[str, Any]) -> Any:
    from rich.text import Text

    settings = plan["settings"]
    rate = f" at {settings['rate']} words a minute" if settings["rate"] else ""
    return Text.assemble(
        (plan["title"], "bold"),
        f"\n{clock(plan['duration_ms'])} in all: {clock(plan['guided_ms'])} guided, {clock(plan['tail_ms'])} tail"
        f"\nvoice {plan['voice']}{rate}, over {settings['background']}",
        "".join(f"\n{note}" for note in plan["adapted"]),
    )


def _foot(plan: dict[str, Any]) -> Any:
    from rich.text import Text

    least, most = plan["length_range_ms"]
    reach = f"All of this fits a --length from {clock(whole_seconds_up(least))} to {clock(most)} of guided time"
    if least == most:
        reach = "No hold here can stretch, so --length has nothing to fit"
    return Text(f"{reach}; the file takes about {plan['bytes_estimate'] / 1e6:.1f} MB")


def _exact(ms: int) -> str:
    return f"{clock(ms)}.{ms % 1000:03}"


def _lengths(all_ms: list[int]) -> str:
    """Equal lengths as a count, different ones as a list of at most three."""
    if len(all_ms) > 1 and len(set(all_ms)) == 1:
        return f"{len(all_ms)} x {_length(all_ms[0])}"
    return " + ".join(map(_length, all_ms[:3])) + (" …" if len(all_ms) > 3 else "")


def _length(ms: int) -> str:
    return f"{ms / 1000:.1f}s" if ms < 60_000 else clock(ms)
