"""`conduit-jobs gateway`: what it needs, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conduit_runtime import Broker, Job, JobContext, Queue, WorkerPool
from waiting import until

COMMAND = [sys.executable, "-m", "conduit_runtime.cli", "gateway"]


def _refused(*arguments: str, **environment: str) -> tuple[int, str]:
    """Return the exit code and the output of a command that cannot start."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_it_needs_a_broker(dsn: str) -> None:
    code, printed = _refused("--dsn", dsn)
    assert code == 2
    assert "no broker is named: give --broker URL, --broker-file or CONDUIT_BROKER_URL" in printed


@pytest.mark.slow
@pytest.mark.parametrize("url", ["http://localhost", "amqp://user:swordfish@"])
def test_it_says_what_is_wrong_with_an_address(dsn: str, url: str) -> None:
    code, printed = _refused("--dsn", dsn, "--broker", url)
    assert code == 2
    assert "swordfish" not in printed


@pytest.mark.slow
def test_a_broker_that_cannot_be_reached_is_named_without_its_password(dsn: str) -> None:
    url = "amqp://user:swordfish@127.0.0.1:1/jobs"
    code, printed = _refused("--dsn", dsn, "--connect-timeout", "0", CONDUIT_BROKER_URL=url)
    assert code == 1
    assert "the broker amqp://127.0.0.1:1/jobs cannot be reached" in printed
    assert "swordfish" not in printed


@pytest.mark.slow
def test_it_publishes_until_it_is_stopped(
    queue: Queue, dsn: str, broker_url: str, tmp_path: Path
) -> None:
    address = tmp_path / "broker"
    address.write_text(f"{broker_url}\n")
    pool = WorkerPool(Broker(broker_url))

    @pool.handler("t")
    async def handle(context: JobContext, payload: object) -> None:
        pass

    arguments = ("--dsn", dsn, "--broker-file", str(address), "--queue", "default=3")
    with subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, text=True) as gateway:
        try:
            with pool:
                job = queue.enqueue(Job(type="t"))
                until(lambda: (stored := queue.get(job.id)) and stored.status == "completed")
            gateway.send_signal(signal.SIGTERM)
            _, printed = gateway.communicate(timeout=60)
        finally:
            gateway.kill()
    assert gateway.returncode == 0, printed
    assert queue.workers() == []
    assert "Traceback" not in printed
    assert "loopback" not in printed
