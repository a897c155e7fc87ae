"""The connections of a queue for asynchronous code."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool

from ..model.arguments import check_text, check_type
from ..postgres.connection import check_open_async, own_async
from ..postgres.execute import OwnAsyncConnection, run_async
from ..postgres.forks import renew_in_children
from ..postgres.pool_dsn import pool_dsn
from ..postgres.statement import Statement

__all__ = ["AsyncConnected"]

T = TypeVar("T")
Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Connection]

_left: list[Pool] = []


def _own_pool(dsn: str) -> Pool:
    return AsyncConnectionPool(
        dsn,
        connection_class=OwnAsyncConnection,
        min_size=0,
        max_size=10,
        open=False,
        configure=own_async,
        check=check_open_async,
        name="conduit-queue",
    )


class AsyncConnected:
    """What a queue works on: a pool of its own, in autocommit mode, or one of the application's.

    `_run` is for one statement, `_transaction` for several, each on the connection that is given
    or on one that is lent.
    """

    def __init__(self, dsn: str | Pool, schema: str | None = None) -> None:
        wanted = "a connection string or an AsyncConnectionPool"
        check_type(dsn, "dsn", (str, AsyncConnectionPool), wanted)
        check_text(schema, "schema")
        self.schema = schema
        self._owned = isinstance(dsn, str)
        self._pool = _own_pool(dsn) if isinstance(dsn, str) else dsn
        self.dsn = dsn if isinstance(dsn, str) else pool_dsn(dsn)
        if self._owned:
            renew_in_children(self, AsyncConnected._renew)

    def _renew(self) -> None:
        """Leave the connections to the process that opened them: this one was forked off."""
        _left.append(self._pool)  # its end would wait for tasks of a loop that does not run here
        self._pool = _own_pool(self.dsn)

    async def close(self) -> None:
        """Close the connections that the queue opened; a pool of yours stays open."""
        if self._owned:
            await self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self, statement: Statement[T], conn: Connection | None) -> T:
        if conn is not None:
            check_type(conn, "conn", psycopg.AsyncConnection, "a psycopg AsyncConnection")
            return await run_async(conn, statement)
        if not self._owned:
            async with self._pool.connection() as lent:
                return await run_async(lent, statement)
        # Our own are in autocommit mode: there is nothing to commit.
        await self._open()
        pool = self._pool
        connection = await pool.getconn()
        try:
            return await run_async(connection, statement)
        finally:
            await pool.putconn(connection)

    @asynccontextmanager
    async def _transaction(self, conn: Connection | None) -> AsyncIterator[Connection]:
        if conn is not None:
            async with conn.transaction():
                yield conn
        else:
            async with self._connection() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        await self._open()
        async with self._pool.connection() as connection:
            yield connection

    async def _open(self) -> None:
        if self._owned and self._pool.closed:
            # The pool would hide for 30 s why it cannot connect.
            await (await psycopg.AsyncConnection.connect(self.dsn)).close()
            await self._pool.open()
