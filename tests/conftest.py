"""A Postgres for the tests, and a database of its own for each test that asks."""

import gc
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import servers
from clean_databases import CleanDatabases
from command_line import Forks
from conduit_runtime import embedded, migrate
from hypothesis import HealthCheck, settings
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from shared_broker import SharedBroker, Vhost

# The time that making examples takes depends on the machine, not on the code. CI tries the same
# examples each time, so that a red run is due to the change; other runs try others each time.
settings.register_profile(
    "conduit",
    settings.get_profile("default"),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("conduit")

# They apply to this run, not to the runs that tests start.
os.environ.pop("PYTEST_ADDOPTS", None)

# A shell's background jobs ignore SIGINT, and so would every program that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


gc.disable()


def pytest_collection_finish() -> None:
    """Exclude all tests from garbage collection: they live as long as the process."""
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """At least four workers: the tests wait for workers and servers more than they compute."""
    return max(4, os.cpu_count() or 1)


LONG = (
    "history",
    "failover",
    "cluster",
    "packaging",
    "fuzz/test_programs.py",
    "semantics/test_rows.py",
    "dashboard/browser",
    "runtime/statements/test_plans.py",
    "runtime/statements/dashboard/test_job_list_plans.py",
    "semantics/test_names.py",
    "runtime/contrib/django",
    "test_examples.py",
    "fuzz",
    "semantics/test_places.py",
    "docs/test_site.py",
    "compiler/test_generated.py",
    "runtime/worker/run/test_step_crashes.py",
    "runtime/worker/claim/test_key_",
    "runtime/cli/worker/test_processes.py",
    "pairs",
    "deploys/test_rolling.py",
    "docs/test_pages.py",
)
"""The groups and tests that take long, the longest first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start the longest groups first: started last, one would leave the other processors idle."""
    if not hasattr(config, "workerinput") or "CONDUIT_TESTS_END" in os.environ:
        return  # one process, or tests that are chosen in their order
    tests = Path(__file__).parent

    @cache
    def place(path: Path) -> int:
        name = path.relative_to(tests).as_posix()
        return next((n for n, long in enumerate(LONG) if name.startswith(long)), len(LONG))

    items.sort(key=lambda item: place(item.path))
    grouped = items if config.getoption("loadgroup", default=False) else []
    for item in grouped:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError("this pytest-xdist runs no group of tests in one process")


def pytest_runtest_setup() -> None:
    """Start no test after the time that `make quick` allows."""
    end = os.environ.get("CONDUIT_TESTS_END")
    if end and time.time() > float(end):
        pytest.skip("no time is left for it: `make test` runs it")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove this run's server with all its databases: to drop each of them takes much longer."""
    if hasattr(session.config, "workerinput"):
        return
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    folder = factory.getbasetemp() / "postgres"
    if folder.exists():
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server_dsn(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """A Postgres of this test run's own, or the one that CONDUIT_TEST_DSN names.

    The workers of pytest-xdist share it. It ends with the last of them, even if they are killed.
    """
    if dsn := os.environ.get("CONDUIT_TEST_DSN"):
        yield dsn
        return
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "postgres"
    settings = {
        "fsync": "off",
        "full_page_writes": "off",
        # Single tests hold a hundred: two dozen workers, each with its own four.
        "max_connections": "500",
        "max_prepared_transactions": "20",
    }
    with embedded.start(folder, settings=settings) as server:
        yield server.dsn


@pytest.fixture(scope="session")
def template(server_dsn: str) -> Iterator[str]:
    """The name of a migrated database to copy."""
    name = f"conduit_{uuid4().hex}"
    with _admin(server_dsn) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        migrate(make_conninfo(server_dsn, dbname=name))
        yield name
        _drop(connection, name)


@pytest.fixture(scope="session")
def new_database(server_dsn: str, template: str) -> Callable[[], AbstractContextManager[str]]:
    """Makes databases with the tables of the queue, which exist until the end of their block."""

    @contextmanager
    def make() -> Iterator[str]:
        name = f"conduit_{uuid4().hex}"
        with _admin(server_dsn) as connection:
            create = SQL("CREATE DATABASE {} TEMPLATE {}" + strategy)
            connection.execute(create.format(Identifier(name), Identifier(template)))
        yield make_conninfo(server_dsn, dbname=name)
        if outlives:
            with _admin(server_dsn) as connection:  # none is held open for each database
                _drop(connection, name)

    outlives = "CONDUIT_TEST_DSN" in os.environ
    # The checkpoints of a copy cost less than writing it to the log, as nothing waits for the disk.
    strategy = "" if outlives else " STRATEGY file_copy"
    return make


@pytest.fixture(scope="session")
def clean_databases(
    new_database: Callable[[], AbstractContextManager[str]],
) -> Iterator[CleanDatabases]:
    """Databases that one test uses after another."""
    with ExitStack() as stack:
        databases = CleanDatabases(lambda: stack.enter_context(new_database()))
        stack.callback(databases.close)
        yield databases


@pytest.fixture
def dsn(clean_databases: CleanDatabases) -> Iterator[str]:
    """A database for this test alone, with the tables of the queue, all empty."""
    with clean_databases.lend() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def shared_broker(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[SharedBroker]:
    """A RabbitMQ node that the workers of pytest-xdist share."""
    if not servers.has_rabbitmq():
        (pytest.fail if "CI" in os.environ else pytest.skip)(servers.MISSING)
    base = tmp_path_factory.getbasetemp()
    broker = SharedBroker((base if worker_id == "master" else base.parent) / "broker")
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Runs `conduit-jobs` in forks of a process that has imported it."""
    with Forks() as forks:
        yield forks


@pytest.fixture
def broker(shared_broker: SharedBroker) -> Iterator[Vhost]:
    """An empty vhost for this test alone, on a running RabbitMQ."""
    with shared_broker.lend() as vhost:
        yield vhost


@pytest.fixture
def broker_url(broker: Vhost) -> str:
    """The address of an empty vhost for this test alone, as a user that may do everything in it."""
    return broker.url()


@pytest.fixture
def empty_dsn(server_dsn: str) -> Iterator[str]:
    """An empty database for this test alone."""
    name = f"conduit_{uuid4().hex}"
    with _admin(server_dsn) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        yield make_conninfo(server_dsn, dbname=name)
        _drop(connection, name)


def _admin(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(dsn, autocommit=True)


def _drop(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
