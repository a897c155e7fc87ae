"""What each change does to given jobs, and which of them it changes."""

import threading
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobContext, PayloadError, Queue, chain
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.host_settings import SETTINGS
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements.many import changes
from conduit_runtime.statements.many.changes import JobChange, change_jobs
from pools import NewPool
from waiting import until

HOUR = timedelta(hours=1)
STATUSES = ("pending", "running", "completed", "failed", "cancelled")


def change(dsn: str, what: JobChange, ids: list[UUID]) -> int:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        return run_steps(change_jobs(what, ids, what.refused()), partial(run, connection))


def execute(dsn: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(sql, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def one_of_each_status(queue: Queue, **options: Any) -> list[UUID]:
    """Insert a job of each status, in the order of STATUSES; return the ids."""
    jobs = queue.enqueue_many([Job(type="t", **options) for _ in STATUSES])
    for job, status in zip(jobs, STATUSES, strict=True):
        execute(queue.dsn, "UPDATE jobs SET status = %s WHERE id = %s", status, job.id)
    return [job.id for job in jobs]


def statuses(queue: Queue, ids: list[UUID]) -> list[str | None]:
    return [job and job.status.value for job in map(queue.get, ids)]


@pytest.mark.parametrize(
    ("what", "then"),
    [
        (changes.cancel(), ["cancelled", "cancelled", "completed", "failed", "cancelled"]),
        (changes.retry(), ["pending", "running", "completed", "pending", "pending"]),
        (changes.retry(["completed"]), ["pending", "running", "pending", "failed", "cancelled"]),
        (changes.delete(), ["pending", "running", None, None, None]),
    ],
)
def test_it_changes_jobs_of_its_statuses(
    queue: Queue, what: JobChange, then: list[str | None]
) -> None:
    ids = one_of_each_status(queue)
    other = queue.enqueue(Job(type="t"))
    before = statuses(queue, ids)
    assert change(queue.dsn, what, ids) == sum(
        one != two for one, two in zip(before, then, strict=True)
    )
    assert statuses(queue, ids) == then
    assert change(queue.dsn, what, ids) == 0 or what.query == "job/retry_many"
    assert statuses(queue, [other.id]) == ["pending"]


def test_pending_jobs_are_moved_and_given_a_priority(queue: Queue) -> None:
    ids = one_of_each_status(queue)
    assert change(queue.dsn, changes.move("other"), ids) == 1
    assert change(queue.dsn, changes.move("other"), ids) == 0
    assert change(queue.dsn, changes.prioritize(7), ids) == 1
    assert change(queue.dsn, changes.prioritize(7), ids) == 0
    found = execute(queue.dsn, "SELECT status, queue, priority FROM jobs WHERE queue = 'other'")
    assert found == [("pending", "other", 7)]
    assert execute(queue.dsn, "SELECT count(*) FROM jobs WHERE priority = 7") == [(1,)]


def test_jobs_for_later_are_made_due(queue: Queue) -> None:
    ids = one_of_each_status(queue, delay=HOUR)
    due = queue.enqueue(Job(type="t"))
    assert change(queue.dsn, changes.run_now(), [*ids, due.id]) == 1
    assert {job.id for job in queue.dequeue("w", limit=10)} == {ids[0], due.id}


def test_an_idle_worker_starts_what_is_moved_to_it_at_once(queue: Queue, new_pool: NewPool) -> None:
    started: list[UUID] = []
    pool = new_pool("served")

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        started.append(context.id)

    jobs = queue.enqueue_many([Job("nowhere", "t") for _ in range(3)])
    jobs += queue.enqueue_many([Job("served", "t", delay=HOUR)])
    with pool:
        assert change(queue.dsn, changes.move("served"), [job.id for job in jobs]) == 3
        until(lambda: len(started) == 3)
        assert change(queue.dsn, changes.run_now(), [jobs[3].id]) == 1
        until(lambda: len(started) == 4)


def test_a_job_that_another_waits_for_is_not_deleted(queue: Queue) -> None:
    first, last = queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))
    execute(queue.dsn, "UPDATE jobs SET status = 'failed' WHERE id = %s", first.id)
    assert change(queue.dsn, changes.delete(), [first.id]) == 0
    assert queue.get(first.id)
    assert queue.cancel(last.id)
    execute(queue.dsn, "DELETE FROM conduit_dependencies")
    assert change(queue.dsn, changes.delete(), [first.id]) == 1


def test_what_waits_for_a_cancelled_job_is_cancelled(queue: Queue) -> None:
    first, last = queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))
    assert change(queue.dsn, changes.cancel(), [first.id]) == 1
    assert statuses(queue, [first.id, last.id]) == ["cancelled"] * 2


def test_a_locked_job_is_waited_for(queue: Queue) -> None:
    jobs = queue.enqueue_many([Job(type="t") for _ in range(5)])
    counts: list[int] = []
    with psycopg.connect(queue.dsn) as other:
        other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (jobs[2].id,))
        ids = [job.id for job in jobs]
        working = threading.Thread(
            target=lambda: counts.append(change(queue.dsn, changes.move("b"), ids))
        )
        working.start()
        until(lambda: len(queue.list("b")) == 4)
        assert not counts
    working.join(60)
    assert counts == [5]


def test_a_job_that_postgres_refuses_to_change_stays(queue: Queue) -> None:
    jobs = queue.enqueue_many([Job(type="guarded" if n == 3 else "t") for n in range(9)])
    execute(queue.dsn, GUARD)
    assert change(queue.dsn, changes.move("b"), [job.id for job in jobs]) == 8
    assert [job.id for job in queue.list("default")] == [jobs[3].id]


GUARD = """
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
CREATE TRIGGER guard BEFORE UPDATE ON jobs FOR EACH ROW
WHEN (OLD.type = 'guarded') EXECUTE FUNCTION guard()
"""


def test_what_jobs_cannot_have_is_refused() -> None:
    for queue in ("", "x" * 201, "a\0b"):
        with pytest.raises(PayloadError, match="queue"):
            changes.move(queue)
    for priority in (-1, 101, 2.5, True):
        with pytest.raises(ValueError, match="0 to 100"):
            changes.prioritize(priority)  # type: ignore[arg-type]
