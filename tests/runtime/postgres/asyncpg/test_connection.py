"""Enqueueing and hooks on connections of asyncpg, as applications use them."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from json import loads
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest
from clean_databases import empty_tables
from conduit_runtime import (
    AsyncCronScheduler,
    AsyncExecutor,
    AsyncHook,
    AsyncQueue,
    ErrorValue,
    Job,
    NoTransaction,
    RecordError,
    Schedule,
    batch,
    chain,
    group,
    table,
)
from example_jobs.order import Order, Release, release
from example_jobs.order import after_create as synchronous
from hook_drivers import asyncpg_arguments
from pgbouncer import PROGRAM, pgbouncer

Test = Callable[[Any, AsyncQueue], Awaitable[None]]


@table("documents", key="id")
@dataclass(slots=True)
class Document:
    id: UUID
    mood: str
    anything: Any
    several: list[Any]


@pytest.fixture
def run(app_dsn: str) -> Callable[[Test], None]:
    """Runs a function with a connection of asyncpg and a queue."""
    with psycopg.connect(app_dsn) as connection:
        empty_tables(connection)

    async def call(test: Test) -> None:
        connection = await asyncpg.connect(**asyncpg_arguments(app_dsn))
        try:
            async with AsyncQueue(app_dsn) as queue:
                await test(connection, queue)
        finally:
            await connection.close()

    return lambda test: asyncio.run(call(test))


def test_jobs_are_part_of_the_transaction(run: Callable[[Test], None]) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        for commits in (False, True):
            transaction = conn.transaction()
            await transaction.start()
            job = await queue.enqueue(Job(type="one", payload={"ä": [1, None]}), conn=conn)
            many = await queue.enqueue_many([Job(type="t", payload=n) for n in range(3)], conn=conn)
            flow = chain(Job(type="a"), group([Job(type="b"), Job(type="c")]), Job(type="d"))
            stored = await queue.enqueue_flow(flow, conn=conn)
            await release.enqueue(conn, Release("x", 1))
            await AsyncExecutor(queue).execute("default", "by hand", 1, conn=conn)
            assert (await queue.stats()).total == 0
            assert (await queue.stats(conn=conn)).pending == 7
            assert await queue.get(job.id, conn=conn) is not None
            await (transaction.commit() if commits else transaction.rollback())
            assert await queue.get(job.id) == (job if commits else None) or commits
        assert (await queue.stats()).pending == 7
        assert len(many) == 3
        blocked = await queue.get(stored[-1].id, conn=conn)
        assert blocked is not None
        assert blocked.waits_for == 2
        listed = {each.id: each.payload for each in await queue.list(conn=conn)}
        assert listed[job.id] == {"ä": [1, None]}

    run(test)


def test_unique_jobs(run: Callable[[Test], None]) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        async with conn.transaction():
            first = await queue.enqueue(Job(type="t", payload=1, unique="x"), conn=conn)
            second = await queue.enqueue(Job(type="t", payload=2, unique="x"), conn=conn)
            assert (second.id, second.duplicate, second.payload) == (first.id, True, 1)
            third = await release.enqueue(conn, Release("x", 1), unique="x")
            fourth = await release.enqueue(conn, Release("x", 1), unique="x")
            assert (fourth.id, fourth.duplicate) == (third.id, True)
        assert (await queue.stats()).total == 2

    run(test)


def test_every_operation_of_a_queue(run: Callable[[Test], None]) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        async with conn.transaction():
            jobs = await queue.enqueue_many([Job(type="t") for _ in range(6)], conn=conn)
            assert await queue.cancel(jobs[0].id, conn=conn)
            assert await queue.retry(jobs[0].id, conn=conn)
            [taken] = await queue.dequeue("me", types=["t"], conn=conn)
            await queue.touch(taken, conn=conn)
            await queue.complete(taken, conn=conn)
            [taken] = await queue.dequeue("me", conn=conn)
            await queue.fail(taken, ValueError("no"), conn=conn)
            assert await queue.cancel_many(status="pending", conn=conn) == 5
            assert await queue.retry_many(status="cancelled", every=True, conn=conn) == 5
            await queue.limit("default", 2, conn=conn)
            await queue.rate_limit("t", 100, conn=conn)
            assert len(await queue.rate_limits(conn=conn)) == 1
            assert len(await queue.dequeue("me", limit=5, conn=conn)) == 2
            await queue.pause("default", conn=conn)
            assert [each.queue for each in await queue.queues(conn=conn)] == ["default"]
            await queue.resume("default", conn=conn)
            assert await queue.metrics(conn=conn) == []
            await queue.schedule(Job(type="late"), timedelta(hours=1), conn=conn)
            assert await queue.purge(timedelta(0), conn=conn) == 0  # the job has only just ended
            scheduler = AsyncCronScheduler(queue)
            every = Schedule.every(hours=1, queue="default", type="tick")
            added = await scheduler.add(every, conn=conn)
            assert await scheduler.run(added.id, conn=conn) is not None
            assert [each.name for each in await scheduler.list(conn=conn)] == ["tick"]
        assert (await queue.stats()).total == 8
        assert await queue.purge(timedelta(0), conn=conn) == 1

    run(test)


def test_transactions_of_every_kind(run: Callable[[Test], None], app_dsn: str) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        flow = group([Job(type="x" * 200, payload="y" * 9) for _ in range(3)])
        await conn.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")  # which transaction() refuses
        async with batch(conn) as jobs:
            await release.enqueue(conn, Release("x", 1))
            await release.enqueue(conn, Release("x", 1), unique="x")
        await queue.enqueue_flow(flow, conn=conn)
        await conn.execute("COMMIT")
        assert [job.duplicate for job in jobs] == [False, False]
        async with conn.transaction():
            savepoint = conn.transaction()
            await savepoint.start()
            await release.enqueue(conn, Release("x", 1))
            await savepoint.rollback()
        assert (await queue.stats()).total == 5
        pool = await asyncpg.create_pool(**asyncpg_arguments(app_dsn), min_size=1, max_size=2)
        async with pool:
            for _ in range(3):
                async with pool.acquire() as pooled, pooled.transaction():
                    await release.enqueue(pooled, Release("x", 1))
        assert (await queue.stats()).total == 8

    run(test)


def test_outside_of_a_transaction(run: Callable[[Test], None]) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        with pytest.raises(NoTransaction, match="`conn` of the hook is outside a transaction"):
            AsyncHook(conn, Order, {})
        with pytest.raises(NoTransaction, match="`conn` of batch is outside"):
            batch(conn)
        await release.enqueue(conn, Release("x", 1))  # in its own transaction, as on psycopg
        assert (await queue.stats()).total == 1

    run(test)


def test_what_cannot_be_used_is_named(run: Callable[[Test], None], app_dsn: str) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        with pytest.raises(
            TypeError, match=r"`conn` of after_create is an asyncpg\.Connection.*this is sync"
        ):
            synchronous(conn, {})
        pool = await asyncpg.create_pool(**asyncpg_arguments(app_dsn), min_size=0)
        async with pool:
            with pytest.raises(TypeError, match=r"pass the `conn` of `async with pool\.acquire"):
                await queue.enqueue(Job(type="t"), conn=pool)
        async with conn.transaction():
            row = await conn.fetchrow("SELECT 1 AS number")
            with pytest.raises(RecordError, match="`record` of the hook: Order was given without"):
                AsyncHook(conn, Order, row)
            same = order()
            with pytest.raises(RecordError, match="`previous` of the hook is `record` itself"):
                AsyncHook(conn, Order, same, same)

    run(test)


def order() -> dict[str, Any]:
    """Return the row of an order."""
    given = {"id": uuid4(), "customer_id": uuid4(), "number": "AB-1", "total": "1.50"}
    address = '{"street": "s", "country": "FR"}'
    empty = dict.fromkeys(("note", "shipped_at", "notified_at"))
    return {**given, **empty, "state": "open", "address": address}


DOCUMENTS = """
DROP SCHEMA IF EXISTS one CASCADE; DROP SCHEMA IF EXISTS two CASCADE;
CREATE SCHEMA one; CREATE SCHEMA two;
CREATE TYPE one.mood AS ENUM ('glad', 'sad'); CREATE TYPE two.mood AS ENUM ('glad', 'mad');
CREATE TABLE one.documents (
  id uuid PRIMARY KEY, mood one.mood, anything jsonb, several jsonb[] NOT NULL DEFAULT '{}'
);
CREATE TABLE two.documents (
  id uuid PRIMARY KEY, mood two.mood, anything jsonb, several jsonb[] NOT NULL DEFAULT '{}'
);
"""


@pytest.mark.parametrize("has_codec", [False, True])
@pytest.mark.parametrize("kind", [dict, lambda row: row])
def test_rows_as_asyncpg_gives_them(
    run: Callable[[Test], None], has_codec: bool, kind: Callable[[Any], Any]
) -> None:
    """A json column is a string without a codec, and the codec's value with one."""

    async def test(conn: Any, queue: AsyncQueue) -> None:
        await conn.execute(DOCUMENTS)
        if has_codec:
            await conn.set_type_codec(
                "jsonb",
                schema="pg_catalog",
                encoder=str,
                decoder=loads,
            )
        await conn.execute("SET search_path = one, public")
        for text in ('{"a": [1]}', '"12"', "12", "null", '"{}"'):
            async with conn.transaction():
                sql = f"""INSERT INTO documents VALUES
                ('{uuid4()}', 'sad', '{text}', '{{"1", "\\"a\\""}}') RETURNING *"""
                row = await conn.fetchrow(sql)
                async with AsyncHook(conn, Document, kind(row)) as hook:
                    assert hook.record.anything == loads(text)
                    assert hook.record.several == [1, "a"]
                    assert type(hook.record.id) is UUID
                    hook.record.mood = "glad"
                    hook.record.anything = {"new": ["12"]}
                sql = "SELECT mood, anything::text FROM documents WHERE id = $1"
                again = await conn.fetchrow(sql, row["id"])
                assert tuple(again) == ("glad", '{"new": ["12"]}')

    run(test)


