"""Publishes a library's folder: writes what changed beside its tracks, removes what belongs to tracks that are gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from ...build.fingerprint import short_digest
from ...errors import NotFoundError, TrackError
from ...formats import Tags, read_tags
from ...system.stopping import check
from ..folder import FolderStore
from ..manifest import FILE_NAME as MANIFEST_NAME
from ..manifest import parse_manifest
from . import covers, page, record
from .catalogue import Catalogue, CatalogueTrack, catalogue_of
from .feed import checked_base, feeds
from .playlists import playlists
from .record import MadeFile, Record, dump_record, parse_record
from .spoken import Spoken, spoken_in
from .texts import captions_file, chapters_file, lyrics_file, spoken_from

SCHEMA = "1"  # raise it when the same library gives other files


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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to publish: a digest of what it is made from, and how its content is made where that has changed."""

    source: str
    make: Callable[[], bytes]


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
    base = before.base_url if base_url is None else checked_base(base_url)
    made_from = short_digest(SCHEMA, page.source(), listed)
    if (made_from, base) == (before.made_from, before.base_url) and _is_untouched(folder, before):
        return Published(len(before.tracks), base_url=base)

    manifest = parse_manifest(listed, str(folder / MANIFEST_NAME))
    sizes = {name: size for name in manifest.tracks if (size := _size(folder, name)) is not None}
    catalogue = catalogue_of(manifest, sizes)
    run = _Run(store, before)
    finished = False
    try:
        run.update(_wanted(catalogue, base, folder, run.spoken_in_files))
        finished = True
    finally:  # what was written before an interruption is known as ours the next time
        now = Record(made_from if finished else "", base, sizes, run.files if finished else run.files_so_far)
        if (content := dump_record(now)) != stored:
            store.write(record.FILE_NAME, content)
    return Published(len(sizes), tuple(run.written), tuple(run.removed), tuple(run.foreign), base)


def _is_untouched(folder: Path, before: Record) -> bool:
    """Whether every track and every published file is there, with the size that it had."""
    files = {name: each.bytes for name, each in before.files.items()}
    return all(_size(folder, name) == size for name, size in (*before.tracks.items(), *files.items()))


def _size(folder: Path, name: str) -> int | None:
    try:
        return os.stat(f"{folder}/{name}").st_size  # noqa: PTH116  # thousands of Paths would take longer than all else
    except OSError:
        return None


# --- what is wanted ------------------------------------------------------------------------------------


def _wanted(
    catalogue: Catalogue, base_url: str, folder: Path, in_files: Callable[[CatalogueTrack], Spoken | None]
) -> dict[str, _Wanted]:
    """Every file that belongs to this catalogue, by its name, in the order in which they are to be made.

    `in_files` is what a track says according to the files beside it, None where it has to be read from its tags.
    """
    wanted: dict[str, _Wanted] = {}
    in_tags = [cache(partial(_spoken, folder, track)) for track in catalogue.tracks]  # they are read once, if at all
    for track, spoken in zip(catalogue.tracks, in_tags, strict=True):
        for name, each in _beside(catalogue, track, spoken).items():
            wanted.setdefault(name, each)  # of two formats of a track, the first has the words
    shown: set[str] = set()
    for place, tracks in catalogue.by_folder().items():
        if tracks and tracks[0].cover != "none":
            wanted[f"{place}/{covers.NAME}" if place else covers.NAME] = _cover(catalogue, tracks, folder)
            shown.add(place)
    page_source = short_digest(SCHEMA, page.source(), repr(catalogue), repr(sorted(shown)))
    wanted[page.NAME] = _Wanted(page_source, lambda: _page(catalogue, in_files, in_tags, has_cover="" in shown))
    texts = {**playlists(catalogue), **feeds(catalogue, base_url, sorted(shown))}
    for name, text in texts.items():
        content = text.encode()
        wanted[name] = _Wanted(short_digest(SCHEMA, content), partial(bytes, content))
    return wanted


