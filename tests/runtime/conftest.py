"""A database with the application's tables, shared by the tests of a process."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from clean_databases import empty_tables

sys.path.append(str(Path(__file__).parent))  # for example_app and example_jobs


@pytest.fixture(scope="session")
def app_dsn(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database with the tables of the queue and of `example_app`."""
    from example_app import SCHEMA

    with new_database() as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(SCHEMA)
        yield dsn


@pytest.fixture
def conn(app_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the application's database, whose tables are empty."""
    connection = psycopg.connect(app_dsn)
    empty_tables(connection)
    connection.commit()
    yield connection
    connection.close()
