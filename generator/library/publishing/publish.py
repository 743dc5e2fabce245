"""Publishes a library's folder: writes what changed beside its tracks, removes what belongs to tracks that are gone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...build.fingerprint import short_digest
from ...errors import NotFoundError
from ..folder import FolderStore
from ..manifest import FILE_NAME as MANIFEST_NAME
from ..manifest import parse_manifest
from . import page_source, record
from .record import SCHEMA, MadeFile, Record, dump_record, is_ours, parse_record

if TYPE_CHECKING:
    from .wanted import Wanted


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did: names of files below the folder. `foreign` ones aren't what it made, and were left alone."""

    tracks: int
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    base_url: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.written or self.removed)


def publish(folder: Path, base_url: str | None = None) -> Published:
    """Bring playlists, words, chapters, covers and feeds of a library's folder up to date.

    `base_url` is the address of the folder for its feeds, and is remembered; None keeps the one of before. Where
    nothing has changed, only sizes of files are looked at. Raises NotFoundError where no library is, InputError for
    another file in the place of a list, or a link that leads out of the folder, TrackError for a damaged track.
    """
    store = FolderStore(folder)
    listed = store.read(MANIFEST_NAME)
    if listed is None:
        hint = "name the folder that batch or program made, which has a library.json"
        raise NotFoundError(f"there is no library in {folder}", hint=hint)
    stored = store.read(record.FILE_NAME)
    before = parse_record(stored, str(folder / record.FILE_NAME))
    base = before.base_url if base_url is None else _checked(base_url)
    made_from = short_digest(SCHEMA, page_source.source(), listed)
    if (made_from, base) == (before.made_from, before.base_url) and _is_untouched(folder, before):
        return Published(len(before.tracks), base_url=base)

    from .catalogue import catalogue_of  # late, as the rest is: an unchanged library needs none of it
    from .wanted import wanted_files

    manifest = parse_manifest(listed, str(folder / MANIFEST_NAME))
    sizes = {name: size for name in manifest.tracks if (size := _size(folder, name)) is not None}
    run = _Run(store, before)
    finished = False
    try:
        run.update(wanted_files(catalogue_of(manifest, sizes), base, folder, run.files))
        finished = True
    finally:  # what was written before an interruption is known as ours the next time
        now = Record(made_from if finished else "", base, sizes, run.files if finished else run.files_so_far)
        if (content := dump_record(now)) != stored:
            store.write(record.FILE_NAME, content)
    return Published(len(sizes), tuple(run.written), tuple(run.removed), tuple(run.foreign), base)


def _checked(base_url: str) -> str:
    from .feed import checked_base

    return checked_base(base_url)


def _is_untouched(folder: Path, before: Record) -> bool:
    """Whether every track and every published file is there, with the size that it had."""
    files = {name: each.bytes for name, each in before.files.items()}
    return all(_size(folder, name) == size for name, size in (*before.tracks.items(), *files.items()))


def _size(folder: Path, name: str) -> int | None:
    try:
        return os.stat(f"{folder}/{name}").st_size  # noqa: PTH116  # thousands of Paths would take longer than all else
    except OSError:
        return None


# --- what is done --------------------------------------------------------------------------------------


class _Run:
    """Writes and removes files of the folder, and notes which."""

    def __init__(self, store: FolderStore, before: Record) -> None:
        self._store, self._before = store, before
        self.files: dict[str, MadeFile] = {}
        self.written: list[str] = []
        self.removed: list[str] = []
        self.foreign: list[str] = []

    def update(self, wanted: Mapping[str, Wanted]) -> None:
        for name, each in wanted.items():
            self._write(name, each)
        for name, made in self._before.files.items():
            if name not in wanted and made.digest:
                self._remove(name, made)

    @property
    def files_so_far(self) -> dict[str, MadeFile]:
        """The files of before, with those that this run has made."""
        return {**self._before.files, **self.files}

    def _write(self, name: str, wanted: Wanted) -> None:
        made = self._before.files.get(name)
        size = _size(self._store.root, name)
        if made is not None and made.source == wanted.source and size == made.bytes:
            self.files[name] = made
            return
        found = self._store.read(name) if size is not None else None
        content = wanted.make()
        if found is not None and found != content and not is_ours(found, made):
            self.foreign.append(name)
            self.files[name] = MadeFile(wanted.source, "", len(found))
            return
        if found != content:
            self._store.write(name, content, durable=False)  # after a power cut, another size shows it
            self.written.append(name)
        self.files[name] = MadeFile(wanted.source, short_digest(content), len(content))

    def _remove(self, name: str, made: MadeFile) -> None:
        found = self._store.read(name)
        if found is None:
            return
        if is_ours(found, made):
            self._store.remove(name)
            self.removed.append(name)
        else:
            self.foreign.append(name)
