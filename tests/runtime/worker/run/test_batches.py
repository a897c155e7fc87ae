"""Batches: several jobs in one call, each with its own outcome."""

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from batches import batched, enqueued, states
from conduit_runtime import BatchContext, BatchJob, Discard, Job, Queue, Retry, Snooze
from pools import NewPool
from timed import Timed
from waiting import until

BOTH = pytest.mark.parametrize("is_async", [True, False], ids=["coroutine", "plain"])


@BOTH
def test_one_call_runs_many_jobs(queue: Queue, new_pool: NewPool, is_async: bool) -> None:
    calls: list[list[int]] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        assert (context.type, context.queue) == ("t", "default")
        assert list(context.jobs) == jobs
        assert [job.attempt for job in jobs] == [1] * len(jobs)
        calls.append([job.payload["n"] for job in jobs])

    jobs = enqueued(queue, 250)
    batched(new_pool, handle, is_async=is_async).run(drain=True)
    assert sorted(n for call in calls for n in call) == [*range(250)]
    assert all(call == sorted(call) for call in calls)
    if new_pool.is_direct:
        assert [len(call) for call in calls] == [100, 100, 50]
    else:  # a gateway claims less ahead until it knows how fast workers are
        assert len(calls) < 10
    assert states(queue, jobs) == [("completed", 1, None)] * 250


