"""The manifest `library.json`: the finished tracks in a library's folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import InputError
from ..formats import container_named
from .names import leads_out

FILE_NAME = "library.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A finished track. `settings` are those that differ from the defaults, as they are written.

    `title` is what players show, `practice` the title of its routine or script alone, `summary` what that says of
    itself. `number` is its place in the library, from 1.
    `key` is of its sound, `tags` a digest of what players show of it; `inputs` are digests of what it was made from, by
    kind: where they are the same, nothing needs to be looked at.
    """

    name: str
    title: str
    routine: str | None
    key: str
    tags: str
    bytes: int
    sha256: str
    duration_ms: int
    settings: Mapping[str, str]
    inputs: Mapping[str, str]
    practice: str = ""
    summary: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A library's title and year, and its finished tracks by name."""

    title: str
    tracks: Mapping[str, ManifestEntry]
    year: str = ""


def parse_manifest(content: bytes | None, where: str) -> Manifest:
    """Read what `dump_manifest` wrote. None gives an empty manifest. Raises InputError for anything else.

    Names that lead out of the folder are rejected: `--prune` deletes by name, and the file may be a stranger's.
    """
    if content is None:
        return Manifest("", {})
    try:
        written = read_json(content)
        if written["version"] != VERSION:
            what = f"its version is {written['version']}, but this sleepward reads version {VERSION}"
            raise InputError(what, where=where, hint="use a newer sleepward, or move the file away")
        entries = [_checked(ManifestEntry(**each)) for each in written["tracks"]]
        return Manifest(str(written["title"]), {entry.name: entry for entry in entries}, str(written.get("year", "")))
    except (ValueError, KeyError, TypeError) as error:
        hint = "move it away: existing tracks are then checked one by one, and not built again"
        raise InputError(f"this isn't a library's list of tracks ({error})", where=where, hint=hint) from error


def read_json(content: bytes) -> Any:
    """The JSON of a list of files. Raises ValueError, also for what couldn't be written again."""
    try:
        written = json.loads(content)
        if rb"\u" in content:
            json.dumps(written, ensure_ascii=False).encode()  # refuses halves of surrogate pairs
    except RecursionError as error:
        raise ValueError("lists in lists too deep") from error
    return written


def dump_manifest(manifest: Manifest) -> bytes:
    """The manifest as sorted JSON. It changes only when the tracks do."""
    tracks = [asdict(manifest.tracks[name]) for name in sorted(manifest.tracks)]
    lines = ",\n".join(json.dumps(track, ensure_ascii=False, sort_keys=True) for track in tracks)
    title = json.dumps(manifest.title, ensure_ascii=False)
    year = f'"year": {json.dumps(manifest.year)}, ' if manifest.year else ""
    return f'{{"version": {VERSION}, "title": {title}, {year}"tracks": [\n{lines}\n]}}\n'.encode()


def merged(
    theirs: Manifest, title: str, ours: Mapping[str, ManifestEntry], gone: Iterable[str], year: str = ""
) -> Manifest:
    """`theirs`, which another run may have written meanwhile, updated with this run's entries."""
    kept = {name: entry for name, entry in theirs.tracks.items() if name not in {*gone}}
    return Manifest(title, {**kept, **ours}, year)


_TEXTS = ("name", "title", "key", "tags", "sha256", "practice", "summary")


def _is_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _checked(entry: ManifestEntry) -> ManifestEntry:
    """The entry. Raises ValueError if a field has the wrong type or the name can't be a track's."""
    texts = [getattr(entry, field) for field in _TEXTS]
    texts += [] if entry.routine is None else [entry.routine]
    numbers = (entry.bytes, entry.duration_ms, entry.number)
    maps = (entry.settings, entry.inputs)
    right = _is_text(texts) and all(isinstance(number, int) for number in numbers)
    if not right or not all(isinstance(each, dict) and _is_text(each.values()) for each in maps):
        raise ValueError("a track's entry has a value of the wrong type")
    if leads_out(entry.name) or container_named(entry.name) is None:
        raise ValueError(f"{entry.name[:80]!r} can't be a track's name")
    return entry
