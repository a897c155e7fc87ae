"""The types of literals."""

from ... import ast
from ...source import Span
from ...types import (
    ANY,
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NIL,
    REGEX,
    STRING,
    Array,
    Entries,
    Hash,
    Type,
    required,
)
from ..body import Body, rule
from ..coercion import constant_key
from ..fields import report_twice
from ..lattice import INVALID, join, join_parts, with_entries, without_entries
from .warnings import warn_of_braces

_MAX_DEPTH = 5
"""The depth of known entries: each level doubles the size of a type."""

_TYPES: dict[type[ast.Node], Type] = {
    ast.Nil: NIL,
    ast.Bool: BOOL,
    ast.Int: INT,
    ast.Float: FLOAT,
    ast.Duration: DURATION,
    ast.Symbol: STRING,
    ast.Regex: REGEX,
    ast.BadExpr: INVALID,
}


def _literal(_: Body, node: ast.Node) -> Type:
    return _TYPES[type(node)]


for _kind in _TYPES:
    rule(_kind)(_literal)


@rule(ast.String)
def string(body: Body, node: ast.String) -> Type:
    """Check a string; any value may be interpolated."""
    warn_of_braces(body, node)
    for part in node.parts:
        if not isinstance(part, str):
            body.infer(part)
    return STRING


@rule(ast.ArrayLiteral)
def array(body: Body, node: ast.ArrayLiteral) -> Type:
    """Check an array, whose items may be of several types."""
    items = [with_entries(body.infer(item), _MAX_DEPTH) for item in node.items]
    return Array(join_parts(items) if items else ANY, Entries(tuple(enumerate(items))))


@rule(ast.HashLiteral)
def hash_literal(body: Body, node: ast.HashLiteral) -> Type:
    """Check a hash, whose values may be of several types."""
    keys: list[Type] = []
    entries: list[tuple[str | int | None, Type]] = []
    first: dict[str | int, Span] = {}
    for entry in node.entries:
        keys.append(body.infer(entry.key))
        name, span = constant_key(entry.key), entry.key.span
        entries.append((name, with_entries(body.infer(entry.value), _MAX_DEPTH)))
        if name is not None and first.setdefault(name, span) is not span:
            report_twice(body.problems, "SYN013", span, f"the key `{name}`", first[name], "given")
    known = tuple((name, kind) for name, kind in entries if name is not None)
    certain = Entries(known) if len(known) == len(entries) else None
    if not keys:
        return Hash(ANY, ANY, certain)
    return Hash(join_parts(keys), join_parts([kind for _, kind in entries]), certain)


def join_values(left: ast.Expr, left_type: Type, right: ast.Expr, right_type: Type) -> Type:
    """The common type of two values; an empty literal takes the type of the other one."""
    if _is_empty_like(left, right_type):
        return without_entries(right_type)
    if _is_empty_like(right, left_type):
        return without_entries(left_type)
    return join(left_type, right_type)


def _is_empty_like(node: ast.Expr, kind: Type) -> bool:
    match node, required(kind):
        case (ast.ArrayLiteral(items=()), Array()) | (ast.HashLiteral(entries=()), Hash()):
            return True
    return False
