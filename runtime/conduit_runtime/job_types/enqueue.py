# Generated from async_enqueue.py by .ci/unasync.py; do not edit.
"""Enqueueing on the application's connection, alone or in a batch, for synchronous code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ..model.job import Job
from ..postgres.execute import OwnCursor, needed_settings, run
from ..postgres.statement import Statement
from ..postgres.transaction import explained
from ..statements.unique_keys import Duplicate, mark
from .open_batches import current_batch, opened_batch


def enqueue(
    conn: psycopg.Connection[Any],
    job: Job,
    statement: Statement[list[Duplicate]],
    schema: str | None,
) -> Job:
    """Store a job; within a batch, the end of the batch reads whether the job is a duplicate."""
    batch = current_batch(conn)
    with explained():
        if batch is not None and job.is_unique:
            cursor = OwnCursor(conn, row_factory=tuple_row)
            cursor.execute(statement.sql(schema), statement.parameters)

            def take_over() -> None:
                mark(statement.decode(cursor.fetchall(), 0))

            batch.results.append(take_over)
        else:
            mark(run(conn, statement, schema))
    if batch is not None:
        batch.jobs.append(job)
    return job


@contextmanager
def run_batch(conn: psycopg.Connection[Any]) -> Iterator[list[Job]]:
    """Send what the block sends in one pipeline, then read the results."""
    with opened_batch(conn) as batch, explained(), needed_settings(conn):
        with conn.pipeline():
            yield batch.jobs
        for read in batch.results:
            read()
