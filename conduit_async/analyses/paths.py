"""Paths of names: what a chain of dots begins with, and what it reads."""

from types import UnionType

from .. import ast
from ..program import Facts, KeyAccess, RecordColumn, SelfColumn, StructField


def field_path(facts: Facts, node: ast.Node) -> tuple[ast.Node, tuple[str, ...]]:
    """What a path of fields starts at, and their names: `self` and `address`, `country`."""
    return _path(facts, node, SelfColumn | StructField | RecordColumn)


def key_path(facts: Facts, node: ast.Node) -> tuple[ast.Node, tuple[str, ...]]:
    """What a path of keys starts at, and the keys."""
    return _path(facts, node, KeyAccess)


def _path(
    facts: Facts, node: ast.Node, steps: type | UnionType
) -> tuple[ast.Node, tuple[str, ...]]:
    names: list[str] = []
    while isinstance(node, ast.Member) and isinstance(facts.resolutions.get(node), steps):
        names.insert(0, node.name.text)
        node = node.target
    return node, tuple(names)
