"""Schedules in the database, and the schedulers that look after them."""

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    AsyncCronScheduler,
    AsyncQueue,
    CronScheduler,
    JobContext,
    PayloadError,
    Queue,
    QueueError,
    Schedule,
    ScheduleError,
    WorkerPool,
    migrate,
)
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.schedules.ticker import Ticker
from waiting import until

SCHEDULERS = 20
HOUR = timedelta(hours=1)


@pytest.fixture
def scheduler(queue: Queue) -> CronScheduler:
    return CronScheduler(queue)


@pytest.fixture
def sql(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def hourly(type: str = "report", **options: Any) -> Schedule:
    return Schedule.every(hours=1, type=type, **options)


def let_pass(sql: psycopg.Connection[Any], span: timedelta, name: str = "report") -> None:
    """As if so much time had passed for a schedule."""
    sql.execute(
        "UPDATE conduit_schedules "
        "SET next_run_at = next_run_at - %(span)s, retry_at = retry_at - %(span)s "
        "WHERE name = %(name)s",
        {"span": span, "name": name},
    )


def ticks(sql: psycopg.Connection[Any], type: str = "report") -> list[datetime]:
    rows = sql.execute("SELECT run_at FROM jobs WHERE type = %s ORDER BY run_at", (type,))
    return [row[0] for row in rows]


def stored(scheduler: CronScheduler, name: str = "report") -> Schedule:
    schedule = scheduler.get(name)
    assert schedule is not None
    return schedule


def due_at(scheduler: CronScheduler, name: str = "report") -> datetime:
    at = stored(scheduler, name).next_run_at
    assert at is not None
    return at


def test_a_tick_enqueues_a_job_and_moves_on(
    scheduler: CronScheduler, queue: Queue, sql: psycopg.Connection[Any]
) -> None:
    options = {"queue": "low", "payload": {"n": 1}, "priority": 75, "max_attempts": 5}
    added = scheduler.add(hourly(timeout=9.5, **options))
    assert added.next_run_at is not None
    assert timedelta(0) < added.next_run_at - datetime.now(UTC) <= HOUR + timedelta(seconds=5)
    assert scheduler.enqueue_due() == 0
    let_pass(sql, HOUR)
    tick = added.next_run_at - HOUR
    assert scheduler.enqueue_due() == 1
    assert scheduler.enqueue_due() == 0
    [job] = queue.list()
    assert (job.type, job.queue, job.payload) == ("report", "low", {"n": 1})
    assert (job.priority, job.max_attempts, job.timeout, job.run_at) == (75, 5, 9.5, tick)
    after = stored(scheduler)
    assert (after.last_run_at, after.last_job_id) == (tick, job.id)
    assert after.next_run_at == tick + HOUR


def test_cron_ticks_follow_the_servers_clock(
    scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    berlin = Schedule.cron("0 3 * * *", timezone="Europe/Berlin", type="report")
    scheduler.add(berlin)
    [(now, at, hour)] = sql.execute(
        "SELECT now(), next_run_at, extract(hour FROM next_run_at AT TIME ZONE timezone)::int "
        "FROM conduit_schedules"
    )
    assert (hour, now < at <= now + timedelta(hours=25)) == (3, True)


@pytest.mark.parametrize(("missed", "jobs"), [("skip", 0), ("once", 1), ("all", 6)])
def test_ticks_missed_in_an_outage(
    scheduler: CronScheduler, sql: psycopg.Connection[Any], missed: Any, jobs: int
) -> None:
    first = scheduler.add(hourly(missed=missed)).next_run_at
    assert first is not None
    let_pass(sql, 6.5 * HOUR)
    assert scheduler.enqueue_due() == jobs
    assert ticks(sql) == [first + (hour - 6.5) * HOUR for hour in range(jobs)]
    assert due_at(scheduler) == first - HOUR / 2
    assert scheduler.enqueue_due() == 0


def test_a_long_outage_is_made_up_for_whole(
    scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    scheduler.add(Schedule.every(seconds=60, type="report", missed="all"))
    let_pass(sql, timedelta(minutes=1_300.5))
    assert scheduler.enqueue_due() == 1_300
    assert len(set(ticks(sql))) == 1_300


def test_twenty_schedulers_enqueue_each_tick_once(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    names = [f"report.{number}" for number in range(5)]
    for name in names:
        scheduler.add(hourly(name, missed="all" if name == names[0] else "once"))
    rounds = 6
    start = threading.Barrier(SCHEDULERS + 1, timeout=60)

    def race() -> int:
        enqueued = 0
        with Queue(dsn) as own:
            rival = CronScheduler(own)
            rival.list()  # connected
            for _ in range(rounds):
                start.wait()
                enqueued += rival.enqueue_due()
                start.wait()
        return enqueued

    with ThreadPoolExecutor(SCHEDULERS) as rivals:
        done = [rivals.submit(race) for _ in range(SCHEDULERS)]
        for _ in range(rounds):
            for name in names:
                let_pass(sql, HOUR if name != names[0] else 3 * HOUR, name)
            start.wait()
            start.wait()
        enqueued = sum(one.result() for one in done)
    found = Counter(type for (type,) in sql.execute("SELECT type FROM jobs"))
    assert found == {names[0]: rounds * 3, **dict.fromkeys(names[1:], rounds)}
    assert enqueued == sum(found.values())


def test_workers_that_are_killed_double_and_miss_no_tick(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    """Two of four are killed in between; every second of the span has its job."""
    scheduler.add(Schedule.every(seconds=1, type="report", missed="all"))
    program = Path(__file__).parents[1] / "processes" / "worker_process.py"
    with ExitStack() as exits:
        workers = []
        for _ in range(4):
            worker = subprocess.Popen(
                [sys.executable, str(program), dsn, "1"], stderr=subprocess.DEVNULL
            )
            exits.callback(worker.wait)
            exits.callback(worker.kill)
            workers.append(worker)
        until(lambda: len(ticks(sql)) >= 2)
        workers[0].kill()
        workers[1].kill()
        until(lambda: len(ticks(sql)) >= 5)
    found = ticks(sql)
    gaps = {after - before for before, after in pairwise(found)}
    assert gaps == {timedelta(seconds=1)}


def test_a_worker_carries_the_scheduler(
    queue: Queue, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    ran = threading.Event()
    pool = WorkerPool(queue, schedules=[hourly("in.code")])

    @pool.handler("in.code")
    async def run(context: JobContext, payload: object) -> None:
        ran.set()

    with pool:
        assert due_at(scheduler, "in.code") > datetime.now(UTC)
        let_pass(sql, HOUR, "in.code")
        assert ran.wait(timeout=60)
    let_pass(sql, HOUR, "in.code")
    ran.clear()
    pool.run(drain=True)
    assert ran.is_set()


def test_a_schedule_that_is_not_due_costs_a_worker_neither_statement_nor_connection(
    queue: Queue, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    scheduler.add(hourly())
    heartbeats = "SELECT count(*) FROM conduit_workers WHERE heartbeat > 2"
    connections = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'conduit schedules' AND datname = current_database()"
    )
    with WorkerPool(queue):
        until(lambda: sql.execute(heartbeats).fetchone() == (1,))
        assert sql.execute(connections).fetchone() == (0,)
        let_pass(sql, HOUR)
        until(lambda: len(ticks(sql)) == 1)
        assert sql.execute(connections).fetchone() == (1,)


def test_a_database_that_fails_is_logged_once(
    empty_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def tick() -> None:
        broken = Ticker(ReconnectingConnection(empty_dsn, "conduit schedules"))
        await broken.enqueue_due()
        await broken.enqueue_due()
        await broken.close()

    asyncio.run(tick())
    [record] = caplog.records
    assert "schedules cannot be enqueued" in record.message


def test_two_schedules_of_one_name_in_code_are_refused(queue: Queue) -> None:
    pool = WorkerPool(queue, schedules=[hourly(), Schedule.daily("03:00", type="report")])
    with pytest.raises(QueueError, match="two schedules are named report"):
        pool.start()


def test_a_broken_schedule_is_tried_again_and_stops_no_other(
    scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    for name in ("bad.cron", "bad.zone", "bad.insert", "good"):
        scheduler.add(hourly(name))
        let_pass(sql, HOUR, name)
    sql.execute("UPDATE conduit_schedules SET every = NULL, cron = '?' WHERE name = 'bad.cron'")
    sql.execute(
        "UPDATE conduit_schedules SET every = NULL, cron = '0 3 * * *', timezone = 'Mars' "
        "WHERE name = 'bad.zone'"
    )
    sql.execute("ALTER TABLE jobs ADD CONSTRAINT picky CHECK (type <> 'bad.insert')")
    assert scheduler.enqueue_due() == 1
    assert len(ticks(sql, "good")) == 1
    bad = {each.name: each for each in scheduler.list() if each.name != "good"}
    assert all(schedule.failures == 1 for schedule in bad.values())
    assert "does not have the five fields" in (bad["bad.cron"].error or "")
    assert "no time zone 'Mars'" in (bad["bad.zone"].error or "")
    assert "picky" in (bad["bad.insert"].error or "")

    waits = []
    for _ in range(3):
        assert scheduler.enqueue_due() == 0  # not before its time
        row = sql.execute(
            "SELECT extract(epoch FROM retry_at - now())::float8 FROM conduit_schedules "
            "WHERE name = 'bad.insert'"
        ).fetchone()
        assert row is not None
        waits.append(row[0])
        sql.execute("UPDATE conduit_schedules SET retry_at = now() WHERE name = 'bad.insert'")
        scheduler.enqueue_due()
    assert all(wait <= most for wait, most in zip(waits, (1, 2, 4), strict=True))
    assert waits[2] > 2

    tick = due_at(scheduler, "bad.insert")
    sql.execute("ALTER TABLE jobs DROP CONSTRAINT picky")
    sql.execute("UPDATE conduit_schedules SET retry_at = now() WHERE name = 'bad.insert'")
    assert scheduler.enqueue_due() == 1
    assert ticks(sql, "bad.insert") == [tick]
    mended = stored(scheduler, "bad.insert")
    assert (mended.failures, mended.error) == (0, None)
    scheduler.add(hourly("bad.cron"))  # the tick that it owes is not lost
    assert scheduler.enqueue_due() == 1


def test_a_failing_tick_counts_once_however_many_see_it(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    sql.execute("ALTER TABLE jobs ADD CONSTRAINT picky CHECK (type <> 'report')")
    scheduler.add(hourly())
    let_pass(sql, HOUR)
    start = threading.Barrier(8, timeout=60)

    def look() -> None:
        with Queue(dsn) as own:
            start.wait()
            CronScheduler(own).enqueue_due()

    with ThreadPoolExecutor(8) as rivals:
        for one in [rivals.submit(look) for _ in range(8)]:
            one.result()
    assert stored(scheduler).failures == 1


def test_a_schedule_that_an_operator_holds_is_passed_over(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    for name in ("held", "free"):
        scheduler.add(hourly(name))
        let_pass(sql, HOUR, name)
    with psycopg.connect(dsn) as operator:
        operator.execute("UPDATE conduit_schedules SET priority = 1 WHERE name = 'held'")
        assert scheduler.enqueue_due() == 1
    assert scheduler.enqueue_due() == 1


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
    # One that is due stays due, whatever comes after it.
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
    assert not scheduler.add(hourly(missed="all")).enabled  # say, at the next deployment
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


def test_a_change_between_look_and_tick_is_heeded(
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


@pytest.mark.parametrize(
    ("schedule", "error", "message"),
    [
        (lambda: hourly(payload={"x": float("nan")}), PayloadError, r"payload\.x"),
        (lambda: hourly(""), PayloadError, "name of the schedule is empty"),
        (lambda: hourly(name="n" * 201), PayloadError, "longer than 200 bytes"),
        (lambda: hourly(priority=101), PayloadError, "use 0 to 100"),
        (lambda: hourly(missed="never"), ScheduleError, "use skip, once, all"),
    ],
)
def test_what_could_never_be_enqueued_is_refused(
    scheduler: CronScheduler, schedule: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        scheduler.add(schedule())
    assert scheduler.list() == []


def test_a_connection_in_another_zone_counts_the_same(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    options = psycopg.conninfo.make_conninfo(dsn, options="-c timezone=America/New_York")
    with Queue(options) as queue:
        elsewhere = CronScheduler(queue)
        elsewhere.add(Schedule.every(days=1, type="report", missed="all"))
        # Over a change of the clocks in that zone.
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
