import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import AsyncHook, PayloadError
from conduit_runtime import batch as plain_batch
from example_app import insert_order, jobs_of
from example_jobs.order import (
    Order,
    Release,
    SearchIndexUpdate,
    release,
    search_index_update,
)
from hook_drivers import Conn, Hook, after_create, batch, enqueue


def test_a_hook_stores_one_job_of_a_key(conn: Conn) -> None:
    row = insert_order(conn)
    ids = []
    for _ in range(2):
        with Hook(conn, Order, row) as hook:
            hook.record.note = "changed"
            for sku in ("a", "b", "a"):
                hook.enqueue(release, Release(sku, 1), unique=("sku", sku))
        ids.append([job.id for job in hook.jobs])
        assert hook.record.note == "changed"
    assert ids[0] == ids[1]
    assert ids[0][0] == ids[0][2] != ids[0][1]
    assert [job.duplicate for job in hook.jobs] == [True] * 3
    assert [job["id"] for job in jobs_of(conn)] == ids[0][:2]


def test_a_batch_says_at_its_end_which_jobs_exist(conn: Conn) -> None:
    rows = [insert_order(conn, f"AB-{number}") for number in range(3)]
    payload = SearchIndexUpdate(rows[0]["id"], "open", rows[0]["total"])
    with batch(conn) as jobs:
        for row in rows:
            after_create(conn, row)
            with Hook(conn, Order, row) as hook:
                hook.enqueue(release, Release("x", 1), unique="x", unique_for=timedelta(hours=1))
        first = enqueue(search_index_update, conn, payload, unique="y")
        second = enqueue(search_index_update, conn, payload, unique="y")
    assert (second.id, second.duplicate) == (first.id, True)
    assert [job.duplicate for job in jobs] == [*[False] * 3, True, False, True, False, True]
    assert {job.id for job in jobs} == {job["id"] for job in jobs_of(conn)}


def test_a_key_goes_with_its_savepoint(conn: Conn) -> None:
    for ending in (psycopg.Rollback, None):
        with conn.transaction():
            kept = enqueue(release, conn, Release("x", 1), unique="savepoint")
            if ending is not None:
                raise ending
    assert not kept.duplicate
    assert enqueue(release, conn, Release("x", 1), unique="savepoint").id == kept.id


def test_unique_for_needs_unique(conn: Conn) -> None:
    with pytest.raises(PayloadError, match="needs unique"):
        enqueue(release, conn, Release("x", 1), unique_for=timedelta(hours=1))


def test_asynchronous_connections(app_dsn: str, psycopg_conn: psycopg.Connection[Any]) -> None:
    row = insert_order(psycopg_conn)

    async def enqueue() -> list[bool]:
        async with await psycopg.AsyncConnection.connect(app_dsn) as connection:
            found = []
            async with plain_batch(connection) as jobs:
                for _ in range(2):
                    async with AsyncHook(connection, Order, row) as hook:
                        hook.enqueue(release, Release("x", 1), unique="asynchronous")
                await release.enqueue(connection, Release("x", 1), unique="asynchronous")
            found += [job.duplicate for job in jobs]
            async with AsyncHook(connection, Order, row) as hook:
                hook.enqueue(release, Release("x", 1), unique="asynchronous")
            found += [job.duplicate for job in hook.jobs]
            last = await release.enqueue(connection, Release("x", 1), unique="asynchronous")
            assert last.id == jobs[0].id
            await connection.rollback()
            return [*found, last.duplicate]

    assert asyncio.run(enqueue()) == [False, True, True, True, True]
