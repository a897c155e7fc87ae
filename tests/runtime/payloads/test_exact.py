"""Values of unknown type in a payload come back as they were, or are refused."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from conduit_runtime import JobContext, JobType, PayloadError, Shape, job_type, named
from conduit_runtime.model.errors import PayloadMismatch
from conduit_runtime.payloads.exact import writer
from hypothesis import given
from hypothesis import strategies as st


class Colour(Enum):
    RED = 1


class State(StrEnum):
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Address:
    city: str
    extra: Any = None


@named(from_="from")
@dataclass(frozen=True, slots=True)
class Mixed:
    d: dict[str, Any]
    items: list[Any] | None = None
    from_: Any = None
    address: Address | None = None
    total: Decimal = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Typed:
    total: Decimal
    at: datetime | None
    addresses: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Shaped:
    d: Annotated[
        dict[str, Any],
        Shape({"total": Decimal, "buyer": {"id": UUID}, "lines": {1: list[Decimal]}, "a": Address}),
    ]


@job_type("a.b.mixed", "0")
async def mixed(job: JobContext[Any], payload: Mixed) -> None:
    """Do nothing."""


@job_type("a.b.shaped", "0")
async def shaped(job: JobContext[Any], payload: Shaped) -> None:
    """Do nothing."""


def returned(job_type: JobType[Any, Any], payload: object) -> Any:
    """Return the payload as a worker reads it."""
    return job_type.decode(json.dumps(job_type.job(payload).payload))


VALUES = [
    Decimal("1.10"),
    datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    date(2026, 1, 2),
    time(8, 0, 0, 5),
    timedelta(days=1, microseconds=1),
    UUID(int=1),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_json_would_change_has_a_tag(value: object) -> None:
    payload = Mixed(
        {"total": value, "deep": [{"x": [1, value]}]}, ["a", value], value, Address("x", [value])
    )
    read = returned(mixed, payload)
    assert read == payload
    assert type(read.d["total"]) is type(value)


def test_a_tag_names_the_type() -> None:
    stored = mixed.job(Mixed({"id": UUID(int=1), "n": 1}, from_=Decimal("1.10"))).payload
    assert stored["d"] == {"id": {"$uuid": "00000000-0000-0000-0000-000000000001"}, "n": 1}
    assert stored["from"] == {"$decimal": "1.10"}
    assert stored["total"] == "1.5"


@pytest.mark.parametrize(
    "value",
    [
        {"$decimal": "1.10"},
        {"$uuid": {"$value": Decimal(1)}},
        {"$value": [Decimal(2)]},
        {"$decimal": "x", "more": 1},
        {"$other": UUID(int=2)},
        {},
    ],
    ids=str,
)
def test_a_hash_that_looks_like_a_tag_comes_back(value: dict[str, Any]) -> None:
    payload = Mixed(value, [value, {"deep": value}], address=Address("$uuid", value))
    assert returned(mixed, payload) == payload
    assert returned(shaped, Shaped(value)) == Shaped(value)
    for part in ("total", "buyer", "lines", "a", "other"):
        assert returned(shaped, Shaped({part: value})) == Shaped({part: value})


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_JSON = st.none() | st.booleans() | st.integers() | _TEXT
_TYPED = st.sampled_from(VALUES)
_KEYS = st.sampled_from(["a", "total", "buyer", "id", "lines", "$decimal", "$uuid", "$value"])
_ANYTHING = st.recursive(
    _JSON | _TYPED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
)


@given(st.dictionaries(_KEYS, _ANYTHING, max_size=4))
def test_any_value_comes_back(value: dict[str, Any]) -> None:
    assert returned(mixed, Mixed(value)) == Mixed(value)
    assert returned(shaped, Shaped(value)) == Shaped(value)


@pytest.mark.parametrize(
    ("value", "kind", "becomes"),
    [
        (Colour.RED, "a Colour", "its plain value"),
        (State.OPEN, "a State", "its plain value"),
        (Address("x"), "an Address", "a hash"),
    ],
)
def test_what_no_tag_names_is_refused(value: object, kind: str, becomes: str) -> None:
    with pytest.raises(PayloadError) as caught:
        mixed.job(Mixed({"deep": [{"total": (1, value)}]}))
    assert str(caught.value).startswith(
        f"payload.d.deep[0].total[1] is {kind} in a value of unknown type, "
        f"which would come back as {becomes}:"
    )


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (Mixed({}, items=["a", Colour.RED]), "payload.items[1]"),
        (Mixed({}, from_=Colour.RED), "payload.from"),
        (Mixed({}, address=Address("x", {"t": Colour.RED})), "payload.address.extra.t"),
    ],
)
def test_the_path_is_reported(payload: Mixed, path: str) -> None:
    with pytest.raises(PayloadError) as caught:
        mixed.job(payload)
    assert str(caught.value).startswith(f"{path} is a Colour")


def test_an_unreadable_tag_is_reported() -> None:
    with pytest.raises(PayloadMismatch, match=r"^payload\.d\.…: expected a decimal"):
        mixed.decode('{"d": {"total": {"$decimal": "many"}}}')


def test_what_json_returns_is_taken() -> None:
    payload = Mixed(
        {"a": [1, 2.5, True, None, "é", {"b": []}]}, [None], {"c": 2**70}, Address("x", "y")
    )
    assert returned(mixed, payload) == payload


def test_a_type_that_says_everything_costs_nothing() -> None:
    assert writer(Typed) is None
    assert writer(Mixed) is not None


def test_a_shape_gives_the_types_back() -> None:
    payload = Shaped(
        {
            "total": Decimal("1.10"),
            "buyer": {"id": UUID(int=3), "n": 1},
            "lines": ["x", [Decimal("0.50"), Decimal(2)]],
            "a": Address("y"),
            "other": {"k": None},
        }
    )
    assert returned(shaped, payload) == payload
    nothing = Shaped({"total": None, "buyer": None})
    assert returned(shaped, nothing) == nothing


@pytest.mark.parametrize(
    "value",
    [
        {"total": "1.10"},
        {"total": UUID(int=1)},
        {"buyer": {"id": 5}},
        {"buyer": Decimal(5)},
        {"buyer": "nobody"},
        {"lines": {"a": 1}},
        {"late": Decimal(5)},
        {"a": Address("x", Decimal(1))},
        {"a": "b"},
    ],
    ids=str,
)
def test_what_left_its_shape_comes_back(value: dict[str, Any]) -> None:
    assert returned(shaped, Shaped(value)) == Shaped(value)


@dataclass(frozen=True, slots=True)
class Lines:
    lines: Annotated[list[dict[str, Any]] | None, Shape({...: {"price": Decimal}})]


@job_type("a.b.lines", "0")
async def lines(job: JobContext[Any], payload: Lines) -> None:
    """Do nothing."""


def test_a_shape_may_be_that_of_every_item() -> None:
    payload = Lines([{"price": Decimal(1), "n": 1}, {"price": None}, {}])
    assert returned(lines, payload) == payload
    assert returned(lines, Lines(None)) == Lines(None)
    late = Lines([{}, {"n": Decimal(1)}])
    assert returned(lines, late) == late
