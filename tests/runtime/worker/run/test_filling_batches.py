"""Which jobs make a batch, and when it starts."""

import asyncio
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from batches import batched, enqueued, states
from conduit_runtime import BatchContext, BatchJob, Job, JobContext, Queue
from pools import NewPool
from waiting import until


@pytest.mark.slow
def test_a_batch_waits_for_company_and_no_longer(queue: Queue, new_pool: NewPool) -> None:
    calls: list[tuple[float, list[int]]] = []
    began = time.monotonic()

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append((time.monotonic() - began, [job.payload["n"] for job in jobs]))

    with batched(new_pool, handle, wait=1.5):
        for n in range(3):
            queue.enqueue(Job(type="t", payload={"n": n}))
        until(lambda: calls)
        assert [ns for _, ns in calls] == [[0, 1, 2]]
        assert 1.0 < calls[0][0] < 30


def test_a_full_batch_starts_at_once(queue: Queue, new_pool: NewPool) -> None:
    calls: list[int] = []
    with batched(new_pool, lambda context, jobs: calls.append(len(jobs)), size=4, wait=60):
        enqueued(queue, 8)
        until(lambda: calls == [4, 4], 30)


@pytest.mark.slow
def test_a_job_that_waits_for_company_for_long_is_held_still(
    queue: Queue, new_pool: NewPool
) -> None:
    """After so long a wait, the worker checks its jobs again, and leaves out a cancelled one."""
    calls: list[list[int]] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append([job.payload["n"] for job in jobs])

    with batched(new_pool, handle, wait=3):
        jobs = enqueued(queue, 3)
        until(lambda: all(status == "running" for status, _, _ in states(queue, jobs)))
        with psycopg.connect(queue.dsn) as conn:  # a cancel whose notice is lost
            conn.execute("SET conduit.wake = 'off'")
            conn.execute("SELECT conduit_cancel(%s)", [jobs[1].id])
        until(lambda: calls)
        until(lambda: states(queue, jobs)[2][0] == "completed")
    assert calls == [[0, 2]]
    assert [status for status, _, _ in states(queue, jobs)] == (
        ["completed", "cancelled", "completed"]
    )


def test_a_stop_does_not_wait_for_company(queue: Queue, new_pool: NewPool) -> None:
    calls: list[int] = []
    jobs = enqueued(queue, 3)
    began = time.monotonic()
    with batched(new_pool, lambda context, jobs: calls.append(len(jobs)), wait=60):
        until(lambda: all(status == "running" for status, _, _ in states(queue, jobs)))
    assert time.monotonic() - began < 50
    assert calls == []
    assert states(queue, jobs) == [("pending", 0, None)] * 3


def test_jobs_with_timeouts_of_their_own_run_with_their_like(
    queue: Queue, new_pool: NewPool
) -> None:
    calls: list[int] = []

    async def work(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append(len(jobs))
        await asyncio.sleep(0.2)

    pool = new_pool()
    pool.batch_handler("t", size=10)(work)
    slow, fast = enqueued(queue, 3), enqueued(queue, 2, timeout=0.05)
    pool.run(drain=True)
    assert sorted(calls) == [2, 3]
    assert {status for status, _, _ in states(queue, slow)} == {"completed"}
    assert {error for _, _, error in states(queue, fast)} == (
        {"TimeoutError: the attempt took longer than 0.05 s"}
    )


def test_a_rescued_job_runs_alone(queue: Queue, new_pool: NewPool) -> None:
    calls: list[list[int]] = []
    jobs = enqueued(queue, 5)
    with psycopg.connect(queue.dsn) as conn:
        conn.execute("UPDATE jobs SET rescues = 1 WHERE id = %s", [jobs[2].id])

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append([job.payload["n"] for job in jobs])

    batched(new_pool, handle).run(drain=True)
    assert sorted(calls) == [[0, 1, 3, 4], [2]]
    assert states(queue, jobs) == [("completed", 1, None)] * 5


def test_other_jobs_run_while_a_batch_waits_and_a_batch_takes_one_slot(
    queue: Queue, new_pool: NewPool
) -> None:
    running: list[str] = []
    release = threading.Event()
    pool = new_pool(workers=2)

    @pool.batch_handler("t", size=50, wait=0.1)
    def batch(context: BatchContext, jobs: list[BatchJob]) -> None:
        running.append(f"{len(jobs)} jobs")
        release.wait(300)

    @pool.handler("other")
    def other(context: JobContext, payload: object) -> None:
        running.append("other")

    enqueued(queue, 50)
    with pool:
        try:
            until(lambda: running == ["50 jobs"])
            queue.enqueue(Job(type="other"))
            until(lambda: running == ["50 jobs", "other"])
        finally:
            release.set()


def test_a_cap_on_a_queue_counts_the_jobs_of_a_batch(queue: Queue, new_pool: NewPool) -> None:
    calls: list[int] = []
    pool = new_pool({"default": 4})
    pool.batch_handler("t", size=100)(lambda context, jobs: calls.append(len(jobs)))
    jobs = enqueued(queue, 10)
    pool.run(drain=True)
    assert max(calls) <= 4
    assert sum(calls) == 10
    assert {status for status, _, _ in states(queue, jobs)} == {"completed"}


@pytest.mark.slow
@pytest.mark.parametrize("limit", ["concurrency", "rate"])
def test_limits_over_all_workers_count_the_jobs_of_a_batch(
    queue: Queue, new_pool: NewPool, limit: str
) -> None:
    calls: list[int] = []
    jobs = enqueued(queue, 10)
    if limit == "concurrency":
        queue.limit("default", 3)
    else:
        queue.rate_limit("t", 3, timedelta(seconds=1))
    with batched(new_pool, lambda context, jobs: calls.append(len(jobs)), size=5, wait=0.05):
        until(lambda: sum(calls) == 10)
        until(lambda: {status for status, _, _ in states(queue, jobs)} == {"completed"})
    assert max(calls) <= 3


@pytest.mark.slow
def test_full_batches_and_others_take_turns_in_the_only_slot(
    queue: Queue, new_pool: NewPool
) -> None:
    started: list[str] = []
    pool = new_pool(workers=1)

    async def index(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.append("batch")
        await asyncio.sleep(0.5)  # longer than a job waits for a slot

    for type_ in ("t", "u"):
        pool.batch_handler(type_, size=5)(index)

    @pool.handler("plain")
    async def plain(context: JobContext, payload: object) -> None:
        started.append("plain")
        await asyncio.sleep(0.5)

    for type_, priority in (("t", 50), ("u", 50), ("plain", 100)):
        queue.enqueue_many([Job(type=type_, payload=n, priority=priority) for n in range(100)])
    with pool:
        until(lambda: len(started) >= 8)
    least = 3 if new_pool.is_direct else 1  # a gateway does not know in what order workers begin
    assert started.count("batch") >= least
    assert started.count("plain") >= least
