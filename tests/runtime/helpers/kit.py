"""The testing kit for tests of the kit itself, with the application's connection."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from conduit_runtime import Job, Queue
from conduit_runtime.testing import Jobs, Ran
from example_app import insert_order, ship
from example_jobs.order import after_create, after_update


@dataclass(frozen=True)
class Kit:
    """Tests enqueue on `conn`, the application's connection; `jobs` sees these jobs."""

    jobs: Jobs
    conn: psycopg.Connection[Any]
    queue: Queue
    done: Callable[[], object]
    """Commits, or does nothing in tests whose transaction stays open."""

    def one(self, sql: str) -> Any:
        """The value that a query returns."""
        [(value,)] = psycopg.Cursor(self.conn).execute(sql.encode()).fetchall()
        self.done()
        return value


def enqueue(kit: Kit, *types: str, **options: Any) -> list[Job]:
    """Enqueue a job of each type."""
    jobs = [Job(type=type_, **options) for type_ in types]
    kit.queue.enqueue_many(jobs, conn=kit.conn)
    kit.done()
    return jobs


def ship_an_order(kit: Kit) -> None:
    """Insert and ship an order, with its hooks."""
    row = insert_order(kit.conn)
    after_create(kit.conn, row)
    after_update(kit.conn, ship(kit.conn, row), row)
    kit.done()


def texts(ran: Ran) -> list[str]:
    """Return the text that the kit prints for each run."""
    return [str(run) for run in ran]
