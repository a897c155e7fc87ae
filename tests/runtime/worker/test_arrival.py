"""Workers that start before their database responds."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, MigrationError, Queue, WorkerPool
from conduit_runtime.worker.arrival import _FINAL
from psycopg.conninfo import make_conninfo
from relay import Relay
from waiting import until

_EXAMPLE = Path(__file__).parents[1] / "example"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a socket, whose path must be short."""
    with tempfile.TemporaryDirectory(prefix="conduit-") as folder:
        yield Path(folder)


@pytest.fixture
def absent(dsn: str, folder: Path) -> str:
    """The database, at a socket that does not exist yet."""
    return make_conninfo(dsn, host=str(folder), port=5432)


def test_a_database_that_comes_later_is_waited_for(
    dsn: str, absent: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pool = WorkerPool(Queue(absent))
    pool.register("t", lambda context, payload: None)
    starting = threading.Thread(target=pool.start)
    starting.start()
    until(lambda: "the database cannot be reached yet, trying again" in caplog.text)
    relay = Relay(dsn, folder)
    try:
        starting.join(60)
        with Queue(dsn) as queue:
            queue.enqueue(Job(type="t"))
            until(lambda: queue.stats().completed == 1)
        pool.stop()
    finally:
        relay.close()
    assert caplog.text.count("cannot be reached yet") == 1


def test_it_is_waited_for_no_longer_than_asked_for(absent: str) -> None:
    pool = WorkerPool(Queue(absent), connect_timeout=0.3)
    with pytest.raises(psycopg.OperationalError):
        pool.start()
    with pytest.raises(psycopg.OperationalError):
        pool.run()


def test_what_waiting_does_not_mend_is_an_error_at_once(
    dsn: str, empty_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("dbname", "user"):
        pool = WorkerPool(Queue(make_conninfo(dsn, **{name: "nobody_has_this"})))
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            pool.start()
    with pytest.raises(MigrationError, match="conduit-jobs migrate"):
        WorkerPool(Queue(empty_dsn)).start()
    assert "trying again" not in caplog.text


@pytest.mark.parametrize(
    ("text", "is_final"),
    [
        ('FATAL:  password authentication failed for user "web"', True),
        ("fe_sendauth: no password supplied", True),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "web"', True),
        ("server does not support SSL, but SSL was required", True),
        ('invalid integer value "x" for connection option "port"', True),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  sorry, too many clients already", False),
        ("connection refused\n\tIs the server running on that host?", False),
        ("[Errno -2] Name or service not known", False),
        ("connection timeout expired", False),
    ],
)
def test_what_is_final_is_told_by_the_words_of_the_server(text: str, is_final: bool) -> None:
    assert bool(_FINAL.search(text)) is is_final


def test_a_signal_ends_a_worker_that_waits(absent: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conduit_runtime.cli", "worker", "example_jobs"]
    with (tmp_path / "output").open("wb") as stderr:
        process = subprocess.Popen(
            [*command, "--services", "echo", "--yes", "--dsn", absent], cwd=_EXAMPLE, stderr=stderr
        )
    try:
        until(lambda: "cannot be reached yet" in (tmp_path / "output").read_text())
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def test_the_command_says_what_is_wrong_in_the_end(absent: str) -> None:
    command = [sys.executable, "-m", "conduit_runtime.cli", "worker", "example_jobs"]
    command += ["--services", "echo", "--yes", "--dsn", absent, "--connect-timeout", "0"]
    done = subprocess.run(
        command, cwd=_EXAMPLE, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the database cannot be used: ")
