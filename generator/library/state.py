"""The stored tracks of a library as a run knows them: the manifest, and the stamps of files that were checked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import InputError
from ..storage.cache import Cache, content_key
from .manifest import FILE_NAME, Manifest, ManifestEntry, dump_manifest, merged, parse_manifest
from .protocols import TrackStore

SAVE_EVERY_S = 60.0
_SEEN = "stamps"


class LibraryState:
    """The stored tracks at `where`, a folder or URL as errors name it.

    Stamps of checked files are kept in the cache, not in the manifest: the same tracks always give the same manifest.
    """

    def __init__(self, store: TrackStore, where: str, cache: Cache) -> None:
        self._store, self._cache = store, cache
        self._where = f"{where.rstrip('/')}/{FILE_NAME}"
        self._seen_key = content_key("seen", where if "://" in where else str(Path(where).resolve()))
        self._stamps = dict(store.stamps())
        self._seen = self._read_seen()
        manifest = self._read()
        self._heading = (manifest.title, manifest.year)
        self.entries: Mapping[str, ManifestEntry] = manifest.tracks
        self._changed = False
        self._recorded: dict[str, ManifestEntry] = {}
        self._removed: set[str] = set()
        self._saved_s = time.monotonic()

    def refuse_links(self, names: Iterable[str]) -> None:
        """Raise InputError if a link would lead one of these tracks out of the store."""
        for name in names:
            self._store.path_of(name)

    def is_there(self, name: str) -> bool:
        return name in self._stamps

    @property
    def has_tracks(self) -> bool:
        """Whether any track is stored, so that there is a manifest once it is saved."""
        return bool(self._recorded or self.entries)

    def is_whole(self, name: str, key: str) -> bool:
        """Whether the stored track is whole and has this key. A file unchanged since its last check isn't read."""
        stamp = self._stamps.get(name)
        if stamp is None:
            return False
        if self._seen.get(name) == [stamp, key]:
            return True
        if self._store.key_of(name) != key:
            return False
        self._seen[name] = [stamp, key]
        self._changed = True
        return True

    def record(self, entry: ManifestEntry) -> None:
        """Note that a track is stored."""
        self._changed = self._changed or self.entries.get(entry.name) != entry
        self._recorded[entry.name] = entry
        self._removed.discard(entry.name)

    def forget(self, name: str) -> None:
        """Note that a track is no longer stored."""
        self._changed = True
        self._removed.add(name)

    def save_periodically(self, title: str, year: str = "") -> None:
        """Save during a long run. If the run is killed, only the tracks built since must be checked."""
        if time.monotonic() - self._saved_s > SAVE_EVERY_S:
            self.save(title, year)

    def save(self, title: str, year: str = "") -> None:
        """Write the manifest if anything changed, merged with what another run wrote meanwhile."""
        if not self._changed and (title, year) == self._heading:
            return
        self._stamps = dict(self._store.stamps())
        self._seen |= {
            name: [self._stamps[name], each.key] for name, each in self._recorded.items() if name in self._stamps
        }
        seen = {name: each for name, each in self._seen.items() if name in self._stamps}
        self._cache.put(_SEEN, self._seen_key, json.dumps(seen, sort_keys=True).encode())
        before = self._store.read(FILE_NAME)
        manifest = merged(parse_manifest(before, self._where), title, self._recorded, self._removed, year)
        content = dump_manifest(manifest)
        if content != before and (manifest.tracks or before is not None):
            self._store.write(FILE_NAME, content)
        self._saved_s = time.monotonic()

    def _read(self) -> Manifest:
        return parse_manifest(self._store.read(FILE_NAME), self._where)

    def _read_seen(self) -> dict[str, list[str]]:
        try:
            stored = self._cache.get(_SEEN, self._seen_key)
        except InputError:  # then every track is checked
            return {}
        return {} if stored is None else dict(json.loads(bytes(stored)))
