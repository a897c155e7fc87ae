"""The count of a job's attempts does not depend on the server's clock, which is set back."""

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, Queue, WorkerPool
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import worker_registry


def set_back(dsn: str) -> None:
    """Change the rows as if the clock had been set back by an hour; make pending jobs due."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "UPDATE jobs SET started_at = started_at + interval '1 hour', "
            "locked_at = locked_at + interval '1 hour', "
            "run_at = CASE status WHEN 'pending' THEN now() ELSE run_at END"
        )


def test_a_job_that_fails_runs_as_often_as_it_may(queue: Queue, dsn: str) -> None:
    pool, runs = WorkerPool(queue), []

    @pool.handler("fail")
    async def fail(context: JobContext, payload: object) -> None:
        runs.append(context.attempt)
        raise LookupError

    job = queue.enqueue(Job(type="fail"))
    for _ in range(6):
        pool.run(drain=True)
        set_back(dsn)
    stored = queue.get(job.id)
    assert stored is not None
    assert (runs, stored.status, stored.attempts) == ([1, 2, 3], JobStatus.FAILED, 3)


@pytest.mark.parametrize(("starts", "attempts"), [(False, 1), (True, 2)])
def test_a_rescue_counts_the_start_of_its_claim(
    queue: Queue, dsn: str, starts: bool, attempts: int
) -> None:
    job = queue.enqueue(Job(type="t"))
    [held] = queue.dequeue("w")
    queue.fail(held, "once")
    set_back(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        if starts:
            assert queue.dequeue("w")
            connection.execute("UPDATE jobs SET leased_until = now() - interval '1 second'")
        else:  # the state after a worker's claim
            connection.execute(
                "UPDATE jobs SET status = 'running', locked_at = now(), locked_by = 'w', "
                "start_written = NULL"
            )
        [rescued] = run(connection, worker_registry.rescue_orphans())
    stored = queue.get(job.id)
    assert stored is not None
    assert (rescued.id, stored.attempts) == (job.id, attempts)
    assert len(stored.errors) == attempts
