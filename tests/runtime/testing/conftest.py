"""Tests run on their own database, and again in a transaction that is never committed."""

from collections.abc import Iterator

import psycopg
import pytest
from clean_databases import empty_tables
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.testing import Jobs
from kit import Kit


@pytest.fixture(params=["database", "transaction"])
def kit(request: pytest.FixtureRequest, app_dsn: str) -> Iterator[Kit]:
    with psycopg.connect(app_dsn) as connection:
        empty_tables(connection)
    with psycopg.connect(app_dsn) as connection, Queue(app_dsn) as queue:
        is_shared = request.param == "transaction"
        jobs = Jobs(connection if is_shared else app_dsn)
        yield Kit(jobs, connection, queue, (lambda: None) if is_shared else connection.commit)
        connection.rollback()
        if is_shared:
            assert queue.stats().total == 0


@pytest.fixture
def pool(kit: Kit) -> WorkerPool:
    """A pool for the queues that tests use."""
    return WorkerPool(kit.queue, ["default", "other"])
