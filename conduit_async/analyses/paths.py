"""Paths of names: the start of a chain of dots, and the names that it reads."""

from types import UnionType

from .. import ast
from ..program import Facts, KeyAccess, RecordColumn, SelfColumn, StructField


def field_path(facts: Facts, node: ast.Node) -> tuple[ast.Node, tuple[str, ...]]:
    """Return the start of a path of fields, and their names: `self` and `address`, `country`."""
    return _path(facts, node, SelfColumn | StructField | RecordColumn)


def key_path(facts: Facts, node: ast.Node) -> tuple[ast.Node, tuple[str, ...]]:
    """Return the start of a path of keys, and the keys."""
    return _path(facts, node, KeyAccess)


def _path(
    facts: Facts, node: ast.Node, steps: type | UnionType
) -> tuple[ast.Node, tuple[str, ...]]:
    names: list[str] = []
    while isinstance(node, ast.Member) and isinstance(facts.resolutions.get(node), steps):
        names.insert(0, node.name.text)
        node = node.target
    return node, tuple(names)
