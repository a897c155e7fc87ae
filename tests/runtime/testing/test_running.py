"""Running the jobs of a test with the code of a worker."""

import asyncio
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY, call

import psycopg
import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    CronScheduler,
    Discard,
    Job,
    JobContext,
    Queue,
    Schedule,
    ServiceError,
    Snooze,
    WorkerPool,
    chain,
    current_job,
    group,
)
from conduit_runtime.testing import JobFailed, Jobs, Ran, UnhandledJobs
from example_app import insert_order, ship
from example_jobs import JOBS
from example_jobs.order import after_create, after_update, email_send, release, search_index_update
from kit_place import Place

HOUR = timedelta(hours=1)


@pytest.fixture
def pool(place: Place) -> WorkerPool:
    return WorkerPool(place.queue, ["default", "other"])


def enqueue(place: Place, *types: str, **options: Any) -> list[Job]:
    jobs = [Job(type=type_, **options) for type_ in types]
    place.queue.enqueue_many(jobs, conn=place.conn)
    place.done()
    return jobs


def ship_an_order(place: Place) -> None:
    row = insert_order(place.conn)
    after_create(place.conn, row)
    after_update(place.conn, ship(place.conn, row), row)
    place.done()


def texts(ran: Ran) -> list[str]:
    return [str(run) for run in ran]


class TestGeneratedJobs:
    def test_run_with_their_child_jobs(self, place: Place) -> None:
        ship_an_order(place)
        ran = place.jobs.run(job_types=JOBS)
        assert sorted(run.type for run in ran.completed) == [
            "order.after_create.search_index_add",
            "order.after_update.email_send",
            *["order.after_update.release"] * 2,
            "order.after_update.search_index_update",
        ]
        fakes = place.jobs.fakes
        assert fakes.email.send.calls == [
            call("z@e.de", subject="Dear Zoë, your order AB-1", body=ANY)
        ]
        assert fakes.warehouse.release.calls == [call("a", 1), call("b", 2)]
        assert place.one("SELECT count(*) FROM orders WHERE notified_at IS NOT NULL") == 1
        assert place.jobs.enqueued() == []
        assert len(place.jobs.enqueued(status="completed")) == len(ran)
        assert place.one("SELECT count(*) FROM conduit_workers") == 0

    def test_of_the_imported_packages_without_being_named(self, place: Place) -> None:
        ship_an_order(place)
        place.jobs.run()
        place.jobs.assert_enqueued(search_index_update, status="completed")

    def test_with_given_services(self, place: Place) -> None:
        ship_an_order(place)
        seen = []

        class Warehouse:
            async def release(self, sku: str, quantity: int) -> None:
                seen.append((sku, quantity, current_job().type))

        fakes = place.jobs.fakes
        services = SimpleNamespace(
            email=fakes.email, search_index=fakes.search_index, warehouse=Warehouse()
        )
        ran = place.jobs.run(job_types=JOBS, services=services)
        assert seen == [("a", 1, release.name), ("b", 2, release.name)]
        assert len(ran.of(release)) == len(ran.of(release.name)) == 2

    def test_services_that_lack_something_are_refused(self, place: Place) -> None:
        with pytest.raises(ServiceError, match="lacks"):
            place.jobs.run(job_types=JOBS, services=SimpleNamespace())


