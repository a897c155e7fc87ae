"""Enqueueing on the application's connection, alone or in a batch, for asynchronous code."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ..model.job import Job
from ..postgres.async_execute import OwnAsyncCursor, needed_settings_async
from ..postgres.transaction import explained
from .open_batches import current_batch, opened_batch
from .sent import Sent


async def send_async(
    conn: Any,
    sent: Sequence[Sent],
    jobs: Sequence[Job],
    cursor: Callable[..., Any] = OwnAsyncCursor,
) -> None:
    """Send statements that store these jobs, in one round trip.

    Within a batch, the end of the batch reads what they return, such as which are duplicates.
    """
    batch = current_batch(conn)
    is_alone = len(sent) > 1 and batch is None
    async with conn.pipeline() if is_alone else nullcontext():
        # our own cursors: the connection's factories and loaders do not matter then
        cursors = [
            await cursor(conn, row_factory=tuple_row).execute(each.sql, each.parameters)
            for each in sent
        ]

    async def take_over() -> None:
        for read, each in zip(cursors, sent, strict=True):
            if each.on_rows is not None:
                each.on_rows(await read.fetchall())

    if batch is None:
        await take_over()
    else:
        batch.jobs += jobs
        batch.results.append(take_over)


async def enqueue_async(conn: psycopg.AsyncConnection[Any], job: Job, sent: Sent) -> Job:
    """Store a job."""
    with explained():
        async with needed_settings_async(conn):
            await send_async(conn, [sent], [job])
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
