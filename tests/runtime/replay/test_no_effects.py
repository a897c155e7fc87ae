"""A replay makes no effect: in the database, in services, in the queue."""

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import Discard, Job, JobContext, Queue, WorkerPool
from conduit_runtime.replay.rolled_back import rolled_back
from conduit_runtime.replay.run import Replayed
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

Replay = Callable[..., Replayed]


@pytest.fixture
def database(dsn: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (text text UNIQUE)")
        yield connection


def failed(queue: Queue, pool: WorkerPool) -> Job:
    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    return job


def written(database: "psycopg.Connection[Any]") -> list[str]:
    return [text for (text,) in database.execute("SELECT text FROM notes")]


def test_statements_are_rolled_back(
    queue: Queue, database: "psycopg.Connection[Any]", replay_by: Replay
) -> None:
    pool = WorkerPool(queue)
    seen: list[object] = []
    replays = False

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("one", str, "x")
        if not replays:
            raise Discard("no")
        async with job.connection() as connection:
            await connection.execute("INSERT INTO notes VALUES ('a')")
            async with connection.transaction():
                await connection.execute("INSERT INTO notes VALUES ('b')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                await connection.execute("INSERT INTO notes VALUES ('b')")
            found = await connection.execute("SELECT count(*) FROM notes")
            seen.append(await found.fetchone())

    job = failed(queue, pool)
    replays = True
    replayed = replay_by(pool, job)
    assert (replayed.error, replayed.differences) == (None, [])
    assert seen == [(2,)]
    assert written(database) == []


@pytest.mark.parametrize("sql", ["COMMIT", "COMMIT; INSERT INTO notes VALUES ('b')"])
def test_a_commit_by_hand_is_refused(
    queue: Queue, database: "psycopg.Connection[Any]", replay_by: Replay, sql: str
) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        async with job.connection() as connection:
            await connection.execute("INSERT INTO notes VALUES ('a')")
            await connection.execute(sql)

    job = queue.enqueue(Job(type="t", queue="nobody"))
    assert isinstance(replay_by(pool, job).error, psycopg.Error)
    assert written(database) == []


@pytest.fixture
def limited(database: "psycopg.Connection[Any]") -> Iterator[str]:
    """The connection string of a role that may write notes, and make no temporary table."""
    role, name = Identifier(f"conduit_{uuid4().hex}"), Identifier(database.info.dbname)
    database.execute(SQL("CREATE ROLE {}").format(role))
    database.execute(SQL("GRANT INSERT, SELECT ON notes TO {}").format(role))
    database.execute(SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))
    yield make_conninfo(database.info.dsn, options=f"-c role={role.as_string()[1:-1]}")
    database.execute(SQL("DROP OWNED BY {}").format(role))
    database.execute(SQL("DROP ROLE {}").format(role))


def test_a_role_without_temporary_tables_reads_only(
    limited: str, database: "psycopg.Connection[Any]"
) -> None:
    async def write() -> None:
        async with rolled_back(limited) as connection:
            found = await connection.execute("SELECT count(*) FROM notes")
            assert await found.fetchone() == (0,)
            await connection.execute("INSERT INTO notes VALUES ('a')")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        asyncio.run(write())
    assert written(database) == []


class Mail:
    def send(self, to: str) -> dict[str, int]:
        raise AssertionError("a replay calls no service")


@pytest.mark.parametrize("given", [True, False])
def test_no_service_is_called(queue: Queue, replay_by: Replay, given: bool) -> None:
    services = SimpleNamespace(
        mail=Mail(), sender="shop@example.org", nested=SimpleNamespace(mail=Mail())
    )
    seen: list[object] = []
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        seen.append(await job.step("charge", dict, number=7))
        seen.append(await job.step("mail", job.services.mail.send, "a"))
        try:
            job.services.nested.mail.send("b")
        except Exception:
            seen.append("swallowed")
        await job.step("log", str)

    job = queue.enqueue(Job(type="t", queue="nobody"))
    with psycopg.connect(queue.dsn) as connection:
        for name, value in (("charge", '{"number": 7}'), ("mail", '{"id": 1}'), ("log", '""')):
            connection.execute(
                "INSERT INTO conduit_steps SELECT %s, %s, %s, 1, now, now"
                " FROM clock_timestamp() AS now",
                [job.id, name, value],
            )
    replayed = replay_by(pool, job, services if given else None)
    assert seen == [{"number": 7}, {"id": 1}]
    assert replayed.end == "a call of services.nested.mail.send"
    assert (replayed.differences, replayed.left) == ([], 1)


def test_values_of_the_services_are_read(queue: Queue, replay_by: Replay) -> None:
    pool = WorkerPool(queue)
    seen: list[object] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        seen.append(job.services.sender)

    job = queue.enqueue(Job(type="t", queue="nobody"))
    for services in (SimpleNamespace(sender="a@b"), SimpleNamespace(sender=None)):
        assert replay_by(pool, job, services).error is None
    assert seen == ["a@b", None]
