"""Where a worker connects if its queue uses an application's pool."""

import asyncio
from typing import Any

import pytest
from conduit_runtime import AsyncQueue, Job, JobContext, Queue, QueueError, WorkerPool
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, ConnectionPool


def test_a_worker_connects_with_the_parameters_of_the_pool(dsn: str) -> None:
    given: dict[str, Any] = {**conninfo_to_dict(dsn), "autocommit": True}
    ran: list[str] = []
    with (
        ConnectionPool(kwargs=given, min_size=1) as connections,
        Queue(connections) as queue,
    ):
        queue.enqueue(Job(type="a"))
        pool = WorkerPool(queue)

        @pool.handler("a")
        async def a(job: JobContext, payload: dict[str, Any]) -> None:
            ran.append(job.type)

        pool.run(drain=True)
    assert ran == ["a"]


def test_a_function_may_say_where_to_connect_to(dsn: str) -> None:
    connections = ConnectionPool(
        lambda: dsn, kwargs=lambda: {"application_name": "shop"}, open=False
    )
    found = conninfo_to_dict(Queue(connections).dsn)
    assert found == {**conninfo_to_dict(dsn), "application_name": "shop"}


def test_a_coroutine_function_is_refused_with_what_to_do() -> None:
    async def where() -> str:
        return ""

    async def make() -> None:
        AsyncQueue(AsyncConnectionPool(where, open=False))

    with pytest.raises(QueueError, match="give the queue a connection string"):
        asyncio.run(make())
