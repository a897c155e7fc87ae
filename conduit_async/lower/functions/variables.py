"""The annotation of a variable, if its first value does not show its type."""

from ... import ast
from ...program import LibraryCall, Local, RaiseCall
from ...types import ANY, NIL, Array, Hash, Struct, Type, is_nullable, required
from ..python.typing import bare, holds_any, joins, resource_of, shows_values, type_of
from .function_builder import FunctionBuilder


def is_narrowed(fn: FunctionBuilder, node: ast.Let, local: Local) -> bool:
    """Whether a nullable variable starts with a non-nil value, and is read as non-nil."""
    if not is_nullable(local.type) or is_nullable(type_of(fn, node.value)):
        return False
    return any(fn.resolved(read) is local for read in fn.module.facts.narrowed)


def annotation(fn: FunctionBuilder, local: Local, node: ast.Expr) -> str | None:
    """Return the annotation of a variable, if its first value does not show its type."""
    actual = type_of(fn, node)
    if isinstance(node, ast.Unwrap) and joins(bare(node)):
        return fn.module.annotation(local.type)
    node = bare(node)
    literal = isinstance(node, ast.ArrayLiteral | ast.HashLiteral)
    empty = literal and not _items(fn, node) and not isinstance(required(actual), Struct)
    loose = isinstance(local.type, Array | Hash) and holds_any(local.type)
    widened = actual != local.type and not (
        required(local.type) == actual and local not in fn.locals.assigned
    )
    joined = (actual == ANY and joins(node)) or any(
        type_of(fn, branch) != actual or isinstance(fn.resolved(branch), RaiseCall)
        for branch in (node, *_branches(node))
    )
    if joins_built(fn, node):
        loose_type = local.type  # with parts whose type is unknown to type checkers
        match local.type:
            case Array():
                loose_type = Array(ANY)
            case Hash(key, _):
                loose_type = Hash(key, ANY)
        return fn.module.annotation(loose_type)
    mixed = _is_mixed(fn, node) or _is_filtered(fn, node)
    if widened or joined or actual == NIL or empty or mixed or (loose and literal):
        return fn.module.annotation(local.type)
    if local in fn.locals.assigned and (local.type == ANY or shows_values(fn, node)):
        return fn.module.annotation(local.type)
    return None


def select_type(fn: FunctionBuilder, kind: Type) -> str:
    """Return the type of a query that is a value."""
    name = fn.module.record_class(resource_of(fn, kind).name)
    text = f"{fn.module.imports.runtime('Select')}[{name}]"
    return f"{text} | None" if is_nullable(kind) else text


def _items(fn: FunctionBuilder, node: ast.Expr) -> list[ast.Expr]:
    """Return the items of a collection's literal; none for a struct, which shows its type."""
    if isinstance(required(type_of(fn, node)), Struct):
        return []
    if isinstance(node, ast.HashLiteral):
        return [entry.value for entry in node.entries]
    return list(node.items) if isinstance(node, ast.ArrayLiteral) else []


def _is_mixed(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether a literal holds values of several types; nil does not count."""
    items = _items(fn, node)
    kinds = {required(type_of(fn, item)) for item in items} - {NIL}
    return len(kinds) > 1 or any(_is_mixed(fn, item) for item in items)


def _is_filtered(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether type checkers may infer that an array has no nil, although its type allows nil."""
    kind, call = type_of(fn, node), fn.resolved(node)
    is_filter = isinstance(call, LibraryCall) and call.signature.name == "filter"
    return is_filter and isinstance(kind, Array) and is_nullable(kind.item)


def joins_built(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether a literal holds collections of several types that are not all literals.

    To type checkers, a list of strings and a list of an enum's values have no common type.
    """
    items = _items(fn, node)
    built = [item for item in items if not isinstance(item, ast.ArrayLiteral | ast.HashLiteral)]
    kinds = {required(type_of(fn, item)) for item in items}
    several = len(kinds) > 1 and all(isinstance(kind, Array | Hash) for kind in kinds)
    return (several and bool(built)) or any(joins_built(fn, item) for item in items)


def _branches(node: ast.Expr) -> list[ast.Expr]:
    """Return the expressions that a `rescue` or `match` assigns to its variable."""
    if isinstance(node, ast.Rescue):
        return [node.operand]
    bodies = [arm.body.statements for arm in node.arms] if isinstance(node, ast.Match) else []
    lasts = [body[-1] for body in bodies if body]
    return [last.value for last in lasts if isinstance(last, ast.ExprStatement)]
