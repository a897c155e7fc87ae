"""The words of messages for expressions and types."""

from .. import ast
from ..hints.foreign_names import VARIABLE_DURATION
from ..source import Span
from ..types import AnyType, Array, FunctionType, Hash, NilType, Optional, Scalar, Struct, Type


def snippet(node: ast.Node | Span) -> str:
    """The source text of a node, cut to fit in a message."""
    span = node if isinstance(node, Span) else node.span
    text = span.in_one_line
    return text if len(text) <= 40 else f"{text[:37]}…"


def describe(kind: Type) -> str:
    """A type in a sentence: "a string", "an int", "nil"."""
    if isinstance(kind, NilType):
        return "nil"
    if isinstance(kind, Optional):
        return f"{describe(kind.item)} or nil"
    if isinstance(kind, AnyType):
        return " or ".join(map(describe, kind.kinds)) or "a value of unknown type"
    if isinstance(kind, FunctionType):
        return "a function"
    if isinstance(kind, Array) and _is_open(kind.item):
        return "an array"
    if isinstance(kind, Hash) and _is_open(kind.value):
        return "a hash"
    name = _shown(kind)
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _is_open(kind: Type) -> bool:
    """Whether nothing is known of the values of a type."""
    return isinstance(kind, AnyType) and not kind.kinds


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
        case AnyType(kinds) if kinds:
            return " or ".join(map(_shown, kinds))
    return str(kind)


def conversion(node: ast.Expr, actual: Type, expected: Type) -> str | None:
    """Say how to convert a value to the expected type, None if there is no way."""
    shown, text = snippet(node), ast.constant_text(node)
    match expected, actual:
        case Array(Struct()), Array(Hash()):
            return "say the type where it is made: `let rows: array<{ … }> = …`"
        case Scalar("decimal"), Scalar("float"):
            return "a float is not exact: make both decimals, or both floats"
        case Scalar("int" | "float" | "decimal"), _ if text is not None and text.isdecimal():
            return f"write it without quotes: `{text}`"
        case Scalar("bool"), _ if text in ("true", "false"):
            return f"write it without quotes: `{text}`"
        case FunctionType(), _:
            return "write a lambda: `|x| { … }`"
        case Scalar("string"), _ if isinstance(node, ast.Int | ast.Float | ast.Bool):
            return f'write it in quotes: `"{shown}"`'
        case Scalar("duration"), Scalar("int") if isinstance(node, ast.Int):
            return f"say the unit: `{shown}.days`, `.hours`, `.minutes` or `.seconds`"
        case Scalar("duration"), Scalar("int"):
            return VARIABLE_DURATION
        case Scalar("string"), _ if not isinstance(actual, Hash):
            return f'write it as a string: `"#{{{shown}}}"`'
        case Scalar("int"), Scalar("float" | "decimal"):
            return f"round it: `Number.round({shown}, 0)`"
        case Scalar(parse=parse), Scalar("string") if parse:
            return f"parse it: `{parse}({shown})`"
    return None
