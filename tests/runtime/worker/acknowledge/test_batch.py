"""Which outcomes go into a batch."""

import asyncio
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.worker.acknowledge.acknowledger import take_batch
from pools import NewPool
from waiting import until


def test_attempts_go_together_in_their_order() -> None:
    attempts = [Attempt(Job(type="t")) for _ in range(3)]
    waiting = [*attempts]
    assert take_batch(waiting, most=2) == attempts[:2]
    assert take_batch(waiting, most=2) == attempts[2:]
    assert waiting == []


def test_two_attempts_of_a_job_do_not_go_together() -> None:
    job = Job(type="t")
    attempts = [Attempt(Job(type="t")), Attempt(job), Attempt(job), Attempt(Job(type="t"))]
    waiting = [*attempts]
    assert take_batch(waiting) == attempts[:2]
    assert take_batch(waiting) == attempts[2:]


@pytest.mark.slow
@pytest.mark.usefixtures("short_intervals")
def test_of_two_attempts_that_end_at_once_one_enqueues_child_jobs(
    queue: Queue, dsn: str, new_direct_pool: NewPool
) -> None:
    """The test sets the row back, so the job is claimed again while its first attempt runs."""
    pool = new_direct_pool(workers=3)
    began: list[JobContext] = []
    end = asyncio.Event()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.extend(Job(type="child") for _ in range(3))
        began.append(context)
        await end.wait()

    @pool.handler("end")
    async def end_both(context: JobContext, payload: Any) -> None:
        end.set()

    with pool:
        job = queue.enqueue(Job(type="parent"))
        until(lambda: len(began) == 1)
        with psycopg.connect(dsn) as conn:
            conn.execute("UPDATE jobs SET status = 'pending', attempts = 0, run_at = now()")
        until(lambda: len(began) == 2)
        queue.enqueue(Job(type="end"))
        until(lambda: queue.stats().completed == 2)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status == "completed"
    assert queue.stats().pending == 3
