"""The types of literals."""

import re

from ... import ast
from ...diagnostics import Related
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
from ..body import Body, Inference, rule
from ..coercion import constant_key
from ..lattice import INVALID, join, join_parts, with_entries, without_entries

_MAX_DEPTH = 5
"""How deep a literal knows the entries of its entries: a type holds each of them twice."""

_BRACES = re.compile(r"(?<![#\\$])\$?\{([A-Za-z_][\w.?]*)\}")


@rule(ast.Nil)
def nil(body: Body, node: ast.Nil) -> Type:
    """`nil`."""
    return NIL


@rule(ast.Bool)
def boolean(body: Body, node: ast.Bool) -> Type:
    """`true`, `false`."""
    return BOOL


@rule(ast.Int)
def integer(body: Body, node: ast.Int) -> Type:
    """`42`."""
    return INT


@rule(ast.Float)
def real(body: Body, node: ast.Float) -> Type:
    """`2.5`."""
    return FLOAT


@rule(ast.Duration)
def duration(body: Body, node: ast.Duration) -> Type:
    """`7.days`."""
    return DURATION


@rule(ast.Symbol)
def symbol(body: Body, node: ast.Symbol) -> Type:
    """`:title` is a string."""
    return STRING


@rule(ast.Regex)
def regex(body: Body, node: ast.Regex) -> Type:
    """`/pattern/`."""
    return REGEX


@rule(ast.BadExpr)
def bad(body: Body, node: ast.BadExpr) -> Type:
    """What did not parse has been reported."""
    return INVALID


@rule(ast.String)
def string(body: Body, node: ast.String) -> Inference:
    """Any value may be interpolated."""
    _warn_of_braces(body, node)
    for part in node.parts:
        if not isinstance(part, str):
            yield part
    return STRING


def _warn_of_braces(body: Body, node: ast.String) -> None:
    """Warn of `${x}` and `{self.x}`, which other languages interpolate."""
    for found in _BRACES.finditer(node.span.text):
        name = found[1]
        if name.startswith("self.") or (
            found[0].startswith("$") and body.scope.find(name.partition(".")[0]) is not None
        ):
            start = node.span.start + found.start()
            body.problems.warning(
                "PAT405",
                Span(node.span.source, start, start + len(found[0])),
                f"`{found[0]}` is text here: nothing is interpolated",
                f"write `#{{{name}}}`",
            )


@rule(ast.ArrayLiteral)
def array(body: Body, node: ast.ArrayLiteral) -> Inference:
    """The items may be of several types."""
    items: list[Type] = []
    for item in node.items:
        items.append(with_entries((yield item), _MAX_DEPTH))
    return Array(join_parts(items) if items else ANY, Entries(tuple(enumerate(items))))


@rule(ast.HashLiteral)
def hash_literal(body: Body, node: ast.HashLiteral) -> Inference:
    """The values may be of several types."""
    keys: list[Type] = []
    values: list[Type] = []
    _check_keys(body, node)
    for entry in node.entries:
        keys.append((yield entry.key))
        values.append(with_entries((yield entry.value), _MAX_DEPTH))
    names = [constant_key(entry.key) for entry in node.entries]
    entries = None
    if None not in names:
        entries = Entries(
            tuple((n, v) for n, v in zip(names, values, strict=True) if n is not None)
        )
    if not values:
        return Hash(ANY, ANY, entries)
    return Hash(join_parts(keys), join_parts(values), entries)


def join_values(left: ast.Expr, kind: Type, right: ast.Expr, other: Type) -> Type:
    """What two values have in common; a literal without items is one of whatever the other is."""
    if _is_empty_like(left, other):
        return without_entries(other)
    return without_entries(kind) if _is_empty_like(right, kind) else join(kind, other)


def _is_empty_like(node: ast.Expr, other: Type) -> bool:
    other = required(other)
    if isinstance(node, ast.ArrayLiteral):
        return not node.items and isinstance(other, Array)
    return isinstance(node, ast.HashLiteral) and not node.entries and isinstance(other, Hash)


def _check_keys(body: Body, node: ast.HashLiteral) -> None:
    """Report a constant key that is given twice."""
    first: dict[str | int, ast.Expr] = {}
    for entry in node.entries:
        key = constant_key(entry.key)
        if key is not None and first.setdefault(key, entry.key) is not entry.key:
            body.problems.error(
                "SYN013",
                entry.key.span,
                f"the key `{key}` is given twice",
                "rename or remove one of the two",
                Related(first[key].span, "first given here"),
            )
