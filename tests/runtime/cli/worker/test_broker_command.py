"""`conduit-jobs worker --broker`: a worker without a database."""

import asyncio
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asynchronous import asynchronous
from command_line import Forks
from played_gateway import PlayedGateway, entry
from waiting import until

_MODULE = """
from dataclasses import dataclass
from typing import Any
from conduit_runtime import JobContext, job_type

@dataclass(frozen=True, slots=True)
class Nothing:
    pass

@job_type("greet", "")
async def greet(job: JobContext[Any], payload: Nothing) -> None:
    pass

@job_type("read", "")
async def read(job: JobContext[Any], payload: Nothing) -> None:
    async with job.connection() as connection:
        await connection.execute("SELECT 1")

JOBS = (greet, read)
SERVICES = {}
"""
_NOWHERE = dict.fromkeys(
    ("DATABASE_URL", "CONDUIT_DATABASE_URL"), "postgresql://user:hidden@127.0.0.1:1/nothing"
)
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a worker of a small package; its environment names a database that does not exist."""
    (tmp_path / "few_jobs.py").write_text(_MODULE)
    started: list[subprocess.Popen[str]] = []

    def call(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "conduit_runtime.cli", "worker", "few_jobs", *arguments]
        environment = {**os.environ, **_NOWHERE}
        log = (tmp_path / "log").open("w")
        started.append(
            subprocess.Popen(
                command, cwd=tmp_path, env=environment | variables, stderr=log, text=True
            )
        )
        return started[-1]

    yield call
    for process in started:
        process.terminate()
        assert process.wait(60) in {0, 1, 2}


@pytest.mark.slow
@asynchronous
async def test_it_needs_no_database_and_takes_none_from_the_environment(
    broker_url: str, start: Start, tmp_path: Path
) -> None:
    async with PlayedGateway(broker_url) as gateway:
        process = start("--drain", CONDUIT_BROKER_URL=broker_url)
        await gateway.until(lambda: gateway.hellos, 60)  # messages wait only 5 s for a worker
        await gateway.publish([entry()])
        await gateway.publish([entry()], type="read")
        await gateway.until(lambda: len(gateway.outcomes) == 2)
        ends = {each.type: each.outcome for each in gateway.outcomes}
        assert ends["greet"] is None
        assert "by --dsn" in (ends["read"].error or "")  # type: ignore[union-attr]
        assert await asyncio.to_thread(process.wait) == 0
    log = (tmp_path / "log").read_text()
    assert "jobs of read use the application's database" in log
    assert "loopback" not in log
    assert "hidden" not in log


@pytest.mark.slow
@asynchronous
async def test_a_dsn_is_the_database_of_the_jobs(
    broker_url: str, dsn: str, start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "broker"
    file.write_text(f"{broker_url}\n")
    async with PlayedGateway(broker_url) as gateway:
        start("--broker-file", str(file), "--dsn", dsn)
        await gateway.until(lambda: gateway.hellos, 60)
        await gateway.publish([entry()], type="read")
        await gateway.until(lambda: gateway.outcomes)
        assert gateway.outcomes[0].outcome is None


@pytest.mark.slow
@asynchronous
async def test_processes_and_ports(broker_url: str, start: Start, tmp_path: Path) -> None:
    def urls(path: str) -> list[str]:
        return re.findall(rf"http://\S+{path}(?=\s|$)", (tmp_path / "log").read_text())

    async with PlayedGateway(broker_url) as gateway:
        start(
            *("--broker", broker_url, "--processes", "2"),
            *("--health-port", "0", "--metrics-port", "0"),
        )
        await gateway.until(lambda: len({hello.pid for hello in gateway.hellos}) == 2, 60)
        await gateway.publish([entry()])
        await gateway.until(lambda: gateway.outcomes)
    until(lambda: len(urls("/ready")) == 2)
    texts = [
        urllib.request.urlopen(url).read().decode()  # noqa: ASYNC210  nothing else runs
        for url in urls("/metrics")
    ]
    [counted] = re.findall(r"conduit_job_attempts_total\{.*succeeded.*\} (\S+)", "".join(texts))
    assert counted == "1.0"
    assert "conduit_queue_due_jobs" not in "".join(texts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--schedules", "few_jobs:SERVICES"), "--schedules needs the database of the queue"),
        (("--keep-completed", "1d"), "--keep-completed needs the database of the queue"),
        (("--keep-failed", "1d"), "--keep-failed needs the database of the queue"),
        (("--schema", "other"), "--schema needs the database of the queue"),
        (("--services", "echo"), "add --yes"),
        (("--broker", "amqp://u:hidden@"), "the broker's url is not the address of a broker"),
        (("--broker-ca", "missing"), "does not exist"),
        (("--broker-ca", "few_jobs.py"), "use amqps://"),
        (("--broker", "amqp://h/v", "--broker-file", "few_jobs.py"), "both name a broker"),
        (("--broker", "amqp://u:hidden@127.0.0.1:1/v", "--connect-timeout", "0"), "refused"),
    ],
)
def test_what_it_refuses(
    forks: Forks, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "few_jobs.py").write_text(_MODULE)
    url = "amqp://u:hidden@127.0.0.1:1/v"
    environment = {**os.environ, **_NOWHERE, "CONDUIT_BROKER_URL": url}
    done = forks.run(["worker", "few_jobs", *arguments], cwd=tmp_path, env=environment)
    assert done.returncode in {1, 2}
    log = " ".join(done.stderr.split())
    assert message in log
    assert "Traceback" not in log
    assert "hidden" not in log
