"""Reads the database in one read-only transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from ..postgres.connection import PLANS, keepalive
from ..postgres.execute import OwnConnection, own, run
from ..postgres.statement import Statement

T = TypeVar("T")

_BEGIN = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_SET_TIMEOUT = "SELECT pg_catalog.set_config('statement_timeout', %s, true)"


class Snapshot:
    """The database at one moment."""

    def __init__(self, connection: OwnConnection, schema: str | None) -> None:
        self._connection = connection
        self._schema = schema

    def read(self, statement: Statement[T]) -> T:
        """Return a statement's result."""
        return run(self._connection, statement, self._schema)

    def read_within(self, milliseconds: int, statement: Statement[T]) -> T | None:
        """Return a statement's result, or None if it takes longer than `milliseconds`."""
        self._connection.execute(_SET_TIMEOUT, [str(milliseconds)])
        try:
            with self._connection.transaction():
                return self.read(statement)
        except psycopg.errors.QueryCanceled:
            return None
        finally:
            self._connection.execute(_SET_TIMEOUT, ["0"])


@contextmanager
def snapshot(dsn: str, schema: str | None) -> Iterator[Snapshot]:
    """Take a snapshot. The role needs SELECT on the tables that are read, and nothing else."""
    name = "conduit preflight"
    with OwnConnection.connect(dsn, application_name=name, **keepalive(dsn)) as connection:
        own(connection)
        with connection.transaction():
            connection.execute(_BEGIN)
            connection.execute(PLANS.replace("false)", "true)"))  # for this transaction
            yield Snapshot(connection, schema)
