# Generated from async_connections.py by .ci/unasync.py; do not edit.
"""The connections of a queue, for synchronous code."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
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
"""Seconds after which a task that waits for a connection asks the pool to try to open one again."""


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
        reconnect_timeout=0,  # the pauses of its own retries grow; see AGAIN
    )


class Connections:
    def __init__(
        self, dsn: str | Pool, schema: str | None, size: int = 10, patience: int = 30
    ) -> None:
        wanted = "a connection string or a ConnectionPool"
        check_type(dsn, "dsn", (str, ConnectionPool), wanted)
        self._schema = schema
        self._owned = isinstance(dsn, str)
        self._patience = patience
        self._pool = _own_pool(dsn, size, patience) if isinstance(dsn, str) else dsn
        self.dsn: str = dsn if isinstance(dsn, str) else pool_dsn(dsn)
        self._beside: list[Connections] = []
        if self._owned:
            renew_in_children(self, Connections._renew)

    def _renew(self) -> None:
        _left.append(self._pool)  # `close` would wait for what only runs in the other process
        self._pool = _own_pool(self.dsn, self._pool.max_size, self._patience)

    def beside(self, name: str, size: int, patience: int) -> "Connections":
        if not self._owned:
            return self
        own: dict[str, Any] = {"application_name": name, "connect_timeout": patience}
        options = own | conninfo_to_dict(self.dsn)
        made = Connections(make_conninfo("", **options), self._schema, size, patience)
        self._beside.append(made)
        return made

    def close(self) -> None:
        for each in self._beside:
            each.close()
        if self._owned:
            self._pool.close()

    def run(self, statement: Statement[T], conn: Given | None = None) -> T:
        try:
            if conn is not None:
                if isinstance(conn, psycopg.Connection):
                    return run(conn, statement, self._schema)
                return other(conn, "the queue").run(statement, self._schema)
            if not self._owned:
                with self._pool.connection() as connection:
                    return run(connection, statement, self._schema)
            # Connections of the own pool are in autocommit mode: there is nothing to commit.
            self._open()
            pool = self._pool
            connection = self._take()
            try:
                return run(connection, statement, self._schema)
            except psycopg.errors.ReadOnlySqlTransaction:
                connection.close()  # this server no longer leads
                raise
            finally:
                pool.putconn(connection)
        except Exception as error:
            explain(error)
            raise

    def run_steps(self, steps: Steps[T], conn: Given | None = None) -> T:
        return run_steps(steps, lambda statement: self.run(statement, conn))

    def run_within(self, steps: Steps[T], conn: Given | None = None) -> T:
        with self.transaction(conn) as connection:
            return self.run_steps(steps, connection)

    @contextmanager
    def transaction(self, conn: Given | None = None) -> Iterator[Given]:
        if conn is None:
            with self.connection() as connection, connection.transaction():
                yield connection
        elif isinstance(conn, psycopg.Connection):
            if not conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
                conn.execute("SELECT")  # begins what the caller ends
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
        end = time.monotonic() + self._patience
        while (left := end - time.monotonic()) > 0:
            with suppress(PoolTimeout):
                return self._pool.getconn(min(left, AGAIN))
        raise PoolTimeout(f"couldn't get a connection after {self._patience} sec")

    def _open(self) -> None:
        if self._owned and self._pool.closed:
            # Connecting first raises the reason of a failure, which the pool would hide for 30 s.
            connection = OwnConnection.connect(self.dsn)
            connection.close()
            self._pool.open()
