"""`conduit-jobs workers`, and what `jobs` shows of running and failed jobs."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from waiting import until

Run = Callable[..., str]


@pytest.fixture
def run(dsn: str) -> Run:
    def call(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "conduit_runtime.cli", *arguments],
            env=os.environ | {"CONDUIT_DATABASE_URL": dsn, "COLUMNS": "300"},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    return call


@pytest.fixture
def busy(queue: Queue) -> Iterator[Job]:
    """A job that a worker runs."""
    pool = WorkerPool(queue, ["default", "mail"])
    ending = threading.Event()

    @pool.handler("report")
    def report(context: JobContext, payload: object) -> None:
        ending.wait(300)

    with pool:
        job = queue.enqueue(Job(type="report"))
        until(lambda: [each for worker in queue.workers() for each in worker.running])
        yield job
        ending.set()


@pytest.mark.slow
def test_a_worker_is_listed_with_what_it_runs(run: Run, busy: Job, queue: Queue) -> None:
    [shown] = json.loads(run("workers", "list", "--format", "json"))
    [info] = queue.workers()
    assert (shown["name"], shown["host"], shown["pid"]) == (info.name, info.host, os.getpid())
    assert shown["version"]
    assert shown["queues"] == ["default", "mail"]
    assert 0 <= shown["heartbeat_age"] < 30
    assert shown["children"]["alive"] == 0
    [running] = shown["running"]
    assert (running["id"], running["type"], running["attempt"]) == (str(busy.id), "report", 1)
    assert 0.4 <= running["seconds"] < 60
    table = run("workers", "list")
    assert all(part in table for part in (info.name, "default, mail", f"report {busy.id}"))


@pytest.mark.slow
def test_no_worker_is_reported_in_words(run: Run) -> None:
    assert "no worker is registered" in run("workers", "list")
    assert json.loads(run("workers", "list", "--format", "json")) == []


def test_a_running_job_is_listed_with_its_start_and_its_worker(run: Run, busy: Job) -> None:
    [row] = json.loads(run("jobs", "list", "--format", "json"))
    assert row["started_at"]
    table = run("jobs", "list")
    assert row["locked_by"] in table
    assert row["started_at"].split(".")[0] in table


def test_a_traceback_is_shown_as_text(run: Run, queue: Queue) -> None:
    pool = WorkerPool(queue)

    @pool.handler("fails")
    def fails(context: JobContext, payload: dict[str, Any]) -> None:
        raise ValueError(f"of {payload['amount']}")

    job = queue.enqueue(Job(type="fails", payload={"amount": 7}, max_attempts=1))
    with pool:
        until(lambda: queue.stats().failed)
    shown = run("jobs", "show", str(job.id))
    assert "\\n" not in shown
    assert "attempt 1 at 20" in shown
    lines = [line.strip() for line in shown.splitlines()]
    assert "Traceback (most recent call last):" in " ".join(lines)
    assert '"amount": 7' in lines
    assert "ValueError: of 7" in lines
