"""The connection of the heartbeat. Statements that Postgres refuses do not end the heartbeats."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from ...postgres.backoff import Backoff
from ...postgres.execute import run
from ...postgres.statement import Statement

T = TypeVar("T")


class HeartbeatConnection:
    """Runs statements for tables in a schema; `refusals` logs what Postgres refused."""

    def __init__(
        self, connection: psycopg.Connection[Any], schema: str | None, refusals: Backoff
    ) -> None:
        self.connection = connection
        self._schema = schema
        self._refusals = refusals

    def run(self, statement: Statement[T]) -> T:
        """Send a statement; returns what it decodes."""
        return run(self.connection, statement, self._schema)

    def run_with(self, settings: str, statement: Statement[T]) -> T:
        """Run a statement with these settings in a transaction of its own."""
        with self.connection.transaction():
            self.connection.execute(settings)
            return self.run(statement)

    @contextmanager
    def refusable(self) -> Iterator[None]:
        """Log a statement that Postgres refuses, perhaps for a lock; keep the connection in use."""
        try:
            yield
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            self._refusals.next_delay(error)
