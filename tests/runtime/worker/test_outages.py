"""Outages of the database: workers recover, hear of new jobs again, and log them once."""

import asyncio
import logging
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool, embedded, migrate
from conduit_runtime.postgres import timeout_connection as deadline
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from relay import Relay
from timed import Timed
from waiting import until


class Station:
    """A pool under test, which may connect by another way than `queue`, to which tests enqueue."""

    def __init__(self, queue: Queue, way: str, caplog: pytest.LogCaptureFixture) -> None:
        self.queue = queue
        self.pool = WorkerPool(Queue(way), workers=4)
        self.caplog = caplog
        self.done = threading.Event()

        @self.pool.handler("t")
        async def work(context: JobContext, payload: Any) -> None:
            if payload == "last":
                self.done.set()

    def works(self, seconds: float = 60) -> None:
        """Check that the pool runs a new job and all jobs enqueued before it."""
        self.done.clear()
        self.queue.enqueue(Job(type="t", payload="last", priority=0))
        assert self.done.wait(seconds)
        until(lambda: self.queue.stats().completed == self.queue.stats().total)

    def hears(self) -> None:
        """Check that the pool is notified of jobs, instead of finding them when it polls."""
        with pytest.MonkeyPatch.context() as patched:
            assert self.pool._lifecycle.worker is not None
            claimer = self.pool._lifecycle.worker.claimer
            patched.setattr(claimer, "_timing", replace(claimer._timing, poll=600.0))
            for _ in range(3):
                # Let the pool become idle: until then it polls all the time.
                time.sleep(0.2)
                self.works()

    def lines(self) -> list[str]:
        """Return the warnings and errors that the pool has logged."""
        return [
            record.getMessage()
            for record in self.caplog.records
            if record.name.startswith("conduit") and record.levelno >= logging.WARNING
        ]


def warned_once(station: Station) -> None:
    """Check that claims, outcomes and the heartbeat each log their trouble once at most."""
    subjects = [line.partition(":")[0] for line in station.lines()]
    assert subjects, "it has logged nothing at all"
    assert len(subjects) == len(set(subjects)) <= 3, station.lines()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a server that is silent for a second count as lost."""
    monkeypatch.setattr(deadline, "DEADLINE", 1.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.slow
def test_a_connection_that_falls_silent(
    queue: Queue, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    relay = Relay(dsn)
    try:
        station = Station(queue, make_conninfo(relay.dsn, connect_timeout=2), caplog)
        with station.pool:
            station.works()
            relay.fall_silent()
            queue.enqueue_many([Job(type="t") for _ in range(20)])
            # The claims, the outcomes and the heartbeat each notice the silence.
            before = relay.accepted
            until(lambda: relay.accepted >= before + 3)
            relay.speak()
            station.works()
            station.hears()
            until(lambda: queue.queues()[0].workers == 1)
            warned_once(station)
            assert any("did not respond within 1 s" in line for line in station.lines())
    finally:
        relay.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.slow
def test_a_worker_that_ends_meanwhile_says_what_it_could_not_write(
    queue: Queue,
    dsn: str,
    caplog: pytest.LogCaptureFixture,
    timed: Timed,
) -> None:
    timed(cancelling=0.3)
    relay = Relay(dsn)
    try:
        station = Station(queue, make_conninfo(relay.dsn, connect_timeout=2), caplog)
        started = threading.Event()

        @station.pool.handler("sleep")
        async def sleep(context: JobContext, payload: object) -> None:
            started.set()
            await asyncio.sleep(60)

        station.pool.start()
        queue.enqueue(Job(type="sleep"))
        assert started.wait(60)  # the worker, too, knows that the job runs
        relay.fall_silent()
        station.pool.stop(grace=0)
        written = [line for line in station.lines() if "could not write" in line]
        assert written == [
            "the worker could not write all outcomes before its end: jobs without one run again"
        ]
    finally:
        relay.close()


@pytest.mark.slow
def test_backends_that_are_terminated_again_and_again(
    queue: Queue, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    station = Station(queue, dsn, caplog)
    with station.pool, psycopg.connect(dsn, autocommit=True) as admin:
        station.works()
        for _ in range(40):
            queue.enqueue_many([Job(type="t") for _ in range(50)])
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "datname = current_database() AND application_name LIKE 'conduit %'"
            )
            time.sleep(0.05)
        station.works()
        station.hears()
        warned_once(station)
    assert queue.stats().completed == queue.stats().total


@pytest.mark.slow
def test_a_server_that_can_only_be_read_for_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a failover, the server comes back as a standby, and is promoted later."""
    settings = {"fsync": "off", "wal_level": "replica"}
    with embedded.start(tmp_path / "postgres", settings=settings) as server:
        migrate(server.dsn)
        with psycopg.connect(server.dsn, autocommit=True) as admin:
            admin.execute("CHECKPOINT")  # a standby replays no WAL from before wal_level
        queue = Queue(server.dsn)
        station = Station(queue, server.dsn, caplog)
        running, go_on = threading.Event(), threading.Event()

        @station.pool.handler("long")
        def long(context: JobContext, payload: object) -> None:
            running.set()
            go_on.wait(300)

        with station.pool:
            station.works()
            queue.enqueue(Job(type="long"))
            assert running.wait(60)
            data = server.folder / "data"
            postmaster = int((data / "postmaster.pid").read_text().split()[0])
            (data / "standby.signal").touch(0o666)
            os.kill(postmaster, signal.SIGQUIT)
            until(lambda: is_in_recovery(server.dsn) is True)
            go_on.set()
            until(lambda: any("outcomes cannot be written" in line for line in station.lines()))
            with psycopg.connect(server.dsn, autocommit=True) as admin:
                admin.execute("SELECT pg_promote()")
            until(lambda: is_in_recovery(server.dsn) is False)
            queue.close()
            queue = station.queue = Queue(server.dsn)
            station.works()
            station.hears()
            warned_once(station)
            # No worker was declared dead in that time.
            assert {job.attempts for job in queue.list()} == {1}
            assert queue.queues()[0].workers == 1
        queue.close()


