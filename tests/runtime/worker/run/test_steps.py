"""Steps of jobs: each runs once, and a later attempt gets what it returned."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    Discard,
    Job,
    JobContext,
    JobStatus,
    PlainContext,
    Queue,
    Retry,
    Snooze,
    WorkerPool,
    migrate,
)
from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements.dashboard.bulk import change_matching
from conduit_runtime.statements.many.changes import delete
from locks import waits_for_a_lock
from pools import NewPool
from stored_jobs import reload
from timed import Timed
from waiting import until


class Effects:
    """What the steps of a test did, in order. `numbers` makes each call return another value."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def make(self, name: str) -> dict[str, Any]:
        self.made.append(name)
        return {"name": name, "number": len(self.made)}

    async def make_async(self, name: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        return self.make(name)


@pytest.fixture
def effects() -> Effects:
    return Effects()


@pytest.fixture
def pool(new_pool: NewPool) -> WorkerPool:
    return new_pool(workers=4)


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def stored(conn: psycopg.Connection[Any]) -> list[tuple[str, int]]:
    """The names of the stored steps, and the attempts that ran them."""
    return conn.execute("SELECT name, attempt FROM conduit_steps ORDER BY ended_at").fetchall()


def register(
    pool: WorkerPool, kind: str, effects: Effects, end: Callable[[Any], object]
) -> list[Any]:
    """A handler with two steps, which then calls `end`; returns what its attempts got."""
    got: list[Any] = []

    async def coroutine(job: JobContext, payload: object) -> None:
        first = await job.step("first", effects.make_async, "first")
        got.append([first, await job.step("second", effects.make, name="second")])
        end(job)

    def plain(job: PlainContext, payload: object) -> None:
        first = job.step("first", effects.make_async, "first")
        got.append([first, job.step("second", effects.make, name="second")])
        end(job)

    def awaitable(job: Any, payload: object) -> Any:
        return coroutine(job, payload)

    handlers: dict[str, Any] = {"coroutine": coroutine, "plain": plain, "awaitable": awaitable}
    pool.register("t", handlers[kind], base=timedelta(milliseconds=1))
    return got


KINDS = pytest.mark.parametrize("kind", ["coroutine", "plain", "awaitable"])
GOT = [{"name": "first", "number": 1}, {"name": "second", "number": 2}]


def until_it_ended(queue: Queue, job: Job) -> JobStatus:
    ended = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
    until(lambda: reload(queue, job).status in ended)
    return reload(queue, job).status


@KINDS
def test_a_retry_gets_what_finished_steps_returned(
    queue: Queue, pool: WorkerPool, kind: str, effects: Effects, conn: psycopg.Connection[Any]
) -> None:
    def fail_twice(job: JobContext) -> None:
        assert stored(conn) == [("first", 1), ("second", 1)]
        if job.attempt < 3:
            raise ValueError

    got = register(pool, kind, effects, fail_twice)
    job = queue.enqueue(Job(type="t"))
    with pool:
        assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert effects.made == ["first", "second"]
    assert got == [GOT, GOT, GOT]
    assert stored(conn) == []


@KINDS
def test_only_the_step_that_raised_runs_again(
    queue: Queue, pool: WorkerPool, kind: str, effects: Effects, conn: psycopg.Connection[Any]
) -> None:
    make = effects.make

    def make_or_fail(name: str) -> dict[str, Any]:
        if name == "second" and effects.made == ["first"]:
            effects.made.append("failed")
            raise ValueError(name)
        return make(name)

    effects.make = make_or_fail  # type: ignore[method-assign]
    got = register(pool, kind, effects, lambda job: None)
    job = queue.enqueue(Job(type="t"))
    with pool:
        assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert effects.made == ["first", "failed", "second"]
    assert got == [[{"name": "first", "number": 1}, {"name": "second", "number": 3}]]


@pytest.mark.parametrize(
    "end", [Retry(timedelta(0)), Snooze(timedelta(0))], ids=["retry", "snooze"]
)
@KINDS
def test_ways_to_ask_for_another_attempt(
    queue: Queue, pool: WorkerPool, kind: str, effects: Effects, end: BaseException
) -> None:
    ends = [end]

    def raise_once(job: JobContext) -> None:
        if ends:
            raise ends.pop()

    got = register(pool, kind, effects, raise_once)
    job = queue.enqueue(Job(type="t"))
    with pool:
        assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert effects.made == ["first", "second"]
    assert got == [GOT, GOT]


@KINDS
def test_a_failed_job_keeps_its_steps_for_a_retry_by_hand(
    queue: Queue, pool: WorkerPool, kind: str, effects: Effects, conn: psycopg.Connection[Any]
) -> None:
    ends = [Discard("no")]

    def discard_once(job: JobContext) -> None:
        if ends:
            raise ends.pop()

    got = register(pool, kind, effects, discard_once)
    job = queue.enqueue(Job(type="t"))
    with pool:
        assert until_it_ended(queue, job) is JobStatus.FAILED
        assert len(stored(conn)) == 2
        assert queue.retry(job.id)
        assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert effects.made == ["first", "second"]
    assert got == [GOT, GOT]
    assert stored(conn) == []


@pytest.mark.parametrize("way", ["purge", "delete"])
def test_steps_are_deleted_with_their_job(
    queue: Queue, pool: WorkerPool, effects: Effects, conn: psycopg.Connection[Any], way: str
) -> None:
    def discard(job: JobContext) -> None:
        raise Discard("no")

    register(pool, "coroutine", effects, discard)
    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    assert reload(queue, job).status is JobStatus.FAILED
    assert len(stored(conn)) == 2
    if way == "purge":
        assert queue.purge(timedelta(0), "failed") == 1
    else:
        run_steps(change_matching(delete(), JobFilter(status="failed")), partial(run, conn))
    assert queue.get(job.id) is None
    assert stored(conn) == []


@pytest.mark.parametrize("kind", ["coroutine", "plain"])
def test_a_job_that_is_cancelled_and_retried_by_hand_goes_on_behind_its_steps(
    queue: Queue, pool: WorkerPool, kind: str, effects: Effects
) -> None:
    done: list[Job] = []

    def cancel_once(context: JobContext) -> None:
        if not done:
            queue.cancel(job.id)
            done.append(job)

    got = register(pool, kind, effects, cancel_once)
    job = queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: reload(queue, job).status is JobStatus.CANCELLED)
        assert queue.retry(job.id)
        assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert effects.made == ["first", "second"]
    assert got == [GOT, GOT]


