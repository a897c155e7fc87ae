"""A database with the application's tables, shared by the tests of a process."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest
from clean_databases import empty_tables
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.broker import topology
from conduit_runtime.statements import jobs as store
from pools import BrokerPools, DirectPools, NewPool
from timed import Timed


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
def timed(monkeypatch: pytest.MonkeyPatch) -> Timed:
    """Gives pools other times from now on, as `timed(poll=600.0)` does; see `Timing`."""

    def change(**seconds: float) -> None:
        monkeypatch.setattr(WorkerPool, "timing", replace(WorkerPool.timing, **seconds))

    return change


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    """A queue in the test's own database."""
    with Queue(dsn) as queue:
        yield queue


@pytest.fixture(params=["direct", pytest.param("broker", marks=pytest.mark.slow)])
def new_pool(request: pytest.FixtureRequest, queue: Queue, timed: Timed) -> Iterator[NewPool]:
    """Makes pools on the database of `queue`, of direct workers or behind a broker."""
    if request.param == "direct":
        yield DirectPools(queue)
        return
    timed(
        quiet=600.0,  # a drain ends when the database has no jobs
        maintenance=0.5,  # finds older shapes
    )
    pools = BrokerPools(queue, request.getfixturevalue("broker_url"))
    yield pools
    pools.close()


@pytest.fixture
def new_direct_pool(queue: Queue) -> NewPool:
    """Makes pools whose workers connect to the database of `queue`."""
    return DirectPools(queue)


@pytest.fixture
def short_intervals(timed: Timed) -> None:
    """Makes workers do every second what they do every ten, and give up soon when stopped."""
    timed(maintenance=1.0, audit=1.0, cancelling=0.5, alone=2.0, apart=1.0)


@pytest.fixture
def weigh(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Has enqueues of so many bytes take several statements."""
    return partial(monkeypatch.setattr, store, "BATCH_BYTES")


@pytest.fixture
def unhurried(timed: Timed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets claimed jobs wait for their start, so that on a slow machine none is claimed again."""
    timed(fresh=300.0, patience=300.0)
    monkeypatch.setattr(topology, "WAITS", 300_000)
