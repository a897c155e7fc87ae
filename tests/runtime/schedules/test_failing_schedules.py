"""Schedules that cannot tick, and schedules that are refused."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    CronScheduler,
    PayloadError,
    Queue,
    QueueError,
    Schedule,
    ScheduleError,
    WorkerPool,
)
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.schedules.ticker import Ticker
from stored_schedules import HOUR, due_at, hourly, let_pass, stored, ticks


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert all(schedule.failures > 0 for schedule in bad.values())
    assert "does not have the five fields" in (bad["bad.cron"].error or "")
    assert "no time zone 'Mars'" in (bad["bad.zone"].error or "")
    assert "picky" in (bad["bad.insert"].error or "")

    wait, failures = 0.0, 0
    while failures < 5:
        assert scheduler.enqueue_due() == 0  # the retry is not due yet
        row = sql.execute(
            "SELECT extract(epoch FROM retry_at - now())::float8, failures FROM conduit_schedules "
            "WHERE name = 'bad.insert'"
        ).fetchone()
        assert row is not None
        assert row[1] > failures
        wait, failures = row
        assert wait <= 2 ** (failures - 1)
        sql.execute("UPDATE conduit_schedules SET retry_at = now() WHERE name = 'bad.insert'")
        scheduler.enqueue_due()
    assert wait > 4

    tick = due_at(scheduler, "bad.insert")
    sql.execute("ALTER TABLE jobs DROP CONSTRAINT picky")
    sql.execute("UPDATE conduit_schedules SET retry_at = now() WHERE name = 'bad.insert'")
    assert scheduler.enqueue_due() == 1
    assert ticks(sql, "bad.insert") == [tick]
    mended = stored(scheduler, "bad.insert")
    assert (mended.failures, mended.error) == (0, None)
    scheduler.add(hourly("bad.cron"))  # its missed tick is not lost
    assert scheduler.enqueue_due() == 1


def test_a_failing_tick_counts_once_however_many_see_it(
    dsn: str, scheduler: CronScheduler, sql: psycopg.Connection[Any]
) -> None:
    sql.execute("ALTER TABLE jobs ADD CONSTRAINT picky CHECK (type <> 'report')")
    scheduler.add(hourly())
    let_pass(sql, HOUR)
    start = threading.Barrier(8, timeout=60)

    def enqueue_due() -> None:
        with Queue(dsn) as own:
            start.wait()
            CronScheduler(own).enqueue_due()

    with ThreadPoolExecutor(8) as rivals:
        for one in [rivals.submit(enqueue_due) for _ in range(8)]:
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
