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
    """The parts of the script stand in their order in one function: they see each other, and nothing else does."""
    script = "\n".join(['"use strict";', "(() => {", *map(_read, _SCRIPTS), "})();", ""])
    return Page(_read("page.html.j2"), _read("page.css"), script)


def source() -> str:
    """All of it. Where it changes, every page does."""
    return library_page().source


def policy() -> str:
    """What a browser may do in the page that a server sends."""
    return library_page().policy()


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
