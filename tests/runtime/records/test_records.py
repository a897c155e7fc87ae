import enum
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType, SimpleNamespace
from typing import Any, Literal
from uuid import UUID, uuid4

import psycopg
import pytest
from conduit_runtime import RecordError, Snapshot, named, table
from conduit_runtime.model import payload
from conduit_runtime.payloads.convert import Unfit, converter
from conduit_runtime.payloads.decode import decoder
from conduit_runtime.records.queries import Query, column_names, create, fetch
from conduit_runtime.records.rows import read_record
from conduit_runtime.records.tables import table_of
from hypothesis import given, settings
from hypothesis import strategies as st


@named(class_="class")
@dataclass(slots=True)
class Stop:
    class_: str
    count: int | None


@table('odd "%s" names.all types', key="key", auto_update=("touched",))
@named(from_="from")
@dataclass(slots=True)
class Everything:
    key: UUID
    from_: str
    whole: int
    ratio: float
    flag: bool
    amount: Decimal
    moment: datetime
    day: date
    clock: time
    state: Literal["open", "paid"]
    data: Any
    words: list[str]
    numbers: list[int]
    stop: Stop | None
    stops: list[Stop]
    counts: dict[str, int]
    documents: list[Any]
    touched: datetime | None


@named(from_="from")
@dataclass(frozen=True, slots=True)
class EverythingSnapshot(Snapshot[Everything]):
    key: UUID
    from_: str
    stop: Stop | None


TABLE = """
CREATE SCHEMA "odd ""%s"" names";
CREATE TABLE "odd ""%s"" names"."all types" (
  key uuid PRIMARY KEY, "from" text, whole bigint, ratio float8, flag bool, amount numeric,
  moment timestamptz, day date, clock time, state text, data jsonb, words text[], numbers int[],
  stop jsonb, stops jsonb, counts jsonb, documents jsonb[], touched timestamptz
)
"""

ROW: dict[str, Any] = {
    "key": UUID(int=1),
    "from": "a",
    "whole": 2**62,
    "ratio": 0.1,
    "flag": True,
    "amount": Decimal("1.10"),
    "moment": datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
    "day": date(2026, 1, 2),
    "clock": time(8, 30),
    "state": "open",
    "data": {"a": [1, None]},
    "words": ["x"],
    "numbers": [1, 2],
    "stop": {"class": "first", "count": None},
    "stops": [{"class": "second", "count": 2}],
    "counts": {"k": 1},
    "documents": [{"d": 1}],
    "touched": None,
}


def read(**changes: Any) -> Everything:
    return read_record(Everything, ROW | changes)


def test_a_mapping_an_object_and_another_record_read_alike() -> None:
    record = read()
    assert (record.from_, record.stop, record.stops) == (
        "a",
        Stop("first", None),
        [Stop("second", 2)],
    )
    assert read_record(Everything, MappingProxyType(ROW)) == record
    assert read_record(Everything, SimpleNamespace(**ROW)) == record
    assert read_record(Everything, record) == record
    assert read_record(Everything, record).stop is not record.stop


def test_json_text_is_read_instead_of_a_struct_or_a_hash() -> None:
    text = {name: json.dumps(ROW[name]) for name in ("stop", "stops", "counts")}
    assert read(**text) == read()
    assert read(data='{"a": 1}').data == '{"a": 1}'


def test_values_of_near_types_are_taken_without_loss() -> None:
    class State(enum.Enum):
        PAID = "paid"

    class Text(enum.StrEnum):
        B = "b"

    record = read(
        **{"from": Text.B, "key": str(ROW["key"]), "amount": "2.50", "whole": Decimal(7)},
        state=State.PAID,
        ratio=3,
        moment="2026-01-02T03:04:05.678901Z",
        day="2026-01-02",
        words=("x",),
    )
    assert (record.from_, type(record.from_)) == ("b", str)
    assert (record.key, record.amount, record.whole) == (ROW["key"], Decimal("2.50"), 7)
    assert (record.state, record.ratio, type(record.ratio)) == ("paid", 3.0, float)
    assert (record.moment, record.day, record.words) == (ROW["moment"], ROW["day"], ["x"])


def test_a_hash_may_have_keys_that_are_no_strings() -> None:
    read_counts = converter(dict[int, Literal["a"] | None])
    assert read_counts({"5": "a", 6: None}, "counts") == {5: "a", 6: None}
    with pytest.raises(Unfit, match="counts: has a key that is not an int"):
        read_counts({"x": None}, "counts")
    with pytest.raises(Unfit, match="counts: expected a hash, got list"):
        read_counts([], "counts")


