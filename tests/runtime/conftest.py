"""A database with the application's tables, shared by the tests of a process."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

sys.path.append(str(Path(__file__).parent))  # for example_app and example_jobs


@pytest.fixture(scope="session")
def app_dsn(server_dsn: str, template: str) -> Iterator[str]:
    """A database with the tables of the queue and of `example_app`."""
    from example_app import SCHEMA

    name = f"conduit_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as admin:
        admin.execute(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        )
        dsn = make_conninfo(server_dsn, dbname=name)
        with psycopg.connect(dsn) as connection:
            connection.execute(SCHEMA)
        yield dsn
        admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def conn(app_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the application's database, whose tables are empty."""
    connection = psycopg.connect(app_dsn)
    connection.execute("TRUNCATE users, orders, line_items, notes, jobs")
    connection.commit()
    yield connection
    connection.close()
