"""Walking a syntax tree, without recursion: a chain of 20,000 operators is a deep tree."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from .. import ast

_LEAF_FIELDS = frozenset({"span", "header", "operator_span"})
_LEAF_TYPES = frozenset({str, bool, int, float, "str", "bool", "int", "float", "str | None"})
_known: dict[type[ast.Node], Callable[[Any], tuple[object, ...]] | None] = {}


def children(node: ast.Node) -> list[ast.Node]:
    """The nodes directly below, in the order of the source."""
    kind = type(node)
    parts = _known[kind] if kind in _known else _parts(kind)
    found: list[ast.Node] = []
    if parts is not None:
        for value in parts(node):
            if isinstance(value, tuple):
                found += [item for item in value if isinstance(item, ast.Node)]
            elif isinstance(value, ast.Node):
                found.append(value)
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
            pending += reversed(children(current))


def _parts(kind: type[ast.Node]) -> Callable[[Any], tuple[object, ...]] | None:
    """What reads the fields in which nodes may stand; None for a kind that has none."""
    names = [
        field.name
        for field in fields(kind)
        if field.name not in _LEAF_FIELDS and field.type not in _LEAF_TYPES
    ]
    # Of one name, `attrgetter` gives no tuple; a span is no node and does no harm.
    _known[kind] = attrgetter(*names, "span") if names else None
    return _known[kind]
