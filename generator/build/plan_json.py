"""A timeline as the public plan (`plan --json`, version 1), which also travels inside the finished file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..durations import format_ms
from ..model import Chapter, Event, Timeline
from ..settings import Settings

PLAN_VERSION = 1


def plan_dict(
    timeline: Timeline,
    settings: Settings,
    *,
    routine: str | None,
    title: str,
    voice: str,
    bytes_estimate: int,
    adapted: Sequence[str] = (),
) -> dict[str, Any]:
    """The plan as plain data. `chapter` of an event is an index into `chapters`; times are milliseconds.

    `adapted` says in sentences what was left out of the routine, or swapped.
    """
    return {
        "version": PLAN_VERSION,
        "routine": routine,
        "title": title,
        "voice": voice,
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


def settings_dict(settings: Settings, voice: str) -> dict[str, Any]:
    """Every setting as it could be written again; `voice` is the one that was really taken."""
    inhale, exhale = settings.breath_ratio
    return {
        "voice": voice,
        "rate": settings.rate,
        "pitch": settings.pitch,
        "pace": settings.pace,
        "breath_rate": settings.breath_rate,
        "breath_ratio": f"{inhale}:{exhale}",
        "count_ms": settings.count_ms,
        "count_voice": settings.count_voice,
        "length": None if settings.length is None else format_ms(settings.length),
        "tail": format_ms(settings.tail),
        "background": settings.background,
        "background_level": settings.background_level,
        "loudness": settings.loudness,
        "glide": settings.glide,
        "chime": "off" if settings.chime is None else settings.chime,
        "ear": settings.ear,
        "level": settings.level,
        "avoid": list(settings.avoid),
        "first_side": settings.first_side,
        "reps": settings.reps,
        "only": list(settings.only),
        "skip": list(settings.skip),
        "order": list(settings.order),
        "format": settings.format,
        "bitrate": settings.bitrate,
        "cover": settings.cover,
    }


def timeline_of(plan: Mapping[str, Any]) -> Timeline:
    """The timeline that `plan` was written from, but for what it leaves out. Raises KeyError and the like."""
    least_ms, most_ms = plan["length_range_ms"]
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
