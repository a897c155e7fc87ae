"""Preparing connections of our own, for asynchronous code."""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .async_execute import AsyncTransactionCursor
from .forks import keep_from_children
from .host_settings import DEFAULTS, SETTINGS


async def own_async(connection: psycopg.AsyncConnection[Any]) -> None:
    """Prepare a connection of our own; it is in autocommit mode from then on."""
    keep_from_children(connection)
    await connection.set_autocommit(True)
    if not await is_pooled_async(connection):
        await connection.execute(SETTINGS)
    elif await set_defaults_async(connection):
        connection.cursor_factory = AsyncTransactionCursor


async def is_pooled_async(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether a transaction pooler is in between: what a session sets or locks is lost then."""
    async with psycopg.AsyncCursor(connection, row_factory=tuple_row) as cursor:
        await cursor.execute("SELECT pg_catalog.pg_backend_pid()", prepare=False)
        row = await cursor.fetchone()
    if row is not None and row[0] == connection.info.backend_pid:
        return False
    connection.prepare_threshold = None
    return True


async def set_defaults_async(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Have transactions write, at READ COMMITTED; False where they do so by default."""
    cursor = await connection.execute(DEFAULTS)
    if await cursor.fetchone() == (True,):
        return False
    await connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
    await connection.set_read_only(False)
    return True


async def check_open_async(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raise OperationalError when the server has ended the session, without asking it."""
    # The first reads what the server said last, the second finds that there is no more to come.
    connection.pgconn.consume_input()
    connection.pgconn.consume_input()
