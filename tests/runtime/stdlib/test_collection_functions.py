"""`Array` and `Hash`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from conduit_runtime.operators import equal
from conduit_runtime.stdlib import Array, Hash
from hypothesis import given
from hypothesis import strategies as st

NOTHING: list[int] = []


@dataclass(slots=True)
class Point:
    x: int


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Array.first([1, 2]), 1),
        (Array.first(NOTHING), None),
        (Array.last([1, 2]), 2),
        (Array.last(NOTHING), None),
        (Array.last(range(1, 4)), 3),
        (Array.length([1, None]), 2),
        (Array.is_empty(NOTHING), True),
        (Array.is_empty([0]), False),
        (Array.includes([1, 2], 2), True),
        (Array.includes([1, 2], 2.0), True),
        (Array.includes([1, 2], "2"), False),
        (Array.includes([1, 0], True), False),
        (Array.includes([[True]], [1]), False),
        (Array.includes([1, None], None), True),
        (Array.contains([{"a": 1}], {"a": Decimal(1)}), True),
        (Array.contains(NOTHING, None), False),
        (Array.unique([3, 1, 3, 2, 1]), [3, 1, 2]),
        (Array.unique([[1], [1], [2]]), [[1], [2]]),
        (Array.unique([Point(1), Point(1), Point(2)]), [Point(1), Point(2)]),
        (Array.unique([None, None]), [None]),
        (Array.unique(NOTHING), []),
        (Array.sort([3, 1, 2]), [1, 2, 3]),
        (Array.sort([3, Decimal("0.5"), 1.5]), [Decimal("0.5"), 1.5, 3]),
        (Array.sort(["b", "a", "É"]), ["a", "b", "É"]),
        (Array.sort([date(2026, 1, 2), date(2025, 1, 2)]), [date(2025, 1, 2), date(2026, 1, 2)]),
        (Array.sort([True, False]), [False, True]),
        (Array.sort(NOTHING), []),
        (Array.reverse([1, 2, 3]), [3, 2, 1]),
        (Array.push([1], 2), [1, 2]),
        (Array.push([1], None), [1, None]),
        (Array.concat([1], ["a"]), [1, "a"]),
        (Array.map([1, 2], lambda x: x * 2), [2, 4]),
        (Array.map(range(1, 3), str), ["1", "2"]),
        (Array.filter([1, 0, 2], lambda x: x), [1, 2]),
        (Array.filter(["", "a"], lambda x: x), ["a"]),
        (Hash.keys({"b": 1, "a": 2}), ["b", "a"]),
        (Hash.values({"b": 1, "a": 2}), [1, 2]),
        (Hash.merge({"a": 1, "b": 2}, {"b": 3}), {"a": 1, "b": 3}),
        (Hash.merge({}, {}), {}),
        (Hash.has_key({"a": None}, "a"), True),
        (Hash.has_key({"a": None}, "b"), False),
        (Hash.has_key({"a": None}, ["a"]), False),
        (Hash.get({"a": 1}, "a"), 1),
        (Hash.get({"a": 1}, "b"), None),
        (Hash.get({"a": 1}, "b", 7), 7),
        (Hash.get({"a": None}, "a", 7), None),
        (Hash.get({"a": 1}, ["b"], default=7), 7),
    ],
)
def test_result(result: object, expected: object) -> None:
    assert result == expected
    assert type(result) is type(expected)


def test_a_bool_is_not_a_number_among_unique_items() -> None:
    unique = Array.unique([1, True, 1.0, 0, False, Decimal(0)])
    assert list(map(repr, unique)) == ["1", "True", "0", "False"]


def test_arguments_stay_as_they_are() -> None:
    items, entries = [2, 1], {"a": 1}
    results: list[list[Any]] = [
        Array.sort(items), Array.reverse(items), Array.push(items, 3), Array.concat(items, items),
        Array.unique(items), Array.map(items, str), Array.filter(items, bool),
    ]  # fmt: skip
    Hash.merge(entries, {"a": 2})["b"] = 3
    assert all(result is not items for result in results)
    assert items == [2, 1]
    assert entries == {"a": 1}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Array.first(None), r"Array\.first: `items` must be an array, not nil"),  # type: ignore[arg-type]
        (lambda: Array.first("abc"), r"Array\.first: `items` must be an array, not a string"),
        (lambda: Array.is_empty({}), r"Array\.empty\?: `items` must be an array, not a hash"),  # type: ignore[arg-type]
        (lambda: Array.map([1], None), r"`function` must be a function, not nil"),  # type: ignore[arg-type]
        (lambda: Array.sort([1, None]), r"Array\.sort: one of the items is nil"),
        (lambda: Array.sort([1, "a"]), r"cannot order a string and an int"),
        (lambda: Array.sort([1, True]), r"a bool has no order with other values"),
        (lambda: Array.sort([{}, {}]), r"cannot order a hash"),
        (lambda: Hash.keys(None), r"Hash\.keys: `hash` must be a hash, not nil"),  # type: ignore[arg-type]
        (lambda: Hash.get({}, None), r"Hash\.get: `key` must be a value, not nil"),
        (lambda: Hash.has_key([], 1), r"Hash\.has_key\?: `hash` must be a hash, not an array"),  # type: ignore[arg-type]
    ],
)
def test_bad_argument(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        call()
    assert type(caught.value).__name__ == "ArgumentError"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 0.0, "", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)


@given(st.lists(values, max_size=8))
def test_unique_keeps_the_first_of_each(items: list[Any]) -> None:
    expected: list[Any] = []
    for item in items:
        if not any(equal(item, each) for each in expected):
            expected.append(item)
    unique = Array.unique(items)
    assert list(map(repr, unique)) == list(map(repr, expected))
