import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime.embedded import start
from conduit_runtime.migrations import migrate

sys.path.append(str(Path(__file__).parent))  # for example_app and example_jobs
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier


@pytest.fixture(scope="session")
def server_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Postgres of the test run's own, or the one that CONDUIT_TEST_DSN names."""
    if dsn := os.environ.get("CONDUIT_TEST_DSN"):
        yield dsn
        return
    with start(tmp_path_factory.mktemp("postgres"), settings={"fsync": "off"}) as server:
        yield server.dsn


@pytest.fixture(scope="session")
def template(server_dsn: str) -> Iterator[str]:
    """The name of a migrated database to copy."""
    name = f"conduit_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        migrate(make_conninfo(server_dsn, dbname=name))
        yield name
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def dsn(server_dsn: str, template: str) -> Iterator[str]:
    """A database of the test's own, with the tables of the queue."""
    name = f"conduit_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        )
        yield make_conninfo(server_dsn, dbname=name)
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
