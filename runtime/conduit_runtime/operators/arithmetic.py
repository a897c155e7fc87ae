"""Conduit's arithmetic and order, for operands whose types are not known."""

import operator
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, overload

from ..model.values import ConduitError
from .formatting import kind_of, text

_NUMBERS = (int, float, Decimal)
_MOST_BITS = 14_284
"""An int of so many bits has at most 4,300 digits, which is what Python writes."""
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def add(a: Any, b: Any) -> Any:
    """`a + b`, for operands whose types are not known."""
    return _applied("+", operator.add, a, b)


def subtract(a: Any, b: Any) -> Any:
    """`a - b`, for operands whose types are not known."""
    return _applied("-", operator.sub, a, b)


def multiply(a: Any, b: Any) -> Any:
    """`a * b`, for operands whose types are not known: numbers, or a string and an int."""
    if not all(isinstance(each, _NUMBERS) for each in (a, b)) and {type(a), type(b)} != {str, int}:
        raise _unfit("*", a, b)
    return _applied("*", operator.mul, a, b)


def negate(a: Any) -> Any:
    """`-a`, for an operand whose type is not known."""
    if isinstance(a, bool) or not isinstance(a, (*_NUMBERS, timedelta)):
        raise ConduitError(f"`-` does not take {kind_of(a)}")
    return -a


def ordered(a: Any, comparison: Literal["<", "<=", ">", ">="], b: Any) -> bool:
    """`a < b` and the other comparisons, for operands whose types are not known."""
    if isinstance(a, list | tuple) or isinstance(b, list | tuple):
        raise _unfit(comparison, a, b)
    return bool(_applied(comparison, _COMPARISONS[comparison], a, b))


def _applied(symbol: str, function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if isinstance(a, bool) or isinstance(b, bool):
        raise _unfit(symbol, a, b)
    try:
        return function(a, b)
    except TypeError:
        raise _unfit(symbol, a, b) from None
    except ArithmeticError as error:
        if symbol == "**":
            raise ConduitError(f"{text(a)} ** {text(b)} has no value: {error}") from None
        if symbol in ("/", "%"):
            many = f"{text(a)} and {text(b)} are too large to divide"
            raise ConduitError(many if b else f"{text(a)} is divided by zero") from None
        if not isinstance(error, OverflowError):
            raise
        raise ConduitError(f"{text(a)} {symbol} {text(b)} is too large") from None


@overload
def divide(a: int, b: int) -> int: ...
@overload
def divide(a: float, b: float) -> float: ...
@overload
def divide(a: Decimal, b: Decimal | int) -> Decimal: ...
@overload
def divide(a: int, b: Decimal) -> Decimal: ...
@overload
def divide(a: Any, b: Any) -> Any: ...
def divide(a: Any, b: Any) -> Any:
    """`a / b`: two ints truncate toward zero."""
    return _applied("/", _quotient, a, b)


def _quotient(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


@overload
def remainder(a: int, b: int) -> int: ...
@overload
def remainder(a: float, b: float) -> float: ...
@overload
def remainder(a: Decimal, b: Decimal | int) -> Decimal: ...
@overload
def remainder(a: int, b: Decimal) -> Decimal: ...
@overload
def remainder(a: Any, b: Any) -> Any: ...
def remainder(a: Any, b: Any) -> Any:
    """`a % b`, with the sign of the dividend."""
    return _applied("%", _remainder, a, b)


def _remainder(a: Any, b: Any) -> Any:
    if isinstance(a, Decimal) or (isinstance(b, Decimal) and not isinstance(a, str)):
        return a % b  # Decimal's own remainder has the dividend's sign
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


@overload
def power(a: int, b: int) -> Any: ...
@overload
def power(a: float, b: float) -> float: ...
@overload
def power(a: Decimal, b: Decimal | int) -> Decimal: ...
@overload
def power(a: Any, b: Any) -> Any: ...
def power(a: Any, b: Any) -> Any:
    """`a ** b`; a result that is not a real number, or has more than 4,300 digits, is an error."""
    if type(a) is int and type(b) is int and (a.bit_length() - 1) * b > _MOST_BITS:
        raise ConduitError(f"{text(a)} ** {text(b)} has too many digits")
    result = _applied("**", operator.pow, a, b)
    if isinstance(result, complex):
        raise ConduitError(f"{text(a)} ** {text(b)} is no real number")
    if isinstance(result, int) and result.bit_length() > _MOST_BITS:
        raise ConduitError(f"{text(a)} ** {text(b)} has too many digits")
    return result


def _unfit(symbol: str, a: Any, b: Any) -> ConduitError:
    return ConduitError(f"`{symbol}` does not take {kind_of(a)} and {kind_of(b)}")
