# Generated from async_execute.py by .ci/unasync.py; do not edit.
"""Our own connections, and statements on any connection, for synchronous code."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


class TransactionCursor(psycopg.Cursor[Row]):
    def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        if not needs_transaction(self.connection):
            return super().execute(query, params, **options)
        with self.connection.transaction():
            return super().execute(query, params, **options)


class OwnCursor(TransactionCursor[tuple[Any, ...]]):
    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS


class _RawCursor(TransactionCursor[tuple[Any, ...]], psycopg.RawCursor[tuple[Any, ...]]):
    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS


class OwnConnection(psycopg.Connection[Any]):
    spare: _RawCursor | None = None

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        connection = super().connect(conninfo, **options | leader_first(conninfo))
        remember(conninfo, connection)
        return connection


def run(
    connection: psycopg.Connection[Any], statement: Statement[T], schema: str | None = None
) -> T:
    sql, parameters = positional(statement, schema)
    own = connection if isinstance(connection, OwnConnection) else None
    cursor = (own and own.spare) or _RawCursor(connection, row_factory=tuple_row)
    if own is not None:
        own.spare = None  # another task may use the connection at the same time
    with nullcontext() if own else needed_settings(connection):
        cursor.execute(sql, parameters, binary=True)
        rows = cursor.fetchall() if cursor.description else []
    count = cursor.rowcount
    if own is not None and not (rows or are_large(parameters)):  # the cursor would keep them
        own.spare = cursor
    return statement.decode(rows, count)


def needed_settings(connection: psycopg.Connection[Any]) -> AbstractContextManager[None]:
    given = differing_settings(connection)
    return _changed_settings(connection, given) if given else nullcontext()


@contextmanager
def _changed_settings(
    connection: psycopg.Connection[Any], given: Mapping[bytes, bytes]
) -> Iterator[None]:
    _set(connection, {name: NEEDED[name] for name in given})
    try:
        yield
    finally:
        if keeps_settings(connection):
            _set(connection, given)


def _set(connection: psycopg.Connection[Any], values: Mapping[bytes, bytes]) -> None:
    with psycopg.Cursor(connection) as cursor:
        for setting in values.items():
            # Fetching applies the setting to values that are encoded from now on, in a pipeline
            # too.
            cursor.execute(SET, [text.decode() for text in setting])
            cursor.fetchall()


def own(connection: psycopg.Connection[Any]) -> None:
    keep_from_children(connection)
    connection.set_autocommit(True)
    cursor = connection.execute(SESSION, prepare=False)
    [(pid, started)] = cursor.fetchall()
    if pid == connection.info.backend_pid:
        note_server(connection, started)
        connection.execute(SETTINGS)
        return
    connection.prepare_threshold = None
    cursor = connection.execute(DEFAULTS)
    if cursor.fetchone() != (True,):
        connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
        connection.set_read_only(False)
        connection.cursor_factory = TransactionCursor


def check_open(connection: psycopg.Connection[Any]) -> None:
    # The first reads the last message of the server, the second finds that the socket is closed.
    connection.pgconn.consume_input()
    connection.pgconn.consume_input()
