"""The servers of our own connections: after a failover, a server may no longer lead."""

from typing import Any
from weakref import WeakKeyDictionary

import psycopg

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]

SESSION = """
SELECT pg_catalog.pg_backend_pid(),
       pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())
"""
"""The server process of this session, and the time at which the server was started."""

_started: "WeakKeyDictionary[Connection, float]" = WeakKeyDictionary()


def note_server(connection: Connection, started: float) -> None:
    """Note when the server of a connection was started; that time identifies the server."""
    _started[connection] = started


def server_of(connection: Connection) -> float | None:
    """When the server of a connection was started; None behind a pooler, which may change it."""
    return _started.get(connection)


def leads_elsewhere(connection: Connection, server: float) -> bool:
    """Whether a connection is known to lead to another server."""
    return _started.get(connection, server) != server
