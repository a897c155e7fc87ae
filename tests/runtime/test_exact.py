"""Values of unknown type in a payload come back as they were, or are refused."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from conduit_runtime import JobContext, JobType, PayloadError, Shape, job_type, named
from conduit_runtime.generated.exact import exactness


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


def returned(job_type: JobType[Any, Any], payload: object) -> object:
    """The payload as a worker reads it."""
    return job_type.decode(json.dumps(job_type.job(payload).payload))


@pytest.mark.parametrize(
    ("value", "kind", "becomes"),
    [
        (Decimal("1.10"), "a Decimal", "text"),
        (datetime(2026, 1, 2, tzinfo=UTC), "a datetime", "text"),
        (date(2026, 1, 2), "a date", "text"),
        (time(8), "a time", "text"),
        (timedelta(1), "a timedelta", "text"),
        (UUID(int=1), "a UUID", "text"),
        (Colour.RED, "a Colour", "its plain value"),
        (State.OPEN, "a State", "its plain value"),
        (Address("x"), "an Address", "a hash"),
    ],
)
def test_what_json_would_change_is_refused(value: object, kind: str, becomes: str) -> None:
    with pytest.raises(PayloadError) as caught:
        mixed.job(Mixed({"total": value, "n": 1}))
    assert str(caught.value).startswith(
        f"payload.d.total is {kind} in a value of unknown type, which would come back as {becomes}:"
    )


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        (Mixed({"deep": [{"x": (1, Decimal(1))}]}), "payload.d.deep[0].x[1]"),
        (Mixed({}, items=["a", Decimal(1)]), "payload.items[1]"),
        (Mixed({}, from_=Decimal(1)), "payload.from"),
        (Mixed({}, address=Address("x", {"t": Decimal(1)})), "payload.address.extra.t"),
    ],
)
def test_the_path_is_told(payload: Mixed, path: str) -> None:
    with pytest.raises(PayloadError) as caught:
        mixed.job(payload)
    assert str(caught.value).startswith(f"{path} is a Decimal")


def test_what_json_gives_back_is_taken() -> None:
    payload = Mixed(
        {"a": [1, 2.5, True, None, "é", {"b": []}]}, [None], {"c": 2**70}, Address("x", "y")
    )
    assert returned(mixed, payload) == payload


def test_a_type_that_tells_everything_costs_nothing() -> None:
    assert exactness(Typed) is None
    assert exactness(Mixed) is not None


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
    ("value", "message"),
    [
        ({"total": "1.10"}, "payload.d.total is a str where a Decimal was expected"),
        ({"buyer": {"id": 5}}, "payload.d.buyer.id is an int where a UUID was expected"),
        ({"buyer": Decimal(5)}, "payload.d.buyer is a Decimal in a value of unknown type"),
        ({"late": Decimal(5)}, "payload.d.late is a Decimal in a value of unknown type"),
        ({"a": Address("x", Decimal(1))}, "payload.d.a.extra is a Decimal in a value of unknown"),
    ],
)
def test_what_left_its_shape_is_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(PayloadError) as caught:
        shaped.job(Shaped(value))
    assert str(caught.value).startswith(message)


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
    with pytest.raises(PayloadError, match=r"payload\.lines\[1\]\.n is a Decimal"):
        lines.job(Lines([{}, {"n": Decimal(1)}]))
