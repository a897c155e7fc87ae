from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest
from conduit_runtime import Sensitive
from conduit_runtime.payloads.fits import fit


@dataclass(frozen=True, slots=True)
class Place:
    city: str
    zip: str | None


@dataclass(frozen=True, slots=True)
class Payload:
    id: UUID
    price: Decimal
    state: Literal["a", "b"]
    ssn: Sensitive[str]
    at: datetime
    places: list[Place]
    counts: dict[str, int]
    extra: Any
    place: Place | None


def payload(**changes: Any) -> Payload:
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "price": Decimal(1),
        "state": "a",
        "ssn": "1",
        "at": datetime(2024, 1, 1, tzinfo=UTC),
        "places": [Place("a", None)],
        "counts": {"a": 1},
        "extra": object(),
        "place": None,
    }
    return Payload(**{**values, **changes})


def test_values_of_the_declared_types_fit() -> None:
    assert fit(Payload)(payload())
    assert fit(Payload)(payload(place=Place("a", "b"), places=[], counts={}))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "1"},
        {"price": 1},
        {"state": 1},
        {"ssn": None},
        {"at": None},
        {"places": [Place("a", 1)]},  # type: ignore[arg-type]
        {"places": (Place("a", None),)},
        {"counts": {"a": 1, "b": 2.5}},
        {"counts": {"a": True}},
        {"place": {"city": "a"}},
    ],
)
def test_other_values_are_not_clear(changes: dict[str, Any]) -> None:
    assert not fit(Payload)(payload(**changes))


@pytest.mark.parametrize("kind", [dict[int, str], tuple[int], Callable])
def test_types_that_are_not_known_are_not_clear(kind: Any) -> None:
    assert not fit(kind)({1: "a"})
