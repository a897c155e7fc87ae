"""Running the jobs of a test with the code of a worker: which jobs run, and when."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Literal
from unittest.mock import ANY, call

import psycopg
import pytest
from conduit_runtime import (
    CronScheduler,
    Job,
    JobContext,
    Queue,
    Schedule,
    ServiceError,
    WorkerPool,
    current_job,
)
from conduit_runtime.testing import Jobs, UnhandledJobs
from example_jobs import JOBS
from example_jobs.order import release, search_index_update
from kit import Kit, enqueue, ship_an_order, texts


class TestGeneratedJobs:
    def test_run_with_their_child_jobs(self, kit: Kit) -> None:
        ship_an_order(kit)
        ran = kit.jobs.run(job_types=JOBS)
        assert sorted(run.type for run in ran.completed) == [
            "order.after_create.search_index_add",
            "order.after_update.email_send",
            *["order.after_update.release"] * 2,
            "order.after_update.search_index_update",
        ]
        fakes = kit.jobs.fakes
        assert fakes.email.send.calls == [
            call("z@e.de", subject="Dear Zoë, your order AB-1", body=ANY)
        ]
        assert fakes.warehouse.release.calls == [call("a", 1), call("b", 2)]
        assert kit.one("SELECT count(*) FROM orders WHERE notified_at IS NOT NULL") == 1
        assert kit.jobs.enqueued() == []
        assert len(kit.jobs.enqueued(status="completed")) == len(ran)
        assert kit.one("SELECT count(*) FROM conduit_workers") == 0

    def test_of_the_imported_packages_without_being_named(self, kit: Kit) -> None:
        ship_an_order(kit)
        kit.jobs.run()
        kit.jobs.assert_enqueued(search_index_update, status="completed")

    def test_with_given_services(self, kit: Kit) -> None:
        ship_an_order(kit)
        seen = []

        class Warehouse:
            async def release(self, sku: str, quantity: int) -> None:
                seen.append((sku, quantity, current_job().type))

        fakes = kit.jobs.fakes
        services = SimpleNamespace(
            email=fakes.email, search_index=fakes.search_index, warehouse=Warehouse()
        )
        ran = kit.jobs.run(job_types=JOBS, services=services)
        assert seen == [("a", 1, release.name), ("b", 2, release.name)]
        assert len(ran.of(release)) == len(ran.of(release.name)) == 2

    def test_services_that_lack_something_are_refused(self, kit: Kit) -> None:
        with pytest.raises(ServiceError, match="lacks"):
            kit.jobs.run(job_types=JOBS, services=SimpleNamespace())


class TestWhatRuns:
    def test_only_what_is_due_in_the_order_of_a_worker(self, kit: Kit, pool: WorkerPool) -> None:
        pool.register("t", lambda context, payload: None)
        enqueue(kit, "t", delay=timedelta(minutes=1))
        [second] = enqueue(kit, "t")
        [first] = enqueue(kit, "t", priority=90)
        assert [run.id for run in kit.jobs.run(pool=pool)] == [first.id, second.id]
        assert len(kit.jobs.enqueued("t")) == 1

    def test_the_queues_of_a_pool(self, kit: Kit, pool: WorkerPool) -> None:
        pool.register("t", lambda context, payload: None)
        enqueue(kit, "t", queue="elsewhere")
        assert len(kit.jobs.run(pool=pool)) == 0

    def test_what_operators_set_counts(self, kit: Kit, pool: WorkerPool) -> None:
        pool.register("t", lambda context, payload: None)
        pool.register("rated", lambda context, payload: None)
        enqueue(kit, "t", "t")
        enqueue(kit, "rated", "rated", queue="other")
        kit.queue.pause("default", conn=kit.conn)
        kit.queue.limit("other", 1, conn=kit.conn)
        kit.queue.rate_limit("rated", 1, timedelta(hours=1), conn=kit.conn)
        kit.done()
        assert texts(kit.jobs.run(pool=pool)) == ["rated completed"]
        kit.queue.resume("default", conn=kit.conn)
        kit.done()
        assert texts(kit.jobs.run(pool=pool)) == ["t completed"] * 2
        kit.jobs.advance(hours=2)
        assert texts(kit.jobs.run(pool=pool)) == ["rated completed"]

    @pytest.mark.parametrize("on_failure", ["hold", "skip"])
    def test_ordered_jobs_keep_their_order(
        self, kit: Kit, pool: WorkerPool, on_failure: Literal["hold", "skip"]
    ) -> None:
        def fail_twice(context: JobContext, payload: Any) -> None:
            ran.append(payload)
            if payload == 0:
                raise ValueError("no")

        ran: list[Any] = []
        pool.register("t", fail_twice, ordered=True, on_failure=on_failure, max_attempts=2)
        jobs = [Job(type="t", key="a", payload=n, max_attempts=2) for n in range(3)]
        kit.queue.enqueue_many(jobs, conn=kit.conn)
        kit.done()
        kit.jobs.run(pool=pool, until=timedelta(hours=1), raises=False)
        assert ran == ([0, 0] if on_failure == "hold" else [0, 0, 1, 2])
        assert kit.queue.type_limits(conn=kit.conn) == []

    def test_due_schedules(self, kit: Kit, pool: WorkerPool) -> None:
        pool.register("hourly", lambda context, payload: None)
        schedule = Schedule.every(hours=1, queue="default", type="hourly")
        CronScheduler(kit.queue).add(schedule, conn=kit.conn)
        kit.done()
        assert texts(kit.jobs.run(pool=pool)) == []
        kit.jobs.advance(hours=1)
        assert texts(kit.jobs.run(pool=pool)) == ["hourly completed"]

    def test_those_without_a_handler_are_left_with_a_warning(
        self, kit: Kit, pool: WorkerPool
    ) -> None:
        enqueue(kit, "unknown", "unknown")
        with pytest.warns(UnhandledJobs, match=r"left 2 × unknown: it knows no handler") as warned:
            kit.jobs.run(pool=pool)
        assert warned[0].filename == __file__

    def test_the_services_of_a_pool(self, kit: Kit) -> None:
        entered = []

        @contextmanager
        def services() -> Iterator[Any]:
            entered.append("in")
            yield kit.jobs.fakes
            entered.append("out")

        ship_an_order(kit)
        pool = WorkerPool(kit.queue, jobs=JOBS, services=services)
        assert len(kit.jobs.run(pool=pool)) == 5
        assert entered == ["in", "out"]

    def test_the_hooks_around_jobs_of_a_pool(self, kit: Kit, pool: WorkerPool) -> None:
        seen: list[str] = []

        @pool.around
        def note(context: JobContext) -> Iterator[None]:
            seen.append(f"before {context.type}")
            yield
            seen.append("after")

        pool.register("t", lambda context, payload: seen.append("in"))
        enqueue(kit, "t")
        kit.jobs.run(pool=pool)
        assert seen == ["before t", "in", "after"]

    def test_a_pool_has_its_own_job_types(self, kit: Kit, pool: WorkerPool) -> None:
        with pytest.raises(TypeError, match="either a pool or job_types"):
            kit.jobs.run(pool=pool, job_types=JOBS)


def test_a_run_is_quick(kit: Kit, pool: WorkerPool) -> None:
    pool.register("t", lambda context, payload: None)
    enqueue(kit, *["t"] * 100)
    started = time.monotonic()
    assert len(kit.jobs.run(pool=pool)) == 100
    assert time.monotonic() - started < 100  # 200 s if each job waited for a poll


def test_the_connection_is_as_before(dsn: str) -> None:

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
        for _ in range(10):  # psycopg prepares this statement
            connection.execute("SELECT %s::int", (1,))
        assert heard == ["again"]
