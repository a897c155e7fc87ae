"""Where a test of the testing kit enqueues."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from conduit_runtime import Queue
from conduit_runtime.testing import Jobs


@dataclass(frozen=True)
class Place:
    """Where a test enqueues: `conn` is the application's connection, `jobs` sees its work."""

    jobs: Jobs
    conn: psycopg.Connection[Any]
    queue: Queue
    done: Callable[[], object]
    """Commits, or does nothing within a transaction that stays open."""

    def one(self, sql: str) -> Any:
        """The value that a query returns."""
        [(value,)] = psycopg.Cursor(self.conn).execute(sql.encode()).fetchall()
        self.done()
        return value
