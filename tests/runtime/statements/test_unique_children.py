"""Unique jobs that jobs enqueue, and outcomes that wait for a key."""

import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue
from conduit_runtime.statements.unique_keys import key_of
from locks import waits_for_a_lock
from pools import NewPool
from stored_jobs import status
from unique_jobs import unique
from waiting import until


def test_a_child_job_is_unique_too(queue: Queue, new_direct_pool: NewPool, dsn: str) -> None:
    existing = queue.enqueue(unique("theirs", delay=timedelta(hours=1)))
    queue.enqueue(Job(type="parent"))
    pool = new_direct_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique("theirs"))
        context.enqueued.append(unique("ours", delay=timedelta(hours=1)))
        context.enqueued.append(unique("ours"))
        context.enqueued.append(Job(type="plain", delay=timedelta(hours=1)))

    pool.run(drain=True)
    [parent_job] = queue.list(status="completed")
    assert parent_job.type == "parent"
    assert queue.stats().pending == 3
    assert queue.enqueue(unique("theirs")).id == existing.id
    assert queue.enqueue(unique("ours")).duplicate


def test_a_job_may_enqueue_its_successor(queue: Queue, new_direct_pool: NewPool) -> None:
    queue.enqueue(unique(payload=3))
    pool = new_direct_pool()

    @pool.handler("t")
    async def again(context: JobContext, payload: int) -> None:
        if payload:
            context.enqueued.append(unique(payload=payload - 1))

    pool.run(drain=True)
    assert sorted(job.payload for job in queue.list(status="completed")) == [0, 1, 2, 3]


@pytest.mark.slow
def test_only_the_job_waits_whose_key_another_transaction_holds(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    pool = new_direct_pool(workers=2)

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique("held", delay=timedelta(hours=1)))

    pool.register("quick", lambda context, payload: None)
    with psycopg.connect(dsn) as holder:
        queue.enqueue(unique("held", delay=timedelta(hours=1)), conn=holder)
        with pool:
            waiting = queue.enqueue(Job(type="parent"))
            until(lambda: status(queue, waiting) == "running" and waits_for_a_lock(dsn))
            # After this time, the worker tries to write the start of the job.
            soon = time.monotonic() + pool.timing.long + 2 * pool.timing.watch
            until(lambda: time.monotonic() > soon)
            quick = queue.enqueue_many([Job(type="quick") for _ in range(20)])
            until(lambda: {status(queue, job) for job in quick} == {"completed"})
            assert status(queue, waiting) == "running"
            holder.rollback()
            until(lambda: status(queue, waiting) == "completed")
    assert queue.stats().pending == 1


def test_a_worker_that_stops_releases_a_job_that_waits_for_a_key(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    """Behind a broker, the outcome waits at the broker instead."""
    pool = new_direct_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique("held"))

    with psycopg.connect(dsn) as holder:
        queue.enqueue(unique("held"), conn=holder)
        pool.start()
        waiting = queue.enqueue(Job(type="parent"))
        until(lambda: waits_for_a_lock(dsn))
        pool.stop(grace=0)
        job = queue.get(waiting.id)
        assert job is not None
        assert (job.status, job.attempts) == ("pending", 0)
        holder.rollback()
    assert queue.stats().pending == 1


def test_a_wait_for_a_key_that_is_cut_goes_on(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    pool = new_direct_pool()
    runs = []

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        runs.append(context.attempt)
        context.enqueued.append(unique("held", delay=timedelta(hours=1)))

    with psycopg.connect(dsn) as holder, pool:
        queue.enqueue(unique("held"), conn=holder)
        waiting = queue.enqueue(Job(type="parent"))
        until(lambda: waits_for_a_lock(dsn))
        with psycopg.connect(dsn, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        until(lambda: waits_for_a_lock(dsn))
        holder.rollback()
        until(lambda: status(queue, waiting) == "completed")
    assert runs == [1]
    assert queue.stats().pending == 1


def test_a_completion_that_postgres_refuses_fails_its_job(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    with psycopg.connect(dsn) as conn:
        refused = key_of("t", "refused")
        [(key,)] = conn.execute("SELECT (conduit_keyed(ARRAY[%s]))[1]", (refused,))
        conn.execute(f"ALTER TABLE conduit_unique_keys ADD CHECK (key <> '{key}')")
    pool = new_direct_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique(payload))

    queue.enqueue_many([Job(type="parent", payload=key) for key in ("refused", "taken")])
    pool.run(drain=True)
    [failed] = queue.list(status="failed")
    assert failed.payload == "refused"
    assert "Postgres refused the outcome" in (failed.error or "")
    assert [job.type for job in queue.list(status="pending")] == ["t"]
