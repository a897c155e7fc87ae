"""Batches: the statements of many hooks go out in one pipeline, without a wait for each."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, overload

import psycopg

from ..model.job import Job
from ..postgres.other_drivers import AsyncpgLike, other_in_transaction_async
from ..postgres.transaction import AnyConnection, require_transaction
from .async_enqueue import run_batch_async
from .asyncpg_enqueue import run_batch_on_asyncpg
from .enqueue import run_batch


@overload
def batch(connection: psycopg.Connection[Any]) -> AbstractContextManager[list[Job]]: ...
@overload
def batch(
    connection: psycopg.AsyncConnection[Any] | AsyncpgLike,
) -> AbstractAsyncContextManager[list[Job]]: ...
def batch(
    connection: AnyConnection | AsyncpgLike,
) -> AbstractContextManager[list[Job]] | AbstractAsyncContextManager[list[Job]]:
    """Run any number of hooks on a connection in one pipeline.

    Yields the list of the jobs that the hooks enqueue, ids included. The statements of the hooks go
    out in order, so a rollback to a savepoint undoes the jobs enqueued since. The end of the block
    raises the errors of a hook's UPDATE. Use `async with` on an asynchronous connection. asyncpg
    has no pipeline and waits for each statement.
    """
    if not isinstance(connection, psycopg.Connection | psycopg.AsyncConnection):
        return run_batch_on_asyncpg(other_in_transaction_async(connection, "batch"))
    require_transaction(connection, "batch")
    if isinstance(connection, psycopg.AsyncConnection):
        return run_batch_async(connection)
    return run_batch(connection)
