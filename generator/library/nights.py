"""The list of tracks of a programme's folder: `library.json`, as a batch writes it for a library."""

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
from .manifest import FILE_NAME, ManifestEntry, dump_manifest, merged, parse_manifest


def note_nights(folder: Path, title: str, year: str, built: Sequence[tuple[int, BuildResult]]) -> bool:
    """Add the nights of a programme, each with its number, to the list of its folder.

    Returns False, and changes nothing, if the list is of another library. Raises InputError if it is no list.
    """
    store = FolderStore(folder)
    before = store.read(FILE_NAME)
    manifest = parse_manifest(before, str(folder / FILE_NAME))
    if manifest.tracks and manifest.title != title:
        return False
    entries = {}
    for number, result in built:
        name = result.path.relative_to(folder).as_posix()
        known = manifest.tracks.get(name)
        unchanged = known is not None and not result.fresh and known.bytes == result.bytes
        entries[name] = known if known is not None and unchanged else _entry(name, number, result)
    content = dump_manifest(merged(manifest, title, entries, (), year))
    if entries and content != before:
        store.write(FILE_NAME, content)
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
