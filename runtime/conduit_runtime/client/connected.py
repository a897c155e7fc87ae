"""The connections of a queue for synchronous code."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg_pool import ConnectionPool

from ..model.arguments import check_text, check_type
from ..postgres.connection import check_open, own
from ..postgres.execute import OwnConnection, run
from ..postgres.forks import renew_in_children
from ..postgres.pool_dsn import pool_dsn
from ..postgres.statement import Statement

__all__ = ["Connected"]

T = TypeVar("T")
Connection = psycopg.Connection[Any]
Pool = ConnectionPool[Connection]

_left: list[Pool] = []


def _own_pool(dsn: str) -> Pool:
    return ConnectionPool(
        dsn,
        connection_class=OwnConnection,
        min_size=0,
        max_size=10,
        open=False,
        configure=own,
        check=check_open,
        name="conduit-queue",
    )


class Connected:
    """What a queue works on: a pool of its own, in autocommit mode, or one of the application's.

    `_run` is for one statement, `_transaction` for several, each on the connection that is given
    or on one that is lent.
    """

    def __init__(self, dsn: str | Pool, schema: str | None = None) -> None:
        check_type(dsn, "dsn", (str, ConnectionPool), "a connection string or a ConnectionPool")
        check_text(schema, "schema")
        self.schema = schema
        self._owned = isinstance(dsn, str)
        self._pool = _own_pool(dsn) if isinstance(dsn, str) else dsn
        self.dsn = dsn if isinstance(dsn, str) else pool_dsn(dsn)
        if self._owned:
            renew_in_children(self, Connected._renew)

    def _renew(self) -> None:
        """Leave the connections to the process that opened them: this one was forked off."""
        _left.append(self._pool)  # its end would wait for threads that are not here
        self._pool = _own_pool(self.dsn)

    def close(self) -> None:
        """Close the connections that the queue opened; a pool of yours stays open."""
        if self._owned:
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, statement: Statement[T], conn: Connection | None) -> T:
        if conn is not None:
            check_type(conn, "conn", psycopg.Connection, "a psycopg Connection")
            return run(conn, statement)
        if not self._owned:
            with self._pool.connection() as lent:
                return run(lent, statement)
        # Our own are in autocommit mode: there is nothing to commit.
        self._open()
        pool = self._pool
        connection = pool.getconn()
        try:
            return run(connection, statement)
        finally:
            pool.putconn(connection)

    @contextmanager
    def _transaction(self, conn: Connection | None) -> Iterator[Connection]:
        if conn is not None:
            with conn.transaction():
                yield conn
        else:
            with self._connection() as connection, connection.transaction():
                yield connection

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        self._open()
        with self._pool.connection() as connection:
            yield connection

    def _open(self) -> None:
        if self._owned and self._pool.closed:
            # The pool would hide for 30 s why it cannot connect.
            psycopg.connect(self.dsn).close()
            self._pool.open()
