"""`conduit-jobs doctor`."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, Queue, Schedule, WorkerPool

Run = Callable[..., str]
_EXAMPLE = Path(__file__).parents[1] / "example"


@pytest.fixture
def run(dsn: str) -> Run:
    def call(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "conduit_runtime.cli", "doctor", *arguments],
            cwd=_EXAMPLE,
            env=os.environ | {"CONDUIT_DATABASE_URL": dsn},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout

    return call


def test_nothing_is_wrong(run: Run) -> None:
    assert run() == "no errors, no warnings\n"
    shown = json.loads(run("--format", "json"))
    assert shown["findings"] == shown["not_checked"] == []
    assert "tables" in shown["checked"]


@pytest.mark.slow
def test_an_error_says_what_where_and_what_to_do(run: Run, queue: Queue) -> None:
    queue.enqueue(Job("mail 2", "t", delay=timedelta(hours=-1)))
    text = run(code=1)
    assert "error[queue-without-worker]: no live worker serves the queue mail 2" in text
    assert "\n  where: queue mail 2\n" in text
    assert "\n  do: conduit-jobs worker PACKAGE --queue 'mail 2'\n" in text
    assert text.endswith("1 error, no warnings\n")
    [finding] = json.loads(run("--format", "json", code=1))["findings"]
    assert finding.keys() == {"code", "severity", "message", "where", "action", "about", "quoted"}
    assert (finding["code"], finding["severity"]) == ("queue-without-worker", "error")


def test_a_warning_is_no_failure(run: Run, queue: Queue) -> None:
    queue.enqueue(Job(type="t", delay=timedelta(hours=-1)))
    queue.pause("default")
    assert "warning[paused-queue]" in run()


@pytest.mark.slow
def test_a_package_is_looked_at(run: Run, queue: Queue, dsn: str) -> None:
    from example_jobs import JOBS

    queue.enqueue(Job(JOBS[0].queue, JOBS[0].name, {}, fingerprint="old"))
    run()
    assert "error[stranded-jobs]" in run("example_jobs", code=1)
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM jobs")
    shown = json.loads(run("./example_jobs", "--format", "json"))
    assert "package" in shown["checked"]
    run("no.such.package", code=1)


def test_no_database_is_a_finding(run: Run) -> None:
    dsn = "postgresql://x:hunter2@127.0.0.1:1/none"
    [finding] = json.loads(run("--dsn", dsn, "--format", "json", code=1))["findings"]
    assert finding["code"] == "no-connection"
    assert "hunter2" not in finding["message"]


def test_a_worker_warns_of_a_schedule_without_code(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    schedules = [Schedule.every(hours=1, type=type_) for type_ in ("known", "typo")]
    pool = WorkerPool(queue, schedules=schedules)
    pool.register("known", lambda context, payload: None)
    with pool:
        pass
    warnings = [each.getMessage() for each in caplog.records if "no code" in each.getMessage()]
    assert warnings == [
        "the schedule typo enqueues jobs of typo, and this worker has no code for them"
    ]
