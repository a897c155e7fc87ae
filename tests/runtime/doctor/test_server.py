"""`doctor` finds servers, connections and clocks that do not suit us."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from conduit_runtime import embedded, migrate
from conduit_runtime.doctor import server as server_check
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.statements import doctor
from doctor_findings import codes, execute, find
from pgbouncer import PROGRAM, pgbouncer
from relay import Relay
from waiting import until


def test_a_clock_that_is_off(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test changes the clock of this process, since it cannot set the machine's."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 60)
    assert "60 s behind the server's" in find(dsn, "clock-skew").message
    monkeypatch.setattr(time, "time", lambda: now() + 60)
    assert "60 s ahead of the server's" in find(dsn, "clock-skew").message


@pytest.mark.parametrize(
    ("version", "standby", "code"),
    [
        (130_012, False, "server-too-old"),
        (190_000, False, "server-too-new"),
        (180_001, True, "standby"),
    ],
)
def test_a_server_that_is_none_of_ours(version: int, standby: bool, code: str) -> None:
    found = server_check.judge(doctor.Server(version, standby, 100.0, True), 100.0, 100.1, 5.0)
    assert [finding.code for finding in found] == [code]


@pytest.mark.skipif(PROGRAM is None, reason="there is no pgbouncer")
def test_a_pooler(dsn: str) -> None:
    with pgbouncer(dsn, 3) as pooled:
        report = examine(pooled, None)
    assert codes(report) == ["pooler"]
    assert report.unread == {}


class Deaf(Relay):
    """A relay that swallows notifications: the messages `A` of the server."""

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: bytes | None
    ) -> None:
        if to is None:
            await super()._pass(reader, writer, to)
            return
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(5)
                body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
                if head[:1] != b"A":
                    writer.write(head + body)
                    await writer.drain()
        writer.close()


def test_notifications_that_do_not_arrive(dsn: str) -> None:
    relay = Deaf(dsn)
    try:
        assert "polling" in find(relay.dsn, "no-notifications", notification=0.5).message
    finally:
        relay.close()


@pytest.mark.slow
def test_a_standby(tmp_path: Path) -> None:
    settings = {"fsync": "off", "wal_level": "replica"}
    with embedded.start(tmp_path / "postgres", settings=settings) as server:
        migrate(server.dsn)
        execute(server.dsn, "CHECKPOINT")  # a standby replays no WAL from before wal_level
        data = server.folder / "data"
        (data / "standby.signal").touch(0o666)
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        until(lambda: "standby" in codes(report := examine(server.dsn, None)) and report)
        assert examine(server.dsn, None).unread == {}
