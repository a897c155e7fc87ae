"""`Number`."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from conduit_runtime.stdlib import Number
from hypothesis import given
from hypothesis import strategies as st

DIGITS_OF_NINE = Decimal("99999999999999999999999999999999999999.995")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Number.format(2.675), "2.68"),
        (Number.format(-2.675), "-2.68"),
        (Number.format(1234567), "1234567.00"),
        (Number.format(1234.5, 0), "1235"),
        (Number.format(Decimal("0.125"), decimals=2), "0.13"),
        (Number.format(-0.001), "0.00"),
        (Number.format(0.1 + 0.2, 20), "0.30000000000000004000"),
        (Number.format(1e300, 1), "1" + "0" * 300 + ".0"),
        (Number.format(DIGITS_OF_NINE), "100000000000000000000000000000000000000.00"),
        (Number.format(2**200, 1), f"{2**200}.0"),
        (Number.format(Decimal("1E+3"), 1), "1000.0"),
        (Number.round(2.5), 3),
        (Number.round(-2.5), -3),
        (Number.round(0.5, 0), 1),
        (Number.round(2.675, 2), 2.68),
        (Number.round(1.005, 2), 1.01),
        (Number.round(-1.005, 2), -1.01),
        (Number.round(1250, -2), 1300),
        (Number.round(1249.9, -2), 1200.0),
        (Number.round(7, 3), 7),
        (Number.round(2**70), 2**70),
        (Number.round(Decimal("2.345"), 2), Decimal("2.35")),
        (Number.round(Decimal("1250"), -2), Decimal("1300")),
        (Number.round(Decimal("-0.5")), -1),
        (Number.round(2.0**60), 2**60),
        (Number.round(1e300, 2), 1e300),
        (Number.abs(-3), 3),
        (Number.abs(-2.5), 2.5),
        (Number.abs(-0.0), 0.0),
        (Number.abs(DIGITS_OF_NINE.copy_negate()), DIGITS_OF_NINE),
        (Number.format(10**400, 0), "1" + "0" * 400),
        (Number.ceil(1e300), int(1e300)),
        (Number.ceil(1.2), 2),
        (Number.ceil(-1.2), -1),
        (Number.ceil(Decimal("1.0000000000000000000000000001")), 2),
        (Number.ceil(5), 5),
        (Number.floor(1.8), 1),
        (Number.floor(-1.2), -2),
        (Number.floor(Decimal("-0.1")), -1),
        (Number.min(3, 1, 2), 1),
        (Number.min(3), 3),
        (Number.min(1, 2.5), 1.0),
        (Number.max(1, Decimal("0.5")), Decimal(1)),
        (Number.max(-1, -2.5), -1.0),
        (Number.max(2, 2**70), 2**70),
    ],
)
def test_result(result: object, expected: object) -> None:
    assert result == expected
    assert type(result) is type(expected)


def test_a_rounded_decimal_has_no_exponent() -> None:
    assert str(Number.round(Decimal("1250"), -2)) == "1300"
    assert math.copysign(1, Number.abs(-0.0)) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Number.abs(True), r"Number\.abs: `num` must be an int, a float or a decimal"),
        (lambda: Number.format(None), "must be an int, a float or a decimal, not nil"),  # type: ignore[arg-type]
        (lambda: Number.format("1"), "not a string"),  # type: ignore[arg-type]
        (lambda: Number.format(1, -1), "`decimals` is -1, less than 0"),
        (lambda: Number.format(math.nan), r"Number\.format: nan is not finite"),
        (lambda: Number.format(1, 10**9), "more than 10000 digits"),
        (lambda: Number.round(Decimal("1E+999999999"), 2), "more than 10000 digits"),
        (lambda: Number.round(math.inf), r"Number\.round: inf is not finite"),
        (lambda: Number.ceil(Decimal("1E+999999999")), "more than 10000 digits"),
        (lambda: Number.ceil(math.inf), r"Number\.ceil: inf is not finite"),
        (lambda: Number.floor(Decimal("NaN")), r"Number\.floor: NaN is not finite"),
        (lambda: Number.min(1, None), r"Number\.min: `others` must be"),  # type: ignore[call-overload]
        (lambda: Number.max(1.0, Decimal(1)), "a decimal and a float do not mix"),  # type: ignore[call-overload]
    ],
)
def test_bad_argument(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        call()
    assert type(caught.value).__name__ == "ArgumentError"


@given(st.decimals(-(10**18), 10**18, places=6), st.integers(0, 6))
def test_rounding_moves_by_half_a_unit_at_most(num: Decimal, precision: int) -> None:
    rounded = Number.round(num, precision)
    unit = Decimal(1).scaleb(-precision)
    assert abs(Decimal(rounded) - num) * 2 <= unit
    assert Number.round(-num, precision) == -rounded


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floor_and_ceil_enclose(num: float) -> None:
    assert Number.floor(num) <= num <= Number.ceil(num)
