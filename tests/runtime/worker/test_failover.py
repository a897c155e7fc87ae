"""If another server leads, a worker goes there, and does not wait for the old server."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool, embedded, migrate
from conduit_runtime.postgres.timeout_connection import DEADLINE
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from relay import Relay
from waiting import until


@pytest.fixture
def other_dsn(dsn: str, tmp_path: Path) -> Iterator[str]:
    """A database of the same name on another server."""
    name = str(conninfo_to_dict(dsn)["dbname"])
    with embedded.start(tmp_path / "other") as server:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        other = make_conninfo(server.dsn, dbname=name)
        migrate(other)
        yield other


def both(first: Relay, second: Relay) -> str:
    """Return a connection string of two hosts."""
    ways = [conninfo_to_dict(relay.dsn) for relay in (first, second)]
    hosts = ",".join(str(way["host"]) for way in ways)
    ports = ",".join(str(way["port"]) for way in ways)
    return make_conninfo(first.dsn, host=hosts, port=ports)


@pytest.mark.slow
def test_a_worker_leaves_a_server_that_is_frozen_when_another_one_leads(
    dsn: str, other_dsn: str
) -> None:
    first, second = Relay(dsn), Relay(other_dsn)
    pool = WorkerPool(Queue(both(first, second)), workers=1)
    begun, done = threading.Event(), threading.Event()

    @pool.handler("waits")
    async def waits(context: JobContext, payload: object) -> None:
        async with context.connection() as connection:
            await connection.execute("SELECT 1")
            first.fall_silent()
            begun.set()
            await connection.execute("SELECT 2")  # the worker has to cut this one

    @pool.handler("ends")
    async def ends(context: JobContext, payload: object) -> None:
        done.set()

    try:
        with Queue(dsn) as queue, pool:
            queue.enqueue(Job(type="waits", max_attempts=1))
            assert begun.wait(30)
            with Queue(other_dsn) as other:
                other.enqueue(Job(type="ends"))
                # The only slot is free once the worker has cut the statement on the old server.
                assert done.wait(DEADLINE - 10)
                until(lambda: other.stats().completed == 1)
    finally:
        first.close()
        second.close()
