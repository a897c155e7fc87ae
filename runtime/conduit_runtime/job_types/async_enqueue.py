"""Enqueueing on the application's connection, alone or in a batch, for asynchronous code."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ..model.job import Job
from ..postgres.async_execute import OwnAsyncCursor, needed_settings_async, run_async
from ..postgres.statement import Statement
from ..postgres.transaction import explained
from ..statements.unique_keys import Duplicate, mark
from .open_batches import current_batch, opened_batch


async def enqueue_async(
    conn: psycopg.AsyncConnection[Any],
    job: Job,
    statement: Statement[list[Duplicate]],
    schema: str | None,
) -> Job:
    """Store a job; within a batch, the end of the batch reads whether the job is a duplicate."""
    batch = current_batch(conn)
    with explained():
        if batch is not None and job.is_unique:
            cursor = OwnAsyncCursor(conn, row_factory=tuple_row)
            await cursor.execute(statement.sql(schema), statement.parameters)

            async def take_over() -> None:
                mark(statement.decode(await cursor.fetchall(), 0))

            batch.results.append(take_over)
        else:
            mark(await run_async(conn, statement, schema))
    if batch is not None:
        batch.jobs.append(job)
    return job


@asynccontextmanager
async def run_batch_async(conn: psycopg.AsyncConnection[Any]) -> AsyncIterator[list[Job]]:
    """Send what the block sends in one pipeline, then read the results."""
    with opened_batch(conn) as batch, explained():
        async with needed_settings_async(conn):
            async with conn.pipeline():
                yield batch.jobs
            for read in batch.results:
                await read()