class TestFailures:
    def test_the_exception_of_a_job_is_raised(self, place: Place) -> None:
        ship_an_order(place)
        place.jobs.fakes.email.send.fails(ConnectionError("no mail today"))
        with pytest.raises(ConnectionError, match="no mail today") as failed:
            place.jobs.run(job_types=JOBS)
        assert failed.value.__notes__ == [f"in the job {email_send.name} (attempt 1 of 3, retried)"]
        frames = {frame.path.name for frame in failed.traceback}  # type: ignore[union-attr]
        assert frames == {"test_running.py", "jobs.py", "order.py"}
        [job] = place.jobs.enqueued(email_send)
        assert (job.status, job.attempts) == ("pending", 1)
        assert job.errors[0]["error"] == "ConnectionError: no mail today"

    def test_or_is_among_what_ran(self, place: Place, pool: WorkerPool) -> None:
        @pool.handler("fails")
        async def fail(context: JobContext, payload: Any) -> None:
            raise KeyError("x")

        @pool.handler("works")
        def work(context: JobContext, payload: Any) -> None: ...

        enqueue(place, "fails", "works")
        ran = place.jobs.run(pool=pool, raises=False)
        assert texts(ran) == ["fails retried: KeyError: 'x'", "works completed"]
        assert [run.type for run in ran.failures] == ["fails"]
        assert isinstance(ran[0].exception, KeyError)

    def test_what_a_handler_raises_on_purpose(self, place: Place, pool: WorkerPool) -> None:
        @pool.handler("discard")
        async def discard(context: JobContext, payload: Any) -> None:
            raise Discard("not wanted")

        @pool.handler("snooze")
        async def snooze(context: JobContext, payload: Any) -> None:
            raise Snooze(60)

        enqueue(place, "snooze", "discard")
        with pytest.raises(JobFailed, match=r"discard discarded \(attempt 1 of 3\): not wanted"):
            place.jobs.run(pool=pool)
        assert texts(place.jobs.run(pool=pool)) == []
        place.jobs.assert_enqueued("snooze")
        place.jobs.assert_enqueued("discard", status="failed")

    def test_a_timeout(self, place: Place, pool: WorkerPool) -> None:
        @pool.handler("slow", timeout=timedelta(milliseconds=20))
        async def slow(context: JobContext, payload: Any) -> None:
            async with context.connection() as connection:
                await connection.execute("SELECT pg_sleep(30)")

        enqueue(place, "slow", max_attempts=1)
        with pytest.raises(TimeoutError, match=r"longer than 0.02 s"):
            place.jobs.run(pool=pool)
        place.jobs.assert_enqueued("slow", status="failed")

    def test_a_payload_that_the_code_cannot_read(self, place: Place) -> None:
        enqueue(place, release.name, payload={"item_sku": 7})
        with pytest.raises(JobFailed, match=r"unreadable .*payload.item_sku: expected"):
            place.jobs.run(job_types=JOBS)
        assert texts(place.jobs.run(job_types=JOBS)) == []

    def test_an_outcome_that_postgres_refuses(self, place: Place, pool: WorkerPool) -> None:
        place.conn.execute("ALTER TABLE conduit_results ADD CONSTRAINT odd CHECK (value <> '7')")
        place.done()
        pool.register("seven", lambda context, payload: 7, keep_result=timedelta(days=1))
        enqueue(place, "seven")
        with pytest.raises(JobFailed, match=r"Postgres refused the outcome: .*violates check"):
            place.jobs.run(pool=pool)
        place.jobs.assert_enqueued("seven", status="failed")
        place.conn.execute("ALTER TABLE conduit_results DROP CONSTRAINT odd")
        place.done()

    def test_a_job_that_was_cancelled_while_it_ran(self, place: Place, pool: WorkerPool) -> None:
        @pool.handler("cancels")
        async def cancel(context: JobContext, payload: Any) -> None:
            async with context.connection() as connection:
                await connection.execute(
                    "UPDATE jobs SET status = 'cancelled' WHERE id = %s", (context.id,)
                )

        enqueue(place, "cancels")
        assert texts(place.jobs.run(pool=pool)) == ["cancels not held"]
        place.jobs.assert_enqueued("cancels", status="cancelled")


