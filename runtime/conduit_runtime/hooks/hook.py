"""What a generated hook runs in."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import psycopg
from psycopg.rows import tuple_row

from ..job_types.batches import current_batch
from ..postgres.execute import OwnAsyncCursor, OwnCursor
from ..postgres.host_settings import needed_settings, needed_settings_async
from ..postgres.transaction import explained, require_open, require_transaction
from ..records.operations import AsyncOperations, Operations
from ..records.queries import Query, column_names
from ..services.service_calls import AsyncHookServices, HookServices
from .hook_run import HookRun, R, S

__all__ = ["AsyncHook", "Hook"]

T = TypeVar("T")
Row = tuple[Any, ...]


class Hook(HookRun[R, S], Operations):
    """`with Hook(conn, Order, record) as hook:` runs one event's hooks on a copy of the record.

    When the block ends normally, the columns that it assigned are written in one UPDATE by primary
    key and its jobs in one statement, both in one round trip; when it raises, neither. It never
    commits. Raises NoTransaction on an autocommit connection outside a transaction and RecordError
    for a record that lacks a column.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        record_type: type[R],
        record: object,
        previous: object = None,
        *,
        services: S | None = None,
    ) -> None:
        require_transaction(conn, psycopg.Connection)
        super().__init__(record_type, record, previous, services)
        self._conn = conn
        self._settings = needed_settings(conn)

    def __enter__(self) -> Self:
        self._settings.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                require_open(self._conn)
                with explained():
                    self._write()
        finally:
            self._settings.__exit__(kind, error, trace)

    @property
    def services(self) -> S:
        """The application's services; calling an async method raises a clear error."""
        return cast("S", HookServices(self._given_services))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the database work of the block when it raises, and leave the transaction usable."""
        self._send("SAVEPOINT conduit_rescue")
        try:
            yield
        except Exception:
            with self._conn.pipeline():  # within a batch, an error blocks all until a sync
                pass
            self._send("ROLLBACK TO conduit_rescue")
            self._send("RELEASE conduit_rescue")
            raise
        self._send("RELEASE conduit_rescue")

    def _run(self, query: Query[T]) -> T:
        cursor = self._send(query.sql, query.values)
        rows = cursor.fetchall()
        return query.read(column_names(cursor.description), rows)

    def _send(self, sql: str, parameters: Any = ()) -> psycopg.Cursor[Row]:
        # our own cursor: the connection's factories and loaders may be anything
        return OwnCursor(self._conn, row_factory=tuple_row).execute(sql, parameters)

    def _write(self) -> None:
        statements = self._statements()
        batch = current_batch(self._conn)
        if len(statements) > 1 and batch is None:
            with self._conn.pipeline():
                cursors = [self._send(sql, values) for sql, values, _ in statements]
        else:
            cursors = [self._send(sql, values) for sql, values, _ in statements]
        asked = list(zip(cursors, (answer for _, _, answer in statements), strict=True))

        def take_over() -> None:
            for cursor, answer in asked:
                if answer is not None:
                    answer(cursor.fetchall())

        if batch is None:
            take_over()
        else:
            batch.jobs += self.jobs
            batch.answers.append(take_over)


class AsyncHook(HookRun[R, S], AsyncOperations):
    """`async with AsyncHook(conn, Order, record) as hook:`; Hook on an AsyncConnection."""

    def __init__(
        self,
        conn: psycopg.AsyncConnection[Any],
        record_type: type[R],
        record: object,
        previous: object = None,
        *,
        services: S | None = None,
    ) -> None:
        require_transaction(conn, psycopg.AsyncConnection)
        super().__init__(record_type, record, previous, services)
        self._conn = conn
        self._settings = needed_settings_async(conn)

    async def __aenter__(self) -> Self:
        await self._settings.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                require_open(self._conn)
                with explained():
                    await self._write()
        finally:
            await self._settings.__aexit__(kind, error, trace)

    @property
    def services(self) -> S:
        """The application's services; every call is awaited."""
        return cast("S", AsyncHookServices(self._given_services))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo the database work of the block when it raises, and leave the transaction usable."""
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
        # our own cursor: the connection's factories and loaders may be anything
        return await OwnAsyncCursor(self._conn, row_factory=tuple_row).execute(sql, parameters)

    async def _write(self) -> None:
        statements = self._statements()
        batch = current_batch(self._conn)
        if len(statements) > 1 and batch is None:
            async with self._conn.pipeline():
                cursors = [await self._send(sql, values) for sql, values, _ in statements]
        else:
            cursors = [await self._send(sql, values) for sql, values, _ in statements]
        asked = list(zip(cursors, (answer for _, _, answer in statements), strict=True))

        async def take_over() -> None:
            for cursor, answer in asked:
                if answer is not None:
                    answer(await cursor.fetchall())

        if batch is None:
            await take_over()
        else:
            batch.jobs += self.jobs
            batch.answers.append(take_over)
