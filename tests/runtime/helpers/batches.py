"""Pools with a batch handler, and the states of the jobs of a batch."""

import asyncio
from collections.abc import Callable
from typing import Any

from conduit_runtime import BatchContext, BatchJob, Job, Queue, WorkerPool
from pools import NewPool

BatchHandler = Callable[[BatchContext, list[BatchJob]], Any]


def batched(
    new_pool: NewPool, handler: BatchHandler, *, is_async: bool = False, **options: Any
) -> WorkerPool:
    """Return a pool with a batch handler of the type t, as a coroutine function if `is_async`."""

    async def handle(context: BatchContext, jobs: list[BatchJob]) -> Any:
        await asyncio.sleep(0)
        return handler(context, jobs)

    pool = new_pool()
    pool.batch_handler("t", **{"size": 100, "wait": 60, **options})(handle if is_async else handler)
    return pool


def enqueued(queue: Queue, count: int, **options: Any) -> list[Job]:
    """Enqueue `count` jobs of the type t, and return them."""
    return queue.enqueue_many([Job(type="t", payload={"n": n}, **options) for n in range(count)])


def states(queue: Queue, jobs: list[Job]) -> list[tuple[str, int, str | None]]:
    """Return the status, the attempts and the error of each job that is still stored."""
    stored = [queue.get(job.id) for job in jobs]
    return [(job.status.value, job.attempts, job.error) for job in stored if job is not None]
