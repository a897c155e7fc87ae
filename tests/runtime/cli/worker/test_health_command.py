"""`conduit-jobs worker --health-port`, and the messages of a worker to systemd."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from conduit_runtime import Job, Queue
from waiting import until

_EXAMPLE = Path(__file__).parents[2] / "example"
_ECHO = ("example_jobs", "--services", "echo", "--yes")
_BLOCKING = """
import time
from dataclasses import dataclass
from typing import Any
from conduit_runtime import job_type, JobContext

@dataclass(frozen=True, slots=True)
class Nothing:
    pass

@job_type("block", "0")
async def block(job: JobContext[Any], payload: Nothing) -> None:
    time.sleep(4)

JOBS = (block,)
SERVICES = {}
"""
Start = Callable[..., "Worker"]


class Worker:
    """A worker in its own process, and the lines that it wrote to stderr."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "conduit_runtime.cli", "worker", *arguments]
        self.process = psutil.Popen(
            command, cwd=_EXAMPLE, env=environment, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        self.lines.extend(iter(self.process.stderr.readline, ""))

    def urls(self, path: str, count: int = 1) -> list[str]:
        """Return the logged addresses that end in `path`, once there are `count`."""

        def found() -> list[str]:
            urls = re.findall(rf"http://\S+{path}(?=\s|$)", "".join(self.lines))
            return urls if len(urls) >= count else []

        return until(found)


@pytest.fixture
def start(dsn: str, tmp_path: Path) -> Iterator[Start]:
    started: list[Worker] = []

    def call(*arguments: str, **variables: str) -> Worker:
        environment = os.environ | {"CONDUIT_DATABASE_URL": dsn, "PYTHONPATH": str(tmp_path)}
        started.append(Worker(arguments, environment | variables))
        return started[-1]

    yield call
    for worker in started:
        children = worker.process.children() if worker.process.is_running() else []
        for process in [*children, worker.process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        worker.process.wait()
        print(*worker.lines, sep="")  # pytest shows it for a test that failed


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
def test_one_port_serves_probes_and_metrics(start: Start) -> None:
    options = ("--metrics-host", "127.0.0.1", "--health-host", "127.0.0.1")
    worker = start(*_ECHO, "--health-port", "0", "--metrics-port", "0", *options)
    [live], [ready], [metrics] = (worker.urls(path) for path in ("/live", "/ready", "/metrics"))
    assert live.removesuffix("/live") == metrics.removesuffix("/metrics")
    assert status(live) == 200
    until(lambda: status(ready) == 200)
    assert status(metrics) == 200
    assert status(live + "/x") == 404
    worker.process.terminate()
    assert worker.process.wait(60) == 0


@pytest.mark.slow
def test_each_process_has_probes_of_its_own(start: Start) -> None:
    worker = start(*_ECHO, "--health-port", "0", "--health-host", "127.0.0.1", "--processes", "2")
    urls = worker.urls("/ready", count=2)
    assert len(set(urls)) == 2
    for url in urls:
        until(lambda url=url: status(url) == 200)


def test_overlapping_ports_are_refused(start: Start) -> None:
    ports = ("--health-port", "31000", "--metrics-port", "31001")
    worker = start(*_ECHO, *ports, "--processes", "2")
    assert worker.process.wait(60) == 2
    until(lambda: "overlap" in "".join(worker.lines))


@pytest.mark.slow
def test_live_notices_a_job_that_blocks_the_loop(start: Start, dsn: str, tmp_path: Path) -> None:
    (tmp_path / "blocking").mkdir()
    (tmp_path / "blocking" / "__init__.py").write_text(_BLOCKING)
    options = ("--health-port", "0", "--health-host", "127.0.0.1", "--log-format", "json")
    worker = start("blocking", *options)
    [live] = worker.urls("/live")
    until(lambda: status(live) == 200)
    with Queue(dsn) as queue:
        job = queue.enqueue(Job(type="block"))
    until(lambda: status(live) == 503)
    until(lambda: status(live) == 200)

    def warned() -> list[dict[str, str]]:
        records = [json.loads(line) for line in worker.lines]
        return [each for each in records if "stack" in each]

    [record] = until(warned)
    assert record["job_id"] == str(job.id)
    assert "time.sleep(4)" in record["stack"]
    worker.process.terminate()
    assert worker.process.wait(60) == 0


@pytest.fixture
def manager(tmp_path: Path) -> Iterator["Manager"]:
    with Manager(str(tmp_path / "notify")) as manager:
        yield manager


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0"))
        self.messages: list[str] = []

    def __enter__(self) -> "Manager":
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                self.messages.append(self._socket.recv(4096).decode())
            except OSError:
                return


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_systemd_hears_when_it_is_ready_lives_and_stops(
    start: Start, manager: Manager, processes: str
) -> None:
    variables = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "4000000"}
    worker = start(*_ECHO, "--processes", processes, **variables)
    until(lambda: manager.messages[:1] == ["READY=1"])
    until(lambda: manager.messages.count("WATCHDOG=1") >= 3)
    worker.process.terminate()
    assert worker.process.wait(60) == 0
    until(lambda: "STOPPING=1" in manager.messages)
    assert manager.messages.count("READY=1") == 1


@pytest.mark.slow
def test_an_address_in_the_abstract_namespace(start: Start) -> None:
    with Manager(f"@conduit-{os.getpid()}") as manager:
        worker = start(*_ECHO, NOTIFY_SOCKET=manager.address)
        until(lambda: "READY=1" in manager.messages)
        assert "WATCHDOG=1" not in manager.messages
        worker.process.terminate()
        assert worker.process.wait(60) == 0


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_blocked_loop_sends_no_sign_of_life(
    start: Start, manager: Manager, dsn: str, tmp_path: Path, processes: str
) -> None:
    (tmp_path / "blocking").mkdir()
    text = _BLOCKING.replace("time.sleep(4)", "time.sleep(600)")
    (tmp_path / "blocking" / "__init__.py").write_text(text)
    variables = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "800000"}
    worker = start("blocking", "--processes", processes, **variables)
    until(lambda: manager.messages.count("WATCHDOG=1") >= 2)
    with Queue(dsn) as queue:
        queue.enqueue(Job(type="block"))
        until(lambda: queue.stats().running)

    def is_silent() -> bool:
        before = len(manager.messages)
        threading.Event().wait(2)
        return len(manager.messages) == before

    until(is_silent)
    for child in worker.process.children():
        child.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_log_lines_of_all_processes_are_json(start: Start) -> None:
    worker = start(*_ECHO, "--processes", "2", "--log-format", "json", "--log-level", "info")
    until(lambda: len(worker.process.children()) == 2 and len(worker.lines) >= 2)
    worker.process.children()[0].kill()
    until(lambda: "was killed by SIGKILL" in "".join(worker.lines))
    worker.process.terminate()
    assert worker.process.wait(60) == 0
    until(lambda: worker.lines and all(json.loads(line)["level"] for line in worker.lines))
