"""Batches that end before their handler does, and jobs that wait for a key."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from batches import batched, enqueued, states
from conduit_runtime import BatchContext, BatchJob, Job, Queue, WorkerPool
from conduit_runtime.model.attempts.interruptions import Shutdown
from conduit_runtime.statements.flows import ChildJobs
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.worker.run.outcomes import Outcomes
from pools import NewPool
from timed import Timed
from waiting import until

BOTH = pytest.mark.parametrize("is_async", [True, False], ids=["coroutine", "plain"])


@BOTH
def test_a_stop_releases_the_jobs_of_a_batch_that_does_not_end(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    started, ended = threading.Event(), threading.Event()

    async def hang(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        await asyncio.Event().wait()

    def hang_plainly(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        ended.wait(300)

    pool = new_pool()
    pool.batch_handler("t", size=3)(hang if is_async else hang_plainly)
    jobs = enqueued(queue, 3)
    try:
        pool.start()
        assert started.wait(60)
        pool.stop(grace=0)
        assert [(status, error) for status, _, error in states(queue, jobs)] == (
            [("pending", None)] * 3
        )
    finally:
        ended.set()


def test_the_timeout_of_the_type_ends_the_batch(queue: Queue, new_pool: NewPool) -> None:
    async def hang(context: BatchContext, jobs: list[BatchJob]) -> None:
        await asyncio.Event().wait()

    pool = new_pool()
    pool.batch_handler("t", size=10, timeout=timedelta(seconds=0.05))(hang)
    jobs = enqueued(queue, 2)
    pool.run(drain=True)
    late = "TimeoutError: the attempt took longer than 0.05 s"
    assert states(queue, jobs) == [("pending", 1, late)] * 2


@pytest.fixture
def waiting_batch(
    queue: Queue, new_pool: NewPool, dsn: str, timed: Timed
) -> Iterator[tuple[WorkerPool, list[Job], Any]]:
    """A batch of three that has run; another transaction holds the key of a child of the first."""
    if new_pool.is_direct:
        timed(cancelling=60.0)  # a stop cancels a query, which takes long on a busy machine
    child = Job(type="child", unique="held")

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        jobs[0].enqueued.append(Job(type="child", unique="held"))

    with psycopg.connect(dsn) as holder:
        queue.enqueue(child, conn=holder)
        jobs = enqueued(queue, 3)
        pool = batched(new_pool, handle, is_async=True, size=3)
        pool.register("child", lambda context, payload: None)
        with pool:
            try:
                until(lambda: [state[0] for state in states(queue, jobs[1:])] == ["completed"] * 2)
                yield pool, jobs, holder
            finally:
                pool.stop(grace=0)


def test_a_job_that_waits_for_a_key_keeps_its_batch_from_nothing(
    queue: Queue, waiting_batch: tuple[WorkerPool, list[Job], Any]
) -> None:
    _, jobs, holder = waiting_batch
    assert states(queue, jobs[:1])[0][0] == "running"
    holder.rollback()
    until(lambda: states(queue, jobs[:1])[0][0] == "completed")


def test_a_stop_releases_a_job_of_a_batch_that_waits_for_a_key(
    queue: Queue, new_pool: NewPool, waiting_batch: tuple[WorkerPool, list[Job], Any]
) -> None:
    pool, jobs, _ = waiting_batch
    pool.stop(grace=0)
    if not new_pool.is_direct:  # the outcome waits at the broker for a gateway
        assert states(queue, jobs[:1])[0][0] == "running"
        return
    assert states(queue, jobs[:1]) == [("pending", 0, None)]


def test_a_stop_in_the_moment_before_an_outcome_is_written_releases_the_job(
    queue: Queue, new_direct_pool: NewPool, timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_written_apart, seen = Outcomes.is_written_apart, []

    def stop_once(outcomes: Outcomes, attempt: Attempt, children: ChildJobs | None) -> bool:
        seen.append(attempt.job.id)
        if len(seen) == 1:
            worker = pool._lifecycle.worker
            assert worker is not None
            asyncio.get_running_loop().call_soon(worker.runner.stop, Shutdown)
        return is_written_apart(outcomes, attempt, children)

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        jobs[0].enqueued.append(Job(type="child", unique="key"))

    monkeypatch.setattr(Outcomes, "is_written_apart", stop_once)
    timed(audit=600.0)  # no audit finds the job
    jobs = enqueued(queue, 1)
    pool = batched(new_direct_pool, handle, size=1)
    pool.register("child", lambda context, payload: None)
    with pool:
        until(lambda: states(queue, jobs) == [("completed", 1, None)])
    assert seen.count(jobs[0].id) == 2, "it ran again"


def test_an_outcome_that_cannot_be_written_waits_for_no_other_of_its_batch(
    queue: Queue, new_direct_pool: NewPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_apart = Outcomes.write_apart
    is_settled = threading.Event()

    async def write(outcomes: Outcomes, attempt: Attempt) -> None:
        if attempt.job.id == jobs[0].id:
            raise ValueError("it cannot be written")
        await asyncio.to_thread(is_settled.wait, 300)
        await write_apart(outcomes, attempt)

    def handle(context: BatchContext, batch: list[BatchJob]) -> None:
        for job in batch:
            job.enqueued.append(Job(type="child", unique=str(job.id)))

    monkeypatch.setattr(Outcomes, "write_apart", write)
    jobs = enqueued(queue, 2, max_attempts=1)
    pool = batched(new_direct_pool, handle, size=2)
    with pool:
        until(lambda: states(queue, jobs[:1])[0][0] == "failed")
        assert states(queue, jobs[1:])[0][0] == "running"
        is_settled.set()
        until(lambda: states(queue, jobs[1:])[0][0] == "completed")
