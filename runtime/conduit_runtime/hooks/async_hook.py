"""Run a generated hook, for asynchronous code."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar, cast

import psycopg
from psycopg.rows import tuple_row

from ..job_types.async_enqueue import send_async
from ..postgres.async_execute import OwnAsyncCursor, needed_settings_async
from ..postgres.transaction import explained, require_open, require_transaction
from ..records.async_operations import AsyncOperations
from ..records.queries import Query, column_names
from ..services.service_calls import AsyncHookServices
from .hook_run import AsyncConnection, HookRun, R, S, note_source
from .other_drivers import adopt_async

T = TypeVar("T")
Row = tuple[Any, ...]


class AsyncHook(HookRun[R, S], AsyncOperations):
    """Runs one event's hooks on a copy of the record.

    Use it as `async with AsyncHook(conn, Order, record) as hook:`. When the block ends normally,
    the hook writes the assigned columns in one UPDATE by primary key, and the jobs in one
    statement, both in one round trip. When the block raises, it writes neither. It never commits.
    Raises NoTransaction on an autocommit connection outside a transaction, and RecordError for a
    record that lacks a column.
    """

    _cursor: Callable[..., psycopg.AsyncCursor[Row]] = OwnAsyncCursor

    def __init__(
        self,
        conn: AsyncConnection,
        record_type: type[R],
        record: object,
        previous: object = None,
        *,
        services: S | None = None,
    ) -> None:
        if isinstance(conn, psycopg.AsyncConnection):
            require_transaction(conn)
            self._conn = conn
            self._settings = needed_settings_async(conn)
        else:
            given = adopt_async(self, conn, record, previous)
            self._conn, self._cursor, self._settings, record, previous = given
        super().__init__(record_type, record, previous, services)

    async def __aenter__(self) -> Self:
        await self._settings.__aenter__()
        self._noting.__enter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        note_source(error[1])
        try:
            if error[0] is None:
                require_open(self._conn)
                with explained():
                    await send_async(self._conn, self._statements(), self.jobs, self._cursor)
        finally:
            self._noting.__exit__(None, None, None)
            await self._settings.__aexit__(*error)

    @property
    def services(self) -> S:
        """The application's services, as an asynchronous hook calls them."""
        return cast("S", AsyncHookServices(self._given_services))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo the database work of the block if it raises, and leave the transaction usable."""
        await self._send("SAVEPOINT conduit_rescue")
        try:
            yield
        except Exception:
            async with self._conn.pipeline():  # within a batch, an error blocks all until a sync
                pass
            await self._send("ROLLBACK TO conduit_rescue")
            await self._send("RELEASE conduit_rescue")
            raise
        await self._send("RELEASE conduit_rescue")

    async def _run(self, query: Query[T]) -> T:
        cursor = await self._send(query.sql, query.values)
        rows = await cursor.fetchall()
        return query.read(column_names(cursor.description), rows)

    async def _send(self, sql: str, parameters: Any = ()) -> psycopg.AsyncCursor[Row]:
        # our own cursor: the connection's factories and loaders do not matter then
        return await self._cursor(self._conn, row_factory=tuple_row).execute(sql, parameters)
