"""What arithmetic, orders and ranges give for two types."""

from ... import ast
from ...types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    STRING,
    TIME,
    TIMESTAMP,
    Array,
    Hash,
    Range,
    Type,
)
from ..lattice import is_number, is_text, is_unknown, join, join_parts

ORDERED = (TIMESTAMP, DATE, TIME, DURATION)
"""Types with an order besides numbers and texts."""

_MOMENTS = (TIMESTAMP, DATE, DURATION)


def arithmetic(node: ast.Binary, left: Type, right: Type) -> Type | None:
    """The result of an operator on two known types; None when it has none."""
    operator = node.operator
    if is_unknown(left) or is_unknown(right):
        return _with_unknown(operator, right if is_unknown(left) else left)
    if operator in ("<", "<=", ">", ">="):
        ordered = (is_number(left) and is_number(right)) or (is_text(left) and is_text(right))
        return BOOL if ordered or (left == right and left in ORDERED) else None
    if operator in ("..", "..."):
        same = (is_number(left) and is_number(right)) or (is_text(left) and is_text(right))
        same = same or left == right
        return Range(join(left, right)) if same and not isinstance(left, Array | Hash) else None
    if is_number(left) and is_number(right):
        return _numeric(node, left, right)
    match operator:
        case "+":
            return _sum(left, right)
        case "-":
            return _difference(left, right)
        case "*" if {left, right} == {STRING, INT}:
            return STRING
    return None


def _numeric(node: ast.Binary, left: Type, right: Type) -> Type | None:
    if {left, right} == {DECIMAL, FLOAT}:
        return None
    if DECIMAL in (left, right):
        return DECIMAL
    if FLOAT in (left, right):
        return FLOAT
    if node.operator != "**":
        return INT
    if isinstance(node.right, ast.Unary) and isinstance(node.right.operand, ast.Int):
        return FLOAT
    return INT if isinstance(node.right, ast.Int) else ANY


def _sum(left: Type, right: Type) -> Type | None:
    if is_text(left) and is_text(right):
        return STRING
    if isinstance(left, Array) and isinstance(right, Array):
        return Array(join_parts([left.item, right.item]))
    if right == DURATION and left in (TIMESTAMP, DATE, DURATION):
        return left
    if left == DURATION and right in (TIMESTAMP, DATE):
        return right
    return None


def _difference(left: Type, right: Type) -> Type | None:
    if right == DURATION and left in (TIMESTAMP, DATE, DURATION):
        return left
    return DURATION if left == right and left in (TIMESTAMP, DATE) else None


def _with_unknown(operator: str, known: Type) -> Type | None:
    """The result when one side may be anything, and the other is one that the operator takes."""
    if is_unknown(known):
        possible = True
    elif operator in ("<", "<=", ">", ">=", "..", "..."):
        possible = is_number(known) or is_text(known) or known in ORDERED
    elif operator == "+":
        possible = is_number(known) or is_text(known) or known in _MOMENTS
        possible = possible or isinstance(known, Array)
    elif operator == "-":
        possible = is_number(known) or known in _MOMENTS
    else:
        possible = is_number(known) or (operator == "*" and is_text(known))
    if not possible:
        return None
    if operator in ("..", "..."):
        return Range(ANY)
    return BOOL if operator in ("<", "<=", ">", ">=") else ANY
