"""Loops that an application writes itself: dequeue, complete, fail, touch."""

import asyncio

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Job, JobLost, JobStatus, Queue
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.outcomes import Attempt, complete
from conduit_runtime.statements.worker_registry import register
from conduit_runtime.worker.claim.claim_memory import ClaimMemory


def status(queue: Queue, job: Job) -> JobStatus:
    stored = queue.get(job.id)
    assert stored is not None
    return stored.status


def test_jobs_come_by_priority_time_and_insertion(queue: Queue) -> None:
    jobs = [Job(type="ab"[n % 2], payload=n, priority=(50, 100)[n % 3 == 0]) for n in range(30)]
    queue.enqueue_many(jobs)
    expected = sorted(range(30), key=lambda n: (-jobs[n].priority, n))
    claimed = [job.payload for _ in range(3) for job in queue.dequeue("w", limit=10)]
    assert claimed == expected
    assert queue.dequeue("w") == []


def test_a_claimed_job_is_held(queue: Queue) -> None:
    queue.enqueue(Job(type="t", payload={"a": 1}))
    [job] = queue.dequeue("me")
    assert (job.status, job.attempts, job.locked_by) == (JobStatus.RUNNING, 1, "me")
    assert job.is_locked
    assert job.payload == {"a": 1}
    queue.touch(job)
    queue.complete(job)
    assert status(queue, job) is JobStatus.COMPLETED
    for late in (queue.complete, queue.touch, lambda job: queue.fail(job, "late")):
        with pytest.raises(JobLost):
            late(job)


def test_types_and_queues_are_kept_apart(queue: Queue) -> None:
    queue.enqueue_many([Job("a", "x"), Job("a", "y"), Job("b", "x")])
    assert [job.type for job in queue.dequeue("w", "a", 10, ["y"])] == ["y"]
    assert [job.type for job in queue.dequeue("w", "a", 10)] == ["x"]


def test_failing_retries_and_then_fails(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t", max_attempts=2))
    [job] = queue.dequeue("w")
    queue.fail(job, ValueError("once"))
    assert status(queue, job) is JobStatus.PENDING
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET run_at = now()")
    [job] = queue.dequeue("w")
    queue.fail(job, "twice")
    stored = queue.get(job.id)
    assert stored is not None
    assert (stored.status, stored.attempts, stored.error) == (JobStatus.FAILED, 2, "twice")
    assert [entry["error"] for entry in stored.errors] == ["ValueError: once", "twice"]
    assert ["traceback" in entry for entry in stored.errors] == [True, False]


def test_a_lapsed_lease_is_taken_over_and_fenced(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t"))
    [first] = queue.dequeue("first")
    assert queue.dequeue("second") == []
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET leased_until = now() - interval '1 second'")
    [second] = queue.dequeue("second")
    assert (second.id, second.attempts) == (first.id, 2)
    with pytest.raises(JobLost):
        queue.complete(first)
    with pytest.raises(JobLost):
        queue.fail(first, "late")
    queue.complete(second)
    assert status(queue, second) is JobStatus.COMPLETED


def test_a_hand_typed_retry_of_a_running_job_fences_its_holder(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t"))
    [first] = queue.dequeue("w")
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
            (first.id,),
        )
    with pytest.raises(JobLost):
        queue.complete(first)
    [second] = queue.dequeue("w")
    with pytest.raises(JobLost):
        queue.complete(first)
    queue.complete(second)


def test_a_worker_that_claims_a_job_once_leased_holds_it_without_a_lease(
    queue: Queue, dsn: str
) -> None:
    queue.enqueue(Job(type="t"))
    queue.dequeue("w")
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("UPDATE jobs SET status = 'pending', run_at = now()")
        run(conn, register("worker", 1, "host", 1, ["default"], []))
        [job] = run(conn, ClaimMemory().next("worker", {"default": 1}, [("t", "")], 1, 0.0))
        [(lease,)] = conn.execute("SELECT leased_until FROM jobs").fetchall()
        assert lease is None
        assert len(run(conn, complete([Attempt(job)])).attempts) == 1


def test_two_claims_never_share_a_job(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(10)])
    with psycopg.connect(dsn) as one, psycopg.connect(dsn) as two:
        first = queue.dequeue("a", limit=6, conn=one)
        second = queue.dequeue("b", limit=6, conn=two)
    assert len(first) == 6
    assert len(second) == 4
    assert not {job.id for job in first} & {job.id for job in second}


def test_the_asynchronous_queue_does_the_same(dsn: str) -> None:
    async def use() -> None:
        async with AsyncQueue(dsn) as queue:
            job = await queue.enqueue(Job(type="t"))
            await queue.enqueue_many([Job(type="u"), Job(type="u")])
            [claimed] = await queue.dequeue("w", types=["t"])
            assert claimed.id == job.id
            await queue.complete(claimed)
            with pytest.raises(JobLost):
                await queue.complete(claimed)
            assert (await queue.stats()).completed == 1
            async with await psycopg.AsyncConnection.connect(dsn) as conn:
                await queue.enqueue(Job(type="lost"), conn=conn)
                await conn.rollback()
            assert len(await queue.list(type="lost")) == 0

    asyncio.run(use())
