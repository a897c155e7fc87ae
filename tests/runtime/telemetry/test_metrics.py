"""Metrics that outlive the processes that counted them."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Discard,
    Job,
    JobContext,
    JobMetrics,
    Queue,
    Retry,
    Snooze,
    WorkerPool,
)
from conduit_runtime.model.metrics.attempt_counts import AttemptCounters, Key
from conduit_runtime.model.metrics.histogram import BOUNDS, count_into, quantile
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements import metrics as metrics_store
from hypothesis import given
from hypothesis import strategies as st
from pools import NewPool
from timed import Timed
from waiting import until

DAY = timedelta(days=1)


@pytest.fixture
def pool(new_pool: NewPool) -> WorkerPool:
    pool = new_pool(["default", "mail"])

    @pool.handler("send")
    async def send(context: JobContext, payload: dict[str, Any]) -> None:
        await asyncio.sleep(payload.get("seconds", 0))
        match payload.get("then"):
            case "fail":
                raise ValueError
            case "retry":
                raise Retry(after=3600)
            case "discard":
                raise Discard
            case "snooze":
                raise Snooze(3600)

    return pool


def test_every_outcome_is_counted(queue: Queue, pool: WorkerPool) -> None:
    queue.enqueue_many(
        [
            *[Job(type="send") for _ in range(5)],
            *[Job(type="send", payload={"then": "fail"}, max_attempts=1) for _ in range(4)],
            *[Job(type="send", payload={"then": "retry"}) for _ in range(3)],
            *[Job(type="send", payload={"then": "discard"}) for _ in range(2)],
            Job(type="send", payload={"then": "snooze"}),
        ]
    )
    pool.run(drain=True)
    [sent] = queue.metrics()
    assert (sent.queue, sent.type) == ("default", "send")
    assert (sent.succeeded, sent.failed, sent.retried, sent.discarded) == (5, 9, 3, 2)
    assert (sent.snoozed, sent.cancelled, sent.processed) == (1, 0, 14)
    assert sent.success_rate == 5 / 14
    assert sent.duration.count == sent.wait.count == 14
    assert 3540 < sent.period < 3660
    assert sent.throughput == 14 / sent.period


@pytest.mark.slow
def test_metrics_of_several_workers_and_types_add_up(
    queue: Queue, new_pool: NewPool, pool: WorkerPool
) -> None:
    for _ in range(3):
        queue.enqueue_many([Job(type="send") for _ in range(700)])
        queue.enqueue_many([Job(type="send", queue="mail") for _ in range(5)])
        again = new_pool(["default", "mail"])
        again.register("send", pool.handlers.get("send").function)
        again.run(drain=True)
    found = {(row.queue, row.type): row for row in queue.metrics()}
    assert {key: row.succeeded for key, row in found.items()} == {
        ("default", "send"): 2100,
        ("mail", "send"): 15,
    }
    assert found["default", "send"].duration.count == 2100
    assert found["default", "send"].wait.count == 2100
    assert [row.queue for row in queue.metrics("mail")] == ["mail"]
    assert queue.metrics(type="other") == []


def test_a_pool_that_starts_again_adds_only_what_is_new(queue: Queue, pool: WorkerPool) -> None:
    for _ in range(3):
        queue.enqueue_many([Job(type="send") for _ in range(4)])
        pool.run(drain=True)
    [sent] = queue.metrics()
    assert sent.succeeded == sent.duration.count == 12


def test_durations_and_waits_are_seconds(queue: Queue, pool: WorkerPool) -> None:
    queue.enqueue_many([Job(type="send", payload={"seconds": 0.1}) for _ in range(10)])
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE jobs SET run_at = now() - interval '1 minute'")
    pool.run(drain=True)
    [sent] = queue.metrics()
    assert sent.duration.p50 is not None
    assert 0.09 < sent.duration.p50 < 10
    assert sent.duration.mean is not None
    assert 0.1 <= sent.duration.mean < 10
    assert sent.wait.p99 is not None
    assert 45 < sent.wait.p50 <= sent.wait.p99 < 200
    assert sent.wait.mean is not None
    assert 60 < sent.wait.mean < 180


@pytest.mark.slow
def test_a_cancelled_run_is_counted(queue: Queue, pool: WorkerPool, timed: Timed) -> None:
    timed(flush=0.1)
    job = queue.enqueue(Job(type="send", payload={"seconds": 60}))
    with pool:
        until(lambda: (queue.get(job.id) or job).attempts)
        queue.cancel(job.id)
        until(lambda: pool.recorder.counters("default", "send").cancelled)
        until(lambda: [(row.cancelled, row.processed) for row in queue.metrics()] == [(1, 0)])


@pytest.mark.slow
def test_what_runs_is_flushed_while_it_runs(queue: Queue, pool: WorkerPool, timed: Timed) -> None:
    timed(flush=0.1)
    with pool:
        queue.enqueue(Job(type="send"))
        assert until(queue.metrics)[0].succeeded == 1
        queue.enqueue(Job(type="send"))
        until(lambda: queue.metrics()[0].succeeded == 2)


@pytest.mark.slow
def test_idle_workers_write_nothing(
    queue: Queue, pool: WorkerPool, dsn: str, timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(flush=0.0)
    flushes: list[int] = []

    def counted(
        added: list[tuple[Key, AttemptCounters]],
        flush: Any = metrics_store.flush,
    ) -> Statement[bool]:
        flushes.append(len(added))
        statement: Statement[bool] = flush(added)
        return statement

    monkeypatch.setattr(metrics_store, "flush", counted)
    with pool:
        queue.enqueue(Job(type="send"))
        until(lambda: flushes)
        with psycopg.connect(dsn, autocommit=True) as connection:
            heartbeat = "SELECT max(heartbeat) FROM conduit_workers"
            [(start,)] = connection.execute(heartbeat).fetchall()
            until(lambda: connection.execute(heartbeat).fetchall()[0][0] >= start + 3)
    assert flushes == [1]


@pytest.mark.slow
def test_a_database_that_refuses_metrics_loses_none_of_them(
    queue: Queue,
    pool: WorkerPool,
    dsn: str,
    timed: Timed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    timed(flush=0.1)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE conduit_metrics RENAME TO away")
        with pool:
            queue.enqueue(Job(type="send"))
            until(lambda: "metrics cannot be stored" in caplog.text)
            until(lambda: queue.stats().completed == 1)
            connection.execute("ALTER TABLE away RENAME TO conduit_metrics")
            assert until(queue.metrics)[0].succeeded == 1
    assert caplog.text.count("metrics cannot be stored") == 1


def test_the_asynchronous_queue_reads_them_too(queue: Queue, pool: WorkerPool, dsn: str) -> None:
    queue.enqueue(Job(type="send"))
    pool.run(drain=True)

    async def read() -> list[JobMetrics]:
        async with AsyncQueue(dsn) as asynchronous:
            return await asynchronous.metrics("default", "send", DAY)

    [sent] = asyncio.run(read())
    assert sent.succeeded == 1
    assert DAY.total_seconds() <= sent.period < DAY.total_seconds() + 3600


def test_a_duration_must_be_positive(queue: Queue) -> None:
    with pytest.raises(ValueError, match="use a positive duration"):
        queue.metrics(last=timedelta(0))


def test_old_minutes_become_hours(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        run(connection, metrics_store.flush([(("default", "send"), counters(3))]))
        connection.execute(
            """
            INSERT INTO conduit_metrics (starts_at, seconds, queue, type, succeeded, durations)
            SELECT date_bin('1 minute', now() - age * interval '1 minute', '2000-01-01 00:00Z'),
                   60, 'default', 'send', 1, ARRAY[0, 1]
            FROM generate_series(1, 600) AS age
            UNION ALL
            SELECT date_bin('1 day', now() - interval '33 days', '2000-01-01 00:00Z'),
                   86400, 'default', 'send', 1000, '{}'
            """
        )
        before = queue.metrics(last=DAY)
        compact(connection)
        counts = connection.execute(
            "SELECT seconds, count(*) FROM conduit_metrics GROUP BY seconds ORDER BY seconds"
        ).fetchall()
    [(minute, minutes), (hour, hours)] = counts
    assert (minute, hour) == (60, 3600)
    assert 120 <= minutes <= 181
    assert 6 <= hours <= 9
    [after] = queue.metrics(last=DAY)
    assert (after.succeeded, after.duration.counts) == (603, before[0].duration.counts)
    assert after.duration.count == 603
    [lately] = queue.metrics(last=timedelta(minutes=10))
    assert 12 <= lately.succeeded <= 14
    assert queue.metrics(last=timedelta(days=60))[0].succeeded == 603


def test_old_hours_become_days(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO conduit_metrics (starts_at, seconds, queue, type, succeeded, durations)
            SELECT date_bin('1 hour', now() - age * interval '1 hour', '2000-01-01 00:00Z'),
                   3600, 'default', type, 2, CASE type WHEN 'a' THEN ARRAY[0, 2] ELSE '{2}' END
            FROM generate_series(1, 20 * 24) AS age, unnest(ARRAY['a', 'b']) AS type
            """
        )
        before = queue.metrics(last=30 * DAY)
        compact(connection)
        [(days, hours)] = connection.execute(
            "SELECT count(*) FILTER (WHERE seconds = 86400), count(*) FILTER (WHERE seconds = 3600)"
            " FROM conduit_metrics"
        ).fetchall()
    assert 36 <= days <= 38
    assert 2 * 47 <= hours <= 2 * 72
    after = queue.metrics(last=30 * DAY)
    assert [(row.type, row.succeeded) for row in after] == [("a", 960), ("b", 960)]
    assert [row.duration for row in after] == [row.duration for row in before]
    assert after[0].duration.counts[:3] == [0, 960, 0]
    lately, _ = queue.metrics(last=DAY)
    assert 48 <= lately.succeeded <= 50
    week, _ = queue.metrics(last=7 * DAY)
    assert 7 * 48 <= week.succeeded <= 8 * 48


