import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import RecordError
from conduit_runtime import batch as plain_batch
from example_app import insert_order, jobs_of, ship
from example_jobs.order import SearchIndexUpdate, search_index_update
from hook_drivers import Conn, after_create, after_update, batch, enqueue, opened


@pytest.fixture(params=["psycopg", "asyncpg"])
def conn(request: pytest.FixtureRequest, app_dsn: str) -> Iterator[Conn]:
    with opened(request.param, app_dsn) as connection:
        yield connection


@pytest.fixture
def psycopg_conn(app_dsn: str) -> Iterator[Conn]:
    with opened("psycopg", app_dsn) as connection:
        yield connection


def test_the_hooks_of_a_batch_wait_for_nothing(
    psycopg_conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    rows = [insert_order(psycopg_conn, f"AB-{number}") for number in range(20)]
    protocol = tmp_path / "protocol"
    with protocol.open("w") as file:
        psycopg_conn.pgconn.trace(file.fileno())
        with batch(psycopg_conn) as jobs:
            for row in rows:
                after_create(psycopg_conn, row)
        psycopg_conn.pgconn.untrace()
    assert len(re.findall(r"\tF\t\d+\tSync\b", protocol.read_text())) == 1
    stored = jobs_of(psycopg_conn)
    assert [job.id for job in jobs] == [job["id"] for job in stored]
    assert [job["payload"]["order"]["number"] for job in stored] == [r["number"] for r in rows]


def test_hooks_that_read_and_write_work_in_a_batch(conn: Conn) -> None:
    before = [insert_order(conn, f"AB-{number}") for number in range(2)]
    after = [ship(conn, row) for row in before]
    with batch(conn) as jobs:
        orders = [after_update(conn, new, old) for new, old in zip(after, before, strict=True)]
        enqueue(
            search_index_update,
            conn,
            SearchIndexUpdate(orders[0].id, orders[0].state, orders[0].total),
        )
    assert [job.type.split(".")[-1] for job in jobs] == [
        *["email_send", "release", "release"] * 2,
        "search_index_update",
    ]
    assert [job["id"] for job in jobs_of(conn)] == [job.id for job in jobs]
    shipped = conn.execute("SELECT shipped_at FROM orders ORDER BY number").fetchall()
    assert shipped == [(order.shipped_at,) for order in orders]


def test_a_savepoint_that_is_rolled_back_takes_its_jobs_along(
    conn: Conn,
) -> None:
    kept, lost = insert_order(conn, "AB-1"), insert_order(conn, "AB-2")
    with batch(conn):
        after_create(conn, kept)
        with conn.transaction(force_rollback=True):
            after_create(conn, lost)
    assert [job["payload"]["order"]["number"] for job in jobs_of(conn)] == ["AB-1"]


def test_a_row_that_is_missing_is_reported_at_the_end(conn: Conn) -> None:
    old = insert_order(conn)
    new = ship(conn, old)
    conn.execute("DELETE FROM line_items")
    conn.execute("DELETE FROM orders")
    with pytest.raises(RecordError, match="orders has no row"), batch(conn):
        after_update(conn, new, old)


def test_batches_nest(conn: Conn) -> None:
    row = insert_order(conn)
    with batch(conn) as outer:
        after_create(conn, row)
        with batch(conn) as inner:
            after_create(conn, row)
        after_create(conn, row)
    assert (len(inner), len(outer)) == (1, 3)
    assert len(jobs_of(conn)) == 3


def test_a_batch_on_an_asynchronous_connection(
    psycopg_conn: psycopg.Connection[Any], app_dsn: str
) -> None:
    row = insert_order(psycopg_conn)
    psycopg_conn.commit()

    async def enqueue() -> list[Any]:
        async with (
            await psycopg.AsyncConnection.connect(app_dsn) as other,
            plain_batch(other) as jobs,
        ):
            for _ in range(3):
                payload = SearchIndexUpdate(row["id"], "open", row["total"])
                await search_index_update.enqueue(other, payload)
        return jobs

    jobs = asyncio.run(enqueue())
    assert [job["id"] for job in jobs_of(psycopg_conn)] == [job.id for job in jobs]
