"""A private podcast feed of a library: RSS 2.0 with the namespaces of iTunes and of Podcasting 2.0. Pure.

https://www.rssboard.org/rss-specification, https://help.apple.com/itc/podcasts_connect/#/itcb54353390,
https://podcastindex.org/namespace/1.0.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ...build.track import ARTIST
from ...errors import InputError
from .catalogue import Catalogue
from .covers import cover_file

if TYPE_CHECKING:
    from jinja2 import Template

NAME = "feed.xml"
MAX_TOGETHER = 100  # tracks; with more there is a feed of each routine, too: apps show a long one badly

_TEMPLATE = Path(__file__).with_name("feed.xml.j2")
_FEED_GUIDS = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")  # podcast:guid's, from the namespace's page
_UNKNOWN_YEAR = 2000
_HINT = "write it like https://host/nights/"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # https://www.w3.org/TR/xml/#charsets


def checked_base(url: str) -> str:
    """The address of the library's folder, ending in a slash; empty for none. Raises InputError."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(str(error), where=f"--base-url {url[:80]}", hint=_HINT) from error
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        what = "this isn't the address of a folder"
        raise InputError(what, where=f"--base-url {url[:80]}", hint=_HINT)
    return f"{url.rstrip('/')}/"


def feeds(catalogue: Catalogue, base_url: str, covers: Sequence[str]) -> dict[str, str]:
    """The text of each feed by its name in the library's folder.

    `base_url` is from `checked_base`; where it is empty, addresses are relative to the feed. `covers` are the folders
    that have a cover.jpg.
    """
    texts = {NAME: feed(catalogue, base_url, covers)}
    if len(catalogue.tracks) > MAX_TOGETHER:
        for routine, tracks in catalogue.by_routine().items():
            name = f"feed-{routine}.xml"
            part = replace(catalogue, title=tracks[0].practice, tracks=tracks)
            texts[name] = feed(part, base_url, covers, name=name, part_of=catalogue.title)
    return texts


def feed(catalogue: Catalogue, base_url: str, covers: Sequence[str], *, name: str = NAME, part_of: str = "") -> str:
    """One feed, called `name`. `part_of` is the title of the library, if the catalogue is only a part of it.

    Dates only keep the order: a minute apart, from the first of the library's year on. They aren't those of building,
    as the same library gives the same file.
    """

    def address(file: str) -> str:
        return f"{base_url}{quote(file)}"

    def cover_of(folder: str) -> str:
        return address(cover_file(folder)) if folder in covers else ""

    first = datetime(int(catalogue.year or _UNKNOWN_YEAR), 1, 1, tzinfo=UTC)
    plain = re.sub(r"^\w+://", "", address(name)).rstrip("/")
    return _template().render(
        title=catalogue.title,
        author=ARTIST,
        description=escape(_described(catalogue, part_of), quote=False),  # apps take it for HTML
        link=base_url or "./",
        self_address=address(name) if base_url else "",
        guid=str(uuid.uuid5(_FEED_GUIDS, plain)) if base_url else "",
        cover=cover_of(""),
        items=[
            {
                "track": track,
                "number": number,
                "address": address(track.file),
                "chapters": address(f"{track.stem}.chapters.json"),
                "captions": address(f"{track.stem}.vtt"),
                "cover": cover_of(track.folder),
                "description": escape(track.summary or track.title, quote=False),
                "date": format_datetime(first + timedelta(minutes=number), usegmt=True),
                "seconds": round(track.duration_ms / 1_000),
            }
            for number, track in enumerate(catalogue.tracks, 1)
        ],
    )


def _described(catalogue: Catalogue, part_of: str) -> str:
    summaries = {track.summary for track in catalogue.tracks}
    own = summaries.pop() if len(summaries) == 1 else ""
    return own or (f"{catalogue.title}, from {part_of}" if part_of else catalogue.title)


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_allowed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _allowed(value: Any) -> Any:
    """A text without the characters that XML can't hold."""
    return _NOT_XML.sub("", value) if isinstance(value, str) else value
