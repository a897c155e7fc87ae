"""Jobs of types and shapes that no worker has code for, or only another worker."""

import threading

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, NoHandler, Queue, WorkerPool
from pools import NewPool
from stored_jobs import reload
from waiting import until


def test_jobs_that_no_worker_handles_stay(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("known")
    async def work(context: JobContext, payload: object) -> None: ...

    with pytest.raises(NoHandler, match="known types: known"):
        pool.handlers.get("unknown")
    job = queue.enqueue(Job(type="unknown"))
    with pool:
        queue.enqueue(Job(type="known"))
        until(lambda: queue.stats().completed)
        [overview] = queue.queues()
        assert (overview.unknown, overview.workers) == (1, 1)
        done = threading.Event()
        pool.register("unknown", lambda context, payload: done.set())
        assert done.wait(60)
    assert reload(queue, job).status is JobStatus.COMPLETED


def test_a_fingerprint_that_no_worker_knows_is_tried(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    seen: list[object] = []

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        seen.append(payload)

    queue.enqueue(Job(type="t", payload=1, fingerprint="of another version"))
    pool.run(drain=True)
    assert seen == [1]


def test_a_fingerprint_that_a_live_worker_knows_is_left_to_it(queue: Queue, dsn: str) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None: ...

    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
            """VALUES ('new', 1, 'h', 1, '{default}', '[["t", "new"]]')"""
        )
    job = queue.enqueue(Job(type="t", fingerprint="new"))
    pool.run(drain=True)
    assert reload(queue, job).status is JobStatus.PENDING
