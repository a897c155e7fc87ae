"""The connections of a worker: one for each thread, and one for its loop that reconnects."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed
from psycopg.types.numeric import Int8BinaryLoader

from .async_execute import own_async
from .execute import own
from .host_settings import is_pooled, needs_transaction
from .parameters import positional
from .response_reader import ResponseReader
from .servers import SESSION, leads_elsewhere, server_of
from .several_hosts import leader_first, remember
from .statement import Statement
from .timeout_connection import MOVED, AsyncTimeoutConnection, TimeoutConnection, sever

T = TypeVar("T")

BROKEN = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
)
"""The errors of a lost connection, or of one to a server that no longer leads."""

# The server's limit is the shorter one, so that no statement outlives its client.
PATIENCE = "25s"
# Each of the worker's statements has one good plan, whatever the statistics say.
PLANS = """
SELECT pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', false),
       pg_catalog.set_config('enable_seqscan', 'off', false),
       pg_catalog.set_config('enable_bitmapscan', 'off', false),
       pg_catalog.set_config('enable_hashjoin', 'off', false),
       pg_catalog.set_config('enable_mergejoin', 'off', false),
       pg_catalog.set_config('jit', 'off', false)
"""
PROBING = 2
"""Seconds for a connection that only asks whether another server leads."""
# These notice a silent peer within seconds, even while nothing is sent.
KEEPALIVE = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def connect(dsn: str, name: str, lock_timeout: str) -> psycopg.Connection[Any]:
    """Open a connection for a thread of the worker, in autocommit mode."""
    connection = _LeaderConnection.connect(
        dsn, autocommit=True, application_name=name, **keepalive(dsn) | leader_first(dsn)
    )
    connection.dsn = dsn
    remember(dsn, connection)
    own(connection)
    if not is_pooled(connection):
        connection.execute(
            "SELECT pg_catalog.set_config('lock_timeout', %s, false)", (lock_timeout,)
        )
    return connection


class _LeaderConnection(TimeoutConnection):
    """Knows which server it leads to, and can ask whether another server leads by now."""

    dsn = ""

    def has_moved(self) -> bool:
        started = server_of(self)
        if started is None:
            return False
        parameters = keepalive(self.dsn) | leader_first(self.dsn)
        parameters |= {"application_name": "conduit leader", "connect_timeout": PROBING}
        try:
            with psycopg.Connection.connect(self.dsn, autocommit=True, **parameters) as other:
                remember(self.dsn, other)
                row = other.execute(SESSION).fetchone()
        except psycopg.Error:
            return False  # no server leads yet
        return row is not None and row[1] != started


def keepalive(dsn: str) -> dict[str, Any]:
    """Connection parameters that detect a silent peer, except those that the DSN sets."""
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    return {key: value for key, value in KEEPALIVE.items() if key not in given}


class ReconnectingConnection:
    """One asynchronous connection of a worker, which is opened again after it breaks.

    One task at a time uses it. `schema` is that of our tables; without it, the search path finds
    them. `generation` counts how often the connection was opened. `is_pooled` is whether it goes
    through a transaction pooler. Results come in binary. With `times_as_ints`, a time with time
    zone is an int: the microseconds since 2000-01-01 UTC. With a `lock_timeout`, written as for
    Postgres, a statement that waits that long for a lock raises LockNotAvailable. A statement that
    takes as long as `statement_timeout` raises QueryCanceled. The connections of one loop may share
    a `reader`.
    """

    def __init__(
        self,
        dsn: str,
        name: str,
        schema: str | None = None,
        on_notify: Callable[[psycopg.Notify], None] = lambda notification: None,
        *,
        times_as_ints: bool = False,
        lock_timeout: str | None = None,
        statement_timeout: str = PATIENCE,
        reader: ResponseReader | None = None,
    ) -> None:
        self._dsn = dsn
        self._name = name
        self._schema = schema
        self._reader = reader or ResponseReader()
        self._on_notify = on_notify
        self._times_as_ints = times_as_ints
        self._lock_timeout = lock_timeout
        self._statement_timeout = statement_timeout
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._cursor: psycopg.AsyncRawCursor[tuple[Any, ...]] | None = None
        self.generation = 0
        self.is_pooled = False

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; it may be broken without that being known."""
        return self._connection is not None and not self._connection.closed

    async def open(self) -> psycopg.AsyncConnection[Any]:
        """Return the connection, opened if need be; raises one of `BROKEN` if that fails."""
        if self._connection is None or self._connection.closed:
            connection = await AsyncTimeoutConnection.connect(
                self._dsn,
                autocommit=True,
                application_name=self._name,
                prepare_threshold=0,
                **keepalive(self._dsn) | leader_first(self._dsn),
            )
            remember(self._dsn, connection)
            connection.reader = self._reader
            await own_async(connection)
            self.is_pooled = is_pooled(connection)
            if not self.is_pooled:
                await connection.execute(self._set_timeouts(is_local=False))
                await connection.execute(PLANS)
            # Without a handler, psycopg would keep every notification for later.
            connection.add_notify_handler(self._on_notify)
            # This is for each transaction: behind a pooler, the database may have another default.
            await connection.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
            self._connection = connection
            self._cursor = psycopg.AsyncRawCursor(connection, row_factory=tuple_row)
            if self._times_as_ints:
                self._cursor.adapters.register_loader("timestamptz", Int8BinaryLoader)
            self.generation += 1
        return self._connection

    async def run(self, statement: Statement[T]) -> T:
        """Send a statement of the worker's own; an error of `BROKEN` drops the connection."""
        connection = await self.open()
        cursor = self._cursor
        if cursor is None:
            raise psycopg.InterfaceError("the connection is closed")
        try:
            sql, parameters = positional(statement, self._schema)
            sets_timeouts = self.is_pooled and self._lock_timeout is not None
            block: AbstractAsyncContextManager[object] = contextlib.nullcontext()
            if needs_transaction(connection):
                block = connection.transaction()
            elif sets_timeouts:  # one round trip and, as one pipeline, one transaction
                block = connection.pipeline()
            async with block:
                if sets_timeouts:
                    await connection.execute(self._set_timeouts(is_local=True))
                await cursor.execute(sql, parameters, binary=True)
            rows = await cursor.fetchall() if cursor.description else []
        except psycopg.errors.LockNotAvailable:
            raise
        except (*BROKEN, asyncio.CancelledError):
            await self.close()
            raise
        return statement.decode(rows, cursor.rowcount)

    def _set_timeouts(self, *, is_local: bool) -> Composed:
        return SQL(
            "SELECT pg_catalog.set_config('lock_timeout', {}, {}), "
            "pg_catalog.set_config('statement_timeout', {}, {})"
        ).format(self._lock_timeout or "0", is_local, self._statement_timeout, is_local)

    def handle_notifications(self) -> bool:
        """Handle the notifications that have arrived, without waiting for the next result.

        Returns False if the connection is broken: the next statement raises the error.
        """
        if self._connection is None or self._connection.closed:
            return False
        pgconn = self._connection.pgconn
        try:
            pgconn.consume_input()
        except psycopg.Error:
            return False
        while (notification := pgconn.notifies()) is not None:
            if pgconn.notify_handler is not None:
                pgconn.notify_handler(notification)
        return True

    def leave(self, server: float) -> None:
        """Cut the connection if it leads to another server; the next use opens a new one."""
        if self._connection is not None and leads_elsewhere(self._connection, server):
            sever(self._connection, MOVED)

    async def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            await connection.close()
