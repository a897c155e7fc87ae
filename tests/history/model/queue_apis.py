"""`Queue` and `AsyncQueue` behind one interface, so that one suite can test both."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from conduit_runtime import AsyncQueue, Queue


class SyncApi:
    """A `Queue` as it is."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._queue = Queue(dsn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    @contextmanager
    def transaction(self, isolation: str = "read committed") -> Iterator["SyncTransaction"]:
        """A transaction of the application, rolled back by an exception."""
        with psycopg.connect(self._dsn) as connection:
            connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            yield SyncTransaction(connection)

    def close(self) -> None:
        self._queue.close()


class SyncTransaction:
    """A connection in a transaction; `conn` is what the queue takes."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn

    def execute(self, sql: str, parameters: Any = ()) -> list[Any]:
        cursor = self.conn.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


class AsyncApi:
    """An `AsyncQueue`; each coroutine is run to its end."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._runner = asyncio.Runner()
        self._queue = AsyncQueue(dsn)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._queue, name)
        return lambda *args, **kwargs: self._runner.run(method(*args, **kwargs))

    @contextmanager
    def transaction(self, isolation: str = "read committed") -> Iterator["AsyncTransaction"]:
        """A transaction of the application, rolled back by an exception."""
        connection = self._runner.run(psycopg.AsyncConnection.connect(self._dsn))
        transaction = AsyncTransaction(connection, self._runner)
        transaction.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        try:
            yield transaction
            self._runner.run(connection.commit())
        finally:
            # The server notices a closed connection later, and holds its locks until then.
            self._runner.run(connection.rollback())
            self._runner.run(connection.close())

    def close(self) -> None:
        self._runner.run(self._queue.close())
        self._runner.close()


class AsyncTransaction:
    """An asynchronous connection in a transaction; `conn` is what the queue takes."""

    def __init__(self, conn: psycopg.AsyncConnection[Any], runner: asyncio.Runner) -> None:
        self.conn = conn
        self._runner = runner

    def execute(self, sql: str, parameters: Any = ()) -> list[Any]:
        return self._runner.run(self._execute(sql, parameters))

    async def _execute(self, sql: str, parameters: Any) -> list[Any]:
        cursor = await self.conn.execute(sql, parameters)
        return await cursor.fetchall() if cursor.description else []
