"""One page: its body, its look, what it does, and what a browser may do in it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template
    from markupsafe import Markup

FROM_ITS_FOLDER = "'self' file:"
"""What lies beside a page, whether a server sends it or a browser opened it from the folder."""


@dataclass(frozen=True, slots=True)
class Page:
    """`body` is a Jinja template that extends "frame"; `own_style` goes below the common style; `script` runs in it.

    A page that `asks_its_server` works from there alone.
    """

    body: str
    own_style: str
    script: str
    asks_its_server: bool = False

    @classmethod
    def from_files(cls, folder: Path, name: str, scripts: Sequence[str], *, asks_its_server: bool = False) -> Self:
        """The page whose parts lie in `folder`: NAME.html.j2, NAME.css and the `scripts`.

        `base.js` and the scripts stand in their order in one function: they see each other, and nothing else does.
        """

        def text(file: str) -> str:
            return (folder / file).read_text(encoding="utf-8")

        parts = ['"use strict";', "(() => {", _read("base.js"), *map(text, scripts), "})();", ""]
        return cls(text(f"{name}.html.j2"), text(f"{name}.css"), "\n".join(parts), asks_its_server)

    @property
    def source(self) -> str:
        """All that the page is made of, beside the values for its template."""
        return f"{_read('frame.html.j2')}\n{self.body}\n{self.style}\n{self.script}"

    @property
    def style(self) -> str:
        return _read("base.css") + self.own_style

    def policy(self, media: str = "'self'") -> str:
        """What a browser may do in the page: run its script, apply its style, load sounds and pictures from `media`.

        It stands in the page: https://www.w3.org/TR/CSP3/.
        """
        asks = "connect-src 'self'; " if self.asks_its_server else ""
        return (
            f"default-src 'none'; script-src {_digest(self.script)}; style-src {_digest(self.style)}; {asks}"
            f"media-src {media}; img-src {media}; base-uri 'none'; form-action 'none'"
        )

    @property
    def served_policy(self) -> str:
        """The same for a server to send, which also keeps the page out of other pages' frames."""
        return f"{self.policy()}; frame-ancestors 'none'"

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
