# Generated from async_connections.py by .ci/unasync.py; do not edit.
"""The connections of a queue, for synchronous code."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from ..model.arguments import check_type
from ..postgres.dsn import pool_dsn
from ..postgres.execute import OwnConnection, check_open, own, run
from ..postgres.forks import renew_in_children
from ..postgres.other_drivers import other
from ..postgres.statement import Statement
from ..postgres.steps import Steps, run_steps
from ..postgres.transaction import explain
from .given_connections import Given

T = TypeVar("T")
Connection = psycopg.Connection[Any]
Pool = ConnectionPool[Connection]

_left: list[Pool] = []
AGAIN = 2.0
"""Seconds after which one who waits for a connection has the pool try again to open one."""


def _own_pool(dsn: str, size: int, patience: int) -> Pool:
    return ConnectionPool(
        dsn,
        connection_class=OwnConnection,
        min_size=0,
        max_size=size,
        open=False,
        configure=own,
        check=check_open,
        name="conduit",
        timeout=patience,
        reconnect_timeout=0,  # its own pauses grow; see AGAIN
    )


class Connections:
    """A pool of our own, in autocommit mode and opened by its first use, or the application's.

    `size` is how many connections the own pool has at most, `patience` how many seconds a statement
    waits for one. A server that comes back is found within a few seconds.
    """

    def __init__(
        self, dsn: str | Pool, schema: str | None, size: int = 10, patience: int = 30
    ) -> None:
        wanted = "a connection string or a ConnectionPool"
        check_type(dsn, "dsn", (str, ConnectionPool), wanted)
        self._schema = schema
        self._owned = isinstance(dsn, str)
        self._patience = patience
        self._pool = _own_pool(dsn, size, patience) if isinstance(dsn, str) else dsn
        self.dsn = dsn if isinstance(dsn, str) else pool_dsn(dsn)
        self._beside: list[Connections] = []
        if self._owned:
            renew_in_children(self, Connections._renew)

    def _renew(self) -> None:
        """Leave the connections to the process that opened them: this one was forked off."""
        _left.append(self._pool)  # to end it would wait for what only runs in the other process
        self._pool = _own_pool(self.dsn, self._pool.max_size, self._patience)

    def beside(self, name: str, size: int, patience: int) -> "Connections":
        """Others to the same database, closed with these; with the application's pool, these.

        `name` is their `application_name`. They try to connect for `patience` seconds as well.
        Settings of the connection string come first.
        """
        if not self._owned:
            return self
        own: dict[str, Any] = {"application_name": name, "connect_timeout": patience}
        options = own | conninfo_to_dict(self.dsn)
        made = Connections(make_conninfo("", **options), self._schema, size, patience)
        self._beside.append(made)
        return made

    def close(self) -> None:
        """Close the pool, if it is the queue's own."""
        for each in self._beside:
            each.close()
        if self._owned:
            self._pool.close()

    def run(self, statement: Statement[T], conn: Given | None = None) -> T:
        """Run one statement on the given connection, or in a transaction of its own."""
        try:
            if conn is not None:
                if isinstance(conn, psycopg.Connection):
                    return run(conn, statement, self._schema)
                return other(conn, "the queue").run(statement, self._schema)
            if not self._owned:
                with self._pool.connection() as connection:
                    return run(connection, statement, self._schema)
            # Our own are in autocommit mode: there is nothing to commit.
            self._open()
            pool = self._pool
            connection = self._take()
            try:
                return run(connection, statement, self._schema)
            except psycopg.errors.ReadOnlySqlTransaction:
                connection.close()  # its server leads no more
                raise
            finally:
                pool.putconn(connection)
        except Exception as error:
            explain(error)
            raise

    def run_steps(self, steps: Steps[T], conn: Given | None = None) -> T:
        """Run the statements of an operation, each as `run` does, and return its result."""
        return run_steps(steps, lambda statement: self.run(statement, conn))

    @contextmanager
    def transaction(self, conn: Given | None = None) -> Iterator[Given]:
        """A transaction, within that of the given connection if there is one."""
        if conn is None:
            with self.connection() as connection, connection.transaction():
                yield connection
        elif isinstance(conn, psycopg.Connection):
            with conn.transaction():
                yield conn
        else:
            with other(conn, "the queue").transaction():
                yield conn

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        if not self._owned:
            with self._pool.connection() as connection:
                yield connection
            return
        self._open()
        pool = self._pool
        connection = self._take()
        try:
            with connection:
                yield connection
        except psycopg.errors.ReadOnlySqlTransaction:
            connection.close()
            raise
        finally:
            pool.putconn(connection)

    def _take(self) -> Connection:
        """A connection of the own pool; raises PoolTimeout when there is none for `patience`."""
        end = time.monotonic() + self._patience
        while (left := end - time.monotonic()) > 0:
            with suppress(PoolTimeout):
                return self._pool.getconn(min(left, AGAIN))
        raise PoolTimeout(f"couldn't get a connection after {self._patience} sec")

    def _open(self) -> None:
        if self._owned and self._pool.closed:
            # The pool would hide for 30 s why it cannot connect.
            connection = OwnConnection.connect(self.dsn)
            connection.close()
            self._pool.open()
