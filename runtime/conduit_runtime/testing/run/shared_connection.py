"""The database of a run of jobs that is part of a test's own transaction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import Params

from ...postgres.async_execute import run_async
from ...postgres.statement import Statement
from ...postgres.steps import Steps, run_steps_async

T = TypeVar("T")
Row = TypeVar("Row")


class _SavepointCursor(psycopg.AsyncCursor[Row]):
    """A cursor for a job's own statements; a failed statement leaves the transaction usable.

    In production each statement is a transaction of its own.
    """

    async def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        connection = self.connection
        assert isinstance(connection, _Connection)
        async with connection.turn, connection.transaction():
            return await super().execute(query, params, **options)


class _Connection(psycopg.AsyncConnection[Any]):
    """The session of a test's connection, as an object that belongs to the loop of the jobs.

    It prepares no statements, because the test's own object would not know of them.
    """

    def __init__(self, pgconn: psycopg.pq.abc.PGconn) -> None:
        super().__init__(pgconn)
        self._autocommit = True  # it begins no transaction of its own
        self.prepare_threshold = None
        self.cursor_factory = _SavepointCursor
        self.turn = asyncio.Lock()

    def __del__(self, *given: Any) -> None:
        """Leave the session to the test, without a warning that it is still open."""


class SharedConnection:
    """A test's connection as the jobs use it, with the methods of AsyncConnections.

    All statements run in the connection's open transaction, one at a time. While jobs run, the test
    must not use the connection, except in a plain function of a job.
    """

    def __init__(self, connection: _Connection, schema: str | None) -> None:
        self._connection = connection
        self._schema = schema

    async def run(self, statement: Statement[T], conn: object = None) -> T:
        """Run one statement; if it fails, the transaction stays usable."""
        if conn is not None:
            return await run_async(self._connection, statement, self._schema)
        async with self.transaction():
            return await run_async(self._connection, statement, self._schema)

    async def run_steps(self, steps: Steps[T], conn: object = None) -> T:
        """Run the statements of an operation and return its result."""
        return await run_steps_async(steps, lambda statement: self.run(statement, conn))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """A savepoint in the transaction, rolled back if the block raises."""
        async with self._connection.turn, self._connection.transaction():
            yield self._connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """The connection, for a job."""
        yield self._connection


@asynccontextmanager
async def shared(
    connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any], schema: str | None
) -> AsyncIterator[SharedConnection]:
    """Lend the session of a connection to this loop for the length of the block."""
    pgconn = connection.pgconn
    handlers = pgconn.notice_handler, pgconn.notify_handler
    try:
        yield SharedConnection(_Connection(pgconn), schema)
    finally:
        pgconn.notice_handler, pgconn.notify_handler = handlers
