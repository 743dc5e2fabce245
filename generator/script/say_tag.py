"""The template tag `say`: it holds several wordings, and each night chooses one.

This module imports Jinja, which is slow. Import it only where it is needed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.ext import Extension

from .variation import CHOOSE

if TYPE_CHECKING:
    from jinja2.parser import Parser


class SayTag(Extension):
    """``{% say %}…{% or %}…{% endsay %}``: one of several wordings."""

    tags = {"say"}  # noqa: RUF012 - Jinja's name, a set

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        ways = [parser.parse_statements(("name:or", "name:endsay"))]
        while next(parser.stream).value == "or":
            ways.append(parser.parse_statements(("name:or", "name:endsay")))
        # the key comes from the wordings, so a tag that is moved elsewhere still chooses as before
        key = hashlib.sha256(repr(ways).encode()).hexdigest()[:16]
        chosen = nodes.Call(nodes.Name(CHOOSE, "load"), [nodes.Const(key), nodes.Const(len(ways))], [], None, None)
        return self.choice(chosen, ways).set_lineno(line)

    def choice(self, chosen: nodes.Expr, ways: list[list[nodes.Node]]) -> nodes.Node:
        name = "_way"
        number = nodes.Name(name, "load")
        tests: list[Any] = [
            nodes.If(nodes.Compare(number, [nodes.Operand("eq", nodes.Const(at))]), way, [], [])
            for at, way in enumerate(ways)
        ]
        return nodes.With([nodes.Name(name, "param")], [chosen], tests)


class SayEveryWayTag(SayTag):
    """The same tag for checks of a template: it has all the wordings, one after the other."""

    def choice(self, chosen: nodes.Expr, ways: list[list[nodes.Node]]) -> nodes.Node:
        always = nodes.Const(True)
        return nodes.If(always, ways[0], [nodes.If(always, way, [], []) for way in ways[1:]], [])