def test_a_search_path_that_changes(run: Callable[[Test], None]) -> None:
    """The same SQL then refers to another type of the same name."""

    async def test(conn: Any, queue: AsyncQueue) -> None:
        await conn.execute(DOCUMENTS)
        for schema, mood in (("one", "sad"), ("two", "mad"), ("one", "glad")):
            await conn.execute(f"SET search_path = {schema}, public")
            await conn.reload_schema_state()
            async with conn.transaction():
                row = {"id": uuid4(), "mood": mood, "anything": None, "several": []}
                async with AsyncHook(conn, Document, row) as hook:
                    made = await hook.create(Document, **row)
                    assert made.mood == mood
                    sql = "SELECT * FROM documents WHERE mood = %s"
                    assert made in await hook.fetch(Document, sql, (mood,))

    run(test)


def test_a_database_without_our_tables_says_what_to_do(empty_dsn: str) -> None:
    async def test() -> None:
        conn = await asyncpg.connect(**asyncpg_arguments(empty_dsn))
        with pytest.raises(asyncpg.UndefinedTableError) as caught:
            await release.enqueue(conn, Release("x", 1))
        await conn.close()
        assert "conduit-jobs migrate" in caught.value.__notes__[0]

    asyncio.run(test())


def test_the_text_of_an_error_holds_no_row(run: Callable[[Test], None]) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        await conn.execute("CREATE TEMP TABLE secrets (pin int PRIMARY KEY)")
        await conn.execute("INSERT INTO secrets VALUES (1234)")
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await conn.execute("INSERT INTO secrets VALUES (1234)")
        value = ErrorValue.of(caught.value)
        assert value.type == "UniqueViolationError"
        assert "secrets_pkey" in value.message
        assert "1234" not in value.message

    run(test)


