"""One page: its body, its look, what it does, and what a browser may do in it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

FROM_ITS_FOLDER = "'self' file:"
"""What lies beside a page, whether a server sends it or a browser opened it from the folder."""


@dataclass(frozen=True, slots=True)
class Page:
    """`body` is a Jinja template that extends "frame"; `own_style` goes below the common style; `script` runs in it."""

    body: str
    own_style: str
    script: str

    @property
    def source(self) -> str:
        """All that the page is made of, beside the values for its template."""
        return f"{_read('frame.html.j2')}\n{self.body}\n{self.style}\n{self.script}"

    @property
    def style(self) -> str:
        return _read("base.css") + self.own_style

    def policy(self, media: str = "'self'") -> str:
        """What a browser may do in the page: run its script, apply its style, load sounds and pictures from `media`.

        It stands in the page, and a server sends it too: https://www.w3.org/TR/CSP3/.
        """
        return (
            f"default-src 'none'; script-src {_digest(self.script)}; style-src {_digest(self.style)}; "
            f"media-src {media}; img-src {media}; base-uri 'none'; form-action 'none'"
        )

    def render(self, title: str, **values: Any) -> str:
        """The file's text. Every value is escaped but what `in_script` made."""
        from markupsafe import Markup

        style, script = Markup(self.style), Markup(self.script)  # noqa: S704  # our own files
        policy = self.policy(FROM_ITS_FOLDER)
        return _template(self.body).render(title=title, policy=policy, style=style, script=script, **values)


def in_script(value: Any) -> Markup:
    """JSON that can stand in a <script>: with < escaped, nothing in it ends the element or begins a comment."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


@cache
def _template(body: str) -> Template:
    from jinja2 import DictLoader, Environment, StrictUndefined

    loader = DictLoader({"frame": _read("frame.html.j2"), "body": body})
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True, loader=loader)
    return environment.get_template("body")


@cache
def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
