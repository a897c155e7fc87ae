"""Checks of the application's transaction, for the hooks that run in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from ..model.callers import called_function
from ..model.errors import QueueError
from ..model.values import error_message

_UNDEFINED_TABLE = "42P01"

AnyConnection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class NoTransaction(QueueError):
    """A hook was called on a connection where its row is already committed."""


def require_transaction(connection: AnyConnection, what: str = "the hook") -> None:
    """Raise NoTransaction for a connection in autocommit mode that is outside a transaction.

    `what` is the function that the error names, unless a hook was called.
    """
    status = connection.info.transaction_status
    if connection.autocommit and status == TransactionStatus.IDLE:
        raise NoTransaction(
            f"`conn` of {called_function(what)} is an autocommit connection outside a transaction: "
            "the row is committed already, and its jobs could be lost. Put the row's statement and "
            "the hook into one `with conn.transaction():`"
        )


def require_open(connection: AnyConnection) -> None:
    """Raise OperationalError for a connection that broke, even if its error was caught.

    psycopg then leaves `with conn.transaction():` without an error, as if it had committed.
    """
    if connection.closed:
        raise psycopg.OperationalError(
            "the connection was lost: nothing of its transaction is stored"
        )


@contextmanager
def explained() -> Iterator[None]:
    """A block in which the error for a database without our tables says what to do."""
    try:
        yield
    except Exception as error:
        explain(error)
        raise


def explain(error: Exception) -> None:
    """Add what to do to the error for a database without our tables, psycopg's or asyncpg's."""
    if getattr(error, "sqlstate", None) == _UNDEFINED_TABLE:
        reason = error_message(error)
        if "jobs" in reason or "conduit_" in reason:
            error.add_note(f"{reason}: run `conduit-jobs migrate` on this database first")
