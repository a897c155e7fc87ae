"""Connections of an application that reads values in a way of its own, as Django's do."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from conduit_runtime import AsyncQueue, CronScheduler, Job, Queue, Schedule
from psycopg.adapt import Buffer, Loader

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class Garbage(Loader):
    """What nobody could take for the value."""

    def load(self, data: Buffer) -> object:
        return object()


def read_as_garbage(connection: Connection) -> None:
    for name in ("uuid", "timestamptz", "text", "bool", "int4", "int8", "float8"):
        connection.adapters.register_loader(name, Garbage)


def test_a_queue_reads_what_is_there(dsn: str) -> None:
    with Queue(dsn) as queue, psycopg.connect(dsn) as conn:
        read_as_garbage(conn)
        first, second = (
            queue.enqueue(Job(type="t", payload=n, unique="key"), conn=conn) for n in (1, 2)
        )
        assert (second.id, second.duplicate, second.payload) == (first.id, True, 1)
        stored = queue.get(first.id, conn=conn)
        assert stored is not None
        assert isinstance(stored.id, UUID)
        assert stored.is_processable
        assert queue.stats(conn=conn).pending == 1
        [claimed] = queue.dequeue("w", conn=conn)
        queue.complete(claimed, conn=conn)
        assert queue.purge(timedelta(0), conn=conn) in (0, 1)


def test_a_schedule_is_due_in_time(dsn: str) -> None:
    with Queue(dsn) as queue, psycopg.connect(dsn) as conn:
        read_as_garbage(conn)
        added = CronScheduler(queue).add(Schedule.every(hours=1, type="t"), conn=conn)
        assert added.next_run_at is not None
        assert timedelta(minutes=58) < added.next_run_at - datetime.now(UTC) < timedelta(minutes=62)


def test_an_async_queue_reads_what_is_there(dsn: str) -> None:
    async def use() -> None:
        async with AsyncQueue(dsn) as queue, await psycopg.AsyncConnection.connect(dsn) as conn:
            read_as_garbage(conn)
            job = await queue.enqueue(Job(type="t"), conn=conn)
            stored = await queue.get(job.id, conn=conn)
            assert stored is not None
            assert stored.is_processable

    asyncio.run(use())