def test_a_stopped_worker_stores_the_step_that_has_just_finished(
    queue: Queue, new_pool: NewPool, effects: Effects, conn: psycopg.Connection[Any], dsn: str
) -> None:
    """The stop comes while a lock delays the record; the release waits for it."""

    async def finish_behind_a_lock(name: str) -> dict[str, Any]:
        conn.execute("BEGIN")
        conn.execute("LOCK TABLE conduit_steps IN SHARE MODE")
        return effects.make(name)

    pool = new_pool()

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("only", finish_behind_a_lock, "only")

    job = queue.enqueue(Job(type="t"))
    pool.start()
    until(lambda: waits_for_a_lock(dsn))
    worker: Any = pool._lifecycle.worker
    stopping = threading.Thread(target=pool.stop, args=[0])
    stopping.start()
    runner = worker.runner if new_pool.is_direct else worker._runner
    until(lambda: all(each.stopped_by for each in runner.running))
    conn.execute("COMMIT")
    stopping.join(60)
    assert reload(queue, job).status is JobStatus.PENDING
    again = WorkerPool(queue)
    again.register("t", handle)
    again.run(drain=True)
    assert reload(queue, job).status is JobStatus.COMPLETED
    assert effects.made == ["only"]


def test_steps_may_run_at_the_same_time(queue: Queue, pool: WorkerPool, effects: Effects) -> None:
    got = []

    @pool.handler("t", base=timedelta(milliseconds=1))
    async def handle(job: JobContext, payload: object) -> None:
        names = [f"part {number}" for number in range(50)]
        steps = (job.step(name, effects.make_async, name) for name in names)
        got.append([each["name"] for each in await asyncio.gather(*steps)])
        assert got[-1] == names
        if job.attempt == 1:
            raise ValueError

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert len(got) == 2
    assert len(effects.made) == 50


