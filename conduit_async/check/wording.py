"""How messages name expressions and types."""

from .. import ast
from ..hints.foreign_names import VARIABLE_DURATION
from ..source import Span
from ..types import (
    BOOL,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    STRING,
    AnyType,
    Array,
    Function,
    Hash,
    NilType,
    Optional,
    Scalar,
    Struct,
    Type,
)
from .coercion import constant_text


def snippet(node: ast.Node | Span) -> str:
    """The source text of a node, cut to fit in a message."""
    span = node if isinstance(node, Span) else node.span
    text = " ".join(span.text.split())
    return text if len(text) <= 40 else f"{text[:37]}…"


def describe(kind: Type) -> str:
    """A type in a sentence: "a string", "an int", "nil"."""
    if isinstance(kind, NilType):
        return "nil"
    if isinstance(kind, Optional):
        return f"{describe(kind.item)} or nil"
    if isinstance(kind, AnyType):
        return "a value of unknown type"
    if isinstance(kind, Function):
        return "a function"
    if isinstance(kind, Array) and isinstance(kind.item, AnyType):
        return "an array"
    if isinstance(kind, Hash) and isinstance(kind.value, AnyType):
        return "a hash"
    name = _shown(kind)
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _shown(kind: Type) -> str:
    """A type as the source could write it, where structs have no names."""
    match kind:
        case Struct():
            return "struct"
        case Optional(item):
            return f"{_shown(item)}?"
        case Array(item):
            return f"array<{_shown(item)}>"
        case Hash(key, value):
            return f"hash<{_shown(key)}, {_shown(value)}>"
    return str(kind)


def conversion(node: ast.Expr, actual: Type, expected: Type) -> str | None:
    """How to turn the one type into the other, where there is a way."""
    match actual, expected:
        case Array(Hash()), Array(Struct()):
            return "say the type where it is made: `let rows: array<{ … }> = …`"
        case Scalar("float"), Scalar("decimal"):
            return "a float is not exact: make both decimals, or both floats"
    text = constant_text(node)
    if text is not None and expected in (INT, FLOAT, DECIMAL) and text.isdecimal():
        return f"write it without quotes: `{text}`"
    if text in ("true", "false") and expected == BOOL:
        return f"write it without quotes: `{text}`"
    if isinstance(expected, Function):
        return "write a lambda: `|x| { … }`"
    if expected == STRING and isinstance(node, ast.Int | ast.Float | ast.Bool):
        return f'write it in quotes: `"{snippet(node)}"`'
    if expected == DURATION and actual == INT and not isinstance(node, ast.Int):
        return VARIABLE_DURATION
    if expected == DURATION and actual == INT:
        return f"say the unit: `{snippet(node)}.days`, `.hours`, `.minutes` or `.seconds`"
    match str(expected), str(actual):
        case "string", _ if not isinstance(actual, Hash):
            return f'write it as a string: `"#{{{snippet(node)}}}"`'
        case "int", "float" | "decimal":
            return f"round it: `Number.round({snippet(node)}, 0)`"
        case "uuid", "string":
            return f"parse it: `UUID.parse({snippet(node)})`"
        case "timestamp", "string":
            return f"parse it: `Time.parse({snippet(node)})`"
    return None
