"""Waiting for the end of a job, and how a job of a flow reads the results before it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Discard,
    Job,
    JobCancelled,
    JobContext,
    JobFailed,
    Queue,
    UnknownJob,
    WorkerPool,
    chain,
    group,
)
from pools import NewPool
from waiting import until

DAY = timedelta(days=1)


@pytest.fixture
def rarely(queue: Queue) -> None:
    """Lets a wait that is not woken read its job too late for the test."""
    queue._ends.rarely = 600.0


@pytest.fixture
def pool(new_pool: NewPool) -> Iterator[WorkerPool]:
    pool = new_pool()
    pool.register("double", lambda ctx, payload: 2 * payload, keep_result=DAY)
    pool.register("nothing", lambda ctx, payload: payload)

    @pool.handler("fail")
    async def fail(ctx: JobContext, payload: str) -> None:
        raise Discard(payload)

    with pool:
        yield pool


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[Any]]:
    """Return a thread that makes a call, and the list that takes the result or the error."""
    got: list[Any] = []

    def run() -> None:
        try:
            got.append(call())
        except Exception as error:
            got.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, got


def is_awaited(queue: Queue, job: Job) -> bool:
    with psycopg.connect(queue.dsn) as conn:
        sql = """SELECT bool_or(awaited) FROM (
            SELECT id, awaited FROM jobs UNION ALL SELECT id, awaited FROM conduit_blocked_jobs
        ) AS both_tables WHERE id = %s"""
        [(awaited,)] = conn.execute(sql, [job.id])
    return bool(awaited) and queue._ends._listens


@pytest.mark.usefixtures("pool", "rarely")
def test_a_result_is_waited_for(queue: Queue) -> None:
    for number in range(20):
        job = queue.enqueue(Job(type="double", payload=number))
        assert queue.result(job.id, timeout=60) == 2 * number
        assert queue.result(str(job.id)) == 2 * number


@pytest.mark.usefixtures("pool", "rarely")
def test_many_wait_over_one_connection(queue: Queue, dsn: str) -> None:
    async def main() -> list[int]:
        async with AsyncQueue(dsn) as queue:
            jobs = await queue.enqueue_many([Job(type="double", payload=n) for n in range(50)])
            results = await asyncio.gather(*(queue.result(job.id, timeout=60) for job in jobs))
            with psycopg.connect(dsn) as conn:
                sql = (
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE application_name = %s AND datname = current_database()"
                )
                [(connections,)] = conn.execute(sql, ["conduit results"])
            assert connections == 1
            return results

    assert asyncio.run(main()) == [2 * n for n in range(50)]


@pytest.mark.usefixtures("pool", "rarely")
def test_what_is_not_kept_is_none(queue: Queue) -> None:
    job = queue.enqueue(Job(type="nothing", payload=1))
    assert queue.result(job.id, timeout=60) is None


@pytest.mark.usefixtures("pool", "rarely")
def test_a_failed_job_raises_with_its_error(queue: Queue) -> None:
    job = queue.enqueue(Job(type="fail", payload="of no use"))
    with pytest.raises(JobFailed, match=rf"job {job.id} \(fail\) failed: of no use") as raised:
        queue.result(job.id, timeout=60)
    assert raised.value.error == "of no use"


def test_an_unknown_job_raises(queue: Queue) -> None:
    with pytest.raises(UnknownJob, match="there is no job"):
        queue.result(uuid4(), timeout=60)


def test_a_timeout_is_one(queue: Queue) -> None:
    job = queue.enqueue(Job(type="t"))
    with pytest.raises(TimeoutError, match=f"job {job.id} has not ended within 0.2 s"):
        queue.result(job.id, timeout=0.2)
    with pytest.raises(TimeoutError, match=r"within 0\.1 s"):
        queue.result(job.id, timeout=timedelta(seconds=0.1))
    with pytest.raises(TypeError, match="timeout is '1s'"):
        queue.result(job.id, timeout="1s")  # type: ignore[arg-type]


@pytest.mark.usefixtures("rarely")
@pytest.mark.parametrize("status", ["pending", "running", "blocked"])
@pytest.mark.parametrize("by", ["id", "filter"])
def test_a_cancel_ends_the_wait(queue: Queue, status: str, by: str) -> None:
    if status == "blocked":
        _, job = queue.enqueue_flow(chain(Job(type="before"), Job(type="t")))
    else:
        job = queue.enqueue(Job(type="t"))
    if status == "running":
        queue.dequeue("me")
    thread, got = in_thread(lambda: queue.result(job.id, timeout=60))
    until(lambda: is_awaited(queue, job))
    if by == "id":
        queue.cancel(job.id)
    else:
        queue.cancel_many(type="before" if status == "blocked" else "t")
    thread.join(60)
    assert isinstance(got[0], JobCancelled)


@pytest.mark.usefixtures("rarely")
def test_who_waits_learns_that_the_queue_is_closed(dsn: str) -> None:
    with Queue(dsn) as queue:
        job = queue.enqueue(Job(type="t"))
        thread, got = in_thread(lambda: queue.result(job.id))
        until(lambda: queue._ends._listens and is_awaited(queue, job))
    thread.join(60)
    assert isinstance(got[0], psycopg.OperationalError), got
    assert "closed" in str(got[0])


@pytest.mark.usefixtures("rarely")
@pytest.mark.parametrize("ending", ["complete", "fail"])
def test_the_end_of_a_job_in_a_loop_of_ones_own_is_heard(queue: Queue, ending: str) -> None:
    job = queue.enqueue(Job(type="t", max_attempts=2))
    thread, got = in_thread(lambda: queue.result(job.id, timeout=60))
    until(lambda: is_awaited(queue, job))
    [held] = queue.dequeue("me")
    if ending == "complete":
        queue.complete(held)
        thread.join(60)
        assert got == [None]
        return
    queue.fail(held, "first")
    assert thread.is_alive()
    with psycopg.connect(queue.dsn) as conn:
        conn.execute("UPDATE jobs SET run_at = now()")
    [held] = queue.dequeue("me")
    queue.fail(held, "last")
    thread.join(60)
    assert got[0].error == "last"


@pytest.mark.usefixtures("rarely")
def test_the_last_job_of_a_flow_is_waited_for_while_it_is_blocked(
    queue: Queue, new_pool: NewPool
) -> None:
    first, last = queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))
    thread, got = in_thread(lambda: queue.result(last.id, timeout=60))
    until(lambda: is_awaited(queue, last))
    pool = new_pool()
    pool.register("t", lambda ctx, payload: str(ctx.id), keep_result=DAY)
    with pool:
        thread.join(60)
    assert got == [str(last.id)]
    assert queue.result(first.id) == str(first.id)


def test_a_job_that_ends_without_notice_is_found(queue: Queue) -> None:
    queue._ends.rarely = 0.2
    job = queue.enqueue(Job(type="t"))
    thread, got = in_thread(lambda: queue.result(job.id, timeout=60))
    until(lambda: is_awaited(queue, job))
    with psycopg.connect(queue.dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'completed', completed_at = now()")
    thread.join(60)
    assert got == [None]


@pytest.mark.usefixtures("rarely")
def test_a_lost_connection_is_opened_again(queue: Queue, pool: WorkerPool) -> None:
    job = queue.enqueue(Job(type="t"))
    thread, got = in_thread(lambda: queue.result(job.id, timeout=60))
    until(lambda: is_awaited(queue, job))
    with psycopg.connect(queue.dsn) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = %s AND datname = current_database()",
            ["conduit results"],
        )
    pool.register("t", lambda ctx, payload: 7, keep_result=DAY)
    thread.join(60)
    assert got == [7]


def test_jobs_that_no_one_waits_for_send_nothing(queue: Queue, pool: WorkerPool) -> None:
    with psycopg.connect(queue.dsn, autocommit=True) as conn:
        [(channel,)] = conn.execute("SELECT concat('conduit_', 'jobs'::regclass::oid, '_ended')")
        conn.execute(f'LISTEN "{channel}"')
        job = queue.enqueue(Job(type="double", payload=1))
        until(lambda: (found := queue.get(job.id)) and found.status == "completed")
        assert [*conn.notifies(timeout=0.2)] == []
        other = queue.enqueue(Job(type="double", payload=1, delay=timedelta(seconds=0.3)))
        assert queue.result(other.id, timeout=60) == 2
        assert [n.payload for n in conn.notifies(timeout=0.2)] == [str(other.id)]


def test_a_closed_queue_leaves_no_connection(dsn: str) -> None:
    with Queue(dsn) as queue:
        queue._ends.linger = 600.0
        job = queue.enqueue(Job(type="t"))
        with pytest.raises(TimeoutError):
            queue.result(job.id, timeout=0.2)
        until(lambda: queue._ends._listens)
    with psycopg.connect(dsn, autocommit=True) as conn:
        sql = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE application_name = %s AND datname = current_database()"
        )
        until(lambda: conn.execute(sql, ["conduit results"]).fetchone() == (0,))


@pytest.mark.parametrize("is_async", [True, False])
def test_a_job_reads_the_results_of_those_before_it(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    got: dict[str, list[Any]] = {}
    pool = new_pool()

    async def work(ctx: JobContext, name: str) -> str:
        got[name] = await ctx.results()
        return name

    def work_plainly(ctx: JobContext, name: str) -> str:
        got[name] = ctx.results_blocking()
        return name

    pool.register("kept", work if is_async else work_plainly, keep_result=DAY)
    pool.register("unkept", work if is_async else work_plainly)

    @pool.handler("fail")
    def fail(ctx: JobContext, payload: object) -> None:
        raise Discard

    def kept(name: str) -> Job:
        return Job(type="kept", payload=name)

    members = [kept(name) for name in "dcbaefgh"]
    members[3:3] = [Job(type="unkept", payload="unkept"), Job(type="fail")]
    flow = chain(kept("first"), group(members, on_failure="continue"))
    queue.enqueue_flow(chain(flow, kept("after"), kept("last"), on_failure="continue"))
    pool.run(drain=True)
    assert got["first"] == []
    assert got["a"] == got["h"] == ["first"]
    assert got["after"] == ["d", "c", "b", None, None, "a", "e", "f", "g", "h"]
    assert got["last"] == ["after"]


def test_the_result_of_an_existing_unique_job_is_read(queue: Queue, new_pool: NewPool) -> None:
    got: list[Any] = []
    pool = new_pool()
    pool.register("kept", lambda ctx, payload: payload, keep_result=DAY)
    pool.register("read", lambda ctx, payload: got.append(ctx.results_blocking()))
    queue.enqueue(Job(type="kept", payload="existing", unique="u"))
    members = [Job(type="kept", payload="a"), Job(type="kept", payload="b", unique="u")]
    queue.enqueue_flow(group(members, Job(type="read")))
    pool.run(drain=True)
    assert got == [["a", "existing"]]


def test_a_coroutine_handler_does_not_block_on_results(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def work(ctx: JobContext, payload: object) -> None:
        ctx.results_blocking()

    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.error == "TypeError: a coroutine handler awaits results()"


def test_a_wait_for_a_locked_job_keeps_its_timeout(queue: Queue, dsn: str) -> None:
    job = queue.enqueue(Job(type="t", payload={}))
    with psycopg.connect(dsn) as locker:
        locker.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [job.id])
        thread, got = in_thread(lambda: queue.result(job.id, timeout=0.1))
        thread.join(60)
        assert not thread.is_alive()
    assert isinstance(got[0], TimeoutError)


def test_a_wait_hears_of_an_end_that_was_locked_at_first(
    queue: Queue, dsn: str, rarely: None
) -> None:
    job = queue.enqueue(Job(type="t", payload={}))
    with psycopg.connect(dsn) as locker:
        locker.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [job.id])
        thread, got = in_thread(lambda: queue.result(job.id, timeout=60))
        until(lambda: queue._ends._listens)
    until(lambda: is_awaited(queue, job))
    assert queue.cancel(job.id)
    thread.join(60)
    assert isinstance(got[0], JobCancelled)
