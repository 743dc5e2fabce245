"""What the library's page is made of beside the library: its text, its look, what it does."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ...pages import Page

NAME = "index.html"

_FOLDER = Path(__file__).with_name("page_files")
_SCRIPTS = ("library.js", "memory.js", "shelf.js", "timer.js", "player.js", "system.js", "controls.js")


@cache
def library_page() -> Page:
    return Page.from_files(_FOLDER, "page", _SCRIPTS)


def source() -> str:
    """All of it. Where it changes, every page does."""
    return library_page().source


def policy() -> str:
    """What a browser may do in the page that a server sends."""
    return library_page().served_policy
