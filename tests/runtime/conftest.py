"""A database with the application's tables, shared by the tests of a process."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest
from clean_databases import empty_tables
from conduit_runtime import Queue
from conduit_runtime.broker import topology
from conduit_runtime.broker.remote import consumer
from conduit_runtime.worker import audit, worker
from conduit_runtime.worker.acknowledge import apart_writer
from conduit_runtime.worker.claim import claimer
from conduit_runtime.worker.heartbeat import maintenance
from conduit_runtime.worker.run import batch_runs, job_runs, runner
from pools import BrokerPools, DirectPools, NewPool


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


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    """A queue in the test's own database."""
    with Queue(dsn) as queue:
        yield queue


@pytest.fixture(params=["direct", pytest.param("broker", marks=pytest.mark.slow)])
def new_pool(
    request: pytest.FixtureRequest, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NewPool]:
    """Makes pools on the database of `queue`, of direct workers or behind a broker."""
    if request.param == "direct":
        yield DirectPools(queue)
        return
    monkeypatch.setattr(consumer, "QUIET", 600.0)  # a drain ends when the database has no jobs
    monkeypatch.setattr(maintenance, "MAINTENANCE", 0.5)  # finds older shapes
    pools = BrokerPools(queue, request.getfixturevalue("broker_url"))
    yield pools
    pools.close()


@pytest.fixture
def new_direct_pool(queue: Queue) -> NewPool:
    """Makes pools whose workers connect to the database of `queue`."""
    return DirectPools(queue)


@pytest.fixture
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes workers do every second what they do every ten, and give up soon when stopped."""
    monkeypatch.setattr(maintenance, "MAINTENANCE", 1.0)
    monkeypatch.setattr(audit, "AUDIT", 1.0)
    monkeypatch.setattr(worker, "CANCELLING", 0.5)
    for name, seconds in (("_ALONE", 2), ("_TOGETHER", 1)):
        settings = f"SET LOCAL lock_timeout = '10ms'; SET LOCAL statement_timeout = '{seconds}s'"
        monkeypatch.setattr(apart_writer, name, settings)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets claimed jobs wait for their start, so that on a slow machine none is claimed again."""
    for module in (consumer, claimer, runner, batch_runs, job_runs):
        monkeypatch.setattr(module, "FRESH", 300.0)
    monkeypatch.setattr(consumer, "PATIENCE", 300.0)
    monkeypatch.setattr(topology, "WAITS", 300_000)
