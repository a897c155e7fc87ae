"""Connections for the tests of hooks, which run on each driver that hooks support."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hook_drivers import Conn, opened


@pytest.fixture(params=["psycopg", "asyncpg"])
def conn(request: pytest.FixtureRequest, app_dsn: str) -> Iterator[Conn]:
    """A connection to the application's database, whose tables are empty."""
    with opened(request.param, app_dsn) as connection:
        yield connection


@pytest.fixture
def psycopg_conn(app_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """`conn` of psycopg only."""
    with opened("psycopg", app_dsn) as connection:
        assert isinstance(connection, psycopg.Connection)
        yield connection
