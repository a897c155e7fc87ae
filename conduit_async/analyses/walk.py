"""Traversal of syntax trees, the code that a body runs itself, and paths of names."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, ForwardRef, get_args, get_type_hints

from .. import ast
from ..program import Facts, KeyAccess, RecordColumn, SelfColumn, StructField


class _Parts(dict[type[ast.Node], tuple[str, ...]]):
    """The fields of each class of nodes that may hold nodes, from last to first."""

    def __missing__(self, kind: type[ast.Node]) -> tuple[str, ...]:
        hints = get_type_hints(kind)
        self[kind] = tuple(
            name for name in reversed(kind.__struct_fields__) if _may_hold_nodes(hints[name])
        )
        return self[kind]


def _may_hold_nodes(hint: Any) -> bool:
    if inner := get_args(hint):
        return any(map(_may_hold_nodes, inner))
    return isinstance(hint, ForwardRef) or (isinstance(hint, type) and issubclass(hint, ast.Node))


_PARTS = _Parts()


def children(node: ast.Node) -> list[ast.Node]:
    """The nodes directly below, in the order of the source."""
    found: list[ast.Node] = []
    for part in reversed(_PARTS[type(node)]):
        value = getattr(node, part)
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
        parts = _PARTS[type(current)]
        if not parts or isinstance(current, stop_at):
            continue
        # `children` from last to first, without its list: a cold run visits millions of nodes.
        for part in parts:
            value = getattr(current, part)
            if isinstance(value, ast.Node):
                pending.append(value)
            elif isinstance(value, tuple):
                pending += [item for item in reversed(value) if isinstance(item, ast.Node)]


def own_nodes(body: ast.Node) -> Iterator[ast.Node]:
    """The nodes of code, with the options of its jobs, which it evaluates, not their blocks."""
    for node in walk(body, ast.Async):
        yield node
        if isinstance(node, ast.Async):
            for option in node.options:
                yield from walk(option)


def is_on_self(node: ast.Node) -> bool:
    """Whether a function is called on the record itself: `label()`, `self.label()`."""
    callee = node.callee if isinstance(node, ast.Call) else node
    return not isinstance(callee, ast.Member) or isinstance(callee.target, ast.SelfRef)


def is_safe(node: ast.Expr) -> bool:
    """Whether a chain contains a `?.`, at which it may end."""
    while isinstance(node, ast.Member | ast.Index | ast.Call) and not node.closed:
        if isinstance(node, ast.Member) and node.safe:
            return True
        node = node.callee if isinstance(node, ast.Call) else node.target
    return False


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
