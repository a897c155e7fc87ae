from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Literal
from uuid import UUID

import pytest
from conduit_runtime.model.values import ConduitError, ErrorValue, Range
from conduit_runtime.operators import (
    add,
    contains,
    divide,
    enum_value,
    equal,
    fail,
    item,
    iterate,
    member,
    multiply,
    negate,
    of_type,
    ordered,
    power,
    remainder,
    subtract,
    text,
    unwrap,
)
from hypothesis import given
from hypothesis import strategies as st

ints = st.integers(-(10**30), 10**30)


@given(ints, ints.filter(bool))
def test_int_division_truncates_and_the_remainder_completes_it(a: int, b: int) -> None:
    assert divide(a, b) * b + remainder(a, b) == a
    assert abs(remainder(a, b)) < abs(b)
    assert remainder(a, b) * a >= 0


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (divide(-7, 2), -3),
        (divide(7, 2.0), 3.5),
        (divide(Decimal(1), 8), Decimal("0.125")),
        (remainder(-7, 2), -1),
        (remainder(7, -2), 1),
        (remainder(-7.5, 2), -1.5),
        (remainder(Decimal("-7.5"), 2), Decimal("-1.5")),
        (power(2, 10), 1024),
        (power(2, -1), 0.5),
        (power(1, 10**12), 1),
        (len(text(power(10, 4_299))), 4_300),
        (power(Decimal(2), 3), Decimal(8)),
        (add("a", "b"), "ab"),
        (add([1], [2]), [1, 2]),
        (add(date(2026, 1, 1), timedelta(days=1)), date(2026, 1, 2)),
        (add(1, Decimal("0.1")), Decimal("1.1")),
    ],
)
def test_arithmetic(result: object, expected: object) -> None:
    assert (type(result), result) == (type(expected), expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: divide(1, 0), "1 is divided by zero"),
        (lambda: divide(1.5, 0), "1.5 is divided by zero"),
        (lambda: divide(Decimal(1), 0), "1 is divided by zero"),
        (lambda: remainder(1, 0), "1 is divided by zero"),
        (lambda: remainder(Decimal(0), 0), "0 is divided by zero"),
        (lambda: divide("a", 1), "`/` does not take a string and an int"),
        (lambda: remainder("%s", 1), "`%` does not take a string and an int"),
        (lambda: add(None, 1), r"`\+` does not take nil and an int"),
        (lambda: add(True, 1), r"`\+` does not take a bool and an int"),
        (lambda: add(Decimal(1), 1.5), r"`\+` does not take a decimal and a float"),
        (lambda: subtract([1], [1]), "`-` does not take an array and an array"),
        (lambda: multiply([1], 2), r"`\*` does not take an array and an int"),
        (lambda: multiply(True, 2), r"`\*` does not take a bool and an int"),
        (lambda: negate("a"), "`-` does not take a string"),
        (lambda: ordered(None, "<", 1), "`<` does not take nil and an int"),
        (lambda: ordered([1], ">=", [2]), "`>=` does not take an array and an array"),
        (lambda: iterate(None), "`for` needs an array"),
        (lambda: enum_value(Literal["a", "b"], "c"), 'one of "a", "b"'),
        (lambda: of_type(int, "zz", "Svc.x()"), r"Svc\.x\(\): expected an int, got str"),
        (lambda: of_type(int, None, "Svc.x()"), "expected an int, got nil"),
        (lambda: of_type(int, True, "Svc.x()"), "expected an int, got bool"),
        (lambda: of_type(list[int], [1, 2.5], "Svc.x()"), r"Svc\.x\(\)\[1\]: expected an int"),
        (lambda: of_type(dict[str, int] | None, {"a": "b"}, "x"), "expected an int, got str"),
        (lambda: text(10**5000), "too many digits"),
        (lambda: power(-8, 0.5), "no real number"),
        (lambda: power(0, -1), "has no value"),
        (lambda: power(3, 14_284), "too many digits"),
        (lambda: power(-9, 10**12), "too many digits"),
        (lambda: item(None, 0), "nil has no items"),
        (lambda: item([1], "a"), "an index must be an int, not a string"),
        (lambda: member(None, "name"), "nil has no name"),
        (lambda: member("text", "title"), "a string has no title"),
        (lambda: member([], "append"), "an array has no append"),
        (lambda: contains(1, 2), "`in` needs"),
        (lambda: unwrap(None, "self.note"), "self.note is nil"),
        (lambda: fail("no stock"), "no stock"),
    ],
)
def test_what_cannot_be_is_a_clear_error(call: Any, message: str) -> None:
    with pytest.raises(ConduitError, match=message):
        call()


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1.0, True),
        (1, Decimal("1.00"), True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        (None, None, True),
        (None, False, False),
        ([1, [True]], [1.0, [True]], True),
        ([1], [True], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        (UUID(int=1), str(UUID(int=1)), False),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1), False),
    ],
)
def test_equality(a: object, b: object, expected: bool) -> None:
    assert equal(a, b) is expected
    assert equal(b, a) is expected


@pytest.mark.parametrize(
    ("needle", "container", "expected"),
    [
        (1, [1.0], True),
        (True, [1], False),
        ("k", {"k": None}, True),
        ("b", "abc", True),
        (1, "1", False),
        (5, Range(1, 5), True),
        (5, Range(1, 5, exclusive=True), False),
        (True, Range(0, 5), False),
        ("b", Range("a", "c"), True),
        (None, Range(1, 5), False),
    ],
)
def test_membership(needle: object, container: object, expected: bool) -> None:
    assert contains(needle, container) is expected


def test_items_and_members() -> None:
    assert [item([1, 2], index) for index in (0, -1, 2, -3)] == [1, 2, None, None]
    assert item({"a": 1}, "a") == 1
    assert item({"a": 1}, "b") is None
    assert item("é!", 0) == "é"
    assert member({"title": 1}, "title") == 1
    assert member({}, "items") is None
    assert member(SimpleNamespace(id=4), "id") == 4


@dataclass
class Point:
    x: int
    y: Decimal


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (5, "5"),
        (1.0, "1.0"),
        (1e100, "1e100"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
        ('a"b\n', 'a"b\n'),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(8, 30), "08:30:00"),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        ([1, None, "é"], '[1,null,"é"]'),
        ({"a": Decimal("1.0")}, '{"a":"1.0"}'),
        (Point(1, Decimal("2")), '{"x":1,"y":"2"}'),
        (ErrorValue("gone", "KeyError"), "gone"),
        (ValueError("bad"), "bad"),
        (float("inf"), "inf"),
    ],
)
def test_how_values_read(value: object, expected: str) -> None:
    assert text(value) == expected


def test_an_error_whose_text_raises() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert ErrorValue.of(Mute()) == ErrorValue("Mute", "Mute")


def test_ranges() -> None:
    assert list(Range(1, 3)) == [1, 2, 3]
    assert list(Range(1, 3, exclusive=True)) == [1, 2]
    with pytest.raises(ConduitError, match="ints"):
        list(Range("a", "c"))


def test_a_value_of_unknown_type_becomes_one_of_the_declared_type() -> None:
    assert of_type(int, Decimal(2), "x") == 2
    assert type(of_type(float, 2, "x")) is float
    assert of_type(Decimal, 2, "x") == Decimal(2)
    assert of_type(int | None, None, "x") is None
    assert of_type(list[Decimal], (1, "2.50"), "x") == [Decimal(1), Decimal("2.50")]
