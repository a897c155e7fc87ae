"""A scheduler on the test's own database, and a connection to look at it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from conduit_runtime import CronScheduler, Queue


@pytest.fixture
def scheduler(queue: Queue) -> CronScheduler:
    """The schedules of the test's own database."""
    return CronScheduler(queue)


@pytest.fixture
def sql(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in autocommit mode."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection
