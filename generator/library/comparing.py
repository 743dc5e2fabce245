"""Compares a library with its finished tracks: which are unchanged, which are stale and why, which it no longer has."""

from __future__ import annotations

from dataclasses import dataclass

from ..settings import written_settings
from ..system.stopping import check
from .inputs import PARTS
from .library_file import Library
from .manifest import ManifestEntry
from .resolver import ResolvedTrack
from .state import LibraryState

NEW, MISSING, DAMAGED = "it is new", "its file is gone", "its file isn't what was made"


@dataclass(frozen=True, slots=True)
class StaleTrack:
    """A track to plan or build, and why. `entry` is its manifest entry, or None if its file isn't there and whole."""

    track: ResolvedTrack
    why: str
    entry: ManifestEntry | None


@dataclass(frozen=True, slots=True)
class Status:
    """A library compared with its store. `obsolete` entries are of tracks that the library no longer has."""

    unchanged: tuple[ManifestEntry, ...]
    stale: tuple[StaleTrack, ...]
    obsolete: tuple[ManifestEntry, ...]


def compare(library: Library, state: LibraryState) -> Status:
    """Compare the library's tracks with the store. No script is rendered.

    Raises InputError if a link in the output folder leads out of it.
    """
    state.refuse_links(track.name for track in library.tracks)
    unchanged: list[ManifestEntry] = []
    stale: list[StaleTrack] = []
    for track in library.tracks:
        check()
        entry = state.entries.get(track.name)
        whole = entry is not None and state.is_whole(track.name, entry.key)
        if entry is not None and whole and not track.made_from.differences(entry.inputs):
            unchanged.append(entry)
            state.record(entry)
        else:
            stale.append(StaleTrack(track, _reason(track, entry, state, whole=whole), entry if whole else None))
    obsolete = [entry for name, entry in state.entries.items() if name not in library.names]
    return Status(tuple(unchanged), tuple(stale), tuple(obsolete))


def _reason(track: ResolvedTrack, entry: ManifestEntry | None, state: LibraryState, *, whole: bool) -> str:
    if entry is None:
        return NEW
    if not whole:
        return DAMAGED if state.is_there(track.name) else MISSING
    parts = track.made_from.differences(entry.inputs)
    return ", ".join(_changed_settings(entry, track) if part == "settings" else PARTS.get(part, part) for part in parts)


def _changed_settings(entry: ManifestEntry, track: ResolvedTrack) -> str:
    """The settings that changed, with their new values."""
    now, before = written_settings(track.settings), entry.settings
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {now.get(name, 'by default')}" for name in names) or PARTS["settings"]
