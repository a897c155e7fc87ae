"""Cursors of our own connections behind a pooler, where no session keeps what it was set to.

Where transactions are read-only or above READ COMMITTED by default, each statement outside of a
transaction gets one that says otherwise.
"""

from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import Params
from psycopg.pq import TransactionStatus

__all__ = [
    "DEFAULTS",
    "AsyncTransactionCursor",
    "TransactionCursor",
    "needs_transaction",
]

Row = TypeVar("Row")
Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]

DEFAULTS = """
SELECT pg_catalog.current_setting('default_transaction_read_only') = 'off'
   AND pg_catalog.current_setting('default_transaction_isolation') = 'read committed'
"""
"""Whether transactions are by default what we need."""


def needs_transaction(connection: Connection) -> bool:
    """Whether the next statement has to begin a transaction that may write."""
    return (
        connection.read_only is False
        and connection.autocommit
        and connection.pgconn.transaction_status == TransactionStatus.IDLE
    )


class TransactionCursor(psycopg.Cursor[Row]):
    """A cursor whose statements may write."""

    def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        if not needs_transaction(self.connection):
            return super().execute(query, params, **options)
        with self.connection.transaction():
            return super().execute(query, params, **options)


class AsyncTransactionCursor(psycopg.AsyncCursor[Row]):
    """`TransactionCursor` on an asynchronous connection."""

    async def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        if not needs_transaction(self.connection):
            return await super().execute(query, params, **options)
        async with self.connection.transaction():
            return await super().execute(query, params, **options)
