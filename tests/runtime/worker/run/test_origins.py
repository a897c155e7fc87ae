"""A job's row says where the job comes from, and which attempts failed."""

import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from conduit_runtime import (
    CronScheduler,
    Job,
    JobContext,
    JobType,
    Queue,
    Schedule,
    chain,
    job_type,
)
from pools import NewPool


@dataclass(frozen=True)
class Empty:
    """A payload without fields."""


@job_type("child", "c")
async def child(job: JobContext[Any], payload: Empty) -> None:
    """Run as a child job."""


def family(*, unique: bool = False, flow: bool = False) -> JobType[Any, Any]:
    async def parent(job: JobContext[Any], payload: Empty) -> None:
        job.enqueue(child, Empty(), unique="k" if unique else None)
        if flow:
            job.enqueue_flow(chain(child.job(Empty()), child.job(Empty())))

    kind: JobType[Any, Any] = job_type("parent", "p")(parent)
    return kind


@pytest.mark.parametrize("unique", [False, True])
def test_a_child_names_its_parent(queue: Queue, new_pool: NewPool, unique: bool) -> None:
    kind = family(unique=unique)
    parent = queue.enqueue(kind.job(Empty()))
    new_pool(jobs=[kind, child]).run(drain=True)
    (found,) = queue.list(type="child")
    assert found.parent == parent.id
    stored = queue.get(parent.id)
    assert stored is not None
    assert (stored.parent, stored.schedule) == (None, None)


def test_the_jobs_of_a_child_flow_name_it_too_before_and_after_they_are_released(
    queue: Queue, new_direct_pool: NewPool
) -> None:
    """Direct workers only: a gateway refuses child jobs that no worker has code for."""
    kind = family(flow=True)
    parent = queue.enqueue(kind.job(Empty()))
    new_direct_pool(jobs=[kind]).run(drain=True)
    (first,) = queue.list(type="child", status="pending")[:1]
    assert first.parent == parent.id
    new_direct_pool(jobs=[child]).run(drain=True)
    assert [job.parent for job in queue.list(type="child")] == [parent.id] * 3


def test_a_job_of_a_schedule_names_it(queue: Queue) -> None:
    scheduler = CronScheduler(queue)
    scheduler.add(Schedule.every(hours=1, type="t", name="hourly"))
    assert scheduler.run("hourly").schedule == "hourly"
    with_tick = Schedule.every(seconds=1, type="u", name="often")
    scheduler.add(with_tick)
    while not (jobs := queue.list(type="u")):
        scheduler.enqueue_due()
    assert {job.schedule for job in jobs} == {"often"}


def test_a_failed_attempt_keeps_its_worker_and_its_start(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def fail(context: JobContext[Any], payload: object) -> None:
        raise ValueError("no")

    job = queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    [entry] = stored.errors
    assert entry["worker"].startswith(socket.gethostname())
    assert datetime.fromisoformat(entry["started_at"]) == stored.started_at
    assert datetime.fromisoformat(entry["at"]) == stored.completed_at


def test_a_failed_attempt_of_a_loop_of_ones_own_keeps_them_too(queue: Queue) -> None:
    queue.enqueue(Job(type="t"))
    [held] = queue.dequeue("my loop")
    queue.fail(held, "no")
    stored = queue.get(held.id)
    assert stored is not None
    [entry] = stored.errors
    assert entry["worker"] == "my loop"
    assert datetime.fromisoformat(entry["started_at"]) == stored.started_at
