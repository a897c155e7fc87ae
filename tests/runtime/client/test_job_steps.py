"""The steps of a job, as `queue.steps` returns them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Discard, Job, JobContext, JobStep, Queue, WorkerPool
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.steps import sweep

DAY = timedelta(days=1)


def summary(steps: list[JobStep]) -> list[tuple[str, Any, str | None]]:
    return [(step.name, step.value, step.waits) for step in steps]


def test_steps_are_in_the_order_of_their_ends_and_then_what_the_job_waits_for(
    queue: Queue, dsn: str
) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("z", int, 1)
        await job.sleep(0, "m")
        await job.step("a", dict, to="zoë")
        await job.wait("approved", timeout=DAY)

    job = queue.enqueue(Job(type="t"))
    assert queue.steps(job.id) == []
    pool.run(drain=True)
    found = queue.steps(job.id)
    finished = [("z", 1, None), ("m", None, None), ("a", {"to": "zoë"}, None)]
    assert summary(found) == [*finished, ("approved", None, "signal")]
    assert all(each.started_at <= each.ended_at for each in found)
    assert found[-1].seconds >= DAY.total_seconds()

    async def read() -> list[JobStep]:
        async with AsyncQueue(dsn) as other:
            return await other.steps(str(job.id))

    assert asyncio.run(read()) == found
    queue.cancel(job.id)
    assert summary(queue.steps(job.id)) == finished  # it waits no longer


def test_steps_of_a_failed_job_are_kept_until_it_is_purged(queue: Queue) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: str) -> None:
        await job.step("only", str, payload)
        if payload == "fails":
            raise Discard("no")
        if payload == "waits":
            await job.sleep(DAY)

    failed, waiting, completed = (
        queue.enqueue(Job(type="t", payload=each)) for each in ("fails", "waits", "ends")
    )
    pool.run(drain=True)
    queue.cancel(waiting.id)
    kept = [("only", "fails", None)], [("only", "waits", None)], []
    assert tuple(summary(queue.steps(each.id)) for each in (failed, waiting, completed)) == kept
    assert queue.purge(timedelta(0), ("failed", "cancelled")) == 2
    assert queue.steps(failed.id) == queue.steps(waiting.id) == []
    connections: Any = queue.connections
    with connections.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM conduit_steps").fetchone() == (0,)


def test_an_unknown_job_has_no_steps(queue: Queue) -> None:
    assert queue.steps(uuid4()) == []
    with pytest.raises(ValueError, match="id"):
        queue.steps("x")


def stepping(queue: Queue) -> tuple[WorkerPool, list[str]]:
    """A pool whose jobs have two steps, and what these have done."""
    pool = WorkerPool(queue)
    done: list[str] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        for name in ("one", "two"):
            await job.step(name, done.append, name)

    return pool, done


def names_of(queue: Queue, job: Job) -> list[str]:
    return [step.name for step in queue.steps(job.id)]


def test_a_queue_keeps_the_steps_of_its_completed_jobs(queue: Queue) -> None:
    queue.retention("kept", keep_steps=DAY)
    queue.retention("other", keep_steps=timedelta(0))
    [setting] = [each for each in queue.queues() if each.keep_steps]
    assert (setting.queue, setting.keep_steps) == ("kept", DAY.total_seconds())
    pool, done = stepping(queue)
    pool.serve_only({"kept": None, "other": None, "default": None})
    jobs = [queue.enqueue(Job(name, "t")) for name in ("kept", "other", "default")]
    pool.run(drain=True)
    assert [names_of(queue, job) for job in jobs] == [["one", "two"], [], []]
    kept = jobs[0]
    run_sweep(queue)
    assert names_of(queue, kept) == ["one", "two"]
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE jobs SET completed_at = now() - interval '25 h'")
    run_sweep(queue)
    assert names_of(queue, kept) == []
    assert sorted(done) == ["one"] * 3 + ["two"] * 3


@pytest.mark.parametrize("many", [False, True])
def test_a_completed_job_whose_steps_are_kept_begins_anew(queue: Queue, many: bool) -> None:
    queue.retention("default", keep_steps=DAY)
    pool, done = stepping(queue)
    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    if many:
        assert queue.retry_many(status="completed") == 1
    else:
        assert queue.retry(job.id)
    assert queue.steps(job.id) == []
    pool.run(drain=True)
    assert done == ["one", "two"] * 2
    assert names_of(queue, job) == ["one", "two"]


def run_sweep(queue: Queue) -> None:
    with psycopg.connect(queue.dsn, autocommit=True) as connection:
        assert run(connection, sweep(None)) is None