class TestHandlers:
    def test_plain_functions_run_in_the_thread_of_the_test(
        self, place: Place, pool: WorkerPool
    ) -> None:
        local = threading.local()
        local.value = "here"
        pool.register("plain", lambda context, payload: local.value)
        enqueue(place, "plain")
        assert place.jobs.run(pool=pool)[0].result == "here"

    def test_what_they_do_with_the_database(self, place: Place, pool: WorkerPool) -> None:
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

        enqueue(place, "reads")
        assert place.jobs.run(pool=pool)[0].result == [(1, "me")]
        assert place.one("SELECT count(*) FROM notes") == 1

    def test_what_a_failed_attempt_wrote_stays(self, place: Place, pool: WorkerPool) -> None:
        @pool.handler("writes")
        async def write(context: JobContext, payload: Any) -> None:
            async with context.connection() as connection:
                await connection.execute("INSERT INTO notes (id, \"from\") VALUES (1, 'me')")
                await connection.execute("SELECT 1 / 0")

        enqueue(place, "writes")
        assert len(place.jobs.run(pool=pool, raises=False).failures) == 1
        assert place.one("SELECT count(*) FROM notes") == 1

    def test_results_and_progress(self, place: Place, pool: WorkerPool) -> None:
        @pool.handler("counts", keep_result=timedelta(hours=1))
        async def count(context: JobContext, payload: Any) -> dict[str, int]:
            context.progress(1, 2)
            return {"n": 1}

        [job] = enqueue(place, "counts")
        assert place.jobs.run(pool=pool)[0].result == {"n": 1}
        stored = place.queue.get(job.id, conn=place.conn)
        assert stored is not None
        assert stored.result == {"n": 1}

    def test_a_job_that_was_rescued_before(self, place: Place, pool: WorkerPool) -> None:
        pool.register("t", lambda context, payload: context.attempt)
        enqueue(place, "t")
        place.conn.execute("UPDATE jobs SET rescues = 1, attempts = 1")
        place.done()
        assert place.jobs.run(pool=pool)[0].result == 2
        place.jobs.assert_enqueued("t", status="completed")

    def test_flows(self, place: Place, pool: WorkerPool) -> None:
        ran_in: list[str] = []
        for type_ in ("a", "b", "c", "d"):
            pool.register(type_, lambda context, payload: ran_in.append(context.type))
        flow = chain(
            Job(type="a"), group([Job(type="b"), Job(type="c", queue="other")]), Job(type="d")
        )
        place.queue.enqueue_flow(flow, conn=place.conn)
        place.done()
        place.jobs.run(pool=pool)
        assert sorted(ran_in[1:3]) == ["b", "c"]
        assert (ran_in[0], ran_in[3:]) == ("a", ["d"])

    def test_results_of_the_jobs_before(self, place: Place, pool: WorkerPool) -> None:
        for type_ in ("a", "b"):
            pool.register(type_, lambda context, payload: context.type, keep_result=HOUR)

        @pool.handler("c")
        async def collect(context: JobContext, payload: Any) -> list[Any]:
            return await context.results()

        flow = chain(group([Job(type="a"), Job(type="b")]), Job(type="c"))
        place.queue.enqueue_flow(flow, conn=place.conn)
        place.done()
        assert sorted(place.jobs.run(pool=pool).of("c")[0].result) == ["a", "b"]

    def test_child_jobs_in_a_queue_that_was_empty(self, place: Place) -> None:
        ship_an_order(place)
        ran = place.jobs.run(job_types=JOBS)
        assert {run.queue for run in ran} == {"mail", "search", "default"}


class TestWhatRuns:
    def test_only_what_is_due_in_the_order_of_a_worker(
        self, place: Place, pool: WorkerPool
    ) -> None:
        pool.register("t", lambda context, payload: None)
        enqueue(place, "t", delay=timedelta(minutes=1))
        [second] = enqueue(place, "t")
        [first] = enqueue(place, "t", priority=90)
        assert [run.id for run in place.jobs.run(pool=pool)] == [first.id, second.id]
        assert len(place.jobs.enqueued("t")) == 1

    def test_the_queues_of_a_pool(self, place: Place, pool: WorkerPool) -> None:
        pool.register("t", lambda context, payload: None)
        enqueue(place, "t", queue="elsewhere")
        assert len(place.jobs.run(pool=pool)) == 0

    def test_what_operators_set_counts(self, place: Place, pool: WorkerPool) -> None:
        pool.register("t", lambda context, payload: None)
        pool.register("rated", lambda context, payload: None)
        enqueue(place, "t", "t")
        enqueue(place, "rated", "rated", queue="other")
        place.queue.pause("default", conn=place.conn)
        place.queue.limit("other", 1, conn=place.conn)
        place.queue.rate_limit("rated", 1, timedelta(hours=1), conn=place.conn)
        place.done()
        assert texts(place.jobs.run(pool=pool)) == ["rated completed"]
        place.queue.resume("default", conn=place.conn)
        place.done()
        assert texts(place.jobs.run(pool=pool)) == ["t completed"] * 2
        place.jobs.advance(hours=2)
        assert texts(place.jobs.run(pool=pool)) == ["rated completed"]

    def test_due_schedules(self, place: Place, pool: WorkerPool) -> None:
        pool.register("hourly", lambda context, payload: None)
        schedule = Schedule.every(hours=1, queue="default", type="hourly")
        CronScheduler(place.queue).add(schedule, conn=place.conn)
        place.done()
        assert texts(place.jobs.run(pool=pool)) == []
        place.jobs.advance(hours=1)
        assert texts(place.jobs.run(pool=pool)) == ["hourly completed"]

    def test_those_without_a_handler_are_left_with_a_warning(
        self, place: Place, pool: WorkerPool
    ) -> None:
        enqueue(place, "unknown", "unknown")
        with pytest.warns(UnhandledJobs, match=r"left 2 × unknown: no handler") as warned:
            place.jobs.run(pool=pool)
        assert warned[0].filename == __file__

    def test_the_services_of_a_pool(self, place: Place) -> None:
        entered = []

        @contextmanager
        def services() -> Iterator[Any]:
            entered.append("in")
            yield place.jobs.fakes
            entered.append("out")

        ship_an_order(place)
        pool = WorkerPool(place.queue, jobs=JOBS, services=services)
        assert len(place.jobs.run(pool=pool)) == 5
        assert entered == ["in", "out"]

    def test_the_hooks_around_jobs_of_a_pool(self, place: Place, pool: WorkerPool) -> None:
        seen: list[str] = []

        @pool.around
        def note(context: JobContext) -> Iterator[None]:
            seen.append(f"before {context.type}")
            yield
            seen.append("after")

        pool.register("t", lambda context, payload: seen.append("in"))
        enqueue(place, "t")
        place.jobs.run(pool=pool)
        assert seen == ["before t", "in", "after"]

    def test_a_pool_has_its_own_job_types(self, place: Place, pool: WorkerPool) -> None:
        with pytest.raises(TypeError, match="either a pool or job_types"):
            place.jobs.run(pool=pool, job_types=JOBS)


