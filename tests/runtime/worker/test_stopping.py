"""What happens to the jobs of a worker at a stop, and if jobs do not end."""

import asyncio
import threading
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, Queue, WorkerPool
from pools import NewPool
from stored_jobs import reload
from timed import Timed
from waiting import until


def test_a_stopped_pool_releases_what_it_has_not_finished(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool(workers=2)
    running = threading.Event()

    @pool.handler("t")
    async def hang(context: JobContext, payload: object) -> None:
        running.set()
        await asyncio.Event().wait()

    queue.enqueue_many([Job(type="t") for _ in range(5)])
    pool.start()
    assert running.wait(60)
    pool.stop(grace=0)
    jobs = queue.list()
    assert {(job.status, job.attempts, job.locked_by) for job in jobs} == {
        (JobStatus.PENDING, 0, None)
    }


def test_a_stopped_pool_lets_running_jobs_end(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    pool = new_pool()
    running, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        running.set()
        go_on.wait(300)

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        threading.Timer(0.2, go_on.set).start()
    assert reload(queue, job).status is JobStatus.COMPLETED
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*) FROM conduit_workers").fetchall() == [(0,)]


def test_a_stop_keeps_the_connection_for_outcomes(queue: Queue, timed: Timed) -> None:
    timed(watch=0.0, long=0.0)  # the queries of the watch are always under way
    began, may_end = threading.Event(), threading.Event()
    pool = WorkerPool(queue)

    @pool.handler("blocking")
    def blocking(context: JobContext, payload: object) -> None:
        began.set()
        may_end.wait(300)

    for _ in range(3):
        began.clear()
        may_end.clear()
        queue.enqueue(Job(type="blocking"))
        pool.start()
        worker = pool._lifecycle.worker
        assert worker is not None
        assert began.wait(60)
        threading.Timer(0.3, may_end.set).start()
        pool.stop(grace=0.1)
        assert worker._outcomes.generation == 1


@pytest.mark.slow
def test_a_job_that_waits_behind_long_ones_is_released(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    """A worker that was fast claimed ahead; once slow, it does not keep these jobs from others."""
    pool = new_pool(workers=2)
    slow, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: str) -> None:
        if payload == "slow":
            slow.set()
            go_on.wait(300)

    with pool:
        queue.enqueue_many([Job(type="t", payload="fast") for _ in range(2000)])
        queue.enqueue_many([Job(type="t", payload="slow") for _ in range(300)])
        assert slow.wait(60)
        until(lambda: queue.stats().running == 2)
        go_on.set()
        until(lambda: queue.stats().completed == 2300)
    assert {job.attempts for job in queue.list(limit=300)} == {1}


def test_the_job_of_a_thread_that_does_not_end_is_released(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()
    running, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        running.set()
        go_on.wait(300)

    job = queue.enqueue(Job(type="t"))
    pool.start()
    assert running.wait(60)
    pool.stop(grace=0)
    go_on.set()
    assert reload(queue, job).status is JobStatus.PENDING


def test_a_thread_that_outlives_its_attempt_keeps_its_slot(queue: Queue, new_pool: NewPool) -> None:
    go_on = threading.Event()
    ran: list[UUID] = []

    def stick(context: JobContext, payload: object) -> None:
        go_on.wait(300)

    def quick(context: JobContext, payload: object) -> None:
        ran.append(context.id)

    def completed(jobs: list[Job]) -> bool:
        return all(reload(queue, job).status is JobStatus.COMPLETED for job in jobs)

    stuck = [queue.enqueue(Job(type="stick", timeout=0.1, max_attempts=1)) for _ in range(2)]
    first, second = (new_pool(workers=2) for _ in range(2))
    first.register("stick", stick)
    first.register("quick", quick)
    second.register("quick", quick)
    try:
        with first:
            until(lambda: {reload(queue, job).status for job in stuck} == {JobStatus.FAILED})
            jobs = [Job(type="quick", timeout=10, max_attempts=1) for _ in range(4)]
            queue.enqueue_many(jobs)
            with second:
                until(lambda: completed(jobs))
            assert sorted(ran) == sorted(job.id for job in jobs)
            go_on.set()
            last = queue.enqueue(Job(type="quick", timeout=10, max_attempts=1))
            until(lambda: completed([last]))
    finally:
        go_on.set()
