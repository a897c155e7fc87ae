"""A unique job is enqueued once, for as long as its key is held."""

import asyncio
import re
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Job, JobStatus, PayloadError, Queue
from conduit_runtime.postgres.tables.grants import grants
from conduit_runtime.statements.unique_keys import key_of
from unique_jobs import unique


def test_enqueue_returns_the_existing_job(queue: Queue) -> None:
    first = queue.enqueue(unique(payload="first"))
    second = queue.enqueue(unique(payload="second", priority=100))
    assert not first.duplicate
    assert second.duplicate
    assert (second.id, second.payload, second.priority) == (first.id, "first", 50)
    assert [job.id for job in queue.list()] == [first.id]


def test_another_value_or_type_is_another_key(queue: Queue) -> None:
    queue.enqueue_many([unique(1), unique("1"), unique((1,)), unique({"a": 1, "b": None})])
    assert not queue.enqueue(Job(type="u", unique=1)).duplicate
    assert queue.enqueue(unique({"b": None, "a": 1})).duplicate
    assert queue.stats().pending == 5


def test_no_value_is_no_key(queue: Queue) -> None:
    for key in (None, None, False, False):
        assert not queue.enqueue(unique(key)).duplicate
    assert queue.stats().pending == 4


def test_many_jobs_one_of_each_key(queue: Queue) -> None:
    jobs = [unique(n % 3, payload=n) for n in range(9)]
    jobs.insert(4, Job(type="t", payload="plain"))
    returned = queue.enqueue_many(jobs)
    assert [job.payload for job in returned] == [0, 1, 2, 0, "plain", 1, 2, 0, 1, 2]
    assert [job.duplicate for job in returned] == [False] * 3 + [True, False] + [True] * 5
    assert {job.id for job in returned} == {job.id for job in queue.list()}


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_the_key_is_free_when_its_job_ended(queue: Queue, dsn: str, status: str) -> None:
    first = queue.enqueue(unique())
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = %s", (status,))
    second = queue.enqueue(unique())
    assert not second.duplicate
    assert queue.enqueue(unique()).id == second.id
    # A retry by hand does not take the key back.
    assert queue.retry(first.id)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'pending', attempts = 0, run_at = now()")
    assert queue.enqueue(unique()).id == second.id


def test_a_job_that_runs_or_is_retried_holds_its_key(queue: Queue) -> None:
    first = queue.enqueue(unique())
    [held] = queue.dequeue("w")
    assert queue.enqueue(unique()).id == first.id
    queue.fail(held, "no")
    again = queue.enqueue(unique())
    assert (again.id, again.status, again.attempts) == (first.id, JobStatus.PENDING, 1)


def test_a_job_that_was_deleted_holds_no_key(queue: Queue, dsn: str) -> None:
    queue.enqueue(unique())
    with psycopg.connect(dsn) as conn:
        conn.execute("TRUNCATE jobs")
    assert not queue.enqueue(unique()).duplicate


def test_a_period_outlives_the_job(queue: Queue, dsn: str) -> None:
    day = timedelta(days=1)
    first = queue.enqueue(unique(unique_for=day))
    queue.complete(*queue.dequeue("w"))
    second = queue.enqueue(unique(unique_for=day))
    assert (second.id, second.status, second.duplicate) == (first.id, JobStatus.COMPLETED, True)
    with psycopg.connect(dsn) as conn:
        conn.execute("TRUNCATE jobs")
    gone = queue.enqueue(unique(unique_for=day))
    assert (gone.id, gone.duplicate) == (first.id, True)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE conduit_unique_keys SET expires_at = now()")
    third = queue.enqueue(unique(unique_for=day))
    assert not third.duplicate
    assert queue.enqueue(unique()).id == third.id


@pytest.mark.parametrize(
    "job",
    [
        Job(type="t", unique_for=timedelta(days=1)),
        Job(type="t", unique=1, unique_for=timedelta(0)),
        Job(type="t", unique=1, unique_for=timedelta.max),
        Job(type="t", unique=object()),
        Job(type="t", unique=["\0"]),
    ],
)
def test_what_cannot_be_a_key_is_refused_before_any_sql(queue: Queue, dsn: str, job: Job) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("SELECT 1")
        with pytest.raises(PayloadError, match="unique"):
            queue.enqueue(job, conn=conn)
        queue.enqueue(unique(), conn=conn)
    assert queue.stats().pending == 1


def test_keys_are_digests(queue: Queue, dsn: str) -> None:
    assert key_of("t", "x" * 10_000) != key_of("t", "x" * 10_001)
    assert key_of("t", {"a": 1, "b": 2}) == key_of("t", {"b": 2, "a": 1})
    assert key_of("t", 1) != key_of("other", 1)
    queue.enqueue(unique("card 4111 1111 1111 1111"))
    with psycopg.connect(dsn) as conn:
        [(key,)] = conn.execute("SELECT key FROM conduit_unique_keys").fetchall()
    assert re.fullmatch("[0-9a-f]{64}", key)


def test_a_role_that_may_only_enqueue(queue: Queue, dsn: str) -> None:
    role = f"enqueuer_{dsn.rpartition('conduit_')[2][:8]}"
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role}")
        try:
            for statement in grants(None, [role]):
                admin.execute(statement)
            with psycopg.connect(dsn) as conn:
                conn.execute(f"SET ROLE {role}")
                first = queue.enqueue(unique(), conn=conn)
                second = queue.enqueue(unique(payload="mine"), conn=conn)
                assert (second.id, second.duplicate) == (first.id, True)
        finally:
            admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert queue.stats().pending == 1


def test_a_schema_of_its_own(empty_dsn: str) -> None:
    from conduit_runtime import migrate

    migrate(empty_dsn, 'our "jobs"')
    with Queue(empty_dsn, 'our "jobs"') as queue:
        first = queue.enqueue(unique())
        assert queue.enqueue(unique()).id == first.id


def test_asynchronous_code(dsn: str) -> None:
    async def enqueue_twice() -> None:
        async with AsyncQueue(dsn) as queue:
            first = await queue.enqueue(unique(payload=1))
            second = await queue.enqueue(unique(payload=2))
            assert (second.id, second.payload, second.duplicate) == (first.id, 1, True)

    asyncio.run(enqueue_twice())
