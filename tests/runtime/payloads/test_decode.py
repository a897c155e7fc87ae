from dataclasses import dataclass, make_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
import pytest
from conduit_runtime.model.errors import PayloadMismatch
from conduit_runtime.model.text.names import named
from conduit_runtime.payloads.decode import decoder

R = TypeVar("R")


class Base(Generic[R]):
    __slots__ = ()


@dataclass(slots=True)
class Address:
    street: str
    country: str
    floor: int | None


@dataclass(frozen=True, slots=True)
class Order(Base[int]):
    id: UUID
    total: Decimal
    state: Literal["open", "paid"]
    note: str | None
    address: Address
    tags: list[str]
    stops: list[Address]
    extra: dict[str, int]
    anything: Any
    placed_at: datetime
    due: date
    opens: time
    window: timedelta
    ratio: float


@named(from_="from")
@dataclass(frozen=True, slots=True)
class Letter:
    from_: str
    to: str | None


ORDER = Order(
    id=UUID(int=7),
    total=Decimal("1.10"),
    state="open",
    note=None,
    address=Address("Höhe 1", "DE", None),
    tags=["a", "b"],
    stops=[Address("x", "y", 3)],
    extra={"k": 1},
    anything={"deep": [1, None, {"x": 2.5}]},
    placed_at=datetime(2026, 3, 4, 5, 6, 7, 123456, UTC),
    due=date(2026, 1, 2),
    opens=time(8, 30),
    window=timedelta(days=2, microseconds=5),
    ratio=3.0,
)


def altered(**changes: Any) -> bytes:
    document = msgspec.to_builtins(ORDER)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = document
        for parent in parents:
            target = target[parent]
        if value is ...:
            del target[last]
        else:
            target[last] = value
    return msgspec.json.encode(document)


def test_every_type_comes_back_exactly() -> None:
    assert decoder(Order)(msgspec.json.encode(ORDER)) == ORDER


def test_unknown_fields_are_ignored() -> None:
    assert decoder(Order)(altered(newer=1, address__newer=2)) == ORDER


def test_a_missing_nullable_field_is_nil() -> None:
    assert decoder(Order)(altered(note=..., address__floor=...)) == ORDER


def test_an_array_of_nils() -> None:
    payload = make_dataclass("P", [("nils", list[None])])
    assert decoder(payload)('{"nils": [null]}').nils == [None]


def test_an_unknown_enum_value_passes_as_its_string() -> None:
    decoded = decoder(Order)(altered(state="lost", note="x"))
    assert (decoded.state, decoded.note, decoded.total) == ("lost", "x", Decimal("1.10"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total": ...}, r"^payload\.total is missing$"),
        ({"address__country": ...}, r"^payload\.address\.country is missing$"),
        ({"address": "{"}, r"payload\.address is text that is not JSON"),
        ({"address": 5}, r"^payload\.address: expected an object, got int$"),
        ({"tags": ["a", 5]}, r"tags\[1\]: expected a string, got int"),
        ({"extra": {"k": "x"}}, r"^payload\.extra\.…: expected an int, got str$"),
        ({"id": "no"}, "id: expected a uuid, got str"),
        ({"total": "1,5"}, "total: expected a decimal, got str"),
        ({"state": 1}, "state: expected a string, got int"),
        ({"note": True}, "note: expected a string, got bool"),
    ],
)
def test_what_does_not_fit_names_the_path_of_the_field(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PayloadMismatch, match=message):
        decoder(Order)(altered(**changes))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"1", b'"x"'])
def test_a_payload_of_another_shape_is_a_clear_error(text: bytes) -> None:
    with pytest.raises(PayloadMismatch):
        decoder(Order)(text)


@pytest.mark.parametrize("kind", [Order, Any])
def test_what_is_nested_too_deep_does_not_fit(kind: Any) -> None:
    payload = make_dataclass("P", [("extra", kind)])
    with pytest.raises(PayloadMismatch, match=r"^the payload is nested too deep$"):
        decoder(payload)(f'{{"extra": {"[" * 100_000}{"]" * 100_000}}}')


def test_a_value_is_never_in_the_message() -> None:
    with pytest.raises(PayloadMismatch) as caught:
        decoder(Order)(altered(total="hunter2"))
    assert "hunter2" not in str(caught.value)


def test_source_names_are_the_keys() -> None:
    assert decoder(Letter)('{"from": "a", "to": "b"}') == Letter("a", "b")
    assert decoder(Letter)(b'{"from": "a"}') == Letter("a", None)
    with pytest.raises(PayloadMismatch, match=r"payload\.from is missing"):
        decoder(Letter)('{"to": "b"}')


def test_a_union_that_json_cannot_tell_apart() -> None:
    @dataclass(frozen=True, slots=True)
    class Mixed:
        value: UUID | str | int | None

    read = decoder(Mixed)
    assert read('{"value": 5}') == Mixed(5)
    assert read('{"value": null}') == Mixed(None)
    assert read('{"value": "plain"}') == Mixed("plain")


def test_keys_that_are_not_strings() -> None:
    @dataclass(frozen=True, slots=True)
    class Counts:
        by_year: dict[int, Letter]

    assert decoder(Counts)('{"by_year": {"2026": {"from": "a"}}}') == Counts(
        {2026: Letter("a", None)}
    )
