"""Sleeps and waits of jobs: the attempt ends, and a later one goes on behind them."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    Job,
    JobContext,
    JobStatus,
    PlainContext,
    Queue,
    WorkerPool,
    migrate,
)
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.steps import Wait, wait
from pools import NewPool
from stored_jobs import reload
from waiting import until

KINDS = pytest.mark.parametrize("kind", ["coroutine", "plain", "awaitable"])
HOUR = timedelta(hours=1)


@pytest.fixture
def pool(new_pool: NewPool) -> WorkerPool:
    return new_pool(workers=4)


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


class Seen:
    """What the attempts of jobs did: each `run`, each call of the step, what each wait returned."""

    def __init__(self) -> None:
        self.runs = 0
        self.made: list[str] = []
        self.got: list[Any] = []


@pytest.fixture
def seen() -> Seen:
    return Seen()


def register(
    pool: WorkerPool,
    kind: str,
    seen: Seen,
    *,
    how: str = "wait",
    duration: timedelta | float = HOUR,
    end: Callable[[JobContext], object] = lambda job: None,
) -> None:
    """A handler with a step, a sleep or a wait, and another step; then it calls `end`."""

    async def coroutine(job: JobContext, payload: object) -> None:
        seen.runs += 1
        await job.step("first", seen.made.append, "first")
        if how == "sleep":
            seen.got.append(await job.sleep(duration))
        else:
            seen.got.append(await job.wait("go", timeout=duration))
        await job.step("second", seen.made.append, "second")
        end(job)

    def plain(job: PlainContext, payload: object) -> None:
        seen.runs += 1
        job.step("first", seen.made.append, "first")
        if how == "sleep":
            job.sleep(duration)
            seen.got.append(None)
        else:
            seen.got.append(job.wait("go", timeout=duration))
        job.step("second", seen.made.append, "second")
        end(job)

    def awaitable(job: Any, payload: object) -> Any:
        return coroutine(job, payload)

    handlers: dict[str, Any] = {"coroutine": coroutine, "plain": plain, "awaitable": awaitable}
    pool.register("t", handlers[kind], base=timedelta(milliseconds=1))


def until_it_waits(queue: Queue, job: Job) -> Job:
    """The job, once it waits longer than for a retry."""

    def waits() -> bool:
        found = reload(queue, job)
        assert found.run_at is not None
        later = datetime.now(found.run_at.tzinfo) + timedelta(minutes=5)
        return found.status is JobStatus.PENDING and found.run_at > later

    until(waits)
    return reload(queue, job)


def until_completed(queue: Queue, job: Job) -> Job:
    until(lambda: reload(queue, job).completed_at)
    ended = reload(queue, job)
    assert ended.status is JobStatus.COMPLETED, ended.error
    return ended


def left(conn: psycopg.Connection[Any]) -> int:
    """How many records of steps and signals there are."""
    sql = "SELECT (SELECT count(*) FROM conduit_steps) + (SELECT count(*) FROM conduit_signals)"
    [(count,)] = conn.execute(sql).fetchall()
    return int(count)


@KINDS
def test_a_job_goes_on_when_its_signal_comes(
    queue: Queue, pool: WorkerPool, kind: str, seen: Seen, conn: psycopg.Connection[Any]
) -> None:
    register(pool, kind, seen)
    job = queue.enqueue(Job(type="t"))
    with pool:
        waiting = until_it_waits(queue, job)
        assert (waiting.attempts, waiting.locked_by, waiting.errors) == (0, None, [])
        assert queue.signal(job.id, "go", {"by": "zoë"})
        assert until_completed(queue, job).attempts == 1
    assert seen.made == ["first", "second"]
    assert seen.got == [{"by": "zoë"}]
    assert seen.runs == 2
    assert left(conn) == 0


@KINDS
@pytest.mark.parametrize("how", ["sleep", "wait"])
def test_a_job_goes_on_when_its_time_is_over(
    queue: Queue,
    pool: WorkerPool,
    kind: str,
    how: str,
    seen: Seen,
    conn: psycopg.Connection[Any],
) -> None:
    register(pool, kind, seen, how=how, duration=0.5)
    job = queue.enqueue(Job(type="t"))
    with pool:
        assert until_completed(queue, job).attempts == 1
    assert seen.made == ["first", "second"]
    assert seen.got == [None]
    assert seen.runs == 2
    assert left(conn) == 0


@pytest.mark.parametrize("how", ["sleep", "wait"])
@pytest.mark.parametrize("duration", [0, timedelta(seconds=-1)])
def test_no_time_is_over_at_once(
    queue: Queue, pool: WorkerPool, how: str, duration: Any, seen: Seen
) -> None:
    register(pool, "coroutine", seen, how=how, duration=duration)
    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    until_completed(queue, job)
    assert (seen.runs, seen.got) == (1, [None])


@pytest.mark.parametrize("kind", ["coroutine", "plain"])
@pytest.mark.parametrize("how", ["sleep", "signal", "timeout"])
def test_a_retry_gets_what_the_wait_returned(
    queue: Queue, pool: WorkerPool, kind: str, how: str, seen: Seen
) -> None:
    """A signal after the timeout changes nothing, though the job still runs."""

    def fail_twice(job: JobContext) -> None:
        assert not queue.signal(job.id, "go", "late")
        if job.attempt < 3:
            raise ValueError

    duration = HOUR if how == "signal" else timedelta(milliseconds=1)
    register(
        pool,
        kind,
        seen,
        how="sleep" if how == "sleep" else "wait",
        duration=duration,
        end=fail_twice,
    )
    job = queue.enqueue(Job(type="t"))
    with pool:
        if how == "signal":
            until_it_waits(queue, job)
            assert queue.signal(job.id, "go", "come")
        assert until_completed(queue, job).attempts == 3
    assert seen.made == ["first", "second"]
    assert seen.got == ["come" if how == "signal" else None] * 3
    assert seen.runs == 4


@pytest.mark.parametrize("how", ["sleep", "wait"])
@pytest.mark.parametrize("why", ["retry", "cancel and retry", "update"])
def test_a_job_that_is_run_early_waits_on_to_the_same_end(
    queue: Queue,
    pool: WorkerPool,
    how: str,
    why: str,
    seen: Seen,
    conn: psycopg.Connection[Any],
) -> None:
    register(pool, "coroutine", seen, how=how)
    job = queue.enqueue(Job(type="t"))
    with pool:
        before = until_it_waits(queue, job)
        if why == "cancel and retry":
            assert queue.cancel(job.id)
            assert reload(queue, job).status is JobStatus.CANCELLED
            assert not queue.signal(job.id, "go", 1)
        if why == "update":
            conn.execute("UPDATE jobs SET status = 'pending', attempts = 0, run_at = now()")
        else:
            assert queue.retry(job.id)
        until(lambda: seen.runs == 2)
        assert until_it_waits(queue, job).run_at == before.run_at
        if how == "wait":
            assert queue.signal(job.id, "go", 1)
            until_completed(queue, job)
            assert seen.got == [1]
    assert seen.made[0] == "first"
    assert len(set(seen.made)) == len(seen.made)


def test_waiting_jobs_hold_no_slot(queue: Queue, seen: Seen) -> None:
    pool = WorkerPool(queue, workers=1)
    register(pool, "plain", seen)
    ran: list[object] = []
    pool.register("other", lambda context, payload: ran.append(payload))
    jobs = queue.enqueue_many([Job(type="t") for _ in range(20)])
    with pool:
        for job in jobs:
            until_it_waits(queue, job)
        other = queue.enqueue(Job(type="other"))
        until_completed(queue, other)
        worker: Any = pool._lifecycle.worker
        assert not worker.runner.jobs()
        assert seen.made == ["first"] * 20
        assert queue.depth().due == 0


def test_several_waits_one_after_another(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any]
) -> None:
    runs: list[int] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        runs.append(job.attempt)
        answers = []
        for number in range(3):
            await job.sleep(0.01, f"pause {number}")
            answers.append(await job.wait(f"answer {number}", timeout=HOUR))
        assert answers == [0, 1, 2]

    job = queue.enqueue(Job(type="t"))
    with pool:
        for number in range(3):
            until(partial(_waits, conn, f"answer {number}"))
            until_it_waits(queue, job)
            assert queue.signal(job.id, f"answer {number}", number)
        assert until_completed(queue, job).attempts == 1
    assert set(runs) == {1}
    assert left(conn) == 0


def _waits(conn: psycopg.Connection[Any], *names: str) -> bool:
    """Whether the only job waits for the signals of these names."""
    found = conn.execute("SELECT name FROM conduit_steps WHERE value IS NULL").fetchall()
    return {name for (name,) in found} == {*names}


def test_of_two_waits_at_once_the_first_end_counts(
    queue: Queue, pool: WorkerPool, conn: psycopg.Connection[Any]
) -> None:
    """`gather` ends with the first of them; the job goes on when both have ended."""
    got: list[Any] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        waits = (job.wait("a", timeout=2 * HOUR), job.wait("b", timeout=HOUR), job.sleep(3 * HOUR))
        got.append(await asyncio.gather(*waits, return_exceptions=True))
        for each in got.pop():
            if isinstance(each, BaseException):
                raise each
        got.append("done")

    job = queue.enqueue(Job(type="t"))
    with pool:
        waiting = until_it_waits(queue, job)
        [(first, count)] = conn.execute(
            "SELECT min(ended_at), count(*) FROM conduit_steps"
        ).fetchall()
        assert (waiting.run_at, count) == (first, 3)
        assert queue.signal(job.id, "a", 1)
        until(lambda: reload(queue, job).run_at == first)
        assert queue.signal(job.id, "b", 2)
        until(lambda: _waits(conn))
        until_it_waits(queue, job)
        conn.execute("UPDATE conduit_steps SET ended_at = now() WHERE name = 'sleep'")
        queue.retry(job.id)
        until_completed(queue, job)
    assert got == ["done"]


def wait_for(queue: Queue, conn: psycopg.Connection[Any], job: Claimed, name: str) -> bool:
    """Let an attempt wait for a signal; return whether the job is due at once."""
    run(conn, wait([Wait(job, name, 3600.0, is_signal=True)]))
    [(is_due,)] = conn.execute("SELECT run_at <= clock_timestamp() FROM jobs").fetchall()
    return bool(is_due)


def claimed(queue: Queue) -> Claimed:
    """The only job, in an attempt."""
    [held] = queue.dequeue("w")
    assert held.token is not None
    return Claimed(held.token, held.id, held.type, held.queue)


def test_a_signal_between_two_waits_of_an_attempt_is_not_overlooked(
    queue: Queue, conn: psycopg.Connection[Any]
) -> None:
    stored = queue.enqueue(Job(type="t"))
    job = claimed(queue)
    assert not wait_for(queue, conn, job, "a")
    with psycopg.connect(queue.dsn) as sender:
        sender.execute("SELECT now()")  # its transaction is older than the next attempt
        queue.retry(stored.id)
        job = claimed(queue)
        assert not wait_for(queue, conn, job, "a")
        assert queue.signal(stored.id, "a", 1, conn=sender)
    assert wait_for(queue, conn, job, "b")


def test_code_that_waits_for_another_signal_now_is_not_tried_all_the_time(
    queue: Queue, conn: psycopg.Connection[Any]
) -> None:
    stored = queue.enqueue(Job(type="t"))
    assert not wait_for(queue, conn, claimed(queue), "a")
    assert queue.signal(stored.id, "a", 1)
    queue.retry(stored.id)
    assert not wait_for(queue, conn, claimed(queue), "b")


def test_waits_in_a_task_group(queue: Queue, pool: WorkerPool) -> None:
    got: list[Any] = []

    @pool.handler("t", max_attempts=1)
    async def handle(job: JobContext, payload: object) -> None:
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(job.wait(name, timeout=HOUR)) for name in "ab"]
        got.extend(wait.result() for wait in waits)

    job = queue.enqueue(Job(type="t"))
    with pool:
        for number, name in enumerate("ab"):
            until_it_waits(queue, job)
            assert queue.signal(job.id, name, number)
        until_completed(queue, job)
    assert got == [0, 1]


@KINDS
@pytest.mark.parametrize(
    ("first", "second"), [("sleep", "sleep"), ("wait", "wait"), ("wait", "step")]
)
def test_a_name_that_is_used_twice_names_both_lines(
    queue: Queue, pool: WorkerPool, kind: str, first: str, second: str
) -> None:
    def use(job: Any, how: str) -> Any:
        if how == "sleep":
            return job.sleep(0)
        if how == "wait":
            return job.wait("a", timeout=0)
        return job.step("a", list)

    async def coroutine(job: JobContext, payload: object) -> None:
        await use(job, first)
        await use(job, second)

    def plain(job: PlainContext, payload: object) -> None:
        use(job, first)
        use(job, second)

    def awaitable(job: Any, payload: object) -> Any:
        return coroutine(job, payload)

    handlers: dict[str, Any] = {"coroutine": coroutine, "plain": plain, "awaitable": awaitable}
    pool.register("t", handlers[kind])
    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    error = reload(queue, job).error or ""
    name = "sleep" if first == "sleep" else "a"
    assert f"the name {name!r} is used twice in one attempt, at {__file__}:" in error
    assert error.count(__file__) == 2


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lambda job: job.sleep("1h"), "duration is '1h': use seconds or a timedelta"),
        (lambda job: job.sleep(float("inf")), "duration is inf: use a finite time"),
        (lambda job: job.wait("a", timeout=None), "timeout is None: use seconds or a timedelta"),
        (lambda job: job.wait("a", timeout=timedelta(400_000)), "at most 1,000 years"),
        (lambda job: job.wait("", timeout=1), "the name of a step is empty"),
        (lambda job: job.sleep(1, "x" * 201), "the name of a step"),
    ],
)
def test_wrong_arguments(
    queue: Queue, pool: WorkerPool, wrong: Callable[[Any], Any], problem: str
) -> None:
    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await wrong(job)

    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    assert problem in (reload(queue, job).error or "")


def test_a_job_that_was_unreadable_is_readable_while_it_waits(
    queue: Queue, pool: WorkerPool, seen: Seen, conn: psycopg.Connection[Any]
) -> None:
    register(pool, "coroutine", seen)
    job = queue.enqueue(Job(type="t"))
    conn.execute("UPDATE jobs SET fingerprint = '!other'")
    with pool:
        until_it_waits(queue, job)
    assert conn.execute("SELECT fingerprint FROM jobs").fetchall() == [("",)]


def test_waits_count_as_snoozes(queue: Queue, pool: WorkerPool, seen: Seen) -> None:
    register(pool, "coroutine", seen)
    job = queue.enqueue(Job(type="t"))
    with pool:
        until_it_waits(queue, job)
        assert queue.signal(job.id, "go")
        until_completed(queue, job)
    [metrics] = queue.metrics()
    assert (metrics.snoozed, metrics.succeeded, metrics.failed) == (1, 1, 0)


def test_waits_in_a_schema_of_their_own(dsn: str, seen: Seen) -> None:
    schema = 'our "jobs"'
    migrate(dsn, schema)
    with Queue(dsn, schema) as queue:
        pool = WorkerPool(queue)
        register(pool, "coroutine", seen)
        job = queue.enqueue(Job(type="t"))
        with pool:
            until_it_waits(queue, job)
            with psycopg.connect(dsn) as sender:
                assert queue.signal(job.id, "go", 1, conn=sender)
            until_completed(queue, job)
    assert seen.got == [1]


def test_jobs_of_a_batch_cannot_wait(queue: Queue, pool: WorkerPool) -> None:
    @pool.batch_handler("t", size=2)
    async def handle(context: object, jobs: list[Any]) -> None:
        await jobs[0].wait("a", timeout=1)

    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    assert "a job of a batch has no steps and cannot wait" in (reload(queue, job).error or "")
