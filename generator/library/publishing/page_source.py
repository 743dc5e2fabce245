"""What the page is made of beside the library: its text, its look, what it does; and what a browser may do in it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

NAME = "index.html"
TEXT, STYLE, SCRIPT = "page.html.j2", "page.css", "page.js"

_HERE = Path(__file__).parent


def source() -> str:
    """All of it. Where it changes, every page does."""
    return "\n".join(map(read, (TEXT, STYLE, SCRIPT)))


@cache
def read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def policy(media: str = "'self'") -> str:
    """What a browser may do in the page: run its script, apply its style, load tracks and covers from `media`.

    It stands in the page, and a server sends it too: https://www.w3.org/TR/CSP3/.
    """
    return (
        f"default-src 'none'; script-src {_digest(SCRIPT)}; style-src {_digest(STYLE)}; "
        f"media-src {media}; img-src {media}; base-uri 'none'; form-action 'none'"
    )


def _digest(name: str) -> str:
    digest = hashlib.sha256(read(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
