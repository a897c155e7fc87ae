"""A database and a folder for each module of these tests."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier


@pytest.fixture(scope="module")
def semantics_dsn(server_dsn: str, template: str) -> Iterator[str]:
    """A database with the tables of the queue, for one module of tests."""
    name = f"conduit_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as admin:
        create = SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(create.format(Identifier(name), Identifier(template)))
        yield make_conninfo(server_dsn, dbname=name)
        admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the packages of one module of tests."""
    return tmp_path_factory.mktemp("packages")