def compact(connection: psycopg.Connection[Any]) -> None:
    while run_steps(metrics_store.compact(), lambda statement: run(connection, statement)):
        pass


def test_workers_see_to_old_metrics(pool: WorkerPool, dsn: str, timed: Timed) -> None:
    timed(flush=0.0, compaction=0.0)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO conduit_metrics (seconds, starts_at, queue, type)
            SELECT 60, now() - interval '1 day', 'default', name
            FROM unnest(ARRAY['a', 'b']) AS name
            UNION ALL SELECT 86400, now() - interval '1 year', 'default', 'a'
            """
        )
        widths = "SELECT array_agg(seconds ORDER BY type) FROM conduit_metrics"
        with pool:
            until(lambda: connection.execute(widths).fetchall() == [([3600, 3600],)])


def test_many_workers_flush_the_same_rows_without_deadlock(dsn: str) -> None:
    keys = [("default", f"type{n}") for n in range(20)]

    async def flush_often() -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            for _ in range(20):
                some = sorted(random.sample(keys, 10))
                statement = metrics_store.flush([(key, counters(1)) for key in some])
                await connection.execute(statement.sql(), statement.parameters)

    async def flush_all() -> None:
        await asyncio.gather(*(flush_often() for _ in range(8)))

    asyncio.run(flush_all())
    with Queue(dsn) as queue:
        rows = queue.metrics()
    assert sum(row.succeeded for row in rows) == sum(row.duration.count for row in rows) == 1600


def counters(succeeded: int) -> AttemptCounters:
    new = AttemptCounters(succeeded=succeeded)
    new.durations[0] = succeeded
    return new


SECONDS = st.floats(min_value=0, max_value=1e6)


@given(st.lists(SECONDS, max_size=200))
def test_few_and_many_values_are_counted_alike(values: list[float]) -> None:
    many, few = [0] * (len(BOUNDS) + 1), [0] * (len(BOUNDS) + 1)
    count_into(many, values)
    for value in values:
        count_into(few, [value])
    assert many == few
    assert sum(many) == len(values)


@given(st.lists(SECONDS, min_size=1, max_size=200), st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_right_up_to_its_place(values: list[float], share: float) -> None:
    counts = [0] * (len(BOUNDS) + 1)
    count_into(counts, values)
    found = quantile(counts, share)
    assert found is not None
    exact = sorted(values)[max(0, -(-round(share * len(values) * 1000) // 1000) - 1)]
    assert found <= max(exact * 2**0.5 * 1.001, BOUNDS[0])
    assert found >= min(exact / 2**0.5 * 0.999, BOUNDS[-1]) or exact <= BOUNDS[0]


def test_nothing_has_no_quantile() -> None:
    assert quantile([0] * 10, 0.5) is None
