"""What mypy says of hooks around jobs and of asyncpg's connections. It is checked, not run."""

from collections.abc import Iterator

import asyncpg
from conduit_runtime import AsyncQueue, BatchContext, Job, JobContext, WorkerPool, batch


def add_hooks(pool: WorkerPool) -> None:
    """A hook has to accept the context of a batch."""

    @pool.around
    def both(context: JobContext | BatchContext) -> Iterator[None]:
        if isinstance(context, JobContext):
            print(context.payload)
        yield

    @pool.around  # type: ignore[type-var]
    def only_jobs(context: JobContext) -> Iterator[None]:
        yield

    @pool.around
    def unchecked(context: JobContext | BatchContext) -> Iterator[None]:
        print(context.payload)  # type: ignore[union-attr]
        yield


async def enqueue(queue: AsyncQueue) -> None:
    """A connection from asyncpg's pool is a connection."""
    async with asyncpg.create_pool("dbname=x") as pool, pool.acquire() as conn:
        await queue.enqueue(Job(type="t"), conn=conn)
        async with batch(conn):
            pass
    conn = await asyncpg.connect("dbname=x")
    await queue.enqueue(Job(type="t"), conn=conn)
