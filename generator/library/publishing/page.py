"""The page to listen on a phone: one file without any address, which plays the tracks that lie beside it. Pure.

Its text, its look and what it does lie in `page_files/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...pages import in_script
from .catalogue import Catalogue, CatalogueTrack
from .covers import cover_file
from .page_source import library_page
from .spoken import Spoken

if TYPE_CHECKING:
    from markupsafe import Markup

USUAL_VOICE = "usual voice"


def page(catalogue: Catalogue, spoken: Sequence[Spoken], *, has_cover: bool) -> str:
    """The page of a library. `spoken` is what each of its tracks says, in their order.

    Tracks that differ only in their sound share one line of what is said, and each sentence stands in the page once.
    """
    lines: dict[Markup, int] = {}
    texts: dict[str, int] = {}
    places = [lines.setdefault(_spoken_line(each, texts), len(lines)) for each in spoken]
    library = {
        "title": catalogue.title,
        "cover": cover_file("") if has_cover else "",
        "tracks": [_row(track, place) for track, place in zip(catalogue.tracks, places, strict=True)],
    }
    told = (in_script(list(texts)), *lines)
    return library_page().render(catalogue.title, library=in_script(library), spoken=told)


def _row(track: CatalogueTrack, place: int) -> list[Any]:
    """A track as library.js reads it. `place` is the line of what is said in it."""
    voice = track.voice or USUAL_VOICE
    return [track.file, track.title, track.practice, track.duration_ms, voice, track.background, place]


def _spoken_line(spoken: Spoken, texts: dict[str, int]) -> Markup:
    """Chapters and sentences as two flat lists of start in ms, text's number. New texts are added to `texts`."""

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    chapters = [fact for each in spoken.chapters for fact in (each.start_ms, number(each.title))]
    words = [fact for each in spoken.sentences for fact in (each.start_ms, number(each.text))]
    return in_script([chapters, words])
