"""Enqueueing on the application's asyncpg connection, alone or in a batch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..model.job import Job
from ..postgres.statement import Statement
from ..postgres.transaction import explained
from ..statements.unique_keys import Duplicate, mark
from .open_batches import current_batch, opened_batch

if TYPE_CHECKING:
    from ..postgres.asyncpg.asyncpg_connection import AsyncpgConnection


async def enqueue_on_asyncpg(
    conn: "AsyncpgConnection",
    job: Job,
    statement: Statement[list[Duplicate]],
    schema: str | None,
) -> Job:
    """Store a job."""
    with explained():
        mark(await conn.run(statement, schema))
    if (batch := current_batch(conn)) is not None:
        batch.jobs.append(job)
    return job


@asynccontextmanager
async def run_batch_on_asyncpg(conn: "AsyncpgConnection") -> AsyncIterator[list[Job]]:
    """Send each statement where it stands and wait for it: the driver has no pipeline."""
    with opened_batch(conn) as batch:
        async with conn.settings():
            yield batch.jobs
        for read in batch.results:
            await read()
