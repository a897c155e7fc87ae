# Generated from async_enqueue.py by .ci/unasync.py; do not edit.
"""Enqueueing on the application's connection, alone or in a batch, for synchronous code."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ..model.job import Job
from ..postgres.execute import OwnCursor, needed_settings
from ..postgres.transaction import explained
from .open_batches import current_batch, opened_batch
from .sent import Sent


def send(
    conn: Any, sent: Sequence[Sent], jobs: Sequence[Job], cursor: Callable[..., Any] = OwnCursor
) -> None:
    batch = current_batch(conn)
    is_alone = len(sent) > 1 and batch is None
    with conn.pipeline() if is_alone else nullcontext():
        # our own cursors: the connection's factories and loaders do not matter then
        cursors = [
            cursor(conn, row_factory=tuple_row).execute(each.sql, each.parameters) for each in sent
        ]

    def take_over() -> None:
        for read, each in zip(cursors, sent, strict=True):
            if each.on_rows is not None:
                each.on_rows(read.fetchall())

    if batch is None:
        take_over()
    else:
        batch.jobs += jobs
        batch.results.append(take_over)


def enqueue(conn: psycopg.Connection[Any], job: Job, sent: Sent) -> Job:
    with explained(), needed_settings(conn):
        send(conn, [sent], [job])
    return job


@contextmanager
def run_batch(conn: psycopg.Connection[Any]) -> Iterator[list[Job]]:
    with opened_batch(conn) as batch, explained(), needed_settings(conn):
        with conn.pipeline():
            yield batch.jobs
        for read in batch.results:
            read()
