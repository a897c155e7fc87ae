"""Adding, changing, disabling and running schedules through the API."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import psycopg
from conduit_runtime import (
    AsyncCronScheduler,
    AsyncQueue,
    CronScheduler,
    Queue,
    Schedule,
    WorkerPool,
    migrate,
)
from stored_schedules import HOUR, due_at, hourly, let_pass, ticks


def test_adding_again_keeps_the_tick(
    scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    scheduler.add(hourly())
    let_pass(sql, HOUR / 2)
    tick = due_at(scheduler)
    again = scheduler.add(hourly(payload={"new": True}, queue="other"))
    assert (again.next_run_at, again.payload, again.queue) == (tick, {"new": True}, "other")
    # Another interval counts from the last tick, half an hour ago.
    assert scheduler.add(Schedule.every(hours=2, type="report")).next_run_at == tick + HOUR
    soon = scheduler.add(Schedule.every(minutes=10, type="report")).next_run_at
    assert soon is not None
    assert soon < tick
    assert scheduler.enqueue_due() == 1
    # A tick that is due stays due, whatever the new timing.
    let_pass(sql, 2 * HOUR)
    owed = due_at(scheduler)
    daily = scheduler.add(Schedule.daily("03:00", type="report"))
    assert (daily.next_run_at, daily.timing.expression) == (owed, "0 3 * * *")
    assert scheduler.enqueue_due() == 1
    weekly = scheduler.add(Schedule.weekly("monday", "03:00", type="report"))
    assert weekly.next_run_at is not None
    assert weekly.next_run_at.astimezone(UTC).strftime("%a %H:%M") == "Mon 03:00"
    assert len(scheduler.list()) == 1


def test_adding_from_many_hosts_at_once(dsn: str, scheduler: CronScheduler) -> None:
    def add(_: int) -> Schedule:
        with Queue(dsn) as own:
            return CronScheduler(own).add(hourly())

    with ThreadPoolExecutor(8) as hosts:
        added = list(hosts.map(add, range(16)))
    assert {schedule.next_run_at for schedule in added} == {due_at(scheduler)}


def test_a_disabled_schedule_neither_ticks_nor_catches_up(
    scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    scheduler.add(hourly(missed="all"))
    assert scheduler.disable("report")
    let_pass(sql, 2.5 * HOUR)
    assert scheduler.enqueue_due() == 0
    passed = due_at(scheduler)
    assert not scheduler.add(hourly(missed="all")).enabled  # as at the next deployment
    assert scheduler.enable("report")
    assert due_at(scheduler) == passed + 2 * HOUR
    assert scheduler.enqueue_due() == 0
    assert scheduler.enable("report")
    assert due_at(scheduler) == passed + 2 * HOUR
    assert scheduler.remove("report")
    gone = [scheduler.enable, scheduler.disable, scheduler.remove, scheduler.get, scheduler.run]
    assert not any(operation("report") for operation in gone)
    assert scheduler.add(hourly(enabled=False)).enabled is False


def test_running_one_now_leaves_its_ticks_alone(scheduler: CronScheduler, queue: Queue) -> None:
    tick = scheduler.add(hourly(payload={"n": 1})).next_run_at
    job = scheduler.run("report")
    assert job is not None
    assert queue.get(job.id) == job
    assert (job.type, job.payload, job.is_processable) == ("report", {"n": 1}, True)
    assert due_at(scheduler) == tick


def test_a_change_between_read_and_tick_is_applied(
    scheduler: CronScheduler, queue: Queue, sql: psycopg.Connection[Any]
) -> None:
    from conduit_runtime.postgres.steps import run_steps
    from conduit_runtime.schedules import scheduling

    scheduler.add(hourly())
    let_pass(sql, HOUR)
    seen = []

    def run(statement: Any) -> Any:
        if "FOR UPDATE" in statement.sql() and not seen:
            seen.append(scheduler.add(Schedule.every(hours=5, type="report")))
        return queue._run(statement, None)

    assert run_steps(scheduling.enqueue_due(), run) == 0
    assert due_at(scheduler) == seen[0].next_run_at
    assert scheduler.enqueue_due() == 1


def test_operations_are_part_of_the_callers_transaction(dsn: str, scheduler: CronScheduler) -> None:
    with psycopg.connect(dsn) as conn:
        scheduler.add(hourly(), conn=conn)
        assert scheduler.get("report") is None
        assert scheduler.get("report", conn=conn) is not None
        scheduler.disable("report", conn=conn)
        assert scheduler.enable("report", conn=conn)
        assert [each.enabled for each in scheduler.list(conn=conn)] == [True]
        conn.rollback()
    assert scheduler.list() == []


def test_a_connection_in_another_zone_counts_the_same(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    options = psycopg.conninfo.make_conninfo(dsn, options="-c timezone=America/New_York")
    with Queue(options) as queue:
        elsewhere = CronScheduler(queue)
        elsewhere.add(Schedule.every(days=1, type="report", missed="all"))
        # The ticks span a change of the clocks in that zone.
        sql.execute("UPDATE conduit_schedules SET next_run_at = '2026-03-07 12:00Z'")
        elsewhere.enqueue_due()
    found = ticks(sql)
    assert {b - a for a, b in pairwise(found)} == {timedelta(days=1)}


def test_another_schema(empty_dsn: str) -> None:
    migrate(empty_dsn, "jobs of ours")
    with Queue(empty_dsn, "jobs of ours") as queue:
        scheduler = CronScheduler(queue)
        scheduler.add(hourly())
        with psycopg.connect(empty_dsn, autocommit=True) as sql:
            sql.execute('UPDATE "jobs of ours".conduit_schedules SET next_run_at = now()')
        ran = threading.Event()
        pool = WorkerPool(queue)
        pool.register("report", lambda context, payload: ran.set())
        with pool:
            assert ran.wait(timeout=60)


def test_the_asynchronous_scheduler_does_the_same(dsn: str, sql: psycopg.Connection[Any]) -> None:
    async def use() -> None:
        async with AsyncQueue(dsn) as queue:
            scheduler = AsyncCronScheduler(queue)
            added = await scheduler.add(hourly(name="mine"))
            assert await scheduler.get("mine") == added
            assert await scheduler.list() == [added]
            assert await scheduler.disable("mine")
            assert await scheduler.enable("mine")
            assert not await scheduler.enable("other")
            job = await scheduler.run("mine")
            assert job is not None
            assert job.type == "report"
            let_pass(sql, HOUR, "mine")
            assert await scheduler.enqueue_due() == 1
            assert await scheduler.enqueue_due() == 0
            sql.execute("ALTER TABLE jobs ADD CONSTRAINT picky CHECK (type <> 'report') NOT VALID")
            let_pass(sql, HOUR, "mine")
            assert await scheduler.enqueue_due() == 0
            failing = await scheduler.get("mine")
            assert failing is not None
            assert "picky" in (failing.error or "")
            assert await scheduler.remove("mine")

    asyncio.run(use())
