"""Connections that are not psycopg's: asyncpg's in asynchronous code, or an error that names both.

asyncpg is never imported here: without it, no connection can be one of its.
"""

import sys
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from ..model.callers import called_function
from .connection_kinds import refusal
from .transaction import NoTransaction

if TYPE_CHECKING:
    from .asyncpg.connection import AsyncpgConnection


class AsyncpgLike(Protocol):
    """An `asyncpg.Connection`, or one that its pool gives out."""

    def is_in_transaction(self) -> Any:
        """Whether a transaction is open."""

    def is_closed(self) -> Any:
        """Whether the connection was closed or lost."""

    def get_server_pid(self) -> Any:
        """The process of the server."""


def other(conn: object, what: str) -> NoReturn:
    """Raise the TypeError for a `conn` of `what` that is no psycopg Connection."""
    raise refusal(conn, f"`conn` of {called_function(what)}", "a psycopg Connection")


def other_async(
    conn: object, what: str, wanted: str = "a psycopg AsyncConnection or an asyncpg Connection"
) -> "AsyncpgConnection":
    """An asyncpg connection, for our statements; raises TypeError for a `conn` of another kind."""
    found = asyncpg_connection(conn)
    if found is None:
        raise refusal(conn, f"`conn` of {called_function(what)}", wanted)
    return found


def other_in_transaction_async(conn: object, what: str) -> "AsyncpgConnection":
    """`other_async`, which also raises NoTransaction outside of a transaction."""
    found = other_async(conn, what)
    if not found.is_in_transaction:
        raise NoTransaction(
            f"`conn` of {called_function(what)} is outside a transaction: the row is committed "
            "already, and its jobs could be lost. Put the row's statement and the hook into one "
            "`async with conn.transaction():`"
        )
    return found


def asyncpg_connection(conn: object) -> "AsyncpgConnection | None":
    """An asyncpg connection, for our statements; None for what is none."""
    module = sys.modules.get("asyncpg")
    if module is None or not isinstance(conn, (module.Connection, module.pool.PoolConnectionProxy)):
        return None
    from .asyncpg.connection import AsyncpgConnection

    return AsyncpgConnection(conn)
