"""The parts that make a track. Their hash is its key; the parts that differ are the reason for a new build."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .. import beds
from ..settings import Settings
from ..storage.cache import content_key
from ..system import ffmpeg
from .plan_json import settings_dict
from .speakers import lines_of, voices_part
from .track import TrackSpec, title_of

SCHEMA = "7"  # raise it when the same input gives another sound, so that old tracks count as changed
DIGEST_DIGITS = 16  # two different parts have the same digest once in 10^19 times


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Named parts as text, in a fixed order."""

    parts: Mapping[str, str]

    @property
    def key(self) -> str:
        """One hash of all parts in order."""
        return content_key(*self.parts.values())

    @property
    def digests(self) -> dict[str, str]:
        """A short hash of each part, to be stored and compared later."""
        return {name: short_digest(text) for name, text in self.parts.items()}

    def differences(self, before: Mapping[str, str]) -> list[str]:
        """The names of the parts whose digests differ from those `before`, with parts that are gone last."""
        now = self.digests
        return [name for name in {**now, **before} if before.get(name) != now.get(name)]


def short_digest(*parts: object) -> str:
    return content_key(*parts)[:DIGEST_DIGITS]


def sound_fingerprint(spec: TrackSpec) -> Fingerprint:
    """Everything that makes a track's sound. `tags_fingerprint` has its title and other tags.

    It is computed before anything is spoken, so a setting counts even if this script doesn't use it.
    """
    settings, lines = spec.settings, lines_of(spec)
    return Fingerprint(
        {
            "schema": SCHEMA,
            "script": spec.script.body,
            "pronunciation": json.dumps([each.line for each in lines if each.line != each.text]),
            "settings": settings_part(settings),
            "voice": voices_part(spec, lines),
            "background": background_part(settings),
            "encoder": ffmpeg.identity(),
        }
    )


def settings_part(settings: Settings) -> str:
    """All settings except those that are their own parts, in their parsed form."""
    own_parts = {"voice": None, "count_voice": settings.count_voice.aloud, "background": "", "cover": ""}
    return json.dumps(asdict(settings) | own_parts, sort_keys=True)


def background_part(settings: Settings) -> str:
    return beds.bed_identity(settings.background, settings.breath_ms, settings.inhale_ms)


def tags_fingerprint(spec: TrackSpec, cover: str) -> Fingerprint:
    """Everything that players show of a track. `cover` is a digest of the user's picture, if there is one."""
    return Fingerprint(
        {
            "title": title_of(spec),
            "place": json.dumps(asdict(spec.place)),
            "summary": spec.script.summary,
            "routine": spec.script.routine or "",
            "adapted": json.dumps(spec.script.adapted),
            "settings": json.dumps(settings_dict(spec.settings, spec.voice)),
            "cover": cover,
        }
    )
