"""The next use of a session does not notice that the server has ended it while it was idle."""

import asyncio
import select
from typing import Any

import psycopg
from conduit_runtime import AsyncQueue, Job, JobContext, Queue, WorkerPool
from waiting import until

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]
ENDED = select.POLLHUP | getattr(select, "POLLRDHUP", 0)


def end_session(dsn: str, connection: Connection) -> None:
    """Let the server end the connection's session, and wait until the client gets the message."""
    arrived = select.poll()
    arrived.register(connection.fileno(), ENDED)
    with psycopg.connect(dsn) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
    until(lambda: arrived.poll(0))


def test_a_queue_opens_another(dsn: str) -> None:
    with Queue(dsn) as queue:
        with queue.connections.connection() as connection:
            pass
        end_session(dsn, connection)
        queue.enqueue(Job(type="t"))
        assert queue.stats().pending == 1


def test_an_async_queue_opens_another(dsn: str) -> None:
    async def use() -> None:
        async with AsyncQueue(dsn) as queue:
            async with queue.connections.connection() as connection:
                pass
            end_session(dsn, connection)
            await queue.enqueue(Job(type="t"))
            assert (await queue.stats()).pending == 1

    asyncio.run(use())


def test_a_job_gets_another(dsn: str) -> None:
    with Queue(dsn) as queue:
        pool = WorkerPool(queue, workers=1)

        @pool.handler("t")
        async def work(context: JobContext, payload: object) -> None:
            async with context.connection() as connection:
                await connection.execute("SELECT 1")
            if payload == "end":
                end_session(dsn, connection)

        queue.enqueue_many([Job(type="t", payload="end"), Job(type="t")])
        pool.run(drain=True)
        assert queue.stats().completed == 2
