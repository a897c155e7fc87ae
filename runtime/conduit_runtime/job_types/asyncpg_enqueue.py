"""Enqueueing on the application's asyncpg connection, alone or in a batch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..model.job import Job
from ..postgres.transaction import explained
from .async_enqueue import send_async
from .open_batches import opened_batch
from .sent import Sent

if TYPE_CHECKING:
    from ..postgres.asyncpg.asyncpg_connection import AsyncpgConnection


async def enqueue_on_asyncpg(
    conn: "AsyncpgConnection",
    job: Job,
    sent: Sent,
) -> Job:
    """Store a job."""
    from ..postgres.asyncpg.asyncpg_connection import AsyncpgCursor

    with explained():
        async with conn.settings():
            await send_async(conn, [sent], [job], AsyncpgCursor)
    return job


@asynccontextmanager
async def run_batch_on_asyncpg(conn: "AsyncpgConnection") -> AsyncIterator[list[Job]]:
    """Send each statement where it stands and wait for it: the driver has no pipeline."""
    with opened_batch(conn) as batch:
        async with conn.settings():
            yield batch.jobs
        for read in batch.results:
            await read()