def _cover(catalogue: Catalogue, tracks: Sequence[CatalogueTrack], folder: Path) -> _Wanted:
    """A folder's cover: drawn, or the user's own as its first track carries it."""
    if tracks[0].cover == "auto":
        source = short_digest(SCHEMA, repr(covers.words_for(catalogue, tracks)))
        return _Wanted(source, partial(covers.draw_for, catalogue, tracks))
    return _Wanted(short_digest(SCHEMA, tracks[0].sha256), lambda: covers.taken_from(_tags_of(folder, tracks[0])))


def _page(
    catalogue: Catalogue,
    in_files: Callable[[CatalogueTrack], Spoken | None],
    in_tags: Sequence[Callable[[], Spoken]],
    *,
    has_cover: bool,
) -> bytes:
    spoken = [in_files(track) or tags() for track, tags in zip(catalogue.tracks, in_tags, strict=True)]
    return page.page(catalogue, spoken, has_cover=has_cover).encode()


def _beside(catalogue: Catalogue, track: CatalogueTrack, spoken: Callable[[], Spoken]) -> dict[str, _Wanted]:
    """The files beside a track."""
    source = short_digest(SCHEMA, catalogue.title, track.title, track.sha256)
    return {
        f"{track.stem}.lrc": _Wanted(source, lambda: lyrics_file(catalogue, track, spoken()).encode()),
        f"{track.stem}.vtt": _Wanted(source, lambda: captions_file(spoken()).encode()),
        f"{track.stem}.chapters.json": _Wanted(source, lambda: chapters_file(track, spoken()).encode()),
    }


def _spoken(folder: Path, track: CatalogueTrack) -> Spoken:
    try:
        return spoken_in(_tags_of(folder, track))
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(track) from error


def _tags_of(folder: Path, track: CatalogueTrack) -> Tags:
    check()
    tags = read_tags(FolderStore(folder).path_of(track.file))
    if tags is None:
        raise _damaged(track)
    return tags


def _damaged(track: CatalogueTrack) -> TrackError:
    return TrackError("this track has lost the plan in its tags", where=track.file, hint="make it again")


# --- what is done --------------------------------------------------------------------------------------


class _Run:
    """Writes and removes files of the folder, and notes which."""

    def __init__(self, store: FolderStore, before: Record) -> None:
        self._store, self._before = store, before
        self.files: dict[str, MadeFile] = {}
        self.written: list[str] = []
        self.removed: list[str] = []
        self.foreign: list[str] = []

    def update(self, wanted: Mapping[str, _Wanted]) -> None:
        for name, each in wanted.items():
            self._write(name, each)
        for name, made in self._before.files.items():
            if name not in wanted and made.digest:
                self._remove(name, made)

    @property
    def files_so_far(self) -> dict[str, MadeFile]:
        """The files of before, with those that this run has made."""
        return {**self._before.files, **self.files}

    def spoken_in_files(self, track: CatalogueTrack) -> Spoken | None:
        """What a track says, from its captions and chapters, once they are made; None if the user has changed them."""
        texts = []
        for name in (f"{track.stem}.vtt", f"{track.stem}.chapters.json"):
            found = self._store.read(name)
            if found is None or not _is_ours(found, self.files.get(name)):
                return None
            texts.append(found.decode())
        return spoken_from(*texts)

    def _write(self, name: str, wanted: _Wanted) -> None:
        made = self._before.files.get(name)
        size = _size(self._store.root, name)
        if made is not None and made.source == wanted.source and size == made.bytes:
            self.files[name] = made
            return
        found = self._store.read(name) if size is not None else None
        content = wanted.make()
        if found is not None and found != content and not _is_ours(found, made):
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
        if _is_ours(found, made):
            self._store.remove(name)
            self.removed.append(name)
        else:
            self.foreign.append(name)


def _is_ours(found: bytes, made: MadeFile | None) -> bool:
    """Whether a file is as it was written, and not the user's own or changed by the user."""
    return made is not None and short_digest(found) == made.digest
