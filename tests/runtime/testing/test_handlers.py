"""Handlers, services and batches in the run of a test."""

import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Discard,
    Job,
    JobContext,
    WorkerPool,
    chain,
    group,
)
from example_jobs import JOBS
from kit import Kit, enqueue, ship_an_order

HOUR = timedelta(hours=1)


class TestHandlers:
    def test_plain_functions_run_in_the_thread_of_the_test(
        self, kit: Kit, pool: WorkerPool
    ) -> None:
        local = threading.local()
        local.value = "here"
        pool.register("plain", lambda context, payload: local.value)
        enqueue(kit, "plain")
        assert kit.jobs.run(pool=pool)[0].result == "here"

    def test_what_they_do_with_the_database(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("reads")
        async def read(context: JobContext, payload: Any) -> list[Any]:
            async with context.connection() as connection, connection.transaction():
                await connection.execute("INSERT INTO notes (id, \"from\") VALUES (1, 'me')")
                cursor = await connection.execute("SELECT * FROM notes")
                rows = await cursor.fetchall()
            try:
                async with context.connection() as connection:
                    await connection.execute("SELECT 1 / 0")
            except psycopg.errors.DivisionByZero:
                return [row[:2] for row in rows]
            return []

        enqueue(kit, "reads")
        assert kit.jobs.run(pool=pool)[0].result == [(1, "me")]
        assert kit.one("SELECT count(*) FROM notes") == 1

    def test_what_a_failed_attempt_wrote_stays(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("writes")
        async def write(context: JobContext, payload: Any) -> None:
            async with context.connection() as connection:
                await connection.execute("INSERT INTO notes (id, \"from\") VALUES (1, 'me')")
                await connection.execute("SELECT 1 / 0")

        enqueue(kit, "writes")
        assert len(kit.jobs.run(pool=pool, raises=False).failures) == 1
        assert kit.one("SELECT count(*) FROM notes") == 1

    def test_results_and_progress(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("counts", keep_result=timedelta(hours=1))
        async def count(context: JobContext, payload: Any) -> dict[str, int]:
            context.progress(1, 2)
            return {"n": 1}

        [job] = enqueue(kit, "counts")
        assert kit.jobs.run(pool=pool)[0].result == {"n": 1}
        stored = kit.queue.get(job.id, conn=kit.conn)
        assert stored is not None
        assert stored.result == {"n": 1}

    def test_a_job_that_was_rescued_before(self, kit: Kit, pool: WorkerPool) -> None:
        pool.register("t", lambda context, payload: context.attempt)
        enqueue(kit, "t")
        kit.conn.execute("UPDATE jobs SET rescues = 1, attempts = 1")
        kit.done()
        assert kit.jobs.run(pool=pool)[0].result == 2
        kit.jobs.assert_enqueued("t", status="completed")

    def test_flows(self, kit: Kit, pool: WorkerPool) -> None:
        ran_in: list[str] = []
        for type_ in ("a", "b", "c", "d"):
            pool.register(type_, lambda context, payload: ran_in.append(context.type))
        flow = chain(
            Job(type="a"), group([Job(type="b"), Job(type="c", queue="other")]), Job(type="d")
        )
        kit.queue.enqueue_flow(flow, conn=kit.conn)
        kit.done()
        kit.jobs.run(pool=pool)
        assert sorted(ran_in[1:3]) == ["b", "c"]
        assert (ran_in[0], ran_in[3:]) == ("a", ["d"])

    def test_results_of_the_jobs_before(self, kit: Kit, pool: WorkerPool) -> None:
        for type_ in ("a", "b"):
            pool.register(type_, lambda context, payload: context.type, keep_result=HOUR)

        @pool.handler("c")
        async def collect(context: JobContext, payload: Any) -> list[Any]:
            return await context.results()

        flow = chain(group([Job(type="a"), Job(type="b")]), Job(type="c"))
        kit.queue.enqueue_flow(flow, conn=kit.conn)
        kit.done()
        assert sorted(kit.jobs.run(pool=pool).of("c")[0].result) == ["a", "b"]

    def test_child_jobs_in_a_queue_that_was_empty(self, kit: Kit) -> None:
        ship_an_order(kit)
        ran = kit.jobs.run(job_types=JOBS)
        assert {run.queue for run in ran} == {"mail", "search", "default"}


def test_a_batch_runs_in_one_call(kit: Kit, pool: WorkerPool) -> None:
    calls: list[list[int]] = []

    @pool.batch_handler("t", size=3, wait=60)
    def work(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append([job.payload for job in jobs])
        if 3 in calls[-1]:
            context.fail(jobs[calls[-1].index(3)], Discard("three"))

    kit.queue.enqueue_many([Job(type="t", payload=n) for n in range(5)], conn=kit.conn)
    kit.done()
    ran = kit.jobs.run(pool=pool, raises=False)
    assert calls == [[0, 1, 2], [3, 4]]
    assert [run.payload for run in ran.completed] == [0, 1, 2, 4]
    assert [run.error for run in ran.failures] == ["three"]


def test_a_batch_that_fails(kit: Kit, pool: WorkerPool) -> None:
    @pool.batch_handler("index", size=10)
    def index(context: Any, jobs: Any) -> None:
        raise ConnectionError("down")

    enqueue(kit, "index", "index")
    with pytest.raises(ConnectionError, match="down"):
        kit.jobs.run(pool=pool)
    assert [job.attempts for job in kit.jobs.enqueued("index")] == [1, 1]
