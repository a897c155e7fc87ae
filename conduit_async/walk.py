"""Walking a syntax tree, without recursion: a chain of 20,000 operators is a deep tree."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from . import ast

_LEAF_FIELDS = frozenset({"span", "header", "operator_span"})
_known: dict[type[ast.Node], tuple[Callable[[Any], object], ...]] = {}


def children(node: ast.Node) -> Iterator[ast.Node]:
    """The nodes directly below, in the order of the source."""
    for get in _getters(type(node)):
        value = get(node)
        if isinstance(value, ast.Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, ast.Node):
                    yield item


def walk(
    node: ast.Node, into: Callable[[ast.Node], bool] = lambda node: True
) -> Iterator[ast.Node]:
    """The node and all below it, outer before inner, in the order of the source.

    Whatever is below a node for which `into` is false is left out; the node itself is not.
    """
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if into(current):
            pending.extend(reversed(list(children(current))))


def _getters(kind: type[ast.Node]) -> tuple[Callable[[Any], object], ...]:
    getters = _known.get(kind)
    if getters is None:
        names = [field.name for field in fields(kind) if field.name not in _LEAF_FIELDS]
        getters = _known[kind] = tuple(attrgetter(name) for name in names)
    return getters
