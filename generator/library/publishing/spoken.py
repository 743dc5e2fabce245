"""What is said in a track, and its chapters, as the plan in its file has them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...build.plan_json import timeline_of
from ...formats import Tags
from ...model import Chapter, Sentence


@dataclass(frozen=True, slots=True)
class Spoken:
    """A track's sentences in order, and its chapters, which tile the track."""

    sentences: tuple[Sentence, ...]
    chapters: tuple[Chapter, ...]


def spoken_in(tags: Tags) -> Spoken:
    """The sentences and chapters of a track. Raises one of `plan_json.PLAN_DAMAGES` if its plan is damaged."""
    timeline = timeline_of(json.loads(tags.plan_json))
    return Spoken(timeline.sentences, timeline.chapters)
