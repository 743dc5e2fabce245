"""What is said in a track, and its chapters, as the plan in its file has them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...build.plan_json import timeline_of
from ...formats import Tags
from ...model import Chapter


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the narration, without line breaks, and when it is heard."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A track's sentences in order, and its chapters, which tile the track."""

    sentences: tuple[Sentence, ...]
    chapters: tuple[Chapter, ...]


def spoken_in(tags: Tags) -> Spoken:
    """The sentences and chapters of a track. Raises ValueError, KeyError or TypeError if its plan is damaged."""
    timeline = timeline_of(json.loads(tags.plan_json))
    sentences = (
        Sentence(event.start_ms, event.end_ms, " ".join(event.text.split()))
        for event in timeline.events
        if event.kind == "speech" and event.text.strip()
    )
    return Spoken(tuple(sentences), timeline.chapters)
