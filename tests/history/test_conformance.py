"""The promises of both queues: every test runs with `Queue` and with `AsyncQueue`."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import Job, JobLost, JobPriority, JobStatus, PayloadError
from queue_apis import AsyncApi, SyncApi

Api = SyncApi | AsyncApi
ISOLATIONS = ("read committed", "repeatable read", "serializable")


@pytest.fixture(params=[SyncApi, AsyncApi], ids=["Queue", "AsyncQueue"])
def queue(request: pytest.FixtureRequest, dsn: str) -> Iterator[Api]:
    api = request.param(dsn)
    yield api
    api.close()


def execute(dsn: str, sql: str, *parameters: Any) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(sql, parameters)


def test_a_job_comes_back_as_it_was_enqueued(queue: Api) -> None:
    at = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    payload = {"to": "é\u2028", "n": [1, 2.5, None, True], "deep": {"a": {}}}
    job = queue.enqueue(Job("mail", "email.send", payload, JobPriority.HIGH, 5, at, timeout=2.5))
    stored = queue.get(job.id)
    assert (stored.queue, stored.type, stored.payload) == ("mail", "email.send", payload)
    assert (stored.priority, stored.max_attempts, stored.run_at) == (75, 5, at)
    assert (stored.status, stored.attempts, stored.timeout) == ("pending", 0, 2.5)
    assert queue.get(str(job.id)).id == job.id
    assert queue.get(uuid4()) is None


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_job_exists_exactly_when_its_transaction_commits(queue: Api, isolation: str) -> None:
    with queue.transaction(isolation) as transaction:
        kept = queue.enqueue(Job(type="t"), conn=transaction.conn)
        queue.enqueue_many([Job(type="t"), Job(type="t")], conn=transaction.conn)
        assert queue.get(kept.id) is None
        assert queue.get(kept.id, conn=transaction.conn) is not None
    with suppress(ZeroDivisionError), queue.transaction(isolation) as transaction:
        lost = queue.enqueue(Job(type="t"), conn=transaction.conn)
        raise ZeroDivisionError
    assert queue.get(kept.id).status is JobStatus.PENDING
    assert queue.get(lost.id) is None
    assert queue.stats().pending == 3


def test_a_savepoint_that_is_rolled_back_takes_its_jobs_along(queue: Api) -> None:
    with queue.transaction() as transaction:
        kept = queue.enqueue(Job(type="t"), conn=transaction.conn)
        transaction.execute("SAVEPOINT s")
        queue.enqueue(Job(type="t"), conn=transaction.conn)
        transaction.execute("ROLLBACK TO s")
    assert [job.id for job in queue.list()] == [kept.id]


@pytest.mark.parametrize(
    "bad",
    [
        Job(type="t", payload=float("nan")),
        Job(type="t", payload={"a": "\0"}),
        Job(type="t", payload="\ud800"),
        Job(type=""),
        Job(type="x" * 201),
        Job(type="t", priority=101),
        Job(type="t", run_at=datetime(2030, 1, 1)),
    ],
)
def test_a_bad_job_leaves_the_transaction_alone(queue: Api, bad: Job) -> None:
    with queue.transaction() as transaction:
        with pytest.raises(PayloadError):
            queue.enqueue(bad, conn=transaction.conn)
        with pytest.raises(PayloadError):
            queue.enqueue_many([Job(type="good"), bad], conn=transaction.conn)
        queue.enqueue(Job(type="good"), conn=transaction.conn)
    assert [job.type for job in queue.list()] == ["good"]


def test_every_operation_can_be_part_of_a_transaction(queue: Api, dsn: str) -> None:
    jobs = queue.enqueue_many([Job(type="t") for _ in range(4)])
    ended = queue.enqueue(Job(type="t"))
    queue.cancel(ended.id)
    with suppress(ZeroDivisionError), queue.transaction() as transaction:
        conn = transaction.conn
        first, second, third = queue.dequeue("w", limit=3, conn=conn)
        queue.complete(first, conn=conn)
        queue.fail(second, "no", conn=conn)
        queue.touch(third, conn=conn)
        assert queue.cancel(jobs[3].id, conn=conn)
        assert queue.retry(ended.id, conn=conn)
        assert queue.stats(conn=conn).completed == 1
        assert len(queue.list(conn=conn)) == 5
        assert len(queue.queues(conn=conn)) == 1
        queue.schedule(Job(type="t"), timedelta(hours=1), conn=conn)
        queue.enqueue_with_priority(Job(type="t"), 7, conn=conn)
        raise ZeroDivisionError
    stats = queue.stats()
    assert (stats.pending, stats.cancelled, stats.total) == (4, 1, 5)


def test_jobs_come_by_priority_then_time_then_order(queue: Api) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    for payload, priority, run_at in (
        ("late", 50, None),
        ("early", 50, past),
        ("urgent", 100, None),
        ("low", 0, past),
        ("later", 50, None),
    ):
        queue.enqueue(Job(type=payload, priority=priority, payload=payload, run_at=run_at))
    queue.schedule(Job(type="not yet"), timedelta(hours=1))
    queue.enqueue(Job("other", "elsewhere"))
    claimed = [job.payload for _ in range(3) for job in queue.dequeue("w", limit=2)]
    assert claimed == ["urgent", "early", "late", "later", "low"]
    assert queue.dequeue("w") == []


def test_a_claim_takes_only_the_types_that_it_names(queue: Api) -> None:
    queue.enqueue_many([Job(type="a"), Job(type="b"), Job(type="c")])
    assert [job.type for job in queue.dequeue("w", limit=5, types=["c", "b"])] == ["b", "c"]
    assert queue.dequeue("w", limit=5, types=[]) == []


def test_a_held_job_is_completed_once(queue: Api) -> None:
    queue.enqueue(Job(type="t"))
    [job] = queue.dequeue("me")
    assert (job.status, job.attempts, job.locked_by, job.is_locked) == ("running", 1, "me", True)
    assert queue.dequeue("you") == []
    queue.complete(job)
    stored = queue.get(job.id)
    assert (stored.status, stored.attempts, stored.locked_by) == ("completed", 1, None)
    assert stored.created_at <= stored.started_at <= stored.completed_at
    for deed in (queue.complete, queue.touch, lambda job: queue.fail(job, "late")):
        with pytest.raises(JobLost):
            deed(job)


def test_failures_are_retried_later_until_the_attempts_are_used_up(queue: Api, dsn: str) -> None:
    queue.enqueue(Job(type="t", max_attempts=2))
    [job] = queue.dequeue("w")
    queue.fail(job, ValueError("once"))
    stored = queue.get(job.id)
    assert (stored.status, stored.attempts, stored.is_retryable) == ("pending", 1, True)
    assert 59 < (stored.run_at - datetime.now(UTC)).total_seconds() < 67
    execute(dsn, "UPDATE jobs SET run_at = now()")
    [job] = queue.dequeue("w")
    queue.fail(job, "twice")
    stored = queue.get(job.id)
    assert (stored.status, stored.error, stored.is_retryable) == ("failed", "twice", False)
    assert [error["error"] for error in stored.errors] == ["ValueError: once", "twice"]
    assert queue.retry(job.id)
    [job] = queue.dequeue("w")
    assert job.attempts == 1


def test_a_cancelled_job_never_turns_completed(queue: Api) -> None:
    waiting, running = queue.enqueue_many([Job(type="t", priority=0), Job(type="t")])
    [held] = queue.dequeue("w")
    assert held.id == running.id
    assert queue.cancel(waiting.id)
    assert queue.cancel(running.id)
    assert not queue.cancel(running.id)
    assert not queue.cancel(uuid4())
    for deed in (queue.complete, queue.touch, lambda job: queue.fail(job, "late")):
        with pytest.raises(JobLost):
            deed(held)
    assert queue.dequeue("w", limit=5) == []
    assert queue.stats().cancelled == 2


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_of_any_status_is_retried(queue: Api, dsn: str, status: JobStatus) -> None:
    job = queue.enqueue(Job(type="t"))
    queue.dequeue("w")
    execute(dsn, "UPDATE jobs SET status = %s", status.value)
    assert queue.retry(job.id)
    [again] = queue.dequeue("w")
    assert (again.id, again.attempts) == (job.id, 1)
    assert not queue.retry(uuid4())


def test_a_lease_that_is_over_passes_to_the_next(queue: Api, dsn: str) -> None:
    queue.enqueue(Job(type="t"))
    [first] = queue.dequeue("first")
    execute(dsn, "UPDATE jobs SET leased_until = now() - interval '1 s'")
    queue.touch(first)
    assert queue.dequeue("second") == []
    execute(dsn, "UPDATE jobs SET leased_until = now() - interval '1 s'")
    [second] = queue.dequeue("second")
    assert second.attempts == 2
    with pytest.raises(JobLost):
        queue.complete(first)
    queue.complete(second)


def test_only_ended_jobs_of_an_age_are_purged(queue: Api, dsn: str) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(5)])
    completed, failed, _ = queue.dequeue("w", limit=3)
    queue.complete(completed)
    queue.fail(failed, "no")
    execute(dsn, "UPDATE jobs SET status = 'failed', completed_at = now() WHERE id = %s", failed.id)
    assert queue.purge_completed(timedelta(hours=1)) == 0
    assert queue.purge(timedelta(0)) == 1
    assert queue.purge(timedelta(0), ["failed", "cancelled"]) == 1
    for unended in ("pending", "running"):
        with pytest.raises(ValueError, match=unended):
            queue.purge(timedelta(0), [unended])
    assert (queue.stats().pending, queue.stats().running, queue.stats().total) == (2, 1, 3)


def test_lists_and_counts_are_by_queue_status_and_type(queue: Api) -> None:
    queue.enqueue_many([Job("a", "x"), Job("a", "y"), Job("b", "x")])
    queue.dequeue("w", "b")
    assert len(queue.list()) == 3
    assert len(queue.list(limit=2)) == 2
    assert [job.type for job in queue.list(queue="a", type="y")] == ["y"]
    assert [job.queue for job in queue.list(status="running")] == ["b"]
    assert (queue.stats("a").pending, queue.stats("b").running, queue.stats("c").total) == (2, 1, 0)
    assert {row.queue: row.pending for row in queue.queues()} == {"a": 2, "b": 0}
    with pytest.raises(ValueError, match="no such status"):
        queue.list(status="no such status")


def test_a_paused_queue_gives_nothing_until_it_is_resumed(queue: Api) -> None:
    queue.pause("a")
    queue.enqueue_many([Job("a", "t"), Job("b", "t")])
    assert queue.dequeue("w", "a") == []
    assert len(queue.dequeue("w", "b")) == 1
    assert {row.queue: row.paused for row in queue.queues()} == {"a": True, "b": False}
    paused_at = queue.queues()[0].paused_at
    queue.pause("a")
    assert queue.queues()[0].paused_at == paused_at
    queue.resume("a")
    queue.resume("never paused")
    assert len(queue.dequeue("w", "a")) == 1
    with pytest.raises(PayloadError):
        queue.pause("")


def test_a_limit_counts_what_is_running(queue: Api) -> None:
    queue.limit("a", 2)
    queue.enqueue_many([Job("a", "t", n) for n in range(5)])
    first, second = queue.dequeue("w", "a", limit=5)
    assert (first.payload, second.payload) == (0, 1)
    assert queue.dequeue("w", "a", limit=5) == []
    queue.complete(first)
    assert [job.payload for job in queue.dequeue("w", "a", limit=5)] == [2]
    assert [row.concurrency for row in queue.queues()] == [2]
    queue.limit("a", None)
    assert len(queue.dequeue("w", "a", limit=5)) == 2
    with pytest.raises(ValueError, match="concurrency"):
        queue.limit("a", 0)


def test_a_rate_counts_what_started(queue: Api) -> None:
    queue.rate_limit("t", 2, per=timedelta(hours=1))
    queue.enqueue_many([Job(type=type_, payload=n) for n, type_ in enumerate("tttutu")])
    claimed = queue.dequeue("w", limit=10)
    assert [job.payload for job in claimed] == [0, 1, 3, 5]
    for job in claimed:
        queue.complete(job)
    assert queue.dequeue("w", limit=10) == []
    [rate] = queue.rate_limits()
    assert (rate.type, rate.starts, rate.per) == ("t", 2, timedelta(hours=1))
    queue.rate_limit("t", None)
    assert [job.payload for job in queue.dequeue("w", limit=10)] == [2, 4]
    assert queue.rate_limits() == []


def test_a_rate_goes_on_when_its_time_has_passed(queue: Api) -> None:
    queue.rate_limit("t", 1, per=timedelta(seconds=0.2))
    queue.enqueue_many([Job(type="t") for _ in range(3)])
    claimed: list[Any] = []
    deadline = time.monotonic() + 60
    while len(claimed) < 3 and time.monotonic() < deadline:
        claimed += queue.dequeue("w", limit=3)
    first, second, third = (queue.get(job.id).started_at for job in claimed)
    assert min(second - first, third - second) >= timedelta(seconds=0.2)


def test_controls_are_part_of_a_transaction(queue: Api) -> None:
    queue.enqueue_many([Job("a", "t") for _ in range(3)])
    with suppress(ZeroDivisionError), queue.transaction() as transaction:
        conn = transaction.conn
        queue.limit("a", 1, conn=conn)
        queue.rate_limit("t", 1, conn=conn)
        assert len(queue.dequeue("w", "a", limit=3, conn=conn)) == 1
        queue.pause("a", conn=conn)
        assert queue.rate_limits(conn=conn) != []
        assert queue.cancel_many("a", conn=conn) == 3
        assert queue.retry_many("a", status="cancelled", conn=conn) == 3
        raise ZeroDivisionError
    assert len(queue.dequeue("w", "a", limit=3)) == 3
    assert queue.rate_limits() == []


def test_many_jobs_are_cancelled_and_retried_by_filter(queue: Api) -> None:
    queue.enqueue_many([Job("a", "x"), Job("a", "y"), Job("b", "x")])
    queue.dequeue("w", "b")
    reported: list[int] = []
    assert queue.cancel_many(type="x", on_progress=reported.append) == 2
    assert reported == []
    assert (queue.stats().cancelled, queue.stats().pending) == (2, 1)
    assert queue.retry_many("a", status=[JobStatus.CANCELLED]) == 1
    assert queue.retry_many("a") == 0
    assert queue.stats("a").pending == 2
    assert queue.cancel_many(older_than=timedelta(hours=1)) == 0
    for deed in (queue.cancel_many, queue.retry_many):
        with pytest.raises(ValueError, match="no filter"):
            deed()
    assert queue.cancel_many(every=True) == 2


def test_a_trace_goes_with_a_job(queue: Api) -> None:
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    job = queue.enqueue(Job(type="t", trace=trace))
    unique = queue.enqueue(Job(type="u", trace=trace, unique="key"))
    assert queue.enqueue(Job(type="u", unique="key")).trace == trace
    assert [queue.get(each.id).trace for each in (job, unique)] == [trace, trace]
    assert [each.trace for each in queue.dequeue("w", limit=2)] == [trace, trace]


def test_metrics_are_reported_by_queue_and_type(queue: Api, dsn: str) -> None:
    execute(
        dsn,
        """
        INSERT INTO conduit_metrics
          (seconds, starts_at, queue, type, succeeded, failed, retried, duration, durations)
        SELECT 60, date_bin('1 minute', now() - age * interval '20 minutes', '2000-01-01 00:00Z'),
               queue, 't', 3, 1, 1, 0.8, ARRAY[0, 0, 4]
        FROM generate_series(0, 4) AS age CROSS JOIN unnest(ARRAY['a', 'b']) AS queue
        """,
    )
    first, second = queue.metrics()
    assert (first.queue, second.queue, first.type) == ("a", "b", "t")
    assert first.processed in (12, 16)  # a minute at the edge of the hour may be past it
    assert first.success_rate == 0.75
    assert first.duration.mean == pytest.approx(0.2)
    assert 0.001 < first.duration.p50 < first.duration.p99 <= 0.002
    assert first.wait.p50 is None
    assert [row.processed for row in queue.metrics("b", "t", timedelta(days=1))] == [20]
    assert queue.metrics(type="other") == []
    with queue.transaction() as transaction:
        transaction.execute("DELETE FROM conduit_metrics")
        assert queue.metrics(conn=transaction.conn) == []


def test_a_dead_database_is_reported_at_once(queue: Api) -> None:
    api = type(queue)("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")
    try:
        with pytest.raises(psycopg.OperationalError):
            api.enqueue(Job(type="t"))
    finally:
        api.close()
