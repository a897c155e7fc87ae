"""The relations between types, by example."""

import pytest

from conduit_async.check.lattice import is_assignable, join, may_be_equal
from conduit_async.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    ERROR,
    FLOAT,
    INT,
    JSON,
    NIL,
    STRING,
    TIMESTAMP,
    UUID,
    Array,
    Enum,
    Hash,
    Optional,
    Record,
    Type,
    TypeVariable,
    Union,
)

STATE = Enum("OrderState", ("open", "paid"))
KIND = Enum("OrderKind", ("paid", "free"))
COLOR = Enum("Color", ("red",))


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (INT, INT),
        (INT, FLOAT),
        (INT, DECIMAL),
        (INT, Optional(FLOAT)),
        (NIL, Optional(INT)),
        (Optional(INT), Optional(INT)),
        (ANY, INT),
        (INT, ANY),
        (JSON, STRING),
        (Record("Post"), ANY),
        (Array(STRING), JSON),
        (STATE, STRING),
        (STRING, STATE),
        (STATE, KIND),
        (Array(INT), Array(FLOAT)),
        (Hash(STRING, ANY), Hash(STRING, INT)),
        (ERROR, STRING),
        (STRING, Union((INT, STRING))),
        (Array(INT), Array(TypeVariable("T"))),
    ],
)
def test_fits(actual: Type, expected: Type) -> None:
    assert is_assignable(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (FLOAT, INT),
        (FLOAT, DECIMAL),
        (DECIMAL, FLOAT),
        (BOOL, INT),
        (NIL, INT),
        (Optional(INT), INT),
        (UUID, STRING),
        (STRING, UUID),
        (STATE, COLOR),
        (DATE, TIMESTAMP),
        (Array(FLOAT), Array(INT)),
        (Array(Optional(INT)), Array(INT)),
        (Record("Post"), Record("User")),
        (Record("Post"), JSON),
        (BOOL, Union((INT, STRING))),
    ],
)
def test_does_not_fit(actual: Type, expected: Type) -> None:
    assert not is_assignable(actual, expected)


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        (INT, INT, INT),
        (INT, FLOAT, FLOAT),
        (DECIMAL, INT, DECIMAL),
        (DECIMAL, FLOAT, ANY),
        (INT, NIL, Optional(INT)),
        (Optional(INT), FLOAT, Optional(FLOAT)),
        (NIL, NIL, NIL),
        (NIL, ANY, ANY),
        (STATE, KIND, STRING),
        (STATE, STRING, STRING),
        (STRING, INT, ANY),
        (JSON, INT, JSON),
        (JSON, Record("Post"), ANY),
        (Array(INT), Array(NIL), Array(Optional(INT))),
        (Hash(STRING, INT), Hash(STRING, STRING), Hash(STRING, ANY)),
    ],
)
def test_join(left: Type, right: Type, both: Type) -> None:
    assert join(left, right) == both
    assert join(right, left) == both


def test_what_can_be_equal() -> None:
    assert may_be_equal(INT, DECIMAL)
    assert may_be_equal(DECIMAL, FLOAT)
    assert may_be_equal(STATE, Optional(STRING))
    assert may_be_equal(Optional(INT), NIL)
    assert not may_be_equal(INT, STRING)
    assert not may_be_equal(BOOL, INT)
    assert not may_be_equal(STATE, COLOR)
