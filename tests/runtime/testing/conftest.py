"""The same tests on a database of their own, and within a transaction that is never committed."""

from collections.abc import Iterator

import psycopg
import pytest
from conduit_runtime import Queue
from conduit_runtime.testing import Jobs
from example_app import SCHEMA
from kit_place import Place


@pytest.fixture(params=["database", "transaction"])
def place(request: pytest.FixtureRequest, dsn: str) -> Iterator[Place]:
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    with psycopg.connect(dsn) as connection, Queue(dsn) as queue:
        is_shared = request.param == "transaction"
        jobs = Jobs(connection if is_shared else dsn)
        yield Place(jobs, connection, queue, (lambda: None) if is_shared else connection.commit)
        if is_shared:
            connection.rollback()
            assert queue.stats().total == 0
