"""Our own connections, and statements on any connection, for asynchronous code."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import Params
from psycopg.adapt import AdaptersMap
from psycopg.rows import tuple_row

from .forks import keep_from_children
from .host_settings import (
    DEFAULTS,
    NEEDED,
    SET,
    SETTINGS,
    differing_settings,
    keeps_settings,
    needs_transaction,
)
from .parameters import ADAPTERS, are_large, positional
from .servers import SESSION, note_server
from .several_hosts import leader_first, remember
from .statement import Statement

T = TypeVar("T")
Row = TypeVar("Row")


class AsyncTransactionCursor(psycopg.AsyncCursor[Row]):
    """A cursor of our own connections behind a pooler, where no session keeps its settings.

    If transactions are read-only or above READ COMMITTED by default, it runs each statement outside
    of a transaction in one that may write at READ COMMITTED.
    """

    async def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        if not needs_transaction(self.connection):
            return await super().execute(query, params, **options)
        async with self.connection.transaction():
            return await super().execute(query, params, **options)


class OwnAsyncCursor(AsyncTransactionCursor[tuple[Any, ...]]):
    """A cursor for our statements; the application's adapters do not affect it."""

    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS


class _AsyncRawCursor(
    AsyncTransactionCursor[tuple[Any, ...]], psycopg.AsyncRawCursor[tuple[Any, ...]]
):
    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS


class OwnAsyncConnection(psycopg.AsyncConnection[Any]):
    """A connection of our own; its spare cursor already has its dumpers, which saves time."""

    spare: _AsyncRawCursor | None = None

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect; of several hosts, the one that led last is tried first."""
        connection = await super().connect(conninfo, **options | leader_first(conninfo))
        remember(conninfo, connection)
        return connection


async def run_async(
    connection: psycopg.AsyncConnection[Any], statement: Statement[T], schema: str | None = None
) -> T:
    """Send the statement, for our tables in this schema, and decode the result.

    The cursor is our own, so that the application's row and cursor factories do not matter.
    """
    sql, parameters = positional(statement, schema)
    own = connection if isinstance(connection, OwnAsyncConnection) else None
    cursor = (own and own.spare) or _AsyncRawCursor(connection, row_factory=tuple_row)
    if own is not None:
        own.spare = None  # another task may use the connection at the same time
    async with nullcontext() if own else needed_settings_async(connection):
        await cursor.execute(sql, parameters, binary=True)
        rows = await cursor.fetchall() if cursor.description else []
    count = cursor.rowcount
    if own is not None and not (rows or are_large(parameters)):  # the cursor would keep them
        own.spare = cursor
    return statement.decode(rows, count)


def needed_settings_async(
    connection: psycopg.AsyncConnection[Any],
) -> AbstractAsyncContextManager[None]:
    """A block with the settings that our statements need.

    Only a connection with other settings pays: they are changed for the block, and then changed
    back.
    """
    given = differing_settings(connection)
    return _changed_settings_async(connection, given) if given else nullcontext()


@asynccontextmanager
async def _changed_settings_async(
    connection: psycopg.AsyncConnection[Any], given: Mapping[bytes, bytes]
) -> AsyncIterator[None]:
    await _set_async(connection, {name: NEEDED[name] for name in given})
    try:
        yield
    finally:
        if keeps_settings(connection):
            await _set_async(connection, given)


async def _set_async(
    connection: psycopg.AsyncConnection[Any], values: Mapping[bytes, bytes]
) -> None:
    async with psycopg.AsyncCursor(connection) as cursor:
        for setting in values.items():
            # Fetching applies the setting to values that are encoded from now on, in a pipeline
            # too.
            await cursor.execute(SET, [text.decode() for text in setting])
            await cursor.fetchall()


async def own_async(connection: psycopg.AsyncConnection[Any]) -> None:
    """Prepare a connection of our own and put it in autocommit mode.

    Its transactions write, at READ COMMITTED. After this call, `is_pooled` is known.
    """
    keep_from_children(connection)
    await connection.set_autocommit(True)
    cursor = await connection.execute(SESSION, prepare=False)
    [(pid, started)] = await cursor.fetchall()
    if pid == connection.info.backend_pid:
        note_server(connection, started)
        await connection.execute(SETTINGS)
        return
    connection.prepare_threshold = None
    cursor = await connection.execute(DEFAULTS)
    if await cursor.fetchone() != (True,):
        await connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
        await connection.set_read_only(False)
        connection.cursor_factory = AsyncTransactionCursor


async def check_open_async(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raise OperationalError if the server has ended the session, without a round trip."""
    # The first reads the last message of the server, the second finds that the socket is closed.
    connection.pgconn.consume_input()
    connection.pgconn.consume_input()
