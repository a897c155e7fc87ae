"""Converts values to expected types: an int to a float or decimal, a text to an enum's value."""

from collections.abc import Iterator
from dataclasses import replace

from ... import ast
from ...analyses.walk import walk
from ...python.code import NONE, Code, Effect, Form, Precedence, call, combine, list_from
from ...python.literals import string
from ...types import (
    DECIMAL,
    ERROR,
    FLOAT,
    INT,
    NIL,
    STRING,
    Array,
    Enum,
    Hash,
    Scalar,
    Struct,
    Type,
    is_nullable,
    optional,
    required,
)
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, as_type, enum_value, holds_any, type_of


def coerce(fn: FunctionBuilder, node: ast.Expr, expected: Type, code: Code) -> Code:
    """Convert a value to the expected type."""
    actual, wanted = type_of(fn, node), required(expected)
    if isinstance(wanted, Enum) and not all(
        _is_value_of(wanted, each, type_of(fn, each)) for each in _alternatives(node)
    ):
        code = enum_value(fn, wanted, code)
        may_be_nil = actual in DYNAMIC and not is_nullable(expected)
        return fn.unwrap(code, node, Effect.FAILS) if may_be_nil else code
    if _is_of_texts(node, wanted, actual):
        return _converted(fn, node, wanted, code)
    is_like = type(wanted) is type(required(actual))
    if isinstance(wanted, Array | Hash) and is_like and not holds_any(actual):
        return _coerce_items(fn, node, wanted, code)
    if required(actual) == ERROR and wanted == STRING:
        return _message(fn, node, code)
    if is_lost(actual, expected) or _is_other(actual, expected):
        return code if _checks_its_parts(fn, node) else _checked(fn, node, expected, code)
    if wanted not in (DECIMAL, FLOAT) or required(actual) != INT:
        return code
    if wanted == FLOAT and code.text.removeprefix("-").isdecimal():
        return replace(code, text=f"{code.text}.0")
    return _converted(fn, node, wanted, code)


def is_lost(actual: Type, expected: Type) -> bool:
    """Whether a value has to be checked at run time, as less is known of it than is expected."""
    unknown = actual in DYNAMIC and required(expected) not in DYNAMIC
    return unknown or (holds_any(actual) and not holds_any(expected))


def _is_other(actual: Type, expected: Type) -> bool:
    """Whether a value is not of the expected type, though it may be part of one that is."""
    kind, wanted = required(actual), required(expected)
    if wanted in DYNAMIC:
        return False
    if is_nullable(actual) and not is_nullable(expected):
        return True
    if isinstance(kind, Scalar) != isinstance(wanted, Scalar):
        plain = Scalar | Array | Hash | Struct
        return isinstance(kind, plain) and isinstance(wanted, plain)
    is_scalar = isinstance(kind, Scalar)
    return is_scalar and kind != wanted and (kind, wanted) not in ((INT, FLOAT), (INT, DECIMAL))


