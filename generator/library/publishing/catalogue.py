"""What a library's folder holds, in the order of the library, as one value. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ...formats import container_named
from ...settings import SETTINGS
from ..manifest import Manifest, ManifestEntry
from ..names import slug

_GUIDS = uuid.UUID("0e7a5e6c-1f0b-5d0e-9f5e-6b3b1c8d7a42")  # our own namespace, drawn once


@dataclass(frozen=True, slots=True)
class CatalogueTrack:
    """A track as players and people choose it.

    `file` is its path below the folder, with /. `number` is its place among the tracks that are there, from 1.
    `title` is what players show, `practice` the title of its routine or script alone. `voice` is empty for the default
    voice. `guid` stays the same as long as its file has this name, whatever becomes of its sound.
    """

    file: str
    number: int
    title: str
    practice: str
    summary: str
    routine: str | None
    duration_ms: int
    bytes: int
    mime_type: str
    voice: str
    background: str
    night: int
    guid: str
    cover: str
    sha256: str

    @property
    def stem(self) -> str:
        """Its path without the suffix, which the files beside it share."""
        return self.file.rpartition(".")[0]

    @property
    def folder(self) -> str:
        """The folder that it lies in, below the library's own; empty for that."""
        return self.file.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A library or a programme: its title and year, and its tracks in order. `year` may be empty."""

    title: str
    year: str
    tracks: tuple[CatalogueTrack, ...]

    def by_routine(self) -> dict[str, tuple[CatalogueTrack, ...]]:
        """The tracks of each routine, by the name that its files have. Tracks of scripts are left out."""
        found: dict[str, list[CatalogueTrack]] = {}
        for track in self.tracks:
            if track.routine and (name := slug(track.routine)):
                found.setdefault(name, []).append(track)
        return {name: tuple(tracks) for name, tracks in found.items()}

    def by_folder(self) -> dict[str, tuple[CatalogueTrack, ...]]:
        """The tracks of each folder that has some; of the library's own folder (empty) all of them."""
        found: dict[str, list[CatalogueTrack]] = {"": [*self.tracks]}
        for track in self.tracks:
            if track.folder:
                found.setdefault(track.folder, []).append(track)
        return {name: tuple(tracks) for name, tracks in found.items()}


def catalogue_of(manifest: Manifest, sizes: Mapping[str, int]) -> Catalogue:
    """The catalogue of the tracks that are there: `sizes` has the bytes of each one's file, by its name."""
    entries = [entry for entry in manifest.tracks.values() if entry.name in sizes]
    entries.sort(key=lambda entry: (entry.number, entry.name))
    tracks = (_track(entry, number, sizes[entry.name]) for number, entry in enumerate(entries, 1))
    return Catalogue(manifest.title, manifest.year, tuple(tracks))


def _track(entry: ManifestEntry, number: int, file_bytes: int) -> CatalogueTrack:
    container = container_named(entry.name)
    assert container is not None  # the manifest is read with that check
    night = _setting(entry, "night")
    return CatalogueTrack(
        file=entry.name,
        number=number,
        title=entry.title,
        practice=entry.practice or entry.title or PurePosixPath(entry.name).stem,
        summary=entry.summary,
        routine=entry.routine,
        duration_ms=entry.duration_ms,
        bytes=file_bytes,
        mime_type=container.mime_type,
        voice=_setting(entry, "voice"),
        background=_setting(entry, "background"),
        night=int(night) if night.isdecimal() else 0,
        guid=uuid.uuid5(_GUIDS, entry.name).urn,
        cover=_setting(entry, "cover"),
        sha256=entry.sha256,
    )


def _setting(entry: ManifestEntry, name: str) -> str:
    return entry.settings.get(name, SETTINGS[name].default_text)
