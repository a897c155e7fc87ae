"""Many hooks without waiting for each: their statements ride in one pipeline."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, overload

import psycopg

from ..model.job import Job
from ..postgres.transaction import AnyConnection, require_transaction
from .async_enqueue import run_batch_async
from .enqueue import run_batch


@overload
def batch(connection: psycopg.Connection[Any]) -> AbstractContextManager[list[Job]]: ...
@overload
def batch(connection: psycopg.AsyncConnection[Any]) -> AbstractAsyncContextManager[list[Job]]: ...
def batch(
    connection: AnyConnection,
) -> AbstractContextManager[list[Job]] | AbstractAsyncContextManager[list[Job]]:
    """Run any number of hooks on a connection in one pipeline.

    Gives the list of the jobs that they enqueue, ids included. Each hook's statements go out in
    their place, so a savepoint that is rolled back takes its jobs along. What a hook's UPDATE
    would complain about is raised at the end of the block. `async with` on an AsyncConnection.
    """
    require_transaction(connection)
    if isinstance(connection, psycopg.AsyncConnection):
        return run_batch_async(connection)
    return run_batch(connection)