@pytest.mark.parametrize("codec", [None, str])
def test_claims_on_a_connection_with_a_codec(run: Callable[[Test], None], codec: Any) -> None:
    async def test(conn: Any, queue: AsyncQueue) -> None:
        if codec is not None:
            await conn.set_type_codec("uuid", schema="pg_catalog", encoder=codec, decoder=codec)
        await queue.enqueue(Job(type="t"))
        async with conn.transaction():
            [job] = await queue.dequeue("me", conn=conn)
            assert type(job.id) is UUID
            await queue.complete(job, conn=conn)
        assert (await queue.stats()).completed == 1

    run(test)


@pytest.mark.skipif(PROGRAM is None, reason="no pgbouncer on this host")
def test_through_a_transaction_pooler(dsn: str) -> None:
    async def enqueue(pooled: str) -> None:
        arguments = asyncpg_arguments(pooled)
        connections = [await asyncpg.connect(**arguments, statement_cache_size=0) for _ in range(4)]

        async def work(conn: Any) -> None:
            for _ in range(5):
                async with conn.transaction():
                    await release.enqueue(conn, Release("x", 1))
                    await release.enqueue(conn, Release("x", 1), unique="x")
                    async with AsyncHook(conn, Order, order()) as hook:
                        await hook.scalar(int, "SELECT %s::text::int", ("1",))
                        hook.enqueue(release, Release("y", 2))

        await asyncio.gather(*map(work, connections))
        for conn in connections:
            await conn.close()

    with pgbouncer(dsn, 2) as pooled:
        asyncio.run(enqueue(pooled))
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchall() == [(41,)]


def test_asyncpg_is_imported_for_its_own_connections_alone() -> None:
    code = (
        "import sys, conduit_runtime as r; [getattr(r, name) for name in r.__all__]; "
        "sys.exit('asyncpg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
