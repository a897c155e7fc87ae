"""The verdicts of `tolerance` are compared with the runtime's own reader."""

import dataclasses
import itertools
import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from conduit_runtime.model.errors import PayloadMismatch
from conduit_runtime.model.payload import encode
from conduit_runtime.payloads.decode import decoder
from conduit_runtime.payloads.exact import writer
from conduit_runtime.payloads.sensitive import Sensitive
from conduit_runtime.payloads.shape import Shape

from conduit_async.lock.model import FieldType
from conduit_async.lock.tolerance import reads

TYPES: Mapping[str, Any] = {
    "string": str,
    "int": int,
    "float": float,
    "bool": bool,
    "decimal": Decimal,
    "timestamp": datetime,
    "date": date,
    "time": time,
    "duration": timedelta,
    "uuid": UUID,
    "any": Any,
    "json": Any,
}
NOON = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
VALUES: Mapping[str, list[Any]] = {
    "string": ["", "word", "5", "1.5", "true", "2026-01-02", "PT5S", "[]", '{"a": 1}'],
    "int": [0, -7, 2**53 + 1, -(2**63)],
    "float": [0.0, 1.5, -2.0, 1e300, 5e-324],
    "bool": [True, False],
    "decimal": [Decimal("1.50"), Decimal("1E+30"), Decimal(7)],
    "timestamp": [NOON, NOON.replace(microsecond=5)],
    "date": [date(2026, 1, 2)],
    "time": [time(12, 30), time(1, 2, 3, 4)],
    "duration": [timedelta(0), timedelta(days=-1), timedelta(microseconds=1)],
    "uuid": [UUID(int=0), UUID(int=2**127 + 5)],
    "any": [None, 1, 1.5, "word", True, Decimal("1.5"), NOON, [], {}, [1], {"a": "b"}],
    "json": [None, 1, "word", [], {"a": [1.5]}],
}
ENUM = FieldType("enum", values=("draft", "live"))
SIMPLE = [*(FieldType("scalar", name) for name in TYPES), ENUM, FieldType("enum", values=("x",))]


def annotation(kind: FieldType) -> Any:
    """The Python type of a field, as in generated code."""
    of: Any
    match kind.kind:
        case "scalar":
            of = TYPES[kind.name]
        case "enum":
            of = Literal[kind.values]
        case "array":
            of = list[annotation(kind.item)]  # type: ignore[misc, arg-type]
        case "hash":
            of = dict[str, annotation(kind.item)]  # type: ignore[misc, arg-type]
        case _:
            of = payload_class(kind.fields)
    of = of | None if kind.nullable else of
    return Sensitive[of] if kind.sensitive else of


def payload_class(fields: Mapping[str, FieldType]) -> type[Any]:
    members = [(name, annotation(each)) for name, each in fields.items()]
    return dataclasses.make_dataclass("Fields", members, frozen=True, slots=True)


def values(kind: FieldType, draw: random.Random) -> Any:
    """A value of a type."""
    if kind.nullable and draw.random() < 0.3:
        return None
    match kind.kind:
        case "scalar":
            return draw.choice(VALUES[kind.name])
        case "enum":
            return draw.choice(kind.values)
        case "array" if kind.item is not None:
            return [values(kind.item, draw) for _ in range(draw.randrange(3))]
        case "hash" if kind.item is not None:
            keys = draw.sample(["a", "b", "word"], draw.randrange(4))
            return {key: values(kind.item, draw) for key in keys}
        case _:
            return {name: values(each, draw) for name, each in kind.fields.items()}


def types(draw: random.Random, depth: int = 2) -> FieldType:
    """A random type."""
    nullable, sensitive = draw.random() < 0.3, draw.random() < 0.1
    form = draw.choice(["simple", "simple", "array", "hash", "struct"]) if depth else "simple"
    if form == "simple":
        kind = draw.choice(SIMPLE)
        nullable = nullable and kind.name not in ("any", "json")
        return dataclasses.replace(kind, nullable=nullable, sensitive=sensitive)
    if form == "struct":
        names = draw.sample(["a", "b", "c"], draw.randrange(1, 4))
        fields = {name: types(draw, depth - 1) for name in names}
        return FieldType("struct", "Any", nullable, sensitive, fields=fields)
    return FieldType(form, "", nullable, sensitive, item=types(draw, depth - 1))  # type: ignore[arg-type]