def _checks_its_parts(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether the parts of an expression are coerced to the type that is expected of it."""
    if isinstance(node, ast.Binary):
        return joins_arrays(fn, node)
    return isinstance(node, ast.ArrayLiteral | ast.HashLiteral | ast.Ternary)


def joins_arrays(fn: FunctionBuilder, node: ast.Binary) -> bool:
    """Whether an operator joins two arrays, as far as is known."""
    return node.operator == "+" and isinstance(required(type_of(fn, node)), Array)


def _message(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """The string as which an error reads; nil stays nil."""
    if required(type_of(fn, node)) == type_of(fn, node):
        return code.attribute("message", Effect.NONE)
    return fn.unless_nil(code, node, lambda error: error.attribute("message", Effect.NONE).text)


def _checked(fn: FunctionBuilder, node: ast.Expr, expected: Type, code: Code) -> Code:
    """Check at run time that a value of unknown type has the expected one."""
    if code == NONE and is_nullable(expected):
        return code
    parts = [Code(fn.module.annotation(expected)), code, Code(string(node.span.in_one_line))]
    return replace(fn.operator("of_type", parts, Effect.FAILS), form=Form.ANY)


def _is_value_of(kind: Enum, node: ast.Expr, actual: Type) -> bool:
    """Whether a value is certainly one of an enum's; constants were checked before."""
    actual = required(actual)
    if isinstance(actual, Enum):
        # to type checkers, an enum's value from a collection literal is any text
        is_known = not any(
            isinstance(each, ast.ArrayLiteral | ast.HashLiteral) for each in walk(node)
        )
        return is_known and set(actual.values) <= set(kind.values)
    if isinstance(node, ast.String):
        return node.value is not None
    return isinstance(node, ast.Symbol) or actual == NIL


def _part(collection: Array | Hash) -> Type:
    return collection.item if isinstance(collection, Array) else collection.value


def _coerce_items(fn: FunctionBuilder, node: ast.Expr, wanted: Array | Hash, code: Code) -> Code:
    """Convert the items of an array or the values of a hash; a literal converts its own."""
    actual = required(type_of(fn, node))
    assert isinstance(actual, Array | Hash)
    is_literal = isinstance(node, ast.ArrayLiteral | ast.HashLiteral)
    if is_literal or actual == wanted or holds_any(wanted):
        return code
    made = _item(fn, _part(actual), _part(wanted))
    if made is None and required(_part(wanted)) == required(_part(actual)):
        return _converted(fn, node, wanted, code)  # `list[int | None](…)`
    if made is None:
        return as_type(fn, code, optional(wanted) if is_nullable(type_of(fn, node)) else wanted)

    def items(whole: Code) -> Code:
        if isinstance(wanted, Array):
            return list_from(made, "each", whole)
        pairs = f"{whole.at(Precedence.PRIMARY)}.items()"
        text = f"{{key: {made.at(Precedence.TERNARY)} for key, each in {pairs}}}"
        return combine(text, Precedence.ATOM, [whole], made.effect)

    if actual != type_of(fn, node):
        return fn.unless_nil(code, node, lambda each: items(each).text, made.effect)
    return items(fn.iterable(code, node))


def _item(fn: FunctionBuilder, actual: Type, wanted: Type) -> Code | None:
    """Convert one item, `each`, of a collection; None if it has the type already."""
    kind = required(wanted)
    if isinstance(kind, Enum):
        return enum_value(fn, kind, Code("each"))
    if kind not in (FLOAT, DECIMAL) or required(actual) != INT:
        return None
    made = call(fn.module.annotation(kind), [Code("each")])
    if is_nullable(actual):
        return combine(f"{made.text} if each is not None else None", Precedence.TERNARY, [made])
    return made


def _converted(fn: FunctionBuilder, node: ast.Expr, wanted: Type, code: Code) -> Code:
    """Call the class of a type with a value; nil stays nil."""
    kind = fn.module.annotation(wanted)
    if required(type_of(fn, node)) == type_of(fn, node):
        return call(kind, [code])
    return fn.unless_nil(code, node, lambda value: f"{kind}({value.text})")


def _is_of_texts(node: ast.Expr, wanted: Type, actual: Type) -> bool:
    """Whether a collection of an enum's values has to become a collection of strings.

    To type checkers these are different types, except for a literal.
    """
    match wanted, required(actual):
        case (Array(item), Array(Enum())) | (Hash(_, item), Hash(_, Enum())):
            literal = isinstance(node, ast.ArrayLiteral | ast.HashLiteral)
            return required(item) == STRING and not literal
    return False


def _alternatives(node: ast.Expr) -> Iterator[ast.Expr]:
    """Yield the expressions that may provide the value of an expression."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.Ternary):
            pending += [current.otherwise, current.then]
        elif isinstance(current, ast.Binary) and current.operator == "??":
            pending += [current.right, current.left]
        else:
            yield current
