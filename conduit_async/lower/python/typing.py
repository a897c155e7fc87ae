"""Questions of lowering about types, and casts for type checkers."""

from dataclasses import replace

from ... import ast
from ...program import KeyAccess, LibraryCall, RelationUse, ResourceInfo
from ...python.code import Code, Effect, Form, Precedence, call
from ...types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    JSON,
    NIL,
    NUMBERS,
    STRING,
    TIME,
    TIMESTAMP,
    Array,
    Enum,
    Hash,
    Optional,
    Query,
    Record,
    Scalar,
    Type,
    TypeVariable,
    Union,
    innermost,
    required,
)
from ..functions.function_builder import FunctionBuilder

DYNAMIC = (ANY, JSON)
_OVERLOADED = ("/", "%", "**")
"""Operators whose functions give what one operand of a known type suggests."""
ORDERED = (INT, STRING, DECIMAL, TIMESTAMP, DATE, TIME, DURATION)
"""Types with a total order; floats have none, because of NaN."""


def type_of(fn: FunctionBuilder, node: ast.Expr) -> Type:
    """Return the type of an expression, `any` if it is unknown."""
    return fn.module.facts.types.get(node, ANY)


def has_rows(kind: Type) -> bool:
    """Whether a value is a query, a record or an array of records."""
    return isinstance(_row_type(kind), Query | Record)


def resource_of(fn: FunctionBuilder, kind: Type) -> ResourceInfo:
    """Return the resource of a value that has rows."""
    record = _row_type(kind)
    assert isinstance(record, Query | Record)
    return fn.module.program.resources[record.resource]


def _row_type(kind: Type) -> Type:
    kind = required(kind)
    return required(kind.item) if isinstance(kind, Array) else kind


