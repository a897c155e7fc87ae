"""Constants of a source: expressions whose value is known before the program runs."""

from dataclasses import dataclass
from decimal import Decimal
from types import EllipsisType
from typing import Final, TypeAlias, TypeGuard

from .. import ast

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


@dataclass(frozen=True, slots=True)
class Seconds:
    """A duration."""

    value: Decimal


ConstantValue: TypeAlias = str | bool | int | float | Seconds | None


class NotConstantError(Exception):
    """The expression has no value before the program runs."""


def fold(expression: ast.Expr) -> ConstantValue:
    """The value of a constant expression.

    Literals, and `-`, `+`, `-`, `*` over numbers and durations. Raises `NotConstantError`.
    """
    operations: list[ast.Unary | ast.Binary] = []
    while True:
        match expression:
            case ast.Unary(operator="-", operand=operand):
                operations.append(expression)
                expression = operand
            case ast.Binary(operator="+" | "-" | "*", left=left):
                operations.append(expression)
                expression = left
            case _:
                break
    value = _literal(expression)
    for operation in reversed(operations):
        if isinstance(operation, ast.Unary):
            value = _arithmetic("-", 0, value)
        else:
            value = _arithmetic(operation.operator, value, fold(operation.right))
    return value


def _literal(expression: ast.Expr) -> ConstantValue:
    match expression:
        case ast.Nil():
            return None
        case ast.Bool(value=flag):
            return flag
        case ast.Int(value=number):
            return number
        case ast.Float(value=number):
            return number
        case ast.String() if expression.value is not None:
            return expression.value
        case ast.Symbol(name=name):
            return name
        case ast.Duration(amount=amount, unit=unit):
            return Seconds(amount * _SECONDS[unit])
    raise NotConstantError


UNKNOWN: Final = ...
"""Stands for the value of an expression that is not constant."""


def constant_of(expression: ast.Expr) -> ConstantValue | EllipsisType:
    """The value of a constant expression, `UNKNOWN` for any other."""
    try:
        return fold(expression)
    except NotConstantError:
        return UNKNOWN


def is_constant(expression: ast.Expr) -> bool:
    """Whether the expression has a value before the program runs."""
    return constant_of(expression) is not UNKNOWN


def _arithmetic(operator: str, left: ConstantValue, right: ConstantValue) -> ConstantValue:
    if isinstance(left, Seconds) or isinstance(right, Seconds):
        return _of_durations(operator, left, right)
    if not _is_number(left) or not _is_number(right):
        raise NotConstantError
    if operator == "*":
        return left * right
    return left + right if operator == "+" else left - right


def _of_durations(operator: str, left: ConstantValue, right: ConstantValue) -> ConstantValue:
    match operator, left, right:
        case "*", Seconds(value=duration), (int() | float()) as factor if _is_number(factor):
            return Seconds(duration * Decimal(str(factor)))
        case "*", (int() | float()) as factor, Seconds(value=duration) if _is_number(factor):
            return Seconds(duration * Decimal(str(factor)))
        case "+", Seconds(value=first), Seconds(value=second):
            return Seconds(first + second)
        case "-", Seconds(value=first), Seconds(value=second):
            return Seconds(first - second)
        case "-", 0, Seconds(value=duration):
            return Seconds(-duration)
    raise NotConstantError


def _is_number(value: ConstantValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