@pytest.mark.parametrize("kind", ["coroutine", "plain"])
def test_a_name_that_is_used_twice_names_both_lines(
    queue: Queue, pool: WorkerPool, kind: str, effects: Effects
) -> None:
    async def coroutine(job: JobContext, payload: object) -> None:
        await job.step("a", effects.make, "a")
        await job.step("a", effects.make, "b")

    def plain(job: PlainContext, payload: object) -> None:
        job.step("a", effects.make, "a")
        job.step("a", effects.make, "b")

    handler: Any = coroutine if kind == "coroutine" else plain
    line = handler.__code__.co_firstlineno
    pool.register("t", handler)
    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    error = reload(queue, job).error
    assert error is not None
    assert (
        f"'a' is used twice in one attempt, at {__file__}:{line + 1} and at {__file__}:{line + 2}"
        in error
    )
    assert effects.made == ["a"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"items": [1, {2, 3}]}, "the result of the step 'a'.items[1] is a set, which JSON cannot"),
        ((1, 2), "the result of the step 'a' comes back from JSON as another value"),
        ({"at": [timedelta(1)]}, "the result of the step 'a'.at[0] comes back from JSON"),
        (float("nan"), "the result of the step 'a' is nan"),
        ("\0", "the result of the step 'a' contains the character U+0000"),
        ("x" * (16 * 1024 * 1024), "the result of the step 'a' is 16,777,218 bytes of JSON"),
    ],
)
def test_a_result_that_cannot_be_stored_exactly_ends_the_job(
    queue: Queue, pool: WorkerPool, value: Any, problem: str, effects: Effects
) -> None:
    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("a", lambda: effects.make("a") and value)
        await job.step("b", effects.make, "b")

    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    ended = reload(queue, job)
    assert (ended.status, ended.attempts) == (JobStatus.FAILED, 1)
    assert ended.error is not None
    assert problem in ended.error
    assert effects.made == ["a"]


def test_jobs_of_a_batch_have_no_steps(queue: Queue, pool: WorkerPool, effects: Effects) -> None:
    @pool.batch_handler("t", size=2)
    async def handle(context: object, jobs: list[Any]) -> None:
        await jobs[0].step("a", effects.make, "a")

    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    assert "a job of a batch has no steps" in (reload(queue, job).error or "")
    assert effects.made == []


def test_a_timeout_keeps_the_steps_that_have_finished(
    queue: Queue, pool: WorkerPool, effects: Effects, timed: Timed
) -> None:
    @pool.handler("t", base=timedelta(milliseconds=1))
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("a", effects.make, "a")
        if job.attempt == 1:
            await asyncio.Event().wait()

    job = queue.enqueue(Job(type="t", timeout=1.0))
    with pool:
        assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert effects.made == ["a"]
    assert reload(queue, job).attempts == 2


def test_steps_in_a_schema_of_their_own(dsn: str, effects: Effects) -> None:
    schema = 'our "jobs"'
    migrate(dsn, schema)
    with Queue(dsn, schema) as queue:
        pool = WorkerPool(queue)
        got = register(pool, "coroutine", effects, fail_once)
        job = queue.enqueue(Job(type="t"))
        with pool:
            assert until_it_ended(queue, job) is JobStatus.COMPLETED
    assert effects.made == ["first", "second"]
    assert got == [GOT, GOT]


def fail_once(job: JobContext) -> None:
    if job.attempt == 1:
        raise ValueError


def test_a_write_whose_job_is_locked_is_undone_and_made_again(queue: Queue, dsn: str) -> None:
    """The transaction that holds the job waits for what the job has written."""
    pool = WorkerPool(queue)
    written, is_locked = threading.Event(), threading.Event()

    @pool.handler("count", base=timedelta(milliseconds=1))
    async def count(job: JobContext, payload: object) -> None:
        if await job.begins("write"):
            async with job.transaction():
                await job.scalar(int, "UPDATE counts SET n = n + 1 RETURNING n")
                written.set()
                await asyncio.to_thread(is_locked.wait, 30)
                await job.ends()

    with psycopg.connect(dsn) as other:
        other.execute("CREATE TABLE counts AS SELECT 0 AS n")
        other.commit()
        job = queue.enqueue(Job(type="count"))
        with pool:
            assert written.wait(30)
            other.execute("UPDATE jobs SET priority = priority WHERE id = %s", (job.id,))
            is_locked.set()
            other.execute("UPDATE counts SET n = n + 10")
            other.commit()
            until(lambda: reload(queue, job).status is JobStatus.COMPLETED)
        assert other.execute("SELECT n FROM counts").fetchone() == (11,)
