"""The page to listen on a phone: one file without any address, which plays the tracks that lie beside it. Pure.

Its text, its look and what it does lie in `page_files/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from . import page_source
from .catalogue import Catalogue, CatalogueTrack
from .spoken import Spoken

USUAL_VOICE = "usual voice"


def page(catalogue: Catalogue, spoken: Sequence[Spoken], *, has_cover: bool) -> str:
    """The page of a library. `spoken` is what each of its tracks says, in their order.

    Tracks that differ only in their sound share one line of what is said, and each sentence stands in the page once.
    """
    lines: dict[str, int] = {}
    texts: dict[str, int] = {}
    places = [lines.setdefault(_spoken_line(each, texts), len(lines)) for each in spoken]
    library = {
        "title": catalogue.title,
        "cover": "cover.jpg" if has_cover else "",
        "tracks": [_row(track, place) for track, place in zip(catalogue.tracks, places, strict=True)],
    }
    return _template()(
        title=catalogue.title,
        policy=page_source.policy("'self' file:"),
        style=page_source.style(),
        script=page_source.script(),
        library=_json(library),
        spoken="\n".join([_json(list(texts)), *lines]),
    )


def _row(track: CatalogueTrack, place: int) -> list[Any]:
    """A track as library.js reads it. `place` is the line of what is said in it."""
    voice = track.voice or USUAL_VOICE
    return [track.file, track.title, track.practice, track.duration_ms, voice, track.background, place]


def _spoken_line(spoken: Spoken, texts: dict[str, int]) -> str:
    """Chapters and sentences as two flat lists of start in ms, text's number. New texts are added to `texts`."""

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    chapters = [fact for each in spoken.chapters for fact in (each.start_ms, number(each.title))]
    words = [fact for each in spoken.sentences for fact in (each.start_ms, number(each.text))]
    return _json([chapters, words])


def _json(value: Any) -> str:
    """JSON that can stand in a <script>: with < escaped, nothing in it ends the element or begins a comment."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _template() -> Callable[..., str]:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(page_source.text())
    raw = ("style", "script", "library", "spoken")  # our own files, and JSON in which < is escaped

    def render(**texts: str) -> str:
        return template.render({name: Markup(text) if name in raw else text for name, text in texts.items()})  # noqa: S704

    return render
