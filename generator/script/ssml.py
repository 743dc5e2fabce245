"""A timed script as W3C SSML 1.1 (https://www.w3.org/TR/speech-synthesis11/), for other synthesizers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from ..model import Event, Script, Timeline
from ..settings import Settings
from ..timeline.timing import Timing

NAMESPACE = "http://www.w3.org/2001/10/synthesis"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def to_ssml(script: Script, timeline: Timeline, settings: Settings, language: str = "en") -> str:
    """Every sentence of `timeline` and the silence between them, up to the tail.

    Pauses, gaps and the silence in holds become breaks in whole milliseconds. Together with the lengths of the clips
    they add up to `guided_ms`. The standard sets no limit for a break, so none is split; a service may cut long ones.
    A paragraph ends at a silence of at least the paragraph gap. Each chapter and each bell gets a mark. No rate is
    written: SSML's rate is relative to the voice's own, which isn't known here. `language` is a BCP 47 tag.
    """
    least_ms = Timing(pace=settings.pace).gap_ms("paragraph")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<speak version="1.1" xmlns="{NAMESPACE}" xml:lang={quoteattr(language)}>',
        f'<metadata><dc:title xmlns:dc="{_DUBLIN_CORE}">{_text(script.title or script.name)}</dc:title></metadata>',
        *_body(timeline, least_ms),
        "</speak>",
    ]
    return "\n".join(lines) + "\n"


def _body(timeline: Timeline, paragraph_ms: int) -> Iterator[str]:
    """Marks, breaks and sentences in order of time. A paragraph neither begins nor ends with a break or mark."""
    marks = _marks(timeline)
    inside = False
    at_ms = 0
    for event in [*(event for event in timeline.events if event.kind == "speech"), None]:
        until_ms = timeline.guided_ms if event is None else event.start_ms
        here = [mark for mark in marks if mark[0] <= until_ms]
        marks = marks[len(here) :]
        if inside and (event is None or here or until_ms - at_ms >= paragraph_ms):
            yield "</p>"
            inside = False
        for mark_ms, name in here:
            yield from _break(mark_ms - at_ms)
            yield f"<mark name={quoteattr(name)}/>"
            at_ms = max(at_ms, mark_ms)
        yield from _break(until_ms - at_ms)
        if event is not None:
            if not inside:
                yield "<p>"
                inside = True
            yield f"<s>{_text(event.text)}</s>"
            at_ms = event.end_ms


def _break(ms: int) -> Iterator[str]:
    if ms > 0:
        yield f'<break time="{ms}ms"/>'


def _marks(timeline: Timeline) -> list[tuple[int, str]]:
    """Times in ms and unique names (NCNames): `chapter-2-figure-four-right-side`, `chime-1`."""
    chapters = [
        (chapter.start_ms, f"chapter-{number}-{_slug(chapter.title)}".rstrip("-"))
        for number, chapter in enumerate(timeline.chapters, 1)
        if chapter.start_ms <= timeline.guided_ms
    ]
    bells: list[Event] = [event for event in timeline.events if event.kind == "chime"]
    chimes = [(event.start_ms, f"chime-{number}") for number, event in enumerate(bells, 1)]
    return sorted([*chapters, *chimes], key=lambda mark: mark[0])


def _slug(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text))
