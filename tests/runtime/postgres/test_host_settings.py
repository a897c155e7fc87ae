"""Settings of the application's connection that must not affect our statements."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Job, Queue, Schedule, batch, chain
from conduit_runtime.schedules.scheduler import CronScheduler
from example_app import insert_order, jobs_of, ship
from example_jobs.order import after_create, after_update
from psycopg.conninfo import make_conninfo

SETTINGS = {
    "array_nulls": "off",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "TimeZone": "America/St_Johns",
    "client_encoding": "LATIN1",
    "lc_numeric": "C",
    "lc_monetary": "C",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "xmloption": "document",
    "timezone_abbreviations": "India",
}
WHEN = datetime(2031, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


def options(names: list[str]) -> str:
    escaped = (SETTINGS[name].replace(" ", "\\ ") for name in names)
    return " ".join(f"-c{name}={value}" for name, value in zip(names, escaped, strict=True))


@pytest.fixture(params=[*SETTINGS, "all"])
def names(request: pytest.FixtureRequest) -> list[str]:
    return [*SETTINGS] if request.param == "all" else [request.param]


@pytest.fixture
def host(app_dsn: str, conn: psycopg.Connection[Any], names: list[str]) -> str:
    """The connection string of the application's database, with other settings."""
    encoding = {"client_encoding": "LATIN1"} if "client_encoding" in names else {}
    others = [name for name in names if name != "client_encoding"]
    return make_conninfo(app_dsn, options=options(others), **encoding)


def settings(conn: psycopg.Connection[Any], names: list[str]) -> list[str]:
    return [
        str(row[0])
        for name in names
        for row in conn.execute("SELECT current_setting(%s)", (name,)).fetchall()
    ]


def test_a_queue_on_the_applications_connection(host: str, names: list[str]) -> None:
    payload = {"text": "Grüße, 世界 \\ '", "float": 0.1 + 0.2, "none": None}
    with psycopg.connect(host) as conn, Queue(host) as queue:
        before = settings(conn, names)
        given = Job(queue="Größe", type="t", payload=payload, timeout=1 / 3, run_at=WHEN)
        first = queue.enqueue(given, conn=conn)
        queue.enqueue_many([Job(type="世界"), Job(type="t", timeout=0.1)], conn=conn)
        queue.enqueue_many([Job(type="u", unique="é"), Job(type="u", timeout=2.5)], conn=conn)
        queue.enqueue(Job(type="u", unique="é", unique_for=timedelta(hours=1)), conn=conn)
        queue.enqueue_flow(chain(Job(type="a", timeout=1.5), Job(type="b", run_at=WHEN)), conn=conn)
        CronScheduler(queue).add(Schedule.every(hours=1, type="s", timeout=1.5), conn=conn)
        found = queue.get(first.id, conn=conn)
        assert found is not None
        assert (found.queue, found.payload, found.timeout, found.run_at) == (
            *("Größe", payload, 1 / 3),
            WHEN,
        )
        assert {job.type for job in queue.list(conn=conn)} == {"t", "世界", "u", "a"}
        [leased] = queue.dequeue("w", types=["世界"], conn=conn)
        queue.fail(leased, "nö", conn=conn)
        assert queue.stats(conn=conn).total == 6
        assert queue.cancel(first.id, conn=conn)
        assert queue.metrics(conn=conn) == []
        assert settings(conn, names) == before
    with Queue(host) as queue:
        assert queue.list(type="世界")[0].error == "nö"


def test_an_asynchronous_queue(host: str, names: list[str]) -> None:
    async def enqueue() -> None:
        async with await psycopg.AsyncConnection.connect(host) as conn, AsyncQueue(host) as queue:
            job = await queue.enqueue(Job(type="世界", run_at=WHEN), conn=conn)
            found = await queue.get(job.id, conn=conn)
            assert found is not None
            assert (found.type, found.run_at) == ("世界", WHEN)

    asyncio.run(enqueue())


def test_hooks(app_dsn: str, host: str, names: list[str]) -> None:
    with psycopg.connect(app_dsn) as other:
        order = insert_order(other, "AB-é")
        other.commit()
        shipped = ship(other, order)
        other.commit()
    with psycopg.connect(host) as conn:
        before = settings(conn, names)
        after_create(conn, order)
        with batch(conn) as jobs:
            after_update(conn, shipped, order)
        assert jobs
        assert settings(conn, names) == before
    with psycopg.connect(app_dsn) as conn:
        assert len(jobs_of(conn)) == 4


def test_a_refused_statement_leaves_the_settings(host: str, names: list[str]) -> None:
    with psycopg.connect(host) as conn, Queue(host) as queue:
        before = settings(conn, names)
        conn.commit()
        id_ = uuid4()
        queue.enqueue(Job(type="t", id=id_), conn=conn)
        with pytest.raises(psycopg.errors.UniqueViolation):
            queue.enqueue(Job(type="t", id=id_), conn=conn)
        conn.rollback()
        assert settings(conn, names) == before
    with psycopg.connect(host, autocommit=True) as conn, Queue(host) as queue:
        queue.enqueue(Job(type="t", id=id_), conn=conn)
        with pytest.raises(psycopg.errors.UniqueViolation):
            queue.enqueue(Job(type="t", id=id_), conn=conn)
        assert settings(conn, names) == before
