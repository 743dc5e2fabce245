"""A timeline as the public plan (`plan --json`, version 1), which the finished file holds, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from ..model import Chapter, Event, EventKind, Timeline
from ..settings import Settings, json_settings
from ..voices import Voice

PLAN_VERSION = 1
_MOST_MS = 2**53  # whoever reads times as floats reads smaller ones exactly

PLAN_DAMAGES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a plan raises that was changed since the build, or that nobody built."""


def plan_dict(
    timeline: Timeline,
    settings: Settings,
    *,
    routine: str | None,
    title: str,
    voice: Voice,
    bytes_estimate: int,
    adapted: Sequence[str] = (),
) -> dict[str, Any]:
    """The plan as plain data. An event's `chapter` is an index into `chapters`. Times are milliseconds.

    `adapted` are sentences about what was left out of the routine or replaced.
    """
    return {
        "version": PLAN_VERSION,
        "routine": routine,
        "title": title,
        "voice": voice.label,
        "duration_ms": timeline.duration_ms,
        "guided_ms": timeline.guided_ms,
        "tail_ms": timeline.tail_ms,
        "length_range_ms": list(timeline.length_range_ms),
        "bytes_estimate": bytes_estimate,
        "adapted": list(adapted),
        "settings": settings_dict(settings, voice),
        "chapters": [{"title": c.title, "start_ms": c.start_ms, "end_ms": c.end_ms} for c in timeline.chapters],
        "events": [
            {
                "kind": event.kind,
                "start_ms": event.start_ms,
                "end_ms": event.end_ms,
                "text": event.text,
                "chapter": event.chapter,
                "pose": event.pose,
                "round": event.round,
            }
            for event in timeline.events
        ],
    }


def settings_dict(settings: Settings, voice: Voice) -> dict[str, Any]:
    """Every setting as JSON, with the label of the voice in use, and its own rate where none is set (null: unknown)."""
    return json_settings(settings) | {"voice": voice.label, "rate": voice.rate_wpm}


def timeline_of(plan: Mapping[str, Any]) -> Timeline:
    """The timeline of a plan, as far as the plan has it. Raises one of PLAN_DAMAGES for an invalid plan."""
    if unknown := {event["kind"] for event in plan["events"]}.difference(get_args(EventKind)):
        raise ValueError(f"events of unknown kinds: {', '.join(map(str, unknown))}")
    least_ms, most_ms = plan["length_range_ms"]
    parts = [*plan["events"], *plan["chapters"]]
    times = [plan["guided_ms"], plan["tail_ms"], least_ms, most_ms]
    times += [part[edge] for part in parts for edge in ("start_ms", "end_ms")]
    if not all(type(time) is int and 0 <= time < _MOST_MS for time in times):
        raise ValueError("a time in it is no number of milliseconds")
    texts = [*(event["text"] for event in plan["events"]), *(chapter["title"] for chapter in plan["chapters"])]
    "".join(texts).encode()  # refuses what is no text, and halves of surrogate pairs
    return Timeline(
        events=tuple(
            Event(e["kind"], e["start_ms"], e["end_ms"], e["text"], e["chapter"], e["pose"], e["round"])
            for e in plan["events"]
        ),
        chapters=tuple(Chapter(c["title"], c["start_ms"], c["end_ms"]) for c in plan["chapters"]),
        guided_ms=plan["guided_ms"],
        tail_ms=plan["tail_ms"],
        length_range_ms=(least_ms, most_ms),
    )
