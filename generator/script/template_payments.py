"""Puts payments into a template's tree: where a part is entered, and where values are compared, looked up or joined.

Each is a filter with one of the names below, which the environment has to provide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from .template_steps import size_of

ENTERED, LOOKED_AT, CONCATENATED = "_entered", "_looked_at", "_concatenated"


class Payments(NodeTransformer):
    """Puts payments into a template's tree: where a part is entered, and where values are compared or joined."""

    def _visit_part(self, node: Any) -> nodes.Node:
        paid = nodes.ExprStmt(_payment(_weight([*node.body, *getattr(node, "defaults", ())]), node.lineno))
        self.generic_visit(node)
        node.body = [paid.set_lineno(node.lineno), *node.body]
        return cast("nodes.Node", node)

    visit_Template = visit_Macro = visit_CallBlock = visit_Block = _visit_part  # noqa: N815 - Jinja's names

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's names
        if node.test is not None:  # what it leaves out has no turn
            node.test = nodes.And(_payment(_weight([node.test]), node.lineno), node.test).set_lineno(node.lineno)
        return self._visit_part(node)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        node.expr = _looked_at_node(node.expr)
        for operand in node.ops:
            operand.expr = _looked_at_node(operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _looked_at_node(node.node)
        else:
            node.arg = _looked_at_node(node.arg)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        node.key = _looked_at_node(node.key)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's names
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes), CONCATENATED, node.lineno)


def _weight(parts: Iterable[nodes.Node]) -> int:
    """The nodes and the text in `parts`, in steps. What is paid for when it is entered counts as one."""
    weight, waiting = 0, [*parts]
    while waiting:
        node = waiting.pop()
        weight += 1
        match node:
            case nodes.For():
                waiting += [node.iter, *node.else_]
            case nodes.Macro() | nodes.CallBlock() | nodes.Block():
                pass
            case nodes.TemplateData():
                weight += size_of(node.data)
            case _:
                waiting += node.iter_child_nodes()
    return weight


def _payment(steps: int, line: int) -> nodes.Expr:
    return _filtered(nodes.Const(steps), ENTERED, line)


def _looked_at_node(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _filtered(node, LOOKED_AT, node.lineno)


def _filtered(node: nodes.Expr, name: str, line: int) -> nodes.Expr:
    filtered = nodes.Filter(node, name, [], [], None, None)
    filtered.set_lineno(line)
    return filtered
