"""What belongs beside the tracks of a catalogue, and how each file is made when it has to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from ...build.fingerprint import short_digest
from ...build.plan_json import PLAN_DAMAGES
from ...errors import InputError, TrackError
from ...formats import Tags, read_tags
from ...system.stopping import check
from ..folder import FolderStore
from . import covers, page_source
from .catalogue import Catalogue, CatalogueTrack
from .feed import feeds
from .page import page
from .playlists import playlists
from .record import SCHEMA, MadeFile, is_ours
from .spoken import Spoken, spoken_in
from .texts import captions_file, chapters_file, lyrics_file, spoken_from


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to publish: a digest of what it is made from, and how its content is made where that has changed."""

    source: str
    make: Callable[[], bytes]


def wanted_files(catalogue: Catalogue, base_url: str, folder: Path, made: Mapping[str, MadeFile]) -> dict[str, Wanted]:
    """Every file that belongs to this catalogue, by its name, in the order in which they are to be made.

    `made` are those that are there, and those that are made meanwhile.
    """
    wanted: dict[str, Wanted] = {}
    in_tags = [cache(partial(_spoken, folder, track)) for track in catalogue.tracks]  # they are read once, if at all
    for track, spoken in zip(catalogue.tracks, in_tags, strict=True):
        for name, each in _beside(catalogue, track, spoken).items():
            wanted.setdefault(name, each)  # of two formats of a track, the first has the words
    shown: set[str] = set()
    for place, tracks in catalogue.by_folder().items():
        if tracks and tracks[0].cover != "none":
            wanted[covers.cover_file(place)] = _cover(catalogue, tracks, folder)
            shown.add(place)

    def make_page() -> bytes:
        tracks = zip(catalogue.tracks, in_tags, strict=True)
        spoken = [_spoken_in_files(folder, track, made) or tags() for track, tags in tracks]
        return page(catalogue, spoken, has_cover="" in shown).encode()

    page_of = short_digest(SCHEMA, page_source.source(), repr(catalogue), "" in shown)
    wanted[page_source.NAME] = Wanted(page_of, make_page)
    texts = {**playlists(catalogue), **feeds(catalogue, base_url, sorted(shown))}
    for name, text in texts.items():
        content = text.encode()
        wanted[name] = Wanted(short_digest(SCHEMA, content), partial(bytes, content))
    return wanted


def _cover(catalogue: Catalogue, tracks: Sequence[CatalogueTrack], folder: Path) -> Wanted:
    """A folder's cover: drawn, or the user's own as its first track carries it."""
    if tracks[0].cover == "auto":
        source = short_digest(SCHEMA, repr(covers.words_for(catalogue, tracks)))
        return Wanted(source, partial(covers.draw_for, catalogue, tracks))
    return Wanted(short_digest(SCHEMA, tracks[0].sha256), partial(_own_cover, folder, tracks[0]))


def _own_cover(folder: Path, track: CatalogueTrack) -> bytes:
    tags = _tags_of(folder, track)
    try:
        return covers.taken_from(tags)
    except InputError as error:
        raise TrackError(f"its cover can't be shown: {error.what}", where=track.file, hint="make it again") from error


def _beside(catalogue: Catalogue, track: CatalogueTrack, spoken: Callable[[], Spoken]) -> dict[str, Wanted]:
    """The files beside a track."""
    source = short_digest(SCHEMA, catalogue.title, track.title, track.sha256)
    return {
        f"{track.stem}.lrc": Wanted(source, lambda: lyrics_file(catalogue, track, spoken()).encode()),
        f"{track.stem}.vtt": Wanted(source, lambda: captions_file(spoken()).encode()),
        f"{track.stem}.chapters.json": Wanted(source, lambda: chapters_file(track, spoken()).encode()),
    }


def _spoken(folder: Path, track: CatalogueTrack) -> Spoken:
    try:
        return spoken_in(_tags_of(folder, track))
    except PLAN_DAMAGES as error:
        raise _damaged(track) from error


def _spoken_in_files(folder: Path, track: CatalogueTrack, made: Mapping[str, MadeFile]) -> Spoken | None:
    """What a track says, from its captions and chapters; None if the user has changed them."""
    store, texts = FolderStore(folder), []
    for name in (f"{track.stem}.vtt", f"{track.stem}.chapters.json"):
        found = store.read(name)
        if found is None or not is_ours(found, made.get(name)):
            return None
        texts.append(found.decode())
    return spoken_from(*texts)


def _tags_of(folder: Path, track: CatalogueTrack) -> Tags:
    check()
    tags = read_tags(FolderStore(folder).path_of(track.file))
    if tags is None:
        raise _damaged(track)
    return tags


def _damaged(track: CatalogueTrack) -> TrackError:
    return TrackError("this track has lost the plan in its tags", where=track.file, hint="make it again")
