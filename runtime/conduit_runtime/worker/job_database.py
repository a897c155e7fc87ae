"""The connections on which jobs run their own statements."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from ..postgres.async_execute import check_open_async, own_async, run_async
from ..postgres.connection import keepalive
from ..postgres.statement import Statement

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

T = TypeVar("T")

BESIDE = 3
"""Connections for flows that are advanced, and for outcomes that Postgres refuses."""


class JobDatabase:
    """A pool of connections in autocommit mode, opened when a job first asks for one.

    One for each of the `size` jobs, and a few for what the worker writes beside its batches.
    """

    def __init__(self, dsn: str, schema: str | None, size: int) -> None:
        self._dsn = dsn
        self._schema = schema
        self._size = size
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Lend a connection for the length of the block."""
        if self._pool is None:
            from psycopg_pool import AsyncConnectionPool

            self._pool = AsyncConnectionPool(
                self._dsn,
                kwargs=keepalive(self._dsn),
                min_size=0,
                max_size=self._size + BESIDE,
                open=False,
                configure=own_async,
                check=check_open_async,
                name="conduit-jobs",
            )
        await self._pool.open()
        async with self._pool.connection() as connection:
            yield connection

    async def run(self, statement: Statement[T], settings: str | None = None) -> T:
        """Run a statement of the worker's own, with these settings in a transaction of its own."""
        async with self.connection() as connection:
            if settings is None:
                return await run_async(connection, statement, self._schema)
            async with connection.transaction():
                await connection.execute(settings)
                return await run_async(connection, statement, self._schema)

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close(timeout=2)
