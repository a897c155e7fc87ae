"""Connections other than psycopg's: asyncpg's in asynchronous code, or an error that names both.

This module never imports asyncpg: unless other code has, no connection can be asyncpg's.
"""

import sys
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeAlias

from ..model.callers import called_function
from .connection_kinds import refusal
from .transaction import NoTransaction

if TYPE_CHECKING:
    from .asyncpg.asyncpg_connection import AsyncpgConnection


class _Direct(Protocol):
    """An `asyncpg.Connection`."""

    def is_in_transaction(self) -> Any: ...

    def is_closed(self) -> Any: ...

    def get_server_pid(self) -> Any: ...


class _Pooled(Protocol):
    """A connection from asyncpg's pool: a type checker sees none of the methods that it wraps."""

    _con: Any
    _holder: Any


AsyncpgLike: TypeAlias = _Direct | _Pooled
"""An `asyncpg.Connection`, or one from its pool."""


def other(conn: object, what: str) -> NoReturn:
    """Raise the TypeError for a `conn` of `what` that is no psycopg Connection."""
    raise refusal(conn, f"`conn` of {called_function(what)}", "a psycopg Connection")


def other_async(
    conn: object, what: str, wanted: str = "a psycopg AsyncConnection or an asyncpg Connection"
) -> "AsyncpgConnection":
    """Wrap an asyncpg connection for our statements; raises TypeError for any other `conn`."""
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
    """Wrap an asyncpg connection for our statements; None for anything else."""
    module = sys.modules.get("asyncpg")
    if module is None or not isinstance(conn, (module.Connection, module.pool.PoolConnectionProxy)):
        return None
    from .asyncpg.asyncpg_connection import AsyncpgConnection

    return AsyncpgConnection(conn)
