"""The last writes of a block commit together with the end of its job, or not at all."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, PlainContext, Queue, WorkerPool, group
from isolated_jobs import count_at_end

SOON, DAY = timedelta(milliseconds=1), timedelta(days=1)
ADD = "UPDATE counts SET n = n + 1 RETURNING n"


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE counts AS SELECT 0 AS n")
        yield connection


def register(pool: WorkerPool, behind: Callable[[JobContext], Any]) -> None:
    """A handler that writes, enqueues a job, and then awaits `behind`."""

    @pool.handler("count", base=SOON, keep_result=DAY)
    async def count(job: JobContext, payload: object) -> int:
        await job.commits_at_end()
        n = await job.scalar(int, ADD)
        job.enqueued.append(Job(queue="children", type="child"))
        await behind(job)
        assert await job.scalar(int, "SELECT n FROM counts") == n
        return n


async def fail_once(job: JobContext) -> None:
    if job.attempt == 1:
        raise ValueError("once")


async def end_once(job: JobContext) -> None:
    if job.attempt == 1:
        raise asyncio.CancelledError


async def do_nothing(job: JobContext) -> None:
    pass


@pytest.mark.parametrize("behind", [do_nothing, fail_once, end_once])
@pytest.mark.parametrize("workers", [1, 20])
def test_an_attempt_that_fails_undoes_its_writes(
    queue: Queue, conn: psycopg.Connection[Any], behind: Callable[[JobContext], Any], workers: int
) -> None:
    pool = WorkerPool(queue, workers=workers)
    register(pool, behind)
    jobs = queue.enqueue_many([Job(type="count") for _ in range(40)])
    with pool:
        results = [queue.result(job.id, timeout=60) for job in jobs]
    assert sorted(results) == [*range(1, 41)]
    assert conn.execute("SELECT n FROM counts").fetchone() == (40,)
    assert len(queue.list(queue="children", limit=100)) == 40
    assert pool.metrics.stats("count").succeeded == 40


def test_a_check_that_comes_behind_its_commit_takes_no_job_away(
    queue: Queue, conn: psycopg.Connection[Any], timed: Callable[..., None]
) -> None:
    timed(watch=0.001, long=0.0)
    pool = WorkerPool(queue, workers=20)
    register(pool, do_nothing)
    jobs = queue.enqueue_many([Job(type="count") for _ in range(80)])
    with pool:
        results = [queue.result(job.id, timeout=60) for job in jobs]
    assert sorted(results) == [*range(1, 81)]
    assert pool.metrics.stats("count").succeeded == 80


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("what", ["fails", "dies", "dies behind it"])
def test_a_job_in_a_process_of_its_own_ends_with_them(
    queue: Queue, conn: psycopg.Connection[Any], what: str, at_once: int
) -> None:
    pool = WorkerPool(queue)
    pool.register(
        "count",
        count_at_end,
        isolated=True,
        process_concurrency=at_once,
        base=SOON,
        keep_result=DAY,
    )
    jobs = queue.enqueue_many([Job(type="count", payload=what, max_attempts=9) for _ in range(3)])
    with pool:
        results = [queue.result(job.id, timeout=60) for job in jobs]
    assert sorted(results) == [1, 2, 3]
    assert conn.execute("SELECT n FROM counts").fetchone() == (3,)
    assert len(queue.list(queue="children")) == 3
    stats = pool.metrics.stats("count")
    assert stats.succeeded == 3
    if at_once == 1:  # else a process that dies costs the jobs beside it an attempt
        assert stats.failed == (0 if what == "dies behind it" else 3)


def test_a_hook_around_the_job_that_fails_undoes_them(
    queue: Queue, conn: psycopg.Connection[Any]
) -> None:
    pool = WorkerPool(queue)
    register(pool, do_nothing)

    @pool.around
    async def around(job: Any) -> AsyncIterator[None]:
        yield
        await fail_once(job)

    job = queue.enqueue(Job(type="count"))
    with pool:
        assert queue.result(job.id, timeout=30) == 1
    assert conn.execute("SELECT n FROM counts").fetchone() == (1,)
    assert len(queue.list(queue="children")) == 1


def test_a_flow_goes_on_behind_them(queue: Queue, conn: psycopg.Connection[Any]) -> None:
    pool = WorkerPool(queue)
    register(pool, do_nothing)

    @pool.handler("end", keep_result=DAY)
    def end(job: PlainContext, payload: object) -> Any:
        return job.results_blocking()

    jobs = queue.enqueue_flow(group([Job(type="count"), Job(type="count")], then=Job(type="end")))
    with pool:
        assert sorted(queue.result(jobs[-1].id, timeout=30)) == [1, 2]


@pytest.mark.parametrize("change", ["cancel", "retry"])
def test_a_job_that_is_taken_away_undoes_them(
    queue: Queue, conn: psycopg.Connection[Any], change: str
) -> None:
    pool = WorkerPool(queue)
    written, goes_on = threading.Event(), threading.Event()

    async def wait(job: JobContext) -> None:
        written.set()
        await asyncio.shield(asyncio.to_thread(goes_on.wait, 30))

    register(pool, wait)
    job = queue.enqueue(Job(type="count"))
    with pool:
        assert written.wait(30)
        if change == "cancel":
            assert queue.cancel(job.id)
        else:
            token = "UPDATE jobs SET token = gen_random_uuid() WHERE id = %s"
            conn.execute(token, (job.id,))
        goes_on.set()
    assert conn.execute("SELECT n FROM counts").fetchone() == (0,)
    assert queue.list(queue="children") == []


def test_a_locked_job_undoes_them_for_the_session_that_waits(
    queue: Queue, dsn: str, conn: psycopg.Connection[Any]
) -> None:
    """The transaction that holds the job waits for what the job has written."""
    pool = WorkerPool(queue)
    written, is_locked = threading.Event(), threading.Event()

    async def wait(job: JobContext) -> None:
        written.set()
        await asyncio.to_thread(is_locked.wait, 30)

    register(pool, wait)
    job = queue.enqueue(Job(type="count"))
    with pool, psycopg.connect(dsn) as other:
        assert written.wait(30)
        other.execute("UPDATE jobs SET priority = priority WHERE id = %s", (job.id,))
        is_locked.set()
        other.execute("UPDATE counts SET n = n + 10")
        other.commit()
        assert queue.result(job.id, timeout=30) == 11
    assert conn.execute("SELECT n FROM counts").fetchone() == (11,)
