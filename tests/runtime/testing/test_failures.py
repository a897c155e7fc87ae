"""Jobs of a test that fail, are retried or interrupted."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Discard, Job, JobContext, Queue, Snooze, WorkerPool
from conduit_runtime.testing import JobFailed, Jobs
from example_jobs import JOBS
from example_jobs.order import email_send, release
from kit import Kit, enqueue, ship_an_order, texts


class TestFailures:
    def test_the_exception_of_a_job_is_raised(self, kit: Kit) -> None:
        ship_an_order(kit)
        kit.jobs.fakes.email.send.fails(ConnectionError("no mail today"))
        with pytest.raises(ConnectionError, match="no mail today") as failed:
            kit.jobs.run(job_types=JOBS)
        assert failed.value.__notes__ == [f"in the job {email_send.name} (attempt 1 of 3, retried)"]
        frames = {frame.path.name for frame in failed.traceback}  # type: ignore[union-attr]
        assert frames == {"test_failures.py", "jobs.py", "order.py"}
        [job] = kit.jobs.enqueued(email_send)
        assert (job.status, job.attempts) == ("pending", 1)
        assert job.errors[0]["error"] == "ConnectionError: no mail today"

    def test_or_is_among_what_ran(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("fails")
        async def fail(context: JobContext, payload: Any) -> None:
            raise KeyError("x")

        @pool.handler("works")
        def work(context: JobContext, payload: Any) -> None: ...

        enqueue(kit, "fails", "works")
        ran = kit.jobs.run(pool=pool, raises=False)
        assert texts(ran) == ["fails retried: KeyError: 'x'", "works completed"]
        assert [run.type for run in ran.failures] == ["fails"]
        assert isinstance(ran[0].exception, KeyError)

    def test_what_a_handler_raises_on_purpose(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("discard")
        async def discard(context: JobContext, payload: Any) -> None:
            raise Discard("not wanted")

        @pool.handler("snooze")
        async def snooze(context: JobContext, payload: Any) -> None:
            raise Snooze(60)

        enqueue(kit, "snooze", "discard")
        with pytest.raises(JobFailed, match=r"discard discarded \(attempt 1 of 3\): not wanted"):
            kit.jobs.run(pool=pool)
        assert texts(kit.jobs.run(pool=pool)) == []
        kit.jobs.assert_enqueued("snooze")
        kit.jobs.assert_enqueued("discard", status="failed")

    def test_a_timeout(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("slow", timeout=timedelta(milliseconds=20))
        async def slow(context: JobContext, payload: Any) -> None:
            async with context.connection() as connection:
                await connection.execute("SELECT pg_sleep(30)")

        enqueue(kit, "slow", max_attempts=1)
        with pytest.raises(TimeoutError, match=r"longer than 0.02 s"):
            kit.jobs.run(pool=pool)
        kit.jobs.assert_enqueued("slow", status="failed")

    def test_a_payload_that_the_code_cannot_read(self, kit: Kit) -> None:
        enqueue(kit, release.name, payload={"item_sku": 7})
        with pytest.raises(JobFailed, match=r"unreadable .*payload.item_sku: expected"):
            kit.jobs.run(job_types=JOBS)
        assert texts(kit.jobs.run(job_types=JOBS)) == []

    def test_an_outcome_that_postgres_refuses(self, kit: Kit, pool: WorkerPool) -> None:
        kit.conn.execute("ALTER TABLE conduit_results ADD CONSTRAINT odd CHECK (value <> '7')")
        kit.done()
        pool.register("seven", lambda context, payload: 7, keep_result=timedelta(days=1))
        enqueue(kit, "seven")
        with pytest.raises(JobFailed, match=r"Postgres refused the outcome: .*violates check"):
            kit.jobs.run(pool=pool)
        kit.jobs.assert_enqueued("seven", status="failed")
        kit.conn.execute("ALTER TABLE conduit_results DROP CONSTRAINT odd")
        kit.done()

    def test_a_job_that_was_cancelled_while_it_ran(self, kit: Kit, pool: WorkerPool) -> None:
        @pool.handler("cancels")
        async def cancel(context: JobContext, payload: Any) -> None:
            async with context.connection() as connection:
                await connection.execute(
                    "UPDATE jobs SET status = 'cancelled' WHERE id = %s", (context.id,)
                )

        enqueue(kit, "cancels")
        assert texts(kit.jobs.run(pool=pool)) == ["cancels not held"]
        kit.jobs.assert_enqueued("cancels", status="cancelled")


def test_an_interrupt_ends_the_jobs_before_the_test_goes_on(kit: Kit, pool: WorkerPool) -> None:
    ended = threading.Event()

    @pool.handler("slow")
    async def slow(context: JobContext, payload: Any) -> None:
        try:
            await asyncio.gather(asyncio.to_thread(interrupt), asyncio.sleep(60))
        finally:
            ended.set()

    def interrupt() -> None:
        raise KeyboardInterrupt

    enqueue(kit, "slow")
    with pytest.raises(KeyboardInterrupt):
        kit.jobs.run(pool=pool)
    assert ended.is_set()
    assert kit.one("SELECT count(*) FROM jobs") == 1


def test_sql_that_aborts_the_transaction_of_the_test_is_named(app_dsn: str) -> None:
    with psycopg.connect(app_dsn) as connection, Queue(app_dsn) as queue:
        pool = WorkerPool(queue)

        @pool.handler("divide")
        def divide(job: JobContext[Any], payload: Any) -> None:
            connection.execute("SELECT 1 / 0")

        queue.enqueue(Job(type="divide"), conn=connection)
        with pytest.raises(RuntimeError, match="SQL of the job divide failed") as raised:
            Jobs(connection).run(pool=pool)
        assert isinstance(raised.value.__cause__, psycopg.errors.DivisionByZero)
        connection.rollback()