def may_be_nil(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether a value may be nil; a relation's row may be missing, despite its type."""
    kind = type_of(fn, node)
    is_relation = isinstance(fn.resolved(node), RelationUse)
    return is_relation or isinstance(kind, Optional) or kind in (*DYNAMIC, NIL)


def is_dynamic(kind: Type) -> bool:
    """Whether a value may be of several types, nil among them."""
    return required(kind) in DYNAMIC or isinstance(kind, Optional | Union | TypeVariable)


def joins(node: ast.Expr) -> bool:
    """Whether an expression selects one of several values."""
    lazy = isinstance(node, ast.Binary) and node.operator in ("and", "or", "??")
    return lazy or isinstance(node, ast.Ternary)


def bare(node: ast.Expr) -> ast.Expr:
    """The expression without a `!` after it."""
    while isinstance(node, ast.Unwrap):
        node = node.operand
    return node


def holds_any(kind: Type) -> bool:
    """Whether the type of a value, or of its items, is unknown."""
    match kind:
        case Optional(item) | Array(item):
            return holds_any(item)
        case Hash(key, value):
            return holds_any(key) or holds_any(value)
    return kind in DYNAMIC


def as_any(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """Make an untyped value `Any` for type checkers, which may infer a type."""
    kind = type_of(fn, node)
    if not holds_any(kind):
        return code
    while isinstance(node, ast.Unwrap) and type_of(fn, node.operand) == kind:
        node = node.operand
    holds = isinstance(node, ast.ArrayLiteral | ast.HashLiteral) and code.form is not Form.EMPTY
    if holds or joins(node):
        return unchecked(fn, code)
    if kind not in DYNAMIC or code.precedence == Precedence.ATOM:
        return code
    use = fn.resolved(node)
    if isinstance(use, KeyAccess) and code.precedence != Precedence.TERNARY:
        if code.got is None:
            return code
        member = fn.module.imports.operator("member")  # type checkers infer `None` from `get`
        return replace(code, text=f"{member}({code.got})", got=None)
    is_generic = isinstance(use, LibraryCall) and use.signature.result != ANY
    is_generic = is_generic or isinstance(node, ast.Index)
    is_generic |= isinstance(node, ast.Unwrap) and type_of(fn, node.operand) == NIL
    is_generic |= isinstance(node, ast.Binary) and node.operator in _OVERLOADED
    return unchecked(fn, code) if is_generic or code.precedence == Precedence.TERNARY else code


def typed_empty(fn: FunctionBuilder, code: Code) -> Code:
    """Add item types to `[]` and `{}` for type checkers."""
    if code.form is not Form.EMPTY:
        return code
    any_ = fn.use("typing", "Any")
    is_list = code.text == "[]"
    text = f"{fn.builtin('list')}[{any_}]" if is_list else f"{fn.builtin('dict')}[{any_}, {any_}]"
    return Code(f"{text}()", before=code.before)


def unchecked(fn: FunctionBuilder, code: Code, *, always: bool = False) -> Code:
    """Make a value `Any` for type checkers."""
    if not always and (code.repeatable or code.is_constant or code.form is Form.ANY):
        return code
    return replace(as_type(fn, code, ANY), form=Form.ANY)


def as_type(fn: FunctionBuilder, code: Code, kind: Type) -> Code:
    """Cast a value to a type for type checkers."""
    return call(fn.use("typing", "cast"), [Code(f'"{fn.module.annotation(kind)}"'), code])


def enum_value(fn: FunctionBuilder, kind: Enum, code: Code) -> Code:
    """Check at run time that a value is one of an enum's."""
    parts = [Code(fn.module.annotation(kind)), code]
    return replace(fn.operator("enum_value", parts, Effect.FAILS), form=Form.ANY)


def of_common_type(fn: FunctionBuilder, node: ast.Expr, code: Code, common: Type) -> Code:
    """Cast one of several values to their common type: a `list[int]` is not a `list[float]`."""
    kind, common = required(type_of(fn, node)), required(common)
    collections = isinstance(kind, Array | Hash) and isinstance(common, Array | Hash)
    if not collections or kind == common or holds_any(common) or code.form is Form.EMPTY:
        return code
    return as_type(fn, code, common)


def shows_values(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether type checkers may infer some of the values of a bool or an enum as its type.

    Where a condition holds, `b` may be a `Literal[True]`, so a variable of it takes no `False`.
    """
    kind = innermost(type_of(fn, node))
    if kind != BOOL and not isinstance(kind, Enum):
        return False
    items = node.items if isinstance(node, ast.ArrayLiteral) else ()
    reads = isinstance(node, ast.Member | ast.NameRef | ast.Unwrap) or joins(node)
    return reads or any(shows_values(fn, item) for item in items)


def plainly_comparable(left: Type, right: Type) -> bool:
    """Whether Python's `==` means the same as Conduit's, and type checkers accept it."""
    left, right = required(left), required(right)
    if NIL in (left, right):
        return True
    if left in DYNAMIC or right in DYNAMIC:
        known = right if left in DYNAMIC else left
        if isinstance(known, Scalar):
            return known not in (*NUMBERS, BOOL, *DYNAMIC)
        return isinstance(known, Enum)
    if left in NUMBERS and right in NUMBERS:
        return {left, right} != {DECIMAL, FLOAT}
    if isinstance(left, Enum) and isinstance(right, Enum):
        return not set(left.values).isdisjoint(right.values)
    if isinstance(left, Enum) or isinstance(right, Enum):
        return STRING in (left, right)
    return left == right and _is_plain(left)


def _is_plain(of: Type) -> bool:
    """Whether Python compares a value, and all values in it, as Conduit does."""
    of = required(of)
    if isinstance(of, Array):
        return _is_plain(of.item)
    if isinstance(of, Hash):
        return _is_plain(of.key) and _is_plain(of.value)
    return of not in DYNAMIC and not isinstance(of, Record)


def effective_operand(node: ast.Unary) -> ast.Expr:
    """Return the operand of a prefix without pairs of further prefixes: `!!!x` is `!x`.

    One further prefix stays, since `!!x` is a bool and `x` may have another type.
    """
    operand = node.operand
    while (
        isinstance(operand, ast.Unary)
        and isinstance(operand.operand, ast.Unary)
        and operand.operator == operand.operand.operator == node.operator
    ):
        operand = operand.operand.operand
    return operand
