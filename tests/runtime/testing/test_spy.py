"""Waiting for the jobs of a real worker, without polling."""

import asyncio
import threading
from typing import Any

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Job, JobContext, Queue, WorkerPool
from conduit_runtime.testing import AsyncJobs, Jobs


def test_a_status_that_a_worker_brings(dsn: str) -> None:
    go_on = threading.Event()
    with Queue(dsn) as queue, Jobs(dsn).spy() as spy:
        pool = WorkerPool(queue)

        @pool.handler("t")
        def work(context: JobContext, payload: Any) -> None:
            assert go_on.wait(60)
            raise KeyError("x")

        with pool:
            job = queue.enqueue(Job(type="t", payload={"n": 1}, max_attempts=1))
            assert spy.wait(job, status="running", within=30).id == job.id
            go_on.set()
            assert spy.wait("t", status="failed", n=1, within=30).error == "KeyError: 'x'"
            # The job was running before it failed.
            assert spy.wait(job.id, status=["running", "completed"]).status == "failed"


def test_what_was_so_before_and_what_never_comes(dsn: str) -> None:
    with Queue(dsn) as queue:
        job = queue.enqueue(Job(type="t"))
        with Jobs(dsn).spy() as spy:
            assert spy.wait(job, status="pending").id == job.id
            with pytest.raises(AssertionError) as failed:
                spy.wait("t", within=0.05)
        assert str(failed.value).startswith(
            "not within 0.05 s: no job is enqueued that matches t(status=completed)\n"
            "the nearest:\n  t (pending, queue default, priority 50) {}\n"
            "    status: wanted completed, found pending"
        )
    with psycopg.connect(dsn) as connection:
        left = connection.execute("SELECT FROM pg_proc WHERE proname LIKE 'conduit_spy%'")
        assert left.fetchall() == []
    with pytest.raises(RuntimeError, match="the spy is not open"):
        spy.wait("t")


def test_beside_a_transaction_that_has_enqueued(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduit_runtime.testing.spy.LOCK_TIMEOUT", 50)
    with psycopg.connect(dsn) as connection, Queue(dsn) as queue:
        queue.enqueue(Job(type="t"), conn=connection)
        with pytest.raises(RuntimeError, match="commit it or roll it back"), Jobs(dsn).spy():
            pass


def test_for_asynchronous_code(dsn: str) -> None:
    async def main() -> None:
        async with AsyncQueue(dsn) as queue, AsyncJobs(dsn).spy() as spy:
            pool = WorkerPool(queue)
            pool.register("t", lambda context, payload: None)
            async with pool:
                job = await queue.enqueue(Job(type="t"))
                assert (await spy.wait(job, within=30)).status == "completed"

    asyncio.run(main())
