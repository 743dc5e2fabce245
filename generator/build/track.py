"""The plain types that the stages of a build hand on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..formats import Tags
from ..model import Bed, Script, Timeline
from ..pronunciation.lexicon import Lexicon
from ..settings import Settings
from ..storage.cache import Cache
from ..values import Background
from ..voices import Voice
from ..voices.narration import Narration

ALBUM = "Nights"


@dataclass(frozen=True, slots=True)
class BuildContext:
    """How a build works rather than what it makes: none of it changes a byte of the track.

    `progress` is called with a stage (`narration`, `background`, `sound`), what is done of its work and how much there
    is, 0 where nobody knows; `notice` with what the maker should know before it is made.
    """

    cache: Cache
    jobs: int
    shared: bool = False  # another track is being spoken meanwhile: memory stays as low as for one
    plain: bool = False  # encode in one spec, for whoever doubts the joints: the same bytes, for more work
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None
    notice: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, slots=True)
class TrackSpec:
    """A source, read: its script, the settings that hold for it, who will speak, and words how."""

    script: Script
    name: str
    settings: Settings
    voice: Voice
    lexicon: Lexicon
    album: str = ALBUM

    @property
    def background(self) -> Background:
        return self.settings.background


@dataclass(frozen=True, slots=True)
class PlannedTrack:
    """A spec whose sentences are spoken and placed."""

    spec: TrackSpec
    narration: Narration
    timeline: Timeline
    plan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PreparedTrack:
    """A track that only has to be written.

    `planned` is None where its sound is there already; `renewed` are the tags it is to get then, if others.
    """

    spec: TrackSpec
    path: Path
    key: str
    duration_ms: int
    planned: PlannedTrack | None
    bed: Bed | None
    elapsed_s: float
    renewed: Tags | None = None


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A finished track; `fresh` is False where an unchanged one was found, `retitled` where only its tags are new."""

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
        """Of its file; a second for each gigabyte, so only where it is asked for."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def title_of(spec: TrackSpec) -> str:
    return spec.script.title or spec.name
