"""`Number`."""

from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    InvalidOperation,
)
from typing import Literal, TypeVar, overload

from ._namespace import ArgumentError, namespace, properties

N = TypeVar("N", int, float, Decimal)

_MOST_DIGITS = 10_000
_CONTEXT = Context(prec=_MOST_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)


@namespace
class Number:
    """Functions of ints, floats and decimals. Halves are rounded away from zero.

    A float counts as its shortest decimal digits, so that 2.675 rounds to 2.68.
    """

    @staticmethod
    @properties("method")
    def format(num: int | float | Decimal, decimals: int = 2) -> str:
        """The number with that many decimals, halves rounded away from zero."""
        if decimals < 0:
            raise ArgumentError(f"Number.format: `decimals` is {decimals}, less than 0")
        rounded = _rounded("Number.format", num, decimals)
        return f"{rounded if rounded else abs(rounded):.{decimals}f}"

    @overload
    @staticmethod
    def round(num: N, precision: Literal[0] = 0) -> int: ...  # type: ignore[overload-overlap]
    @overload
    @staticmethod
    def round(num: N, precision: int) -> N: ...
    @staticmethod
    @properties("method", "whole_at_zero=precision")
    def round(num: int | float | Decimal, precision: int = 0) -> int | float | Decimal:
        """The number with that many decimals; an int when that is 0. Halves go away from zero."""
        if isinstance(num, float) and num.is_integer() and precision >= 0:
            return num if precision else int(num)  # the exact value, which digits only approach
        rounded = _rounded("Number.round", num, precision)
        if precision == 0 or isinstance(num, int):
            return int(rounded)
        return float(rounded) if isinstance(num, float) else rounded

    @staticmethod
    @properties("method", "total")
    def abs(num: N) -> N:
        """The number without its sign."""
        if isinstance(num, Decimal):
            return num.copy_abs()  # `abs` would round it to the digits of the context
        return abs(num)  # pyright: ignore[reportReturnType]

    @staticmethod
    @properties("method")
    def ceil(num: int | float | Decimal) -> int:
        """The least int that is not less."""
        return int(_rounded("Number.ceil", num, 0, ROUND_CEILING))

    @staticmethod
    @properties("method")
    def floor(num: int | float | Decimal) -> int:
        """The greatest int that is not greater."""
        return int(_rounded("Number.floor", num, 0, ROUND_FLOOR))

    @overload
    @staticmethod
    def min(num: int, *others: int) -> int: ...  # type: ignore[overload-overlap]
    @overload
    @staticmethod
    def min(num: float, *others: float) -> float: ...
    @overload
    @staticmethod
    def min(num: int | Decimal, *others: int | Decimal) -> Decimal: ...
    @staticmethod
    @properties("method")
    def min(num: int | float | Decimal, *others: int | float | Decimal) -> int | float | Decimal:
        """The least of the numbers."""
        numbers = (num, *others)
        return _in_common_type("Number.min", numbers, min(numbers))

    @overload
    @staticmethod
    def max(num: int, *others: int) -> int: ...  # type: ignore[overload-overlap]
    @overload
    @staticmethod
    def max(num: float, *others: float) -> float: ...
    @overload
    @staticmethod
    def max(num: int | Decimal, *others: int | Decimal) -> Decimal: ...
    @staticmethod
    @properties("method")
    def max(num: int | float | Decimal, *others: int | float | Decimal) -> int | float | Decimal:
        """The greatest of the numbers."""
        numbers = (num, *others)
        return _in_common_type("Number.max", numbers, max(numbers))


def _rounded(
    call: str, num: int | float | Decimal, precision: int, rounding: str = ROUND_HALF_UP
) -> Decimal:
    """The number with exactly `precision` decimals, or tens for a negative precision."""
    by_digits = isinstance(num, float) and rounding == ROUND_HALF_UP
    exact = Decimal(repr(num)) if by_digits else Decimal(num)
    if not exact.is_finite():
        raise ArgumentError(f"{call}: {num} is not finite")
    try:
        rounded = exact.quantize(Decimal((0, (1,), -precision)), rounding, _CONTEXT)
        return rounded if precision >= 0 else rounded.quantize(Decimal(1), context=_CONTEXT)
    except InvalidOperation:
        raise ArgumentError(f"{call}: the result has more than {_MOST_DIGITS} digits") from None


def _in_common_type(
    call: str, numbers: tuple[int | float | Decimal, ...], chosen: int | float | Decimal
) -> int | float | Decimal:
    """The chosen number in the type of arithmetic with all the numbers."""
    kinds = {type(num) for num in numbers}
    if float in kinds and Decimal in kinds:
        raise ArgumentError(f"{call}: a decimal and a float do not mix")
    if not isinstance(chosen, int) or kinds == {int}:
        return chosen
    return Decimal(chosen) if Decimal in kinds else float(chosen)
