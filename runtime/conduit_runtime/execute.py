"""Run a statement on a connection: the one place where SQL meets psycopg."""

from typing import Any, TypeVar

import psycopg
from psycopg.rows import tuple_row

from .statement import Statement

T = TypeVar("T")


def run(connection: psycopg.Connection[Any], statement: Statement[T]) -> T:
    """Send the statement and decode what comes back.

    The cursor is our own, so that the application's row and cursor factories do not matter.
    """
    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        cursor.execute(statement.sql, statement.parameters)
        rows = cursor.fetchall() if cursor.description else []
        return statement.decode(rows, cursor.rowcount)


async def run_async(connection: psycopg.AsyncConnection[Any], statement: Statement[T]) -> T:
    """`run` on an asynchronous connection."""
    async with psycopg.AsyncCursor(connection, row_factory=tuple_row) as cursor:
        await cursor.execute(statement.sql, statement.parameters)
        rows = await cursor.fetchall() if cursor.description else []
        return statement.decode(rows, cursor.rowcount)