def test_a_union_takes_the_first_type_that_fits() -> None:
    read_value = converter(int | UUID | str)
    assert [read_value(value, "") for value in (5, "x")] == [5, "x"]
    assert read_value(UUID(int=5), "") == UUID(int=5)
    with pytest.raises(Unfit, match=r"^v: expected an int, got bool"):
        read_value(True, "v")
    with pytest.raises(TypeError, match="is not a type that a record"):
        converter(bytes)


def test_an_enum_value_that_the_code_does_not_know_is_its_string() -> None:
    assert read(state="lost").state == "lost"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"whole": 1.5}, "whole: expected an int, got float"),
        ({"whole": Decimal("1.5")}, "whole: expected an int, got Decimal"),
        ({"whole": True}, "whole: expected an int, got bool"),
        ({"flag": 1}, "flag: expected a bool, got int"),
        ({"day": datetime(2026, 1, 1, tzinfo=UTC)}, "day: expected a date, got datetime"),
        ({"moment": date(2026, 1, 1)}, "moment: expected a timestamp, got date"),
        ({"clock": "late"}, "clock: expected a time, got str"),
        ({"from": None}, "from: expected a string, got nil"),
        ({"words": "no"}, "words: is text that is not JSON"),
        ({"words": 5}, "words: expected an array, got int"),
        ({"stops": [{"class": 5}]}, r"stops\[0\]\.class: expected a string, got int"),
        ({"counts": {"k": None}}, r"counts\.…: expected an int, got nil"),
    ],
)
def test_what_does_not_fit_names_the_path(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordError, match=f"Everything.{message}"):
        read(**changes)


def test_a_snapshot_is_a_copy_of_its_columns() -> None:
    record = read()
    snapshot = EverythingSnapshot.of(record)
    assert record.stop is not None
    record.stop.class_ = "changed"
    assert payload.encode(snapshot) == (
        '{"key":"00000000-0000-0000-0000-000000000001","from":"a",'
        '"stop":{"class":"first","count":null}}'
    )
    assert decoder(EverythingSnapshot)(payload.encode(snapshot)) == snapshot


def test_a_class_without_a_table_is_no_record() -> None:
    with pytest.raises(RecordError, match="Stop is not a record"):
        table_of(Stop)


def run(conn: psycopg.Connection[Any], query: Query[Any]) -> Any:
    cursor = conn.execute(query.sql, query.values)
    return query.read(column_names(cursor.description), cursor.fetchall())


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
stops = st.builds(Stop, texts, st.none() | st.integers(-(2**60), 2**60))
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
records = st.builds(
    Everything,
    key=st.uuids(),
    from_=texts,
    whole=st.integers(-(2**63), 2**63 - 1),
    ratio=st.floats(allow_nan=False, allow_infinity=False),
    flag=st.booleans(),
    amount=st.decimals(allow_nan=False, allow_infinity=False, min_value=-1e20, max_value=1e20),
    moment=st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC)),
    day=st.dates(),
    clock=st.times(),
    state=st.sampled_from(["open", "paid"]),
    data=documents,
    words=st.lists(texts, max_size=3),
    numbers=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
    stop=st.none() | stops,
    stops=st.lists(stops, max_size=3),
    counts=st.dictionaries(texts, st.integers(-(2**60), 2**60), max_size=3),
    documents=st.lists(documents.filter(lambda d: d is not None), max_size=2),
    touched=st.none() | st.just(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=5)),
)


def test_every_value_survives_the_table_and_the_payload(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(TABLE)
        fields = [column.attribute for column in table_of(Everything).columns]

        @settings(max_examples=25, deadline=None)
        @given(records)
        def check(record: Everything) -> None:
            record.key = uuid4()
            columns = {name: getattr(record, name) for name in fields}
            [stored] = run(conn, create(Everything, [columns]))
            assert stored == record
            text = payload.encode(record)
            [[kept]] = conn.execute("SELECT %s::jsonb::text", (text,)).fetchall()
            assert decoder(Everything)(kept) == decoder(Everything)(text) == record

        check()
        sql = 'SELECT * FROM "odd ""%%s"" names"."all types" WHERE key = ANY(%s)'
        assert run(conn, fetch(Everything, sql, ([uuid4()],))) == []


def test_a_query_that_lacks_a_column_is_a_clear_error() -> None:
    with pytest.raises(RecordError, match='the query for Everything lacks the column "from"'):
        fetch(Everything, "", ()).read(["key"], [])
