"""What `conduit-jobs` lets operators see: failures, metrics, scrapes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conduit_runtime import Job, Queue
from example_jobs import JOBS

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_HERE = Path(__file__).parent
_WORKER = ("worker", "example_jobs", "--services", "echo")
TYPE, QUEUE = JOBS[0].name, JOBS[0].queue


@pytest.fixture
def environment(dsn: str) -> dict[str, str]:
    return os.environ | {"CONDUIT_DATABASE_URL": dsn, "COLUMNS": "200"}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def call(*arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "conduit_runtime.cli", *arguments],
            cwd=_HERE,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with Queue(dsn) as queue:
        yield queue


def test_a_worker_tells_a_function_of_failed_jobs(run: Run, queue: Queue) -> None:
    job = queue.enqueue(Job(QUEUE, TYPE, {"odd": True}))
    done = run(*_WORKER, "--on-failed", "pager:page", "--drain")
    told = json.loads(done.stdout)
    assert (told["id"], told["type"]) == (str(job.id), TYPE)
    assert told["error"] in (queue.get(job.id) or job).error


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--on-failed", "pager:page_them"], 1, "pager has no 'page_them'"),
        (["--on-failed", "pager"], 1, "--on-failed takes module:object"),
        (["--on-failed", "pager:nobody"], 1, "None cannot be called"),
    ],
)
def test_mistakes_get_one_clear_message(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    assert message in run(*_WORKER, *arguments, code=code).stderr


def test_stats_tell_what_became_of_attempts(run: Run, queue: Queue) -> None:
    assert "No attempts in the last 1h" in run("jobs", "stats").stdout
    queue.enqueue_many([Job(QUEUE, TYPE, {"odd": True}) for _ in range(3)])
    run(*_WORKER, "--drain")
    told: dict[str, Any] = json.loads(run("jobs", "stats", "--format", "json").stdout)
    assert (told["failed"], told["pending"], told["last"]) == (3, 0, "1h")
    [row] = told["attempts"]
    assert (row["queue"], row["type"]) == (QUEUE, TYPE)
    assert (row["processed"], row["succeeded"], row["failed"], row["retried"]) == (3, 0, 3, 0)
    assert 0 < row["p50"] <= row["p95"] <= row["p99"] < 10
    assert 0 < row["wait_p50"] <= row["wait_p99"] < 100
    assert row["per_second"] == pytest.approx(3 / row["span"], rel=0.01)
    table = run("jobs", "stats", "--last", "1d", "--queue", QUEUE).stdout
    assert TYPE in table
    assert "wait p95" in table
    assert (
        json.loads(
            run("jobs", "stats", "--format", "json", "--type", "other", "--last", "15m").stdout
        )["attempts"]
        == []
    )
    run("jobs", "stats", "--last", "0s", code=2)
    run("jobs", "stats", "--last", "soon", code=2)