def test_a_run_is_quick(place: Place, pool: WorkerPool) -> None:
    pool.register("t", lambda context, payload: None)
    enqueue(place, *["t"] * 100)
    started = time.monotonic()
    assert len(place.jobs.run(pool=pool)) == 100
    assert time.monotonic() - started < 100  # with a poll a job, as idle workers do: 200 s


def test_the_connection_is_as_before(dsn: str) -> None:
    from conduit_runtime.testing import Jobs

    heard: list[str] = []
    with psycopg.connect(dsn) as connection, Queue(dsn) as queue:
        connection.add_notify_handler(lambda notify: heard.append(notify.payload))
        connection.execute("LISTEN here")
        pool = WorkerPool(queue)
        pool.register("t", lambda context, payload: connection.execute("SELECT 7").fetchone())
        queue.enqueue(Job(type="t"), conn=connection)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ran = Jobs(connection).run(pool=pool)
        assert ran[0].result == (7,)
        connection.execute("NOTIFY here, 'again'")
        connection.commit()
        for _ in range(10):  # prepared statements of the test's own
            connection.execute("SELECT %s::int", (1,))
        assert heard == ["again"]


def test_a_batch_runs_in_one_call(place: Place, pool: WorkerPool) -> None:
    calls: list[list[int]] = []

    @pool.batch_handler("t", size=3, wait=60)
    def work(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append([job.payload for job in jobs])
        if 3 in calls[-1]:
            context.fail(jobs[calls[-1].index(3)], Discard("three"))

    place.queue.enqueue_many([Job(type="t", payload=n) for n in range(5)], conn=place.conn)
    place.done()
    ran = place.jobs.run(pool=pool, raises=False)
    assert calls == [[0, 1, 2], [3, 4]]
    assert [run.payload for run in ran.completed] == [0, 1, 2, 4]
    assert [run.error for run in ran.failures] == ["three"]


def test_a_batch_that_fails(place: Place, pool: WorkerPool) -> None:
    @pool.batch_handler("index", size=10)
    def index(context: Any, jobs: Any) -> None:
        raise ConnectionError("down")

    enqueue(place, "index", "index")
    with pytest.raises(ConnectionError, match="down"):
        place.jobs.run(pool=pool)
    assert [job.attempts for job in place.jobs.enqueued("index")] == [1, 1]


def test_an_interrupt_ends_the_jobs_before_the_test_goes_on(place: Place, pool: WorkerPool) -> None:
    ended = threading.Event()

    @pool.handler("slow")
    async def slow(context: JobContext, payload: Any) -> None:
        try:
            await asyncio.gather(asyncio.to_thread(interrupt), asyncio.sleep(60))
        finally:
            ended.set()

    def interrupt() -> None:
        raise KeyboardInterrupt

    enqueue(place, "slow")
    with pytest.raises(KeyboardInterrupt):
        place.jobs.run(pool=pool)
    assert ended.is_set()
    assert place.one("SELECT count(*) FROM jobs") == 1


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
