"""What ends an attempt: its result, an exception, or what Postgres refuses."""

import asyncio
import gc
import threading
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import Discard, Job, JobContext, JobStatus, Queue, Retry, Snooze
from pools import NewPool
from stored_jobs import reload
from waiting import until


@pytest.mark.slow
def test_a_note_of_any_characters_is_stored(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()
    seen = threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        context.progress(1, 2, "a\ud800\0")
        seen.wait(300)

    job = queue.enqueue(Job(type="t"))
    with pool:
        try:
            progress = until(lambda: reload(queue, job).progress)
        finally:
            seen.set()
    assert progress == {"done": 1, "total": 2, "note": "a?\ufffd"}
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_a_failed_attempt_is_retried_after_a_minute(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def fail(context: JobContext, payload: object) -> None:
        raise ValueError("no\0 \ud800 good")

    job = queue.enqueue(Job(type="t", max_attempts=2))
    pool.run(drain=True)
    stored = reload(queue, job)
    assert (stored.status, stored.attempts) == (JobStatus.PENDING, 1)
    assert stored.error == "ValueError: no\ufffd ? good"
    assert stored.run_at is not None
    assert stored.started_at is not None
    wait = stored.run_at - stored.started_at
    assert timedelta(seconds=60) <= wait < timedelta(seconds=70)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET run_at = now()")
    pool.run(drain=True)
    stored = reload(queue, job)
    assert (stored.status, stored.attempts) == (JobStatus.FAILED, 2)
    assert [entry["attempt"] for entry in stored.errors] == [1, 2]
    assert stored.errors[0]["traceback"].splitlines()[1].endswith("in fail")
    assert pool.metrics.stats("t").retried == 1
    queue.retry(job.id)
    pool.run(drain=True)
    assert reload(queue, job).attempts == 1


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
        (StopIteration(1), "RuntimeError"),
        (Unprintable(), "Unprintable: (its text could not be read)"),
        (ValueError("x" * 10_000_000), "ValueError: xxx"),
    ],
)
@pytest.mark.parametrize("in_thread", [False, True])
def test_whatever_a_handler_raises_ends_its_job_only(
    queue: Queue, new_pool: NewPool, error: BaseException, text: str, in_thread: bool
) -> None:
    pool = new_pool()

    @pool.handler("async")
    async def in_loop(context: JobContext, payload: object) -> None:
        raise error

    @pool.handler("plain")
    def plainly(context: JobContext, payload: object) -> None:
        raise error

    job = queue.enqueue(Job(type="plain" if in_thread else "async", max_attempts=1))
    pool.run(drain=True)
    stored = reload(queue, job)
    assert stored.status is JobStatus.FAILED
    assert stored.error is not None
    assert stored.error.startswith(text)
    assert len(stored.error) < 5_000


def test_retry_discard_and_snooze(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def act(context: JobContext, payload: str) -> None:
        try:
            raise {"retry": Retry(after=5), "snooze": Snooze(timedelta(hours=1))}.get(
                payload, Discard("no use")
            )
        except Exception:
            pytest.fail("`except Exception` caught a request to the worker")

    jobs = {kind: queue.enqueue(Job(type="t", payload=kind)) for kind in ("retry", "snooze", "no")}
    pool.run(drain=True)
    retried, snoozed, discarded = (reload(queue, job) for job in jobs.values())
    assert (retried.status, retried.attempts) == (JobStatus.PENDING, 1)
    assert retried.run_at is not None
    assert retried.started_at is not None
    assert timedelta(seconds=5) <= retried.run_at - retried.started_at < timedelta(seconds=20)
    assert (snoozed.status, snoozed.attempts, snoozed.error) == (JobStatus.PENDING, 0, None)
    assert snoozed.started_at is not None
    assert (discarded.status, discarded.error) == (JobStatus.FAILED, "no use")


def test_child_jobs_are_stored_by_a_completion_only(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    created: list[int] = []

    @pool.handler("parent")
    async def parent(context: JobContext, payload: dict[str, bool]) -> None:
        context.enqueued.append(Job(type="child", payload=1))
        context.enqueued.append(Job(type="child", payload=2))
        if payload["fail"]:
            raise ValueError

    @pool.handler("child")
    async def child(context: JobContext, payload: int) -> None:
        created.append(payload)

    queue.enqueue(Job(type="parent", payload={"fail": True}))
    pool.run(drain=True)
    assert created == []
    assert queue.stats().total == 1
    queue.enqueue(Job(type="parent", payload={"fail": False}))
    pool.run(drain=True)
    assert created == [1, 2]


def test_an_outcome_that_postgres_refuses_fails_alone(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool(workers=20)
    with psycopg.connect(dsn) as conn:
        conn.execute("ALTER TABLE jobs ADD CONSTRAINT picky CHECK (type <> 'bad' OR error IS NULL)")
        conn.execute("ALTER TABLE jobs ADD CHECK (type <> 'child')")

    @pool.handler("parent")
    async def work(context: JobContext, payload: int) -> None:
        if payload == 7:
            context.enqueued.append(Job(type="child"))

    pool.register("child", lambda context, payload: None)
    queue.enqueue_many([Job(type="parent", payload=n) for n in range(20)])
    pool.run(drain=True)
    counts = queue.stats()
    assert (counts.completed, counts.failed) == (19, 1)
    [failed] = queue.list(status="failed")
    assert failed.payload == 7
    assert failed.error is not None
    assert "Postgres refused the outcome" in failed.error


def test_a_snooze_that_postgres_refuses_fails_its_job(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()
    with psycopg.connect(dsn) as conn:
        conn.execute("ALTER TABLE jobs ADD CHECK (type <> 'late' OR run_at < '2100-01-01')")

    @pool.handler("late")
    async def late(context: JobContext, payload: object) -> None:
        raise Snooze(timedelta(days=365 * 200))

    job = queue.enqueue(Job(type="late"))
    pool.run(drain=True)
    failed = reload(queue, job)
    assert failed.status is JobStatus.FAILED
    assert "Postgres refused the outcome" in (failed.error or "")
    assert [entry["attempt"] for entry in failed.errors] == [1]


@pytest.mark.parametrize("ask", [Snooze, Retry])
@pytest.mark.parametrize("span", [timedelta.max, float("inf"), float("nan")])
def test_a_time_that_never_comes_fails_the_attempt(
    queue: Queue, new_pool: NewPool, ask: type[Snooze] | type[Retry], span: float | timedelta
) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def act(context: JobContext, payload: object) -> None:
        raise ask(span)

    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    failed = reload(queue, job)
    assert failed.status is JobStatus.FAILED
    assert f"is {span}: use a finite time of at most 1,000 years" in (failed.error or "")
