"""Adds tracks that were built one by one to the list of their folder: `library.json`, as a batch writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..build.track import BuildResult
from ..errors import TrackError
from ..formats import read_tags
from ..settings import Settings, json_settings
from .folder import FolderStore
from .manifest import FILE_NAME, Manifest, ManifestEntry, dump_manifest, merged, parse_manifest


def listed_in(folder: Path) -> Manifest:
    """The list of `folder`; empty if there is none. Raises InputError if it is no list."""
    return parse_manifest(FolderStore(folder).read(FILE_NAME), str(folder / FILE_NAME))


def is_of_another(manifest: Manifest, title: str) -> bool:
    """Whether the list is of a library with another title."""
    return bool(manifest.tracks) and manifest.title != title


def note_tracks(folder: Path, title: str, year: str, built: Sequence[tuple[int | None, BuildResult]]) -> bool:
    """Add tracks to the list of their folder, each with its number; with None, after all others.

    Returns False, and changes nothing, if the list is of another library. Raises InputError if it is no list.
    """
    manifest = listed_in(folder)
    if is_of_another(manifest, title):
        return False
    last = max((entry.number for entry in manifest.tracks.values()), default=0)
    entries = {}
    for wanted, result in built:
        name = result.path.relative_to(folder).as_posix()
        known = manifest.tracks.get(name)
        number = wanted if wanted is not None else known.number if known is not None else (last := last + 1)
        unchanged = known is not None and not result.fresh and known.bytes == result.bytes
        entries[name] = known if known is not None and unchanged else _entry(name, number, result)
    content = dump_manifest(merged(manifest, title, entries, (), year))
    if entries and content != dump_manifest(manifest):
        FolderStore(folder).write(FILE_NAME, content)
    return True


def _entry(name: str, number: int, result: BuildResult) -> ManifestEntry:
    tags = read_tags(result.path)
    if tags is None:  # it was built a moment ago
        raise TrackError("this track has lost its tags", where=str(result.path), hint="make it again")
    return ManifestEntry(
        name=name,
        title=tags.title,
        routine=result.routine,
        key=tags.key,
        tags="",
        bytes=result.bytes,
        sha256=result.sha256(),
        duration_ms=result.duration_ms,
        settings=_written(result.settings),
        inputs={},
        practice=json.loads(tags.plan_json)["title"],
        summary=tags.comment,
        number=number,
    )


def _written(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a plan that differ from the defaults, as texts; not the rate, which may be the voice's own."""
    usual = json_settings(Settings()) | {"rate": settings["rate"]}
    return {name: _text(value) for name, value in settings.items() if value is not None and value != usual[name]}


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
