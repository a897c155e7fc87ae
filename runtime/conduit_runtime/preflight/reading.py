"""Reads the database in one transaction that only reads."""

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
        """What a statement gives."""
        return run(self._connection, statement, self._schema)

    def read_within(self, milliseconds: int, statement: Statement[T]) -> T | None:
        """What a statement gives if it takes no longer; otherwise None."""
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
    """Take a snapshot; it needs SELECT on the tables that are read, and no other privilege."""
    name = "conduit preflight"
    with OwnConnection.connect(dsn, application_name=name, **keepalive(dsn)) as connection:
        own(connection)
        with connection.transaction():
            connection.execute(_BEGIN)
            connection.execute(PLANS.replace("false)", "true)"))  # for this transaction
            yield Snapshot(connection, schema)
