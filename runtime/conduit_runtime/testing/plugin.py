"""The pytest plugin: fixtures `jobs` and `async_jobs`, and the databases that they use.

It imports nothing of the runtime until a test uses a fixture.
"""

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg

    from .async_jobs import AsyncJobs
    from .databases import Databases
    from .jobs import Jobs

VARIABLE = "CONDUIT_TEST_DATABASE_URL"
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "max_connections": "200"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("conduit", "jobs on Postgres (conduit-async)")
    group.addoption(
        "--conduit-dsn",
        metavar="URL",
        help=f"The Postgres server on which the tests make databases of their own (default: "
        f"{VARIABLE}, or an embedded Postgres). What is in it stays as it is.",
    )
    parser.addini("conduit_schema", "The Postgres schema of the queue's tables.", default=None)


@pytest.fixture(scope="session")
def conduit_server(pytestconfig: pytest.Config) -> Iterator[str]:
    """The connection string of the configured Postgres server, or of an embedded Postgres."""
    dsn = pytestconfig.getoption("--conduit-dsn") or os.environ.get(VARIABLE)
    if dsn:
        # A URL of SQLAlchemy names a driver, which libpq does not accept.
        yield re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", dsn)
        return
    from ..embedded import EmbeddedError, start

    folder = Path(pytestconfig.rootpath, ".conduit", "tests")
    try:
        server = start(folder, settings=_SETTINGS)
    except EmbeddedError as error:
        pytest.fail(
            f"the tests need a Postgres: name a server by --conduit-dsn or {VARIABLE}, or "
            f"install the embedded one. It says: {error}",
            pytrace=False,
        )
    with server:
        yield server.dsn


@pytest.fixture(scope="session")
def conduit_template(conduit_server: str, pytestconfig: pytest.Config) -> Iterator[str]:
    """The connection string of a migrated database; each test gets a copy of this database.

    Override the fixture in a conftest.py to add the application's tables: take the fixture itself
    as an argument, make the tables, and return the connection string.
    """
    import psycopg
    from psycopg.conninfo import make_conninfo
    from psycopg.sql import SQL, Identifier

    from ..postgres.dsn import url_of
    from ..postgres.tables.migrations import migrate
    from .databases import drop, kept, new_name

    name = new_name()
    stack = ExitStack()
    try:
        connection = stack.enter_context(kept(conduit_server))
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege) as error:
        pytest.fail(
            f"the tests cannot create databases on the server of --conduit-dsn or {VARIABLE}: "
            f"{error}",
            pytrace=False,
        )
    with stack:
        stack.callback(drop, connection, name)
        dsn = url_of(make_conninfo(conduit_server, dbname=name))
        migrate(dsn, _schema(pytestconfig))
        yield dsn


@pytest.fixture(scope="session")
def _conduit_databases(conduit_server: str, conduit_template: str) -> Iterator["Databases"]:
    from psycopg.conninfo import conninfo_to_dict

    from .databases import Databases

    databases = Databases(conduit_server, str(conninfo_to_dict(conduit_template)["dbname"]))
    yield databases
    databases.close()


@pytest.fixture
def conduit_dsn(_conduit_databases: "Databases") -> Iterator[str]:
    """The connection string of a copy of `conduit_template` that only this test uses."""
    with _conduit_databases.lend() as dsn:
        yield dsn


@pytest.fixture
def conduit_connection(_conduit_databases: "Databases") -> Iterator["psycopg.Connection[Any]"]:
    """A connection whose transaction is rolled back; with it, `jobs` is within that transaction."""
    with _conduit_databases.connection() as connection:
        yield connection


@pytest.fixture
def jobs(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> "Jobs":
    """The jobs of the test: on `conduit_connection` if the test uses that, else on `conduit_dsn`.

    The fixture makes a database at the first use of the jobs, so `jobs.within(connection)` needs no
    database. In a Django project with the application installed, the jobs are those of Django's
    test database.
    """
    from .jobs import Jobs

    if "conduit_runtime.contrib.django.apps" in sys.modules:
        # By its name: the import contracts put it above the kit.
        found: Jobs = importlib.import_module("conduit_runtime.contrib.django.testing").jobs()
        return found
    database: Any = _dsn_of(request)
    if "conduit_connection" in request.fixturenames:
        database = request.getfixturevalue("conduit_connection")
    return Jobs(database, _schema(pytestconfig))


@pytest.fixture
def async_jobs(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> "AsyncJobs":
    """`jobs` for asynchronous tests, on `conduit_dsn`; await its methods."""
    from .async_jobs import AsyncJobs

    return AsyncJobs(_dsn_of(request), _schema(pytestconfig))


def _dsn_of(request: pytest.FixtureRequest) -> Callable[[], str]:
    def dsn() -> str:
        found: str = request.getfixturevalue("conduit_dsn")
        return found

    return dsn


def _schema(config: pytest.Config) -> str | None:
    return config.getini("conduit_schema") or None
