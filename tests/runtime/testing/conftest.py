"""The same tests on a database of their own, and within a transaction that is never committed."""

from collections.abc import Iterator

import psycopg
import pytest
from clean_databases import empty_tables
from conduit_runtime import Queue
from conduit_runtime.testing import Jobs
from kit_place import Place


@pytest.fixture(params=["database", "transaction"])
def place(request: pytest.FixtureRequest, app_dsn: str) -> Iterator[Place]:
    with psycopg.connect(app_dsn) as connection:
        empty_tables(connection)
    with psycopg.connect(app_dsn) as connection, Queue(app_dsn) as queue:
        is_shared = request.param == "transaction"
        jobs = Jobs(connection if is_shared else app_dsn)
        yield Place(jobs, connection, queue, (lambda: None) if is_shared else connection.commit)
        connection.rollback()
        if is_shared:
            assert queue.stats().total == 0
