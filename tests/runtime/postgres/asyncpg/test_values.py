"""Values that pass the server over asyncpg equal those of psycopg, including their types."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
import pytest
from conduit_runtime.postgres.arrays import floats, texts, times, uuids, whole_numbers
from conduit_runtime.postgres.asyncpg.asyncpg_connection import AsyncpgConnection
from conduit_runtime.postgres.asyncpg.parameters import elements
from hook_drivers import AsyncpgDriver, asyncpg_arguments
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

DATABASE = """
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN small AS int CHECK (value < 100);
CREATE TABLE things (
  a_bool bool, a_small smallint, an_int int, a_big bigint, a_float float8, a_real real,
  a_numeric numeric, a_text text, a_varchar varchar(9), a_char char(5), a_name name,
  a_letter "char", a_uuid uuid, a_json json, a_jsonb jsonb, a_date date, a_time time,
  a_timestamp timestamp, a_timestamptz timestamptz, an_interval interval, a_bytea bytea,
  an_inet inet, a_cidr cidr, a_mood mood, a_domain small,
  ints int[], texts text[], uuids uuid[], moments timestamptz[], numerics numeric[],
  jsonbs jsonb[], moods mood[], bools bool[], chars char(3)[], matrix int[], bytes bytea[]
);
"""

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6)
zones = st.sampled_from([timezone(timedelta(hours=hours)) for hours in (0, 5.5, -11)])
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "a_bool": st.booleans(),
    "a_small": st.integers(-(2**15), 2**15 - 1),
    "an_int": st.integers(-(2**31), 2**31 - 1),
    "a_big": st.integers(-(2**63), 2**63 - 1),
    "a_float": st.floats(),
    "a_real": st.floats(width=32),
    "a_numeric": numbers | st.sampled_from([Decimal("NaN"), Decimal("1E+20"), Decimal("0.00")]),
    "a_text": text,
    "a_varchar": st.text("äöü xyz\\'\"%{}$1", max_size=9),
    "a_char": st.text("ab ", max_size=5),
    "a_name": st.text("abc", max_size=9),
    "a_letter": st.sampled_from(["x", ""]),
    "a_uuid": st.uuids() | st.uuids().map(str),
    "a_json": jsons.map(Jsonb),
    "a_jsonb": jsons.map(Jsonb),
    "a_date": st.dates(),
    "a_time": st.times(),
    "a_timestamp": st.datetimes(datetime(1900, 1, 1), datetime(9999, 1, 1)),
    "a_timestamptz": moments,
    "an_interval": st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    "a_bytea": st.binary(max_size=9),
    "an_inet": st.sampled_from(["10.0.0.1", "10.1.2.3/8", "::1"]),
    "a_cidr": st.sampled_from(["10.0.0.0/8", "::1/128"]),
    "a_mood": st.sampled_from(["glad", "sad"]),
    "a_domain": st.integers(-5, 99),
    "ints": st.lists(st.integers(-(2**31), 2**31 - 1) | st.none(), max_size=4),
    "texts": st.lists(text | st.none() | st.just("NULL"), max_size=4),
    "uuids": st.lists(st.uuids() | st.none(), max_size=3),
    "moments": st.lists(moments | st.none(), max_size=3),
    "numerics": st.lists(numbers | st.none(), max_size=3),
    "jsonbs": st.lists(jsons.map(Jsonb) | st.none(), max_size=3),
    "moods": st.lists(st.sampled_from(["glad", "sad"]), max_size=3),
    "bools": st.lists(st.booleans() | st.none(), max_size=3),
    "chars": st.lists(st.text("ab ", max_size=3), max_size=3),
    "matrix": st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), max_size=3),
    "bytes": st.lists(st.binary(max_size=4), max_size=3),
}


@pytest.fixture(scope="module")
def database(new_database: Any) -> Iterator[str]:
    with new_database() as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(DATABASE)
        yield dsn


async def set_codecs(connection: Any) -> None:
    """Set codecs as applications do, and some that would break code that needs the defaults."""
    for name, encode, decode in (
        ("json", json.dumps, json.loads),
        ("jsonb", json.dumps, json.loads),
        ("uuid", str, str),
        ("numeric", str, float),
        ("timestamptz", str, lambda value: f"at {value}"),
        ("bool", str, lambda value: value == "t"),
        ("bytea", lambda value: value.hex(), lambda value: value),
        ("text", lambda value: value.upper(), lambda value: value.lower()),
        ("int4", str, lambda value: Decimal(value)),
        ("mood", lambda value: value.name, lambda value: object()),
    ):
        schema = "public" if name == "mood" else "pg_catalog"
        await connection.set_type_codec(name, schema=schema, encoder=encode, decoder=decode)


@pytest.fixture(scope="module", params=["plain", "codecs", "no cache", "zone"])
def driver(request: pytest.FixtureRequest, database: str) -> Iterator[AsyncpgDriver]:
    options: dict[str, Any] = {"no cache": {"statement_cache_size": 0}}.get(request.param, {})
    driver = AsyncpgDriver(database, **options)
    if request.param == "codecs":
        driver.run(set_codecs(driver.raw))
    if request.param == "zone":
        driver.run(driver.raw.execute("SET TimeZone = 'Asia/Kathmandu'"))
        driver.commit()
    yield driver
    driver.close()


@pytest.fixture(scope="module")
def plain(database: str, driver: AsyncpgDriver) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        zone = driver.raw.get_settings().TimeZone
        connection.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
        connection.commit()
        yield connection


@settings(max_examples=40)
@given(row=st.fixed_dictionaries({name: st.none() | COLUMNS[name] for name in COLUMNS}))
def test_a_value_is_the_one_of_psycopg(
    driver: AsyncpgDriver, plain: psycopg.Connection[Any], row: dict[str, Any]
) -> None:
    names = ", ".join(row)
    texts = ", ".join(f"{name}::text" for name in row)
    marks = ", ".join(["%s"] * len(row))
    sql = f"INSERT INTO things ({names}) VALUES ({marks}) RETURNING '100%%', {names}, {texts}"
    [over_psycopg] = plain.execute(sql, [*row.values()]).fetchall()
    [(percent, *got)] = driver.execute(sql, [*row.values()]).fetchall()
    assert percent == "100%"
    of_both = zip([*row, *row], got, over_psycopg[1:], strict=True)
    assert not {name: pair for name, *pair in of_both if exact(pair[0]) != exact(pair[1])}
    driver.rollback()
    plain.rollback()


def exact(value: Any) -> Any:
    """Return the type and the text of a value, so that 1 is not True and NaN equals NaN."""
    if isinstance(value, list):
        return [exact(each) for each in value]
    if isinstance(value, datetime):
        return (datetime, value.isoformat(), value.utcoffset())
    return (type(value), repr(value))


@pytest.mark.parametrize("given_", [1, 2**40, True, 1.5, Decimal("1.0"), [1, 2], b"a"])
def test_a_value_without_context_has_psycopgs_type(
    driver: AsyncpgDriver, plain: psycopg.Connection[Any], given_: object
) -> None:
    sql = "SELECT %s, pg_typeof(%s)::text, %s IS NULL"
    values = [given_] * 3
    assert driver.execute(sql, values).fetchall() == plain.execute(sql, values).fetchall()


@pytest.mark.parametrize("given_", ["a", None])
def test_a_text_without_context_is_one(driver: AsyncpgDriver, given_: object) -> None:
    assert driver.execute("SELECT %s", [given_]).fetchall() == [(given_,)]


@pytest.mark.parametrize("refused", ["a\0b", "\ud800"])
def test_what_postgres_refuses_is_refused_before_any_sql(
    driver: AsyncpgDriver, refused: str
) -> None:
    with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
        driver.execute("SELECT %s", [refused])
    assert driver.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("sql", "values"),
    [("SELECT %s", []), ("SELECT %s, %s", [1]), ("SELECT %s", [1, 2]), ("SELECT %(n)s", [1])],
)
def test_another_number_of_values_is_refused_before_any_sql(
    driver: AsyncpgDriver, sql: str, values: list[object]
) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="placeholders"):
        driver.execute(sql, values)
    assert driver.execute("SELECT 1").fetchall() == [(1,)]


def test_a_change_behind_comments(driver: AsyncpgDriver) -> None:
    sql = (
        "/* %% a change\n */ -- it is\n"
        "WITH stored AS (INSERT INTO things (an_int) VALUES (%s) RETURNING an_int) "
        "SELECT an_int FROM stored"
    )
    assert driver.execute(sql, [3]).fetchall() == [(3,)]
    driver.rollback()


@given(
    st.lists(st.none() | st.uuids()),
    st.lists(st.none() | text),
    st.lists(st.none() | st.floats(allow_nan=False)),
    st.lists(st.none() | moments),
    st.lists(st.none() | st.integers(-(2**31), 2**31 - 1)),
)
def test_the_elements_of_our_arrays(
    ids: list[UUID],
    words: list[str],
    reals: list[float],
    whens: list[datetime],
    numbers: list[int],
) -> None:
    assert elements(uuids(ids)) == [each and str(each) for each in ids]
    assert elements(texts(words)) == words
    read_numbers = elements(whole_numbers(numbers))
    assert [each if each is None else int(each) for each in read_numbers] == numbers
    found = elements(floats(reals))
    assert [each if each is None else float(each) for each in found] == reals
    read = elements(times(whens))
    assert [each if each is None else datetime.fromisoformat(each) for each in read] == whens


def test_dates_and_times_of_other_styles(database: str) -> None:
    async def read() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(**asyncpg_arguments(database))
        try:
            await connection.execute("SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'iso_8601'")
            wrapped = AsyncpgConnection(connection)
            async with wrapped.settings():
                sql = "SELECT %s::date, %s::interval, '2026-02-01'::date, '1 day 2:00'::interval"
                values = (date(2026, 2, 1), timedelta(days=1, hours=2))
                result = await wrapped.execute(sql, values)
            assert connection.get_settings().DateStyle == "SQL, DMY"
            assert connection.get_settings().IntervalStyle == "iso_8601"
            return result.rows
        finally:
            await connection.close()

    day, span = date(2026, 2, 1), timedelta(days=1, hours=2)
    assert asyncio.run(read()) == [(day, span, day, span)]


def test_a_time_of_day(driver: AsyncpgDriver) -> None:
    assert driver.execute("SELECT %s", [time(1, 2, 3, 4)]).fetchall() == [(time(1, 2, 3, 4),)]
