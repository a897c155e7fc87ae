"""A transaction that is rolled back: all that a replayed job does in the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import psycopg
from psycopg.abc import Params

from ..client.async_connections import AsyncConnections

# A deferred constraint that a row violates: Postgres refuses to commit, whatever the job sends.
_NEVER_COMMITS = (
    "CREATE TEMPORARY TABLE conduit_replay (one integer UNIQUE DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO pg_temp.conduit_replay VALUES (1), (1)",
)


@asynccontextmanager
async def rolled_back(dsn: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection whose transaction ends with the block, and cannot be committed.

    A role or a server that allows no temporary table gets a read-only transaction.
    """
    connections = AsyncConnections(dsn, None, 1)
    try:
        async with (
            connections.connection() as connection,
            connection.transaction(force_rollback=True),
        ):
            await _guard(connection)
            connection.cursor_factory = _savepoint_cursor(asyncio.Lock())
            yield connection
    finally:
        await connections.close()


async def _guard(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute("SET LOCAL lock_timeout = '5s'")
    try:
        async with connection.transaction():
            for sql in _NEVER_COMMITS:
                await connection.execute(sql)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
        await connection.execute("SET TRANSACTION READ ONLY")


def _savepoint_cursor(turn: asyncio.Lock) -> type[psycopg.AsyncCursor[Any]]:
    class Cursor(psycopg.AsyncCursor[Any]):
        """A failed statement leaves the transaction usable: in a worker it is one of its own."""

        async def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
            async with turn, self.connection.transaction():
                return await super().execute(query, params, **options)

    return Cursor
