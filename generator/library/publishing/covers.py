"""The picture of a folder, cover.jpg: of its routine, of the whole library, or the user's own."""

from __future__ import annotations

from collections.abc import Sequence

from ...formats import Tags
from ...formats.cover import as_jpeg, draw_cover
from .catalogue import Catalogue, CatalogueTrack

NAME = "cover.jpg"


def cover_file(folder: str) -> str:
    """The path of a folder's cover, below the library's own folder, which is empty."""
    return f"{folder}/{NAME}" if folder else NAME


def words_for(catalogue: Catalogue, tracks: Sequence[CatalogueTrack]) -> tuple[str, str, str]:
    """Title, subtitle and seed of a folder's cover: of what its tracks practise, or of the library if they differ."""
    practices = {(track.practice, track.routine) for track in tracks}
    nights = f"{len(tracks)} tracks" if len(tracks) > 1 else ""
    if len(practices) > 1 or len(tracks) == len(catalogue.tracks):
        return catalogue.title, nights, catalogue.title
    ((practice, routine),) = practices
    return practice, nights, routine or practice


def draw_for(catalogue: Catalogue, tracks: Sequence[CatalogueTrack]) -> bytes:
    """The cover of a folder with these tracks: a JPEG."""
    return draw_cover(*words_for(catalogue, tracks))


def taken_from(tags: Tags) -> bytes:
    """The user's own picture, as a track carries it: a JPEG. Raises InputError if it can't be read."""
    return as_jpeg(tags.cover)
