"""What a run knows of the tracks that are there, and writes down: the manifest, and when each was last seen whole."""

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
    """The tracks at `where` (a folder or URL, as errors name it), by the manifest there and by what was seen of them.

    What was seen stays in the cache: the same tracks give the same manifest, whenever and wherever they were made.
    """

    def __init__(self, store: TrackStore, where: str, cache: Cache) -> None:
        self._store, self._cache = store, cache
        self._where = f"{where.rstrip('/')}/{FILE_NAME}"
        self._seen_key = content_key("seen", where if "://" in where else str(Path(where).resolve()))
        self._stamps = dict(store.stamps())
        self._seen = self._read_seen()
        manifest = self._read()
        self._title = manifest.title
        self.entries: Mapping[str, ManifestEntry] = manifest.tracks
        self._changed = False
        self._recorded: dict[str, ManifestEntry] = {}
        self._removed: set[str] = set()
        self._saved_s = time.monotonic()

    def refuse_links(self, names: Iterable[str]) -> None:
        """Raise InputError where a track of that name would lie elsewhere, by a link."""
        for name in names:
            self._store.path_of(name)

    def is_there(self, name: str) -> bool:
        return name in self._stamps

    def is_whole(self, name: str, key: str) -> bool:
        """Whether the track of this key lies there, whole: looked at, unless it hasn't changed since it was."""
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
        """A track is there, as this says."""
        self._changed = self._changed or self.entries.get(entry.name) != entry
        self._recorded[entry.name] = entry
        self._removed.discard(entry.name)

    def forget(self, name: str) -> None:
        """A track isn't there any more."""
        self._changed = True
        self._removed.add(name)

    def save_periodically(self, title: str) -> None:
        """For long runs: an end by force then costs no more than a look at the tracks made since."""
        if time.monotonic() - self._saved_s > SAVE_EVERY_S:
            self.save(title)

    def save(self, title: str) -> None:
        """Write down what is new, if anything is, together with what another run has written meanwhile."""
        if not self._changed and title == self._title:
            return
        self._stamps = dict(self._store.stamps())
        self._seen |= {
            name: [self._stamps[name], each.key] for name, each in self._recorded.items() if name in self._stamps
        }
        seen = {name: each for name, each in self._seen.items() if name in self._stamps}
        self._cache.put(_SEEN, self._seen_key, json.dumps(seen, sort_keys=True).encode())
        before = self._store.read(FILE_NAME)
        manifest = merged(parse_manifest(before, self._where), title, self._recorded, self._removed)
        content = dump_manifest(manifest)
        if content != before and (manifest.tracks or before is not None):
            self._store.write(FILE_NAME, content)
        self._saved_s = time.monotonic()

    def _read(self) -> Manifest:
        return parse_manifest(self._store.read(FILE_NAME), self._where)

    def _read_seen(self) -> dict[str, list[str]]:
        try:
            stored = self._cache.get(_SEEN, self._seen_key)
        except InputError:  # then they are looked at
            return {}
        return {} if stored is None else dict(json.loads(bytes(stored)))
