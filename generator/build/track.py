"""The types that pass between the stages of a build."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..definition.fitting import WHOLE, FitChoice
from ..formats import Tags
from ..model import ALONE, TITLE_JOINT, Bed, Place, Routine, Script, Timeline
from ..pronunciation.lexicon import Lexicon
from ..pronunciation.reading import Reading, reading_of
from ..settings import Settings
from ..storage.cache import Cache
from ..values import Background
from ..voices import Voice
from ..voices.narration import Narration

ARTIST = "sleepward"


@dataclass(frozen=True, slots=True)
class BuildContext:
    """How a build works. None of it changes a byte of the track.

    `progress` is called with a stage (`narration`, `background`, `sound`), the work done and the total, which is 0 if
    unknown. `notice` is called with a text for the user, before the track is made.
    """

    cache: Cache
    jobs: int
    shared: bool = False  # another track is spoken at the same time; memory stays as low as for one
    plain: bool = False  # encode in one piece, to check the joints: the same bytes, for more work
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None
    notice: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, slots=True)
class ShortenableTrack:
    """What the length fit needs to shorten a track: its adapted routine, and its specification in another way.

    `spec` makes it again with more flags, and as a choice shortens it.
    """

    routine: Routine
    spec: Callable[[Mapping[str, str], FitChoice], TrackSpec]


@dataclass(frozen=True, slots=True)
class TrackSpec:
    """Everything that makes a track: its script, settings, voice and lexicon.

    `count_voice` speaks the numbers, if that is another voice. `shortenable` is set for a routine with a wanted length.
    """

    script: Script
    name: str
    settings: Settings
    voice: Voice
    lexicon: Lexicon
    place: Place = ALONE
    count_voice: Voice | None = None
    shortenable: ShortenableTrack | None = field(default=None, compare=False, repr=False)

    @property
    def reading(self) -> Reading:
        """How its voice reads a sentence."""
        return reading_of(self.lexicon, self.voice.language, self.voice.phonemes)

    @property
    def background(self) -> Background:
        return self.settings.background


@dataclass(frozen=True, slots=True)
class PlannedTrack:
    """A track whose sentences are spoken and placed. `choice` is how it was shortened for its wanted length."""

    spec: TrackSpec
    narration: Narration
    timeline: Timeline
    plan: dict[str, Any]
    choice: FitChoice = WHOLE


@dataclass(frozen=True, slots=True)
class PreparedTrack:
    """A track that only has to be written.

    If its sound is in the file already, `planned` is None, and `new_tags` are its tags if they have changed.
    """

    spec: TrackSpec
    path: Path
    key: str
    duration_ms: int
    planned: PlannedTrack | None
    bed: Bed | None
    elapsed_s: float
    new_tags: Tags | None = None


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A finished track. `fresh` is False if it was there unchanged; `retitled` is True if only its tags are new."""

    path: Path
    routine: str | None
    duration_ms: int
    bytes: int
    elapsed_s: float
    settings: dict[str, Any]
    voice: str
    fresh: bool
    retitled: bool = False

    def sha256(self) -> str:
        """The SHA-256 of its file. It takes a second for each gigabyte."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def title_of(spec: TrackSpec) -> str:
    """The title of what is practised."""
    return spec.script.title or spec.name


def shown_title(spec: TrackSpec) -> str:
    """The title that players show, with what tells the track from others."""
    return TITLE_JOINT.join((title_of(spec), *spec.place.details))