def is_in_recovery(dsn: str) -> bool | None:
    try:
        with psycopg.connect(dsn) as connection:
            [(answer,)] = connection.execute("SELECT pg_is_in_recovery()").fetchall()
            return bool(answer)
    except psycopg.OperationalError:
        return None


@pytest.mark.slow
def test_a_disk_that_is_full_while_outcomes_are_written(
    queue: Queue, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A trigger raises the error code of a full disk, since no test may fill a disk."""
    station = Station(queue, dsn, caplog)
    with psycopg.connect(dsn, autocommit=True) as admin, station.pool:
        station.works()
        admin.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
            "'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        admin.execute(
            "CREATE TRIGGER full_disk BEFORE UPDATE ON jobs FOR EACH ROW "
            "WHEN (NEW.status = 'completed') EXECUTE FUNCTION full_disk()"
        )
        queue.enqueue_many([Job(type="t") for _ in range(20)])
        until(lambda: any("No space left" in line for line in station.lines()))
        time.sleep(2)  # long enough for a storm of log lines
        admin.execute("DROP TRIGGER full_disk ON jobs")
        station.works()
        station.hears()
        assert len(station.lines()) == 1, station.lines()
    assert {job.attempts for job in queue.list()} == {1}


HOSTILE = {
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "500ms",
    "transaction_timeout": "1s",
    "statement_timeout": "1s",
    "lock_timeout": "1s",
    "datestyle": "German",
    "timezone": "Asia/Kathmandu",
    "enable_indexscan": "off",
}


def test_settings_of_the_database_do_not_matter(
    queue: Queue, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = Identifier(str(conninfo_to_dict(dsn)["dbname"]))
    with psycopg.connect(dsn, autocommit=True) as admin:
        known = admin.execute("SELECT lower(name) FROM pg_settings").fetchall()
        hostile = {name: HOSTILE[name] for (name,) in known if name in HOSTILE}
        for setting, value in hostile.items():
            statement = SQL("ALTER DATABASE {} SET {} = {}")
            admin.execute(statement.format(name, Identifier(setting), value))
    station = Station(queue, dsn, caplog)
    seen: dict[str, str] = {}

    @station.pool.handler("look")
    async def look(context: JobContext, payload: object) -> None:
        async with context.connection() as connection:
            for setting in hostile:
                cursor = await connection.execute(f"SHOW {setting}")
                [(seen[setting],)] = await cursor.fetchall()

    with station.pool:
        queue.enqueue(Job(type="look"))
        for n in range(3):
            queue.enqueue_many([Job(type="t", unique=f"{n} {m}") for m in range(100)])
            station.works()
        station.hears()
    time.sleep(0.7)  # longer than a session may be idle
    assert queue.queues()[0].workers == 0
    assert station.lines() == []
    # A job's own connection keeps the settings that are the application's choice.
    timeouts = {setting: "0" for setting in hostile if setting.endswith("_timeout")}
    assert seen == hostile | timeouts | {
        "default_transaction_isolation": "read committed",
        "default_transaction_read_only": "off",
        "datestyle": "ISO, DMY",
    }


@pytest.mark.slow
def test_a_worker_waits_for_its_database_when_it_is_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with embedded.start(tmp_path / "postgres", settings={"fsync": "off"}) as server:
        migrate(server.dsn)
        with Queue(server.dsn) as queue:
            station = Station(queue, server.dsn, caplog)
            with station.pool:
                station.works()
                data = server.folder / "data"
                for _ in range(3):
                    postmaster = int((data / "postmaster.pid").read_text().split()[0])
                    os.kill(postmaster, signal.SIGQUIT)
                    until(lambda old=postmaster: is_another(server.dsn, data, old))
        with Queue(server.dsn) as station.queue, station.pool:
            station.works()
            station.hears()
            warned_once(station)


def is_another(dsn: str, data: Path, old: int) -> bool:
    """Return whether a server other than the old process runs."""
    try:
        now = int((data / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return False
    return now != old and is_in_recovery(dsn) is not None
