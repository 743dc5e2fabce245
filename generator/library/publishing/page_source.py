"""What the page is made of beside the library: its text, its look, what it does; and what a browser may do in it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

NAME = "index.html"

_FOLDER = Path(__file__).with_name("page_files")
_SCRIPTS = ("library.js", "memory.js", "shelf.js", "timer.js", "player.js", "system.js", "controls.js")


def source() -> str:
    """All of it. Where it changes, every page does."""
    return f"{text()}\n{style()}\n{script()}"


def text() -> str:
    """The page's template, for Jinja."""
    return _read("page.html.j2")


def style() -> str:
    return _read("page.css")


@cache
def script() -> str:
    """The parts of the script in their order, in one function, so that they see each other and nothing else does."""
    return "\n".join(['"use strict";', "(() => {", *map(_read, _SCRIPTS), "})();", ""])


def policy(media: str = "'self'") -> str:
    """What a browser may do in the page: run its script, apply its style, load tracks and covers from `media`.

    It stands in the page, and a server sends it too: https://www.w3.org/TR/CSP3/.
    """
    return (
        f"default-src 'none'; script-src {_digest(script())}; style-src {_digest(style())}; "
        f"media-src {media}; img-src {media}; base-uri 'none'; form-action 'none'"
    )


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
