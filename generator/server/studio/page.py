"""The studio's page: its text, its look and what it does lie in `page_files/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ...pages import Page, in_script

_FOLDER = Path(__file__).with_name("page_files")
_SCRIPTS = ("asking.js", "wishes.js", "sketch.js", "player.js", "queue.js")


def studio_page(offer: dict[str, Any], title: str) -> str:
    """The page's text. `offer` is what can be chosen, `title` the library that its tracks join."""
    return _page().render("Studio", offer=offer, offer_json=in_script(offer), library=title)


def policy() -> str:
    """What a browser may do in it."""
    return _page().served_policy


@cache
def _page() -> Page:
    return Page.from_files(_FOLDER, "studio", _SCRIPTS, asks_its_server=True)
