"""Connections of an application that loads values in its own way, as Django does."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from conduit_runtime import AsyncQueue, CronScheduler, Hook, Job, Queue, Schedule, named, table
from psycopg.adapt import Buffer, Loader
from psycopg.rows import dict_row

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class Garbage(Loader):
    """Loads an object that no code can mistake for the value."""

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


@table("notes", key="id")
@named(from_="from")
@dataclass(slots=True)
class Note:
    id: int
    from_: str
    updated_at: datetime


def test_a_hook_reads_rows_as_a_job_does(conn: psycopg.Connection[Any]) -> None:
    made = """INSERT INTO notes (id, "from", updated_at) VALUES (1, 'me', now()) RETURNING *"""
    [note] = psycopg.Cursor(conn, row_factory=dict_row).execute(made).fetchall()
    read_as_garbage(conn)
    with Hook(conn, Note, note) as hook:
        found = hook.get(Note, 1)
    assert (found.id, found.from_, found.updated_at) == (1, "me", note["updated_at"])


def test_an_async_queue_reads_what_is_there(dsn: str) -> None:
    async def use() -> None:
        async with AsyncQueue(dsn) as queue, await psycopg.AsyncConnection.connect(dsn) as conn:
            read_as_garbage(conn)
            job = await queue.enqueue(Job(type="t"), conn=conn)
            stored = await queue.get(job.id, conn=conn)
            assert stored is not None
            assert stored.is_processable

    asyncio.run(use())
