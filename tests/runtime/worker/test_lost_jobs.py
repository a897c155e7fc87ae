"""Jobs that their worker no longer holds, because they were cancelled or their claim is gone."""

import asyncio
import threading

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, Queue, WorkerPool
from pools import NewPool
from stored_jobs import reload
from timed import Timed
from waiting import until


def test_one_lost_job_is_logged_as_one(
    queue: Queue, new_pool: NewPool, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()

    @pool.handler("t")
    def lose(context: JobContext, payload: object) -> None:
        with psycopg.connect(dsn) as conn:
            conn.execute("UPDATE jobs SET token = gen_random_uuid()")

    queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: "1 job was no longer held when it ended" in caplog.text)


def test_a_cancelled_job_is_stopped_and_stays_cancelled(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    running, stopped = threading.Event(), threading.Event()

    @pool.handler("t")
    async def hang(context: JobContext, payload: object) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        assert queue.cancel(job.id)
        assert stopped.wait(60)
    assert reload(queue, job).status is JobStatus.CANCELLED


@pytest.mark.slow
def test_an_attempt_is_stopped_whose_job_the_same_worker_has_claimed_again(
    queue: Queue, new_pool: NewPool
) -> None:
    pool = new_pool()
    began: list[JobContext] = []
    stopped: list[JobContext] = []

    @pool.handler("t")
    async def hang(context: JobContext, payload: object) -> None:
        began.append(context)
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(context)

    job = queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: len(began) == 1)
        queue.retry(job.id)
        until(lambda: len(began) == 2)
        until(lambda: stopped)
        assert stopped == began[:1]
        assert reload(queue, job).status is JobStatus.RUNNING
        queue.cancel(job.id)


def test_a_cancelled_thread_learns_of_it(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    running, stopped = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        running.set()
        try:
            until(context.raise_if_cancelled)
        finally:
            stopped.set()

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        queue.cancel(job.id)
        assert stopped.wait(60)


def test_the_outcome_of_a_lost_job_is_not_written(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()
    running, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        context.enqueued.append(Job(queue="other", type="child"))
        running.set()
        go_on.wait(300)

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        with psycopg.connect(dsn) as conn:
            # Another worker has claimed the job since: same row, same status, another token.
            conn.execute("UPDATE jobs SET token = gen_random_uuid(), locked_by = 'other'")
            conn.execute(
                "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
                "VALUES ('other', 1, 'h', 1, '{}', '[]')"
            )
        go_on.set()
        until(lambda: pool.metrics.stats("t").processed)
    stored = reload(queue, job)
    assert (stored.status, stored.locked_by) == (JobStatus.RUNNING, "other")
    assert queue.stats("other").total == 0


@pytest.mark.slow
@pytest.mark.parametrize("age", ["10 s", "1 hour"])
def test_a_claim_whose_response_was_lost_is_released(
    queue: Queue, dsn: str, timed: Timed, age: str
) -> None:
    timed(audit=0.1, audit_all=0.5)
    pool = WorkerPool(queue)
    ran = threading.Event()
    pool.register("t", lambda context, payload: ran.set())
    with pool:
        with psycopg.connect(dsn) as conn:
            # The row after a claim that was committed, but whose connection broke.
            conn.execute(
                "INSERT INTO jobs (type, status, token, locked_at, locked_by) "
                "SELECT 't', 'running', gen_random_uuid(), now() - %s::interval, name "
                "FROM conduit_workers",
                [age],
            )
        assert ran.wait(60)
    [job] = queue.list()
    assert (job.status, job.attempts) == (JobStatus.COMPLETED, 1)
