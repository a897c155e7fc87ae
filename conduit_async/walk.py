"""Walking a syntax tree, without recursion: a chain of 20,000 operators is a deep tree."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from . import ast

_LEAF_FIELDS = frozenset({"span", "header", "operator_span"})
_LEAF_TYPES = frozenset({str, bool, int, float, "str", "bool", "int", "float", "str | None"})
_known: dict[type[ast.Node], tuple[Callable[[Any], object], ...]] = {}


def children(node: ast.Node) -> list[ast.Node]:
    """The nodes directly below, in the order of the source."""
    found: list[ast.Node] = []
    for get in _known.get(type(node)) or _getters(type(node)):
        value = get(node)
        if isinstance(value, ast.Node):
            found.append(value)
        elif isinstance(value, tuple):
            found += [item for item in value if isinstance(item, ast.Node)]
    return found


def walk(node: ast.Node, into: Callable[[ast.Node], bool] | None = None) -> Iterator[ast.Node]:
    """The node and all below it, outer before inner, in the order of the source.

    Whatever is below a node for which `into` is false is left out; the node itself is not.
    """
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if into is None or into(current):
            below = children(current)
            below.reverse()
            pending += below


def _getters(kind: type[ast.Node]) -> tuple[Callable[[Any], object], ...]:
    getters = tuple(
        attrgetter(field.name)
        for field in fields(kind)
        if field.name not in _LEAF_FIELDS and field.type not in _LEAF_TYPES
    )
    _known[kind] = getters
    return getters
