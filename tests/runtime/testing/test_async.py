"""The kit in asynchronous tests, on connections of psycopg, SQLAlchemy and asyncpg."""

import asyncio
import contextvars
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Job, JobContext, Queue, WorkerPool
from conduit_runtime.adapters import sqlalchemy_async_connection, sqlalchemy_connection
from conduit_runtime.testing import AsyncJobs, Jobs
from psycopg.conninfo import conninfo_to_dict

loop_of_the_test: contextvars.ContextVar[object] = contextvars.ContextVar("loop")


@pytest.fixture
def pool(dsn: str) -> Iterator[WorkerPool]:
    with Queue(dsn) as queue:
        pool = WorkerPool(queue)

        @pool.handler("async")
        async def work(context: JobContext, payload: Any) -> bool:
            return asyncio.get_running_loop() is loop_of_the_test.get()

        @pool.handler("plain")
        def plain(context: JobContext, payload: Any) -> Any:
            return payload["n"]

        yield pool


async def everything(jobs: AsyncJobs, queue: AsyncQueue, conn: Any, pool: WorkerPool) -> None:
    """Do what a test does, on a connection or, if `conn` is None, on the database."""
    loop_of_the_test.set(asyncio.get_running_loop())
    await queue.enqueue(Job(type="async"), conn=conn)
    async with jobs.only() as block:
        await queue.enqueue(Job(type="plain", payload={"n": 7}), conn=conn)
    assert (await block.assert_enqueued("plain", n=7, count=1)).type == "plain"
    await block.refute_enqueued("async")
    ran = await jobs.run(pool=pool)
    assert [(run.type, run.result) for run in ran] == [("async", True), ("plain", 7)]
    await queue.enqueue(Job(type="plain", payload={"n": 8}, delay=timedelta(hours=2)), conn=conn)
    await jobs.advance(hours=1)
    assert len(await jobs.run(pool=pool)) == 0
    assert len(await jobs.run(pool=pool, until="plain")) == 1
    with pytest.raises(AssertionError, match="the nearest"):
        await jobs.assert_enqueued("plain", n=9)


def test_on_a_database(dsn: str, pool: WorkerPool) -> None:
    async def main() -> None:
        async with AsyncQueue(dsn) as queue:
            await everything(AsyncJobs(dsn), queue, None, pool)

    asyncio.run(main())


def test_in_a_transaction(dsn: str, pool: WorkerPool) -> None:
    async def main() -> None:
        async with AsyncQueue(dsn) as queue:
            async with AsyncJobs(dsn).transaction() as (connection, jobs):
                await everything(jobs, queue, connection, pool)
            assert (await queue.stats()).total == 0

    asyncio.run(main())


def url(dsn: str, driver: str) -> tuple[str, dict[str, Any]]:
    given = conninfo_to_dict(dsn)
    if driver == "asyncpg":
        given["database"] = given.pop("dbname")
    return f"postgresql+{driver}://", given


def test_in_a_session_of_sqlalchemy(dsn: str, pool: WorkerPool) -> None:
    aio = pytest.importorskip("sqlalchemy.ext.asyncio")
    address, options = url(dsn, "psycopg")

    async def main() -> None:
        engine = aio.create_async_engine(address, connect_args=options)
        async with aio.AsyncSession(engine) as session, AsyncQueue(dsn) as queue:
            connection = await sqlalchemy_async_connection(session)
            jobs = AsyncJobs(dsn).within(connection)
            await everything(jobs, queue, connection, pool)
            await session.rollback()
            assert (await queue.stats()).total == 0
        await engine.dispose()

    asyncio.run(main())


def test_in_a_synchronous_session_that_jobs_use_too(dsn: str, pool: WorkerPool) -> None:
    orm = pytest.importorskip("sqlalchemy.orm")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    address, options = url(dsn, "psycopg")
    engine = sqlalchemy.create_engine(address, connect_args=options)
    with orm.Session(engine) as session, Queue(dsn) as queue:
        pool.register("counts", lambda context, payload: session.execute(counting).scalar_one())
        counting = sqlalchemy.text("SELECT count(*) FROM jobs")
        connection = sqlalchemy_connection(session)
        queue.enqueue(Job(type="counts"), conn=connection)
        jobs = Jobs(connection)
        jobs.assert_enqueued("counts")
        assert jobs.run(pool=pool)[0].result == 1
        session.rollback()
        assert queue.stats().total == 0
    engine.dispose()


def test_of_asyncpg_jobs_are_found_but_not_run(dsn: str, pool: WorkerPool) -> None:
    asyncpg = pytest.importorskip("asyncpg")

    async def main() -> None:
        connection = await asyncpg.connect(**url(dsn, "asyncpg")[1])
        transaction = connection.transaction()
        await transaction.start()
        async with AsyncQueue(dsn) as queue:
            await queue.enqueue(Job(type="plain", delay=timedelta(hours=1)), conn=connection)
            jobs = AsyncJobs(connection)
            await jobs.assert_enqueued("plain", delay=timedelta(hours=1))
            await jobs.advance(hours=1)
            with pytest.raises(TypeError, match="jobs run on psycopg: commit"):
                await jobs.run(pool=pool)
            await transaction.rollback()
            assert (await queue.stats()).total == 0
        await connection.close()

    asyncio.run(main())


def test_synchronous_jobs_in_a_loop_name_the_others(dsn: str) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="a loop is running here: use the fixture `async_jo"):
            Jobs(dsn).run()

    asyncio.run(main())


def test_of_a_connection_of_the_other_kind(dsn: str) -> None:
    with (
        psycopg.connect(dsn) as connection,
        pytest.raises(TypeError, match="psycopg AsyncC"),
    ):
        AsyncJobs(connection)  # type: ignore[arg-type]
