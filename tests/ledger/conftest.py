"""A database that the tests of a module share."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier


@pytest.fixture(scope="module")
def module_dsn(server_dsn: str, template: str) -> Iterator[str]:
    """A database with the tables of the queue."""
    name = f"conduit_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as admin:
        create = SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(create.format(Identifier(name), Identifier(template)))
        yield make_conninfo(server_dsn, dbname=name)
        admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
