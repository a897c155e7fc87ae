"""A connection string of several hosts: the leader is found, and later found at once."""

import asyncio
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from conduit_runtime import Queue
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.postgres.several_hosts import TIMEOUT, leader_first
from conduit_runtime.postgres.statement import Statement, nothing
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from relay import Relay

READ_ONLY = Statement(
    "DO $$ BEGIN RAISE EXCEPTION 'not here' USING ERRCODE = '25006'; END $$", {}, nothing
)


@pytest.fixture
def frozen() -> Iterator[int]:
    """The port of a host that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.slow
def test_a_frozen_host_delays_the_first_connection_alone(dsn: str, frozen: int) -> None:
    relay = Relay(dsn)
    try:
        way = conninfo_to_dict(relay.dsn)
        several = make_conninfo(
            relay.dsn, host=f"127.0.0.1,{way['host']}", port=f"{frozen},{way['port']}"
        )
        assert leader_first(several) == {"connect_timeout": TIMEOUT}
        times = []
        for _ in range(2):
            began = time.monotonic()
            with Queue(several) as queue:
                queue.stats()
            times.append(time.monotonic() - began)
        assert times[0] > TIMEOUT > times[1]
        assert leader_first(several)["port"] == f"{way['port']},{frozen}"
        assert leader_first(make_conninfo(several, connect_timeout=9)) == {
            "host": f"{way['host']},127.0.0.1",
            "port": f"{way['port']},{frozen}",
        }
    finally:
        relay.close()


def test_one_host_is_left_as_it_is(dsn: str) -> None:
    assert leader_first(dsn) == {}


def test_a_connection_to_a_server_that_leads_no_more_is_dropped(dsn: str) -> None:
    async def run() -> None:
        connection = ReconnectingConnection(dsn, "conduit claims")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.run(READ_ONLY)
        assert not connection.is_open

    asyncio.run(run())
