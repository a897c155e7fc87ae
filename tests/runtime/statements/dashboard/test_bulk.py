"""Changing all jobs that a filter finds."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, Queue
from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.host_settings import SETTINGS
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements.dashboard import audit, bulk
from conduit_runtime.statements.dashboard.bulk import change_matching
from conduit_runtime.statements.dashboard.reach import Reach
from conduit_runtime.statements.many import changes
from conduit_runtime.statements.many.changes import Changed


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        yield connection


SMALL = Reach(changed=7, scanned=10)


def test_it_changes_what_matches_and_nothing_else(
    queue: Queue, connection: psycopg.Connection[Any]
) -> None:
    queue.enqueue_many([Job(type="a" if n % 3 else "b", payload={"n": n % 2}) for n in range(60)])
    wanted = JobFilter(type="a", payload={"n": 1})
    steps = change_matching(changes.move("other"), wanted, reach=SMALL)
    assert run_steps(steps, partial(run, connection)) == 20
    found = queue.list("other")
    assert {(job.type, job.payload["n"]) for job in found} == {("a", 1)}
    assert queue.stats("default").pending == 40


def test_failed_jobs_are_each_retried_once(
    queue: Queue, connection: psycopg.Connection[Any]
) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(50)])
    connection.execute("UPDATE jobs SET status = 'failed', attempts = 3")
    steps = change_matching(changes.retry(), JobFilter(status="failed"), reach=SMALL)
    assert run_steps(steps, partial(run, connection)) == 50
    assert connection.execute("SELECT DISTINCT status, attempts FROM jobs").fetchall() == [
        ("pending", 0)
    ]


def test_jobs_that_are_enqueued_meanwhile_are_left(
    queue: Queue, connection: psycopg.Connection[Any]
) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(30)])

    def run_and_enqueue(statement: Statement[Any]) -> Any:
        found = run(connection, statement)
        if isinstance(found, Changed):
            queue.enqueue_many([Job(type="t") for _ in range(20)])
            connection.execute("INSERT INTO jobs (id, type) VALUES (gen_random_uuid(), 't')")
        return found

    steps = change_matching(changes.cancel(), JobFilter(type="t"), reach=SMALL)
    assert run_steps(steps, run_and_enqueue) == 30
    assert queue.stats().cancelled == 30


def test_a_change_of_no_job_of_the_filter_reads_nothing() -> None:
    with pytest.raises(StopIteration):
        next(change_matching(changes.cancel(), JobFilter(status="failed"), reach=SMALL))


def test_nothing_matches_in_an_empty_table(connection: psycopg.Connection[Any]) -> None:
    steps = change_matching(changes.delete(), JobFilter(), reach=SMALL)
    assert run_steps(steps, partial(run, connection)) == 0


def test_progress_is_counted_until_it_is_stopped(connection: psycopg.Connection[Any]) -> None:
    id = run(connection, audit.record("ada", "retry", {}, 0, total=9, state="running"))
    assert run(connection, bulk.progress(id, 3))
    assert run(connection, bulk.progress(id, 4))
    assert not run(connection, bulk.stop(id, "cancel"))
    assert run(connection, bulk.stop(id, "retry"))
    assert not run(connection, bulk.stop(id, "retry"))
    assert not run(connection, bulk.progress(id, 1))
    [entry] = run(connection, bulk.recent())
    assert (entry.count, entry.total, entry.state) == (7, 9, "stopping")
    run(connection, bulk.end(id, "done"))
    [entry] = run(connection, bulk.recent())
    assert (entry.state, entry.finished_at is not None) == ("stopped", True)


def test_one_whose_process_died_is_interrupted(connection: psycopg.Connection[Any]) -> None:
    id = run(connection, audit.record("ada", "retry", {}, 0, state="running"))
    run(connection, audit.record("ada", "pause", {}, 1))
    connection.execute(
        "UPDATE conduit_audit SET seen_at = now() - interval '3 minutes' WHERE id = %s", (id,)
    )
    [entry] = run(connection, bulk.recent())
    assert (entry.id, entry.state) == (id, "interrupted")
    connection.execute(
        "UPDATE conduit_audit SET seen_at = now() - interval '1 hour' WHERE id = %s", (id,)
    )
    assert run(connection, bulk.recent()) == []
