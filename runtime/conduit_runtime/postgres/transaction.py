"""The application's transaction that a hook is part of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from ..model.callers import called_function
from ..model.errors import QueueError
from .connection_kinds import refusal

AnyConnection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class NoTransaction(QueueError):
    """A hook was run where its row is committed already."""


def require_connection(
    connection: object, kind: type[AnyConnection] | None = None, what: str = "enqueue"
) -> None:
    """Raise TypeError for anything but a psycopg connection of that kind.

    `what` is the function that the error names, unless a hook was called.
    """
    kinds = (psycopg.Connection, psycopg.AsyncConnection) if kind is None else kind
    if not isinstance(connection, kinds):
        wanted = "Connection or AsyncConnection" if kind is None else kind.__name__
        raise refusal(connection, f"`conn` of {called_function(what)}", f"a psycopg {wanted}")


def require_transaction(
    connection: object, kind: type[AnyConnection] | None = None, what: str = "the hook"
) -> None:
    """Refuse what no transaction can be shared with.

    Raises TypeError for anything but a psycopg connection of that kind, and NoTransaction for one
    in autocommit mode that is outside a transaction. `what` is as for `require_connection`.
    """
    require_connection(connection, kind, what)
    assert isinstance(connection, psycopg.Connection | psycopg.AsyncConnection)
    status = connection.info.transaction_status
    if connection.autocommit and status == TransactionStatus.IDLE:
        raise NoTransaction(
            f"`conn` of {called_function(what)} is an autocommit connection outside a transaction: "
            "the row is committed already, and its jobs could be lost. Put the row's statement and "
            "the hook into one `with conn.transaction():`"
        )


def require_open(connection: AnyConnection) -> None:
    """Raise OperationalError for a connection that broke, however its error was taken.

    psycopg leaves `with conn.transaction():` in silence then, as if it had been committed.
    """
    if connection.closed:
        raise psycopg.OperationalError(
            "the connection was lost: nothing of its transaction is stored"
        )


@contextmanager
def explained() -> Iterator[None]:
    """Have the error for a database without our tables say what to do."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        if "jobs" in (reason := error.diag.message_primary or ""):
            error.add_note(f"{reason}: run `conduit-jobs migrate` on this database first")
        raise
