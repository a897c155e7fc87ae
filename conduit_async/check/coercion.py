"""Literals that take the expected type: structs, decimals, values of enums."""

from .. import ast
from ..analyses.results import body_results
from ..program import LibraryCall
from ..types import DECIMAL, Array, Enum, Hash, Scalar, Struct, Type, innermost, required
from .body import Body


def coerces(node: ast.Expr, wanted: Type) -> bool:
    """Whether a literal takes the expected type: a struct, a decimal, or an enum."""
    match required(wanted), node:
        case Struct(), ast.HashLiteral():
            return True
        case Enum(values=values), _:
            return ast.constant_text(node) in values
        case Scalar("decimal"), _:
            return number_literal(node) is not None
        case Array(item), ast.ArrayLiteral(items=items):
            return all(coerces(each, item) for each in items)
        case Hash(_, value), ast.HashLiteral(entries=entries):
            return all(coerces(entry.value, value) for entry in entries)
    return False


def coerce_to_decimal(body: Body, node: ast.Expr) -> None:
    """Turn a number literal into the decimal of its digits."""
    if (number := number_literal(node)) is not None:
        body.facts.types[node] = body.facts.types[number] = DECIMAL


def number_literal(node: ast.Expr) -> ast.Float | ast.Int | None:
    """A number as the source writes it, which is exact where a decimal is wanted."""
    if isinstance(node, ast.Unary) and node.operator == "-":
        node = node.operand
    return node if isinstance(node, ast.Float | ast.Int) else None


def holds_struct(kind: Type) -> bool:
    """Whether literals of a type are checked part by part, as they hold structs or enums."""
    return isinstance(innermost(kind), Struct | Enum)


def mapped_literals(body: Body, node: ast.Expr, wanted: Array) -> list[ast.Expr]:
    """The literals that become structs in a lambda: `rows.map(|row| { { name: row.name } })`."""
    call = body.facts.resolutions.get(node)
    if not isinstance(call, LibraryCall) or call.signature.call != "Array.map":
        return []
    if not holds_struct(wanted.item):
        return []
    function = call.arguments[1]
    found = body_results(function.body) if isinstance(function, ast.Lambda) else []
    made = [each for each in found if isinstance(each, ast.HashLiteral)]
    return [*made] if len(made) == len(found) else []


def option_text(node: ast.Expr) -> str | None:
    """The text of an option's value; a bare word means the same as a string."""
    return node.name if isinstance(node, ast.NameRef) else ast.constant_text(node)


def constant_key(node: ast.Expr) -> str | int | None:
    """The key or position in a literal: a constant text, or an int."""
    if isinstance(node, ast.Unary) and node.operator == "-":
        return -node.operand.value if isinstance(node.operand, ast.Int) else None
    return node.value if isinstance(node, ast.Int) else ast.constant_text(node)
