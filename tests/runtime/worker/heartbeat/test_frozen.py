"""A worker freezes for longer than its lease, and wakes up when others have its jobs."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from frozen_worker import SCHEMA
from timed import Timed
from waiting import until

TYPES = ("complete", "fail", "hang")


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    with Queue(dsn) as queue:
        yield queue


@pytest.fixture
def frozen(queue: Queue, dsn: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker process that was stopped while it ran one job of each type."""
    script = Path(__file__).parents[2] / "processes" / "frozen_worker.py"
    process = subprocess.Popen(
        [sys.executable, script, dsn], stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        queue.enqueue_many([Job(type=type_) for type_ in TYPES])
        until(lambda: {job.attempts for job in queue.list()} == {1})
        until(lambda: len(notes(dsn, "began")) == len(TYPES))
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.communicate()


def notes(dsn: str, what: str) -> set[str]:
    """Return the types of the jobs that noted `what`."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT type FROM notes WHERE what = %s", (what,)).fetchall()
    return {type_ for (type_,) in rows}


def versions(dsn: str) -> list[Any]:
    """Return the jobs, each with the transaction that last wrote its row."""
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT xmin::text, * FROM jobs ORDER BY seq").fetchall()


def thaw(dsn: str, process: "subprocess.Popen[str]") -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO thawed VALUES (1)")
    process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_it_writes_nothing_about_jobs_that_others_have_ended(
    frozen: "subprocess.Popen[str]", queue: Queue, dsn: str, timed: Timed
) -> None:
    timed(lease=3.0)
    pool = WorkerPool(queue)

    async def work(context: JobContext[Any], payload: object) -> None: ...

    for type_ in TYPES:
        pool.register(type_, work)
    with pool:
        # The session of the frozen worker keeps its lock, so only the lease counts.
        until(lambda: queue.stats().completed == len(TYPES))
    assert {job.attempts for job in queue.list()} == {2}
    before = versions(dsn)
    thaw(dsn, frozen)
    until(lambda: notes(dsn, "woke") == set(TYPES))
    # The worker learns that it was declared dead, takes another name, and works again.
    until(lambda: queue.queues()[0].workers == 1)
    again = queue.enqueue(Job(type="complete"))
    until(lambda: (queue.get(again.id) or again).status == "completed")
    # A graceful stop releases its jobs, but not the job that hangs.
    frozen.send_signal(signal.SIGTERM)
    _, output = frozen.communicate(timeout=120)
    assert frozen.returncode == 0
    assert "was declared dead" in output
    assert "Traceback" not in output
    assert versions(dsn)[: len(TYPES)] == before
    assert queue.stats("children").total == 1, "only of the job that it ran at last"


@pytest.mark.slow
def test_it_writes_nothing_about_jobs_that_others_run(
    frozen: "subprocess.Popen[str]", queue: Queue, dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        # The state after a rescue and another worker's claim.
        connection.execute("DELETE FROM conduit_workers")
        connection.execute(
            "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
            "VALUES ('other', 1, 'h', 1, '{other}', '[]')"
        )
        connection.execute("UPDATE jobs SET token = gen_random_uuid(), locked_by = 'other'")
    before = versions(dsn)
    thaw(dsn, frozen)
    until(lambda: notes(dsn, "woke") == set(TYPES))
    frozen.send_signal(signal.SIGTERM)
    _, output = frozen.communicate(timeout=120)
    assert frozen.returncode == 0
    assert "Traceback" not in output
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM conduit_workers WHERE name <> 'other'")
    assert versions(dsn) == before
    assert queue.stats("children").total == 0
