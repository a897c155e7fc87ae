"""What is known not to be nil: what conditions imply, and what assignments undo."""

from collections.abc import Iterable

from .. import ast
from ..program import (
    ComputedUse,
    KeyAccess,
    Local,
    RecordColumn,
    RelationUse,
    SelfColumn,
    StructField,
)
from ..types import Optional, Type, required
from ..walk import walk
from .body import Body
from .paths import NOTHING, SELF, Implied, Path

_STEPS = (SelfColumn, StructField, RecordColumn, RelationUse, ComputedUse, KeyAccess)


def path_of(body: Body, node: ast.Expr) -> Path | None:
    """The path that an expression reads, if it reads one."""
    names: list[object] = []
    while isinstance(node, ast.Member):
        if not isinstance(body.facts.resolutions.get(node), _STEPS):
            return None
        names.append(node.name.text)
        node = node.target
    if isinstance(node, ast.SelfRef):
        return (SELF, *reversed(names))
    if isinstance(node, ast.NameRef):
        local = body.facts.resolutions.get(node)
        return (local, *reversed(names)) if isinstance(local, Local) else None
    return None


def narrowed(body: Body, node: ast.Expr, kind: Type) -> Type:
    """The type of a read, without nil where that is known."""
    if isinstance(kind, Optional) and body.known and path_of(body, node) in body.known:
        body.facts.narrowed.add(node)
        return required(kind)
    return kind


def not_nil(body: Body, node: ast.Expr) -> frozenset[Path]:
    """What is known when an expression is not nil: it, and all that a `?.` in it needed."""
    found: set[Path] = set()
    while True:
        if (path := path_of(body, node)) is not None and path != (SELF,):
            found.add(path)
        if isinstance(node, ast.Member):
            if not node.safe and node.target not in body.short:
                break
            node = node.target
        elif isinstance(node, ast.Call) and isinstance(node.callee, ast.Member):
            node = node.callee.target
        else:
            break
    return frozenset(found)


def implications(body: Body, node: ast.Expr) -> Implied:
    """What a condition that was inferred implies; a value that is truthy is not nil."""
    found = body.implied.get(node)
    if found is None:
        true = not_nil(body, node)
        found = Implied(true) if true else NOTHING
        body.implied[node] = found
    return found


def forget(body: Body, path: Path) -> None:
    """Nothing more is known of a value that is assigned, or of what is below it."""
    size = len(path)
    body.known = frozenset(known for known in body.known if known[:size] != path)


def assigned_in(body: Body, blocks: Iterable[ast.Block]) -> list[tuple[str, ...]]:
    """The targets that code assigns, as names: of `self.note = …`, ("self", "note")."""
    found: list[tuple[str, ...]] = []
    for block in blocks:
        for node in walk(block, lambda inner: not isinstance(inner, ast.Async)):
            if isinstance(node, ast.Assign):
                found.append(_names(node.target))
    return found


def forget_assigned(body: Body, blocks: Iterable[ast.Block]) -> None:
    """Forget what code that may run before this point assigns, such as a loop's own body."""
    for names in assigned_in(body, blocks):
        root: object = names[0]
        if root != SELF:
            root = body.scope.find(names[0])
        forget(body, (root, *names[1:]))


def _names(target: ast.Expr) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(target, ast.Member):
        names.append(target.name.text)
        target = target.target
    names.append(target.name if isinstance(target, ast.NameRef) else SELF)
    return tuple(reversed(names))