@BOTH
def test_jobs_of_a_batch_end_each_in_their_way(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        context.fail(jobs[1], ValueError("bad"))
        context.fail(jobs[2], "a text")
        context.fail(jobs[3], Discard("of no use"))
        context.fail(jobs[4], Snooze(60))
        context.fail(jobs[5], Retry(after=1_000))

    jobs = enqueued(queue, 6)
    pool = batched(new_pool, handle, is_async=is_async)
    pool.run(drain=True)
    assert states(queue, jobs) == [
        ("completed", 1, None),
        ("pending", 1, "ValueError: bad"),
        ("pending", 1, "a text"),
        ("failed", 1, "of no use"),
        ("pending", 0, None),
        ("pending", 1, "the handler asked for a retry"),
    ]
    stats = pool.metrics.stats("t")
    assert (stats.processed, stats.succeeded, stats.failed, stats.retried) == (5, 1, 4, 3)


@BOTH
def test_a_returned_list_has_a_result_or_an_exception_for_each(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> list[object]:
        return [10, ValueError("bad"), None]

    jobs = enqueued(queue, 3)
    batched(new_pool, handle, is_async=is_async, keep_result=timedelta(days=1)).run(drain=True)
    stored = [queue.get(job.id) for job in jobs]
    assert [job and job.result for job in stored] == [10, None, None]
    assert [status for status, _, _ in states(queue, jobs)] == ["completed", "pending", "completed"]


@BOTH
@pytest.mark.parametrize("returned", [[1], 5, {"a": 1}])
def test_what_is_no_list_of_results_fails_the_batch(
    queue: Queue, new_pool: NewPool, is_async: bool, returned: object
) -> None:
    jobs = enqueued(queue, 2)
    batched(new_pool, lambda context, jobs: returned, is_async=is_async).run(drain=True)
    [(status, _, error), (_, _, other)] = states(queue, jobs)
    assert status == "pending"
    assert error == other
    assert "return None, or a list with a result or an exception" in str(error)


def test_a_returned_class_of_exceptions_completes_no_job(queue: Queue, new_pool: NewPool) -> None:
    jobs = enqueued(queue, 2)
    batched(new_pool, lambda context, jobs: [ValueError, None]).run(drain=True)
    [(status, _, error), completed] = states(queue, jobs)
    assert (status, completed) == ("pending", ("completed", 1, None))
    assert "return an exception" in (error or "")


@BOTH
def test_a_batch_that_raises_fails_each_of_its_jobs_with_its_own_retry(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        context.fail(jobs[0], "its own")
        raise OSError("down")

    jobs = [*enqueued(queue, 2), *enqueued(queue, 1, max_attempts=1)]
    batched(new_pool, handle, is_async=is_async).run(drain=True)
    assert states(queue, jobs) == [
        ("pending", 1, "its own"),
        ("pending", 1, "OSError: down"),
        ("failed", 1, "OSError: down"),
    ]


@BOTH
def test_a_job_that_is_cancelled_while_its_batch_runs_stays_cancelled(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    started = threading.Event()

    async def work(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        while True:
            await asyncio.sleep(0.01)
            try:
                jobs[1].raise_if_cancelled()
            except asyncio.CancelledError:
                return

    def work_plainly(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        while True:
            time.sleep(0.01)
            try:
                jobs[1].raise_if_cancelled()
            except asyncio.CancelledError:
                return

    pool = new_pool()
    pool.batch_handler("t", size=3)(work if is_async else work_plainly)
    jobs = enqueued(queue, 3)
    with pool:
        assert started.wait(60)
        queue.cancel(jobs[1].id)
        until(lambda: states(queue, jobs)[0][0] == "completed")
    assert [status for status, _, _ in states(queue, jobs)] == (
        ["completed", "cancelled", "completed"]
    )


def test_a_batch_whose_jobs_are_all_cancelled_is_stopped(queue: Queue, new_pool: NewPool) -> None:
    started, stopped = threading.Event(), threading.Event()

    async def hang(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    pool = new_pool()
    pool.batch_handler("t", size=2)(hang)
    jobs = enqueued(queue, 2)
    with pool:
        assert started.wait(60)
        for job in jobs:
            queue.cancel(job.id)
        assert stopped.wait(60)
    assert {status for status, _, _ in states(queue, jobs)} == {"cancelled"}


@BOTH
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration(), Discard()])
def test_whatever_a_batch_raises_is_the_end_of_its_jobs_alone(
    queue: Queue, new_pool: NewPool, is_async: bool, error: BaseException
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        raise error

    jobs = enqueued(queue, 2)
    pool = batched(new_pool, handle, is_async=is_async)
    pool.register("other", lambda context, payload: None)
    other = queue.enqueue(Job(type="other"))
    pool.run(drain=True)
    status = "failed" if isinstance(error, Discard) else "pending"
    assert {each for each, _, _ in states(queue, jobs)} == {status}
    assert states(queue, [other]) == [("completed", 1, None)]


def test_errors_of_a_type_are_retried_or_not_in_a_batch_too(
    queue: Queue, new_pool: NewPool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        context.fail(jobs[0], ValueError("bad"))
        raise OSError("down")

    jobs = enqueued(queue, 2)
    batched(new_pool, handle, discard_on=[ValueError]).run(drain=True)
    assert [status for status, _, _ in states(queue, jobs)] == ["failed", "pending"]


def test_a_job_of_another_batch_cannot_fail(queue: Queue, new_pool: NewPool) -> None:
    kept: list[BatchJob] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        kept.extend(jobs)
        context.fail(kept[0], "no")

    jobs = enqueued(queue, 2)
    batched(new_pool, handle, size=1).run(drain=True)
    errors = [error for _, _, error in states(queue, jobs)]
    assert errors[0] == "no"
    assert errors[1] == f"ValueError: job {kept[0].id} is not in this batch"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["returned", "called"])
def test_an_attempt_that_fails_beside_a_later_one_of_its_job_is_not_the_later_ones_failure(
    queue: Queue, dsn: str, new_direct_pool: NewPool, how: str, timed: Timed
) -> None:
    """The test sets the row back, so the job is claimed again and joins its first attempt."""
    timed(fresh=60.0)

    def handle(context: BatchContext, jobs: list[BatchJob]) -> Any:
        assert jobs[0].id == jobs[1].id
        if how == "called":
            context.fail(jobs[0], "twice")
            assert [*context.failed] == [jobs[0].id]
            return None
        return [ValueError("twice"), None]

    with batched(new_direct_pool, handle, size=2):
        jobs = enqueued(queue, 1, max_attempts=1)
        until(lambda: queue.stats().running)
        with psycopg.connect(dsn) as connection:
            connection.execute("UPDATE jobs SET status = 'pending', run_at = now()")
        until(lambda: queue.stats().completed)
    assert states(queue, jobs) == [("completed", 1, None)]
