# Generated from async_own.py by .ci/unasync.py; do not edit.
"""Preparing connections of our own, for synchronous code."""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .execute import TransactionCursor
from .forks import keep_from_children
from .host_settings import DEFAULTS, SETTINGS


def own(connection: psycopg.Connection[Any]) -> None:
    """Prepare a connection of our own; it is in autocommit mode from then on."""
    keep_from_children(connection)
    connection.set_autocommit(True)
    if not is_pooled(connection):
        connection.execute(SETTINGS)
    elif set_defaults(connection):
        connection.cursor_factory = TransactionCursor


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a transaction pooler is in between: what a session sets or locks is lost then."""
    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        cursor.execute("SELECT pg_catalog.pg_backend_pid()", prepare=False)
        row = cursor.fetchone()
    if row is not None and row[0] == connection.info.backend_pid:
        return False
    connection.prepare_threshold = None
    return True


def set_defaults(connection: psycopg.Connection[Any]) -> bool:
    """Have transactions write, at READ COMMITTED; False where they do so by default."""
    cursor = connection.execute(DEFAULTS)
    if cursor.fetchone() == (True,):
        return False
    connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
    connection.set_read_only(False)
    return True


def check_open(connection: psycopg.Connection[Any]) -> None:
    """Raise OperationalError when the server has ended the session, without asking it."""
    # The first reads what the server said last, the second finds that there is no more to come.
    connection.pgconn.consume_input()
    connection.pgconn.consume_input()
