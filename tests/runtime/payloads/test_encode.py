import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from conduit_runtime import PayloadError, named
from conduit_runtime.model.payload import MAX_DEPTH, encode, written
from hypothesis import given
from hypothesis import strategies as st


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Name(StrEnum):
    A = "a"


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not the text"


@named(from_="from")
@dataclass(frozen=True, slots=True)
class Letter:
    from_: str
    pages: "list[Letter] | None" = None


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (2**100, str(2**100)),
        (1.5, "1.5"),
        ("é\n", '"é\\n"'),
        (Decimal("1.10"), '"1.10"'),
        (datetime(2020, 1, 2, 3, 4, 5, 6, UTC), '"2020-01-02T03:04:05.000006Z"'),
        (
            datetime(2020, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            '"2020-01-02T00:00:00+02:00"',
        ),
        (date(2020, 1, 2), '"2020-01-02"'),
        (time(3, 4), '"03:04:00"'),
        (timedelta(seconds=90), '"PT90S"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ([1, (2,)], "[1,[2]]"),
        ({"a": {"b": Color.RED}}, '{"a":{"b":"red"}}'),
        (Level.HIGH, "3"),
        (Name.A, '"a"'),
        (Text("text"), '"text"'),
        (Letter("me", [Letter("you")]), '{"from":"me","pages":[{"from":"you","pages":null}]}'),
        (nested(MAX_DEPTH), "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH),
    ],
)
def test_values_and_their_json(value: object, text: str) -> None:
    assert encode(value) == text
    assert repr(written(value)[1]) == repr(json.loads(text))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "payload is nan, which JSON cannot hold"),
        ({"a": [1, float("inf")]}, r"payload\.a\[1\] is inf"),
        ("a\0", "U\\+0000"),
        ({"k": "é\0"}, r"payload\.k contains the character U\+0000"),
        ({"a\0": 1}, "U\\+0000"),
        (["\ud800"], r"payload\[0\] contains a lone surrogate"),
        ({"at": datetime(2020, 1, 1)}, r"payload\.at is a datetime without a time zone"),
        (Decimal("NaN"), "payload is NaN"),
        (Letter("a", [Letter(float("nan"))]), r"payload\.pages\[0\]\.from is nan"),  # type: ignore[arg-type]
        ({1: 2}, "payload has the key 1, which is not a string"),
        (b"bytes", "payload is a bytes, which JSON cannot hold"),
        ({1, 2}, "payload is a set"),
        (object(), "payload is a object"),
        (nested(MAX_DEPTH + 1), "nested more than 200 deep"),
        pytest.param(10**5000, "payload cannot be written as JSON", id="huge"),
        pytest.param("x" * 70_000_000, "more than 67,108,864", id="long"),
    ],
)
def test_what_would_be_refused_or_changed_is_named(value: object, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        encode(value)


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@pytest.mark.slow
@given(
    st.recursive(
        _scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
    )
)
def test_json_values_survive_or_are_refused(value: object) -> None:
    try:
        text = encode(value)
    except PayloadError:
        plain = repr(value)
        assert "inf" in plain or "\\x00" in plain or "\\ud" in plain
    else:
        assert json.loads(text) == value


@given(
    st.dictionaries(
        st.text() | st.sampled_from(["\0", "\ud800", "\\u0000", "null"]),
        st.text()
        | st.sampled_from(["\0", "\ud800", "\\u0000", "null"])
        | st.integers()
        | st.booleans()
        | st.floats(),
        max_size=3,
    )
)
def test_a_flat_payload_is_judged_like_any_other(value: dict[str, Any]) -> None:
    def judged(payload: Any) -> str:
        try:
            return encode(payload)
        except PayloadError as error:
            return str(error)

    class Other(dict[str, Any]):
        """A subclass, for which `encode` takes the slow path."""

    assert judged(value) == judged(Other(value))
