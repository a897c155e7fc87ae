"""Records of steps are stored by the attempt that holds the job, whatever happens to others."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, PlainContext, Queue, WorkerPool
from conduit_runtime.worker.acknowledge import step_writer
from locks import waits_for_a_lock
from stored_jobs import reload
from timed import Timed
from waiting import until


@pytest.fixture
def pool(queue: Queue) -> WorkerPool:
    return WorkerPool(queue, workers=30)


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def names(conn: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in conn.execute("SELECT name FROM conduit_steps ORDER BY name")]


def locked_sessions(dsn: str) -> int:
    sql = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with psycopg.connect(dsn) as connection:
        [(count,)] = connection.execute(sql).fetchall()
    return int(count)


TAKE_AWAY = {
    "cancelled": "UPDATE jobs SET status = 'cancelled', token = NULL",
    "claimed by others": "UPDATE jobs SET token = gen_random_uuid(), locked_by = 'other'",
    "rescued": "UPDATE jobs SET status = 'pending', token = NULL, run_at = now() + interval '1 h'",
    "deleted": "DELETE FROM jobs",
}


@pytest.mark.parametrize("how", TAKE_AWAY)
@pytest.mark.parametrize("kind", ["coroutine", "plain"])
def test_an_attempt_that_lost_its_job_stores_nothing_and_stops(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any], how: str, kind: str
) -> None:
    made: list[str] = []
    stopped: list[BaseException] = []

    def lose(name: str) -> str:
        made.append(name)
        conn.execute(TAKE_AWAY[how])
        return name

    async def coroutine(job: JobContext, payload: object) -> None:
        try:
            await job.step("first", lose, "first")
            made.append("behind")
        except BaseException as error:
            stopped.append(error)
            raise

    def plain(job: PlainContext, payload: object) -> None:
        try:
            job.step("first", lose, "first")
            made.append("behind")
        except BaseException as error:
            stopped.append(error)
            with pytest.raises(asyncio.CancelledError):
                job.step("second", lose, "second")
            raise

    handler: Any = coroutine if kind == "coroutine" else plain
    pool.register("t", handler)
    queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: stopped)
        assert isinstance(stopped[0], asyncio.CancelledError)
        until(lambda: not _runs(pool))
        before = conn.execute("SELECT * FROM jobs").fetchall()
    assert made == ["first"]
    assert names(conn) == []
    assert conn.execute("SELECT * FROM jobs").fetchall() == before


def _runs(pool: WorkerPool) -> bool:
    worker: Any = pool._lifecycle.worker
    return bool(worker.runner.running)


def test_an_attempt_that_lost_its_job_does_not_begin_to_resume(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any]
) -> None:
    made: list[str] = []

    @pool.handler("t", base=timedelta(milliseconds=1))
    async def handle(job: JobContext, payload: object) -> None:
        if job.attempt == 1:
            raise ValueError
        conn.execute("UPDATE jobs SET status = 'cancelled', token = NULL")
        await job.step("first", made.append, "first")

    job = queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: reload(queue, job).status is JobStatus.CANCELLED)
        until(lambda: not _runs(pool))
    assert made == []


def test_what_takes_a_job_away_waits_for_its_record(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any], dsn: str
) -> None:
    """Else the next attempt could begin without the record of a finished step."""
    made: list[int] = []

    def make(job: JobContext) -> int:
        made.append(job.attempt)
        if len(made) == 1:  # the record waits for this one, behind the lock of its job
            conn.execute("BEGIN")
            conn.execute("INSERT INTO conduit_steps VALUES (%s, 'first', '2', 1, now())", [job.id])
        return len(made)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        assert await job.step("first", make, job) == 1
        if not ends:
            ends.append(job)
            await asyncio.Event().wait()

    ends: list[object] = []
    job = queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: waits_for_a_lock(dsn))
        retrying = threading.Thread(target=queue.retry, args=[job.id])
        retrying.start()
        until(lambda: locked_sessions(dsn) == 2)
        conn.execute("ROLLBACK")
        retrying.join(60)
        until(lambda: reload(queue, job).status is JobStatus.COMPLETED)
    assert made == [1]


def test_a_locked_job_delays_only_its_own_records(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any]
) -> None:
    begun = threading.Barrier(21, timeout=60)

    def wait() -> None:
        begun.wait()

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await asyncio.to_thread(wait)
        await asyncio.to_thread(wait)
        await job.step("only", str)
        await asyncio.sleep(0)

    jobs = queue.enqueue_many([Job(type="t") for _ in range(20)])
    locked = jobs[7]
    pool.start()
    begun.wait()
    with conn.transaction():
        conn.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [locked.id])
        begun.wait()
        until(lambda: queue.stats().completed == 19)
        assert names(conn) == []
    until(lambda: reload(queue, locked).status is JobStatus.COMPLETED)
    pool.stop()


def test_a_record_that_postgres_refuses_fails_its_own_attempt(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any]
) -> None:
    conn.execute("ALTER TABLE conduit_steps ADD CONSTRAINT odd CHECK (value::text <> '7')")

    @pool.handler("t")
    async def handle(job: JobContext, payload: int) -> None:
        assert await job.step("only", int, payload) == payload

    jobs = queue.enqueue_many([Job(type="t", payload=n, max_attempts=1) for n in range(20)])
    pool.run(drain=True)
    ended = [reload(queue, job) for job in jobs]
    assert [job.payload for job in ended if job.status is JobStatus.FAILED] == [7]
    assert 'violates check constraint "odd"' in (ended[7].error or "")
    assert queue.stats().completed == 19


def test_a_record_whose_connection_breaks_is_stored_once(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any], dsn: str
) -> None:
    made: list[int] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("first", made.append, 1)
        conn.execute("BEGIN")
        conn.execute("LOCK TABLE conduit_steps IN SHARE MODE")
        await job.step("second", made.append, 2)

    job = queue.enqueue(Job(type="t"))
    ending = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with pool:
        until(lambda: waits_for_a_lock(dsn))
        conn.execute(ending)
        until(lambda: waits_for_a_lock(dsn))
        conn.execute("COMMIT")
        until(lambda: reload(queue, job).status is JobStatus.COMPLETED)
    assert made == [1, 2]


def test_records_that_were_stored_before_are_not_stored_again(
    queue: Queue, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may break when Postgres has stored them and has not said so."""
    sent: list[object] = []
    run = step_writer.JobDatabase.run

    async def losing(self: Any, statement: Any, conn: Any = None) -> Any:
        result = await run(self, statement, conn)
        if statement.query == "outcome/store_steps":
            sent.append(statement)
            if len(sent) % 2:
                raise psycopg.OperationalError("lost")
        return result

    monkeypatch.setattr(step_writer.JobDatabase, "run", losing)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        for n in range(3):
            await job.step(f"step {n}", str, n)

    queue.enqueue_many([Job(type="t", max_attempts=1) for _ in range(5)])
    pool.run(drain=True)
    assert queue.stats().completed == 5


def test_a_thread_that_waits_for_its_record_ends_when_the_worker_stops(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any], dsn: str, timed: Timed
) -> None:
    timed(cancelling=0.5)
    stopped: list[BaseException] = []

    @pool.handler("t")
    def handle(job: PlainContext, payload: object) -> None:
        conn.execute("BEGIN")
        conn.execute("LOCK TABLE conduit_steps IN SHARE MODE")
        try:
            job.step("only", str)
        except BaseException as error:
            stopped.append(error)
            raise

    queue.enqueue(Job(type="t"))
    pool.start()
    until(lambda: waits_for_a_lock(dsn))
    pool.stop(grace=0)
    until(lambda: stopped)
    assert isinstance(stopped[0], asyncio.CancelledError)
    conn.execute("ROLLBACK")
