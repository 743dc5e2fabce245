"""Plans, routines and voices as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..lengths import clock, format_ms

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


def print_table(table: Table | Group) -> None:
    """To stdout; where that is no terminal, wide enough that nothing is cut."""
    import shutil
    import sys

    from rich.console import Console

    width = None if sys.stdout.isatty() else max(shutil.get_terminal_size().columns, 110)
    Console(width=width, highlight=False).print(table)


def plan_table(plan: dict[str, Any]) -> Group:
    """One row a chapter: when it begins, how long the way in is, when the hold begins and ends, what is said."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("Begins", "right"),
        ("Chapter", "left"),
        ("Way in", "right"),
        ("Hold", "right"),
        ("", "left"),
        ("Says", "left"),
    ):
        table.add_column(name, justify=justify, no_wrap=name != "Says", overflow="ellipsis")  # type: ignore[arg-type]
    for index, chapter in enumerate(plan["chapters"]):
        events = [event for event in plan["events"] if event["chapter"] == index]
        holds = [event for event in events if event["kind"] == "hold"]
        speech = [event for event in events if event["kind"] == "speech"]
        way_in = clock(holds[0]["start_ms"] - chapter["start_ms"]) if holds else ""
        lengths = " + ".join(_length(hold["end_ms"] - hold["start_ms"]) for hold in holds)
        when = f"{clock(holds[0]['start_ms'])}–{clock(holds[-1]['end_ms'])}" if holds else ""
        says = f"{len(speech)} sentences: {speech[0]['text']}" if speech else ""
        table.add_row(
            clock(chapter["start_ms"]),
            chapter["title"],
            way_in,
            lengths,
            when,
            Text(says, overflow="ellipsis", no_wrap=True),
        )
    tail_at = plan["duration_ms"] - plan["tail_ms"]
    table.add_row(
        clock(tail_at), "(background alone, fading out)", "", "", f"{clock(tail_at)}–{clock(plan['duration_ms'])}", ""
    )
    table.add_row(clock(plan["duration_ms"]), "(silence)", "", "", "", "")
    return Group(_head(plan), Text(""), table, Text(""), _foot(plan))


def event_table(plan: dict[str, Any]) -> Group:
    """One row an event, pauses in the row of what they follow."""
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
    for event in plan["events"]:
        if event["chapter"] != chapter:
            chapter = event["chapter"]
            rows.append(["", "", Text(plan["chapters"][chapter]["title"], style="bold"), ""])
        lasts = _length(event["end_ms"] - event["start_ms"])
        if event["kind"] == "pause" and rows and rows[-1][0]:
            rows[-1][3] = f"+{lasts}"
            continue
        inside = "  " if event["start_ms"] < holds_end_ms else ""
        if event["kind"] == "hold":
            holds_end_ms = event["end_ms"]
        what = event["text"] if event["kind"] == "speech" else f"[{event['kind']} {event['text']}".rstrip() + "]"
        rows.append([_exact(event["start_ms"]), lasts, Text(inside + what), ""])
    for row in rows:
        table.add_row(*row)
    return Group(_head(plan), Text(""), table, Text(""), _foot(plan))


def _head(plan: dict[str, Any]) -> Any:
    from rich.text import Text

    settings = plan["settings"]
    return Text.assemble(
        (plan["title"], "bold"),
        f"\n{clock(plan['duration_ms'])} in all: {clock(plan['guided_ms'])} guided, {clock(plan['tail_ms'])} tail"
        f"\nvoice {plan['voice']} at {settings['rate']} words a minute, over {settings['background']}",
    )


def _foot(plan: dict[str, Any]) -> Any:
    from rich.text import Text

    least, most = plan["length_range_ms"]
    reach = f"exactly {format_ms(least)}" if least == most else f"anything from {_up(least)} to {clock(most)}"
    return Text(
        f"--length can ask for {reach} of guided time; the file takes about {plan['bytes_estimate'] / 1e6:.1f} MB"
    )


def _up(ms: int) -> str:
    """A clock time that isn't before `ms`."""
    return clock(-(-ms // 1000) * 1000)


def _exact(ms: int) -> str:
    return f"{clock(ms)}.{ms % 1000:03}"


def _length(ms: int) -> str:
    return f"{ms / 1000:.1f}s" if ms < 60_000 else clock(ms)
