"""Keys that no job holds are deleted."""

import asyncio
from datetime import timedelta

import psycopg
from conduit_runtime import AsyncQueue, Queue, WorkerPool
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.unique_keys import SWEPT, sweep
from unique_jobs import keys, unique
from waiting import until


def test_keys_that_are_held_no_more_are_swept(queue: Queue, dsn: str) -> None:
    ended = queue.enqueue_many([unique(n) for n in range(10)])
    for job in ended:
        queue.cancel(job.id)
    queue.enqueue_many([unique(n, unique_for=timedelta(days=1)) for n in range(20, 25)])
    queue.enqueue_many([unique(n) for n in range(30, 35)])
    with psycopg.connect(dsn, autocommit=True) as conn, psycopg.connect(dsn) as holder:
        held = queue.enqueue(unique(9), conn=holder)
        after, pages = None, 0
        while pages == 0 or after is not None:
            after = run(conn, sweep(after, 4))
            pages += 1
        holder.commit()
    assert pages == 6
    assert keys(dsn) == 11
    assert queue.enqueue(unique(9)).id == held.id
    assert queue.enqueue(unique(30)).duplicate
    assert queue.enqueue(unique(20)).duplicate


def test_a_worker_sweeps(queue: Queue, dsn: str) -> None:
    queue.enqueue(unique())
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    pool.run(drain=True)
    assert keys(dsn) == 1
    with WorkerPool(queue):
        until(lambda: keys(dsn) == 0)


def test_purge_sweeps_keys_and_results(queue: Queue, dsn: str) -> None:
    for job in queue.enqueue_many([unique(n) for n in range(10)])[1:]:
        queue.cancel(job.id)
    with psycopg.connect(dsn) as conn:
        conn.execute(  # more than one statement sweeps
            "INSERT INTO conduit_unique_keys (type, key, job) "
            "SELECT 't', lpad(n::text, 64, '0'), gen_random_uuid() "
            "FROM generate_series(1, %s) AS n",
            (SWEPT + 1,),
        )
        conn.execute(
            "INSERT INTO conduit_results "
            "SELECT gen_random_uuid(), '1', now() + n * interval '1 hour' "
            "FROM generate_series(-3, 1, 2) AS n"
        )
    assert queue.purge(timedelta(0), ("cancelled",)) == 9
    assert keys(dsn) == 1
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*) FROM conduit_results").fetchone() == (1,)

    async def purge() -> int:
        async with AsyncQueue(dsn) as asynchronous:
            return await asynchronous.purge_completed(timedelta(0))

    queue.complete(*queue.dequeue("w"))
    assert asyncio.run(purge()) == 1
    assert keys(dsn) == 0
