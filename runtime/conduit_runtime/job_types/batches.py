"""Many hooks without waiting for each: their statements ride in one pipeline."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from typing import Any, overload
from weakref import WeakKeyDictionary

import psycopg

from ..model.job import Job
from ..postgres.host_settings import needed_settings, needed_settings_async
from ..postgres.transaction import AnyConnection, explained, require_transaction


@dataclass(slots=True)
class Batch:
    """The jobs that were enqueued so far, and the answers that are still to be read."""

    jobs: list[Job] = field(default_factory=list)
    answers: list[Callable[[], Any]] = field(default_factory=list)


_batches: WeakKeyDictionary[AnyConnection, Batch] = WeakKeyDictionary()


def current_batch(connection: AnyConnection) -> Batch | None:
    """The batch that is open on a connection."""
    return _batches.get(connection)


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
        return _batch_async(connection)
    return _batch(connection)


@contextmanager
def _batch(connection: psycopg.Connection[Any]) -> Iterator[list[Job]]:
    outer = _batches.get(connection)
    opened = _batches[connection] = Batch()
    try:
        with needed_settings(connection), explained():
            with connection.pipeline():
                yield opened.jobs
            for answer in opened.answers:
                answer()
    finally:
        _close(connection, opened, outer)


@asynccontextmanager
async def _batch_async(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[list[Job]]:
    outer = _batches.get(connection)
    opened = _batches[connection] = Batch()
    try:
        async with needed_settings_async(connection):
            with explained():
                async with connection.pipeline():
                    yield opened.jobs
                for answer in opened.answers:
                    await answer()
    finally:
        _close(connection, opened, outer)


def _close(connection: AnyConnection, opened: Batch, outer: Batch | None) -> None:
    if outer is None:
        del _batches[connection]
    else:
        outer.jobs += opened.jobs
        _batches[connection] = outer
