"""The types of literals."""

import re

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
from ..body import Body, Inference, rule
from ..coercion import constant_key
from ..fields import report_twice
from ..lattice import INVALID, join, join_parts, with_entries, without_entries

_MAX_DEPTH = 5
"""How deep a literal knows the entries of its entries: a type holds each of them twice."""

_BRACES = re.compile(r"(?<![#\\$])\$?\{([A-Za-z_][\w.?]*)\}")


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
            body.warning(
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
            report_twice(
                body.problems,
                "SYN013",
                entry.key.span,
                f"the key `{key}`",
                first[key].span,
                "given",
            )
