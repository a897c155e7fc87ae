"""What lowering asks of types."""

from .. import ast
from ..types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    JSON,
    NIL,
    STRING,
    TIME,
    TIMESTAMP,
    Array,
    Enum,
    Hash,
    Scalar,
    Type,
    required,
)
from .code import Code, Strength, made_of
from .frame import Frame

NUMBERS = (INT, FLOAT, DECIMAL)
UNKNOWN = (ANY, JSON)
ORDERED = (INT, STRING, DECIMAL, TIMESTAMP, DATE, TIME, DURATION)
"""Types whose values are all in one order, as a float that is not a number is not."""


def type_of(frame: Frame, node: ast.Expr) -> Type:
    """The type of an expression, `any` where nothing is known."""
    return frame.module.facts.types.get(node, ANY)


def joins(node: ast.Expr) -> bool:
    """Whether an expression gives one of several values."""
    lazy = isinstance(node, ast.Binary) and node.operator in ("and", "or", "??")
    return lazy or isinstance(node, ast.Ternary)


def known(frame: Frame, node: ast.Expr, code: Code) -> Code:
    """A value that joins several types, so that nothing is known of it, told to type checkers."""
    if not joins(node) or type_of(frame, node) != ANY or code.strength == Strength.ATOM:
        return code
    imports = frame.module.imports
    any_ = imports.use("typing", "Any")
    text = f'{imports.use("typing", "cast")}("{any_}", {code.text})'
    return made_of(text, Strength.PRIMARY, [code])


def plainly_comparable(left: Type, right: Type) -> bool:
    """Whether Python's `==` is Conduit's, and type checkers see no mistake in it."""
    left, right = required(left), required(right)
    if NIL in (left, right):
        return True
    if left in UNKNOWN or right in UNKNOWN:
        known = right if left in UNKNOWN else left
        if isinstance(known, Scalar):
            return known not in (*NUMBERS, BOOL, *UNKNOWN)
        return isinstance(known, Enum)
    if left in NUMBERS and right in NUMBERS:
        return {left, right} != {DECIMAL, FLOAT}
    if isinstance(left, Enum) and isinstance(right, Enum):
        return not set(left.values).isdisjoint(right.values)
    if isinstance(left, Enum) or isinstance(right, Enum):
        return STRING in (left, right)
    return left == right and _is_plain(left)


def _is_plain(of: Type) -> bool:
    """Whether a value holds nothing, however deep, that Python compares in its own way."""
    of = required(of)
    if isinstance(of, Array):
        return _is_plain(of.item)
    if isinstance(of, Hash):
        return _is_plain(of.key) and _is_plain(of.value)
    return of not in UNKNOWN
