"""Traversal of syntax trees without recursion: a chain of 20,000 operators is a deep tree."""

from collections.abc import Iterator
from types import NoneType, UnionType

from msgspec.structs import astuple

from .. import ast


def children(node: ast.Node) -> list[ast.Node]:
    """The nodes directly below, in the order of the source."""
    found: list[ast.Node] = []
    for value in astuple(node):
        if isinstance(value, tuple):
            found += [item for item in value if isinstance(item, ast.Node)]
        elif isinstance(value, ast.Node):
            found.append(value)
    return found


def walk(node: ast.Node, stop_at: type | UnionType = NoneType) -> Iterator[ast.Node]:
    """The node and all below it, outer before inner, in the order of the source.

    It yields a node of a class `stop_at`, but no node below it.
    """
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        if isinstance(current, stop_at):
            continue
        # `children` from last to first, without its list: a cold run visits millions of nodes.
        for value in reversed(astuple(current)):
            if isinstance(value, ast.Node):
                pending.append(value)
            elif isinstance(value, tuple):
                pending += [item for item in reversed(value) if isinstance(item, ast.Node)]