def varied(kind: FieldType, draw: random.Random) -> FieldType:
    """A type that differs from another one in a detail or two."""
    if draw.random() < 0.15:
        return types(draw, 1)
    nullable = draw.random() < 0.3 if kind.name not in ("any", "json") else False
    if kind.item is not None:
        return dataclasses.replace(kind, nullable=nullable, item=varied(kind.item, draw))
    if kind.fields:
        kept = {n: varied(each, draw) for n, each in kind.fields.items() if draw.random() < 0.8}
        return dataclasses.replace(kind, nullable=nullable, fields={**kept, "d": types(draw, 0)})
    return dataclasses.replace(kind, nullable=nullable)


def text_of(payload: type[Any], value: Mapping[str, Any]) -> str:
    """The JSON that a hook stores. Nested objects are mappings here; their JSON is the same."""
    write = writer(payload)
    made = payload(**value)
    return encode(made if write is None else write(made, "payload"))


def fails(decode: Callable[[str], Any], text: str) -> bool:
    try:
        decode(text)
    except PayloadMismatch:
        return True
    return False


def is_read(code: FieldType, payload: FieldType, draw: random.Random, tries: int) -> bool:
    """Whether the runtime reads all of some random values."""
    decode = decoder(payload_class({"f": code}))
    written = payload_class({"f": payload})
    texts = (text_of(written, {"f": values(payload, draw)}) for _ in range(tries))
    return not any(fails(decode, text) for text in texts)


@pytest.mark.slow
def test_every_pair_of_plain_types() -> None:
    draw = random.Random(1)
    every = [dataclasses.replace(k, nullable=n) for k in SIMPLE for n in (False, True)]
    every = [k for k in every if not (k.nullable and k.name in ("any", "json"))]
    every += [FieldType("array", item=ENUM), FieldType("hash", item=ENUM)]
    every += [FieldType("struct", "S", fields={"a": SIMPLE[0]})]
    for code, payload in itertools.product(every, every):
        said = reads({"f": code}, {"f": payload})
        assert is_read(code, payload, draw, 30) == (said is None), (code, payload, said)


@pytest.mark.parametrize("seed", range(12))
def test_random_pairs_of_types(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(15):
        code = types(draw)
        payload = varied(code, draw)
        said = reads({"f": code}, {"f": payload})
        tries = 40 if said is None else 2000
        assert is_read(code, payload, draw, tries) == (said is None), (code, payload, said)


@pytest.mark.parametrize("code", SIMPLE)
@pytest.mark.parametrize("nullable", [False, True])
def test_a_missing_field(code: FieldType, nullable: bool) -> None:
    code = dataclasses.replace(code, nullable=nullable)
    said = reads({"f": code}, {})
    assert fails(decoder(payload_class({"f": code})), "{}") == (said is not None)


def test_the_path_of_what_cannot_be_read() -> None:
    text, number = FieldType("scalar", "string"), FieldType("scalar", "int")
    line = FieldType("struct", "Line", fields={"sku": text, "count": number})
    lines = FieldType("array", item=line)
    other = FieldType("array", item=dataclasses.replace(line, fields={"sku": text, "count": text}))
    said = reads({"order": lines}, {"order": other})
    assert said is not None
    assert str(said) == "order[].count: is string in new payloads, and int in the old code"


PARTS = [
    ("", None),
    ("{total:decimal}", Shape({"total": Decimal})),
    ("{total:date}", Shape({"total": date})),
    ("{lines:{0:decimal},total:decimal}", Shape({"total": Decimal, "lines": {0: Decimal}})),
]
HASHES: list[dict[str, Any]] = [
    {},
    {"total": Decimal("1.5")},
    {"total": date(2026, 1, 2)},
    {"total": Decimal("1.5"), "lines": [Decimal("2.5"), "word"]},
    {"total": "word", "lines": "word"},
]


@pytest.mark.parametrize("code", PARTS, ids=lambda part: part[0])
@pytest.mark.parametrize("payload", PARTS, ids=lambda part: part[0])
def test_shapes_of_mixed_hashes(code: Any, payload: Any) -> None:
    """A shape does not list strings, so it may report a hash as unreadable that can be read."""
    any_ = FieldType("scalar", "any")
    old, new = (FieldType("hash", item=any_, shape=shape) for shape, _ in (code, payload))
    readers = [
        dataclasses.make_dataclass(
            "P", [("f", Annotated[dict[str, Any], s] if s else dict[str, Any])]
        )
        for _, s in (code, payload)
    ]
    decode = decoder(readers[0])
    failed = [fails(decode, text_of(readers[1], {"f": value})) for value in HASHES]
    if reads({"f": old}, {"f": new}) is None:
        assert not any(failed)
