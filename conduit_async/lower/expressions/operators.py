"""Arithmetic as Python: plain operators wherever the types allow."""

from dataclasses import replace

from ... import ast
from ...python.code import (
    Code,
    Effect,
    Form,
    Precedence,
    call,
    collection,
    combine,
    compare,
    negate,
)
from ...types import DECIMAL, FLOAT, INT, STRING, Array, Type, required  # fmt: skip
from ..functions.function_builder import FunctionBuilder
from ..python.typing import ORDERED, as_any, as_type, effective_operand, is_dynamic, type_of
from .coercion import joins_arrays
from .comparisons import equality, membership, range_
from .dispatch import Lowering, Operand, rule
from .lazy import coalesce, lazy
from .values import decimal

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_HELPERS = {"/": "divide", "%": "remainder", "**": "power"}
_UNKNOWN = {"+": "add", "-": "subtract", "*": "multiply"}
_TYPED_POWER = 25
_PRECEDENCES = {"+": Precedence.SUM, "-": Precedence.SUM, "*": Precedence.PRODUCT}


@rule(ast.Unary)
def unary(fn: FunctionBuilder, node: ast.Unary, operand: Operand) -> Lowering:
    """`not e`, `-e`."""
    if isinstance(node.operand, ast.Int | ast.Float) and type_of(fn, node.operand) == DECIMAL:
        return decimal(fn, node.operand, "-")
    inner_node = effective_operand(node)
    is_test = node.operator == "not"
    inner = yield Operand(inner_node, allows_nil=is_test, tested=is_test)
    if node.operator == "not":
        if inner.precedence == Precedence.TERNARY and not operand.tested:
            # pyright mistakes `not (x if c else y)` if both values are never false.
            inner = call(fn.builtin("bool"), [inner])
        return negate(inner)
    inner = as_any(fn, inner_node, inner)
    if is_dynamic(type_of(fn, inner_node)):
        return fn.operator("negate", [inner], Effect.FAILS)
    if inner.precedence == Precedence.SIGN and inner.text.startswith("-"):
        return replace(inner, text=inner.text.removeprefix("-"))
    is_power = inner.precedence == Precedence.POWER  # `-(a**2)`
    text = f"-{inner.at(Precedence.AWAIT if is_power else Precedence.SIGN)}"
    return combine(text, Precedence.SIGN, [inner])


@rule(ast.Binary)
def binary(fn: FunctionBuilder, node: ast.Binary, operand: Operand) -> Lowering:
    """Lower an operator between two operands."""
    match node.operator:
        case "and" | "or":
            return (yield from lazy(fn, node, operand))
        case "??":
            return (yield from coalesce(fn, node, operand))
        case "==" | "!=":
            return (yield from equality(fn, node))
        case "in" | "not_in":
            return (yield from membership(fn, node))
    wanted = required(operand.expected if operand.expected is not None else type_of(fn, node))
    parts = wanted if joins_arrays(fn, node) and isinstance(wanted, Array) else None
    left = yield Operand(node.left, expected=parts)
    right = yield Operand(node.right, expected=parts)
    left, right = fn.in_order([left, right], [node.left, node.right])
    return _strict(fn, node, left, right)


def _strict(fn: FunctionBuilder, node: ast.Binary, left: Code, right: Code) -> Code:
    """Lower an operator that always evaluates both operands."""
    left, right = as_any(fn, node.left, left), as_any(fn, node.right, right)
    operator = node.operator
    kinds = type_of(fn, node.left), type_of(fn, node.right)
    if operator in ("..", "..."):
        return range_(fn, left, right, operator)
    is_known = not any(is_dynamic(kind) for kind in kinds)
    if operator in _MIRRORED and not is_known:
        return fn.operator("ordered", [left, Code(f'"{operator}"'), right], Effect.FAILS)
    order: str = operator
    if order in _MIRRORED:
        if left.is_constant and not right.is_constant:
            left, right = right, left
            order = _MIRRORED[operator]
        is_total = all(kind in ORDERED for kind in kinds)
        return compare(left, order, right, _OPPOSITES[order] if is_total else None)
    if operator == "**" and kinds == (INT, INT):
        return _power(fn, node, left, right)
    if operator in _HELPERS:
        is_divisor = isinstance(node.right, ast.Int | ast.Float) and bool(node.right.value)
        divides = operator != "**" and is_divisor and kinds[0] in (INT, FLOAT)
        effect = Effect.NONE if divides else Effect.FAILS
        return fn.operator(_HELPERS[operator], [left, right], effect)
    if not is_known:
        return fn.operator(_UNKNOWN[operator], [left, right], Effect.FAILS)
    if operator == "+" and isinstance(kinds[0], Array) and {left.items, right.items} != {None}:
        parts = [part for part in (left, right) if part.form is not Form.EMPTY]
        items = ", ".join(part.items or f"*{part.at(Precedence.SUM)}" for part in parts)
        return collection(items, parts)
    precedence = _PRECEDENCES[operator]
    text = f"{left.at(precedence)} {operator} {right.at(Precedence(precedence + 1))}"
    return combine(text, precedence, [left, right], _effect(operator, kinds))


def _power(fn: FunctionBuilder, node: ast.Binary, left: Code, right: Code) -> Code:
    """Lower a power of ints; with a small constant, type checkers know that the result is an int.

    An exponent of zero is excluded: type checkers know the result 1 and reject comparisons with it.
    """
    if isinstance(node.right, ast.Int) and 0 < node.right.value <= _TYPED_POWER:
        space = "" if left.repeatable or left.is_literal else " "
        text = f"{left.at(Precedence.AWAIT)}{space}**{space}{right.text}"
        return combine(text, Precedence.POWER, [left, right])
    power = fn.operator("power", [left, right], Effect.FAILS)
    kind = type_of(fn, node)
    return power if is_dynamic(kind) else as_type(fn, power, kind)


def _effect(operator: str, kinds: tuple[Type, Type]) -> Effect:
    """Return whether an operator on known types may fail, for example by an overflow of dates."""
    same = kinds[0] == kinds[1] and kinds[0] in (INT, FLOAT, STRING)
    joins = operator == "+" and isinstance(kinds[0], Array)
    return Effect.NONE if same or joins else Effect.FAILS
