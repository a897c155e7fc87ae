"""Ticks: each is enqueued once, with any number of schedulers, and after outages."""

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import CronScheduler, JobContext, Queue, Schedule, WorkerPool
from stored_schedules import HOUR, due_at, hourly, let_pass, stored, ticks
from waiting import until

SCHEDULERS = 20


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
            rival.list()  # opens the connection
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


@pytest.mark.slow
def test_workers_that_are_killed_double_and_miss_no_tick(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    """Two of four workers are killed; every second has exactly one job."""
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


@pytest.mark.slow
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


@pytest.mark.slow
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
