"""Which worker calls `on_failed`, and for which failed jobs."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Discard, FailedJob, Job, JobContext, Queue, Retry, WorkerPool
from conduit_runtime.postgres.execute import run
from conduit_runtime.services.loading import resolve
from conduit_runtime.statements import worker_registry
from example_jobs import JOBS
from pools import NewPool
from timed import Timed
from waiting import until
from worker_process import HISTORY

_PROCESSES = Path(__file__).parents[2] / "processes"


@pytest.fixture
def failures() -> list[FailedJob]:
    return []


@pytest.fixture
def pool(new_pool: NewPool, failures: list[FailedJob]) -> WorkerPool:
    pool = new_pool(on_failed=failures.append)

    @pool.handler("break")
    async def break_(context: JobContext, payload: object) -> None:
        raise LookupError("nothing there")

    return pool


def test_it_is_called_for_the_last_attempt_only(
    queue: Queue, pool: WorkerPool, failures: list[FailedJob]
) -> None:
    job = queue.enqueue(Job(type="break", payload={"n": 1}, max_attempts=2))
    pool.run(drain=True)
    assert failures == []
    make_due(queue)
    pool.run(drain=True)
    [failed] = failures
    assert (failed.id, failed.type, failed.queue) == (job.id, "break", "default")
    assert (failed.attempts, failed.max_attempts, failed.payload) == (2, 2, {"n": 1})
    assert failed.error == "LookupError: nothing there"
    assert failed.traceback is not None
    assert 'raise LookupError("nothing there")' in failed.traceback
    assert not failed.discarded


def test_a_retry_by_hand_that_fails_again_is_reported_again(
    queue: Queue, pool: WorkerPool, failures: list[FailedJob]
) -> None:
    job = queue.enqueue(Job(type="break", max_attempts=1))
    for _ in range(2):
        pool.run(drain=True)
        queue.retry(job.id)
    assert [failed.id for failed in failures] == [job.id, job.id]


def test_discarded_jobs_are_reported_and_unreadable_ones_are_not(
    queue: Queue, new_pool: NewPool, failures: list[FailedJob]
) -> None:
    queues = {"default"} | {job_type.queue for job_type in JOBS}
    pool = new_pool(queues, jobs=JOBS, services=resolve("echo", JOBS))

    @pool.on_failed
    async def note(failed: FailedJob) -> None:
        failures.append(failed)

    @pool.handler("give.up")
    async def give_up(context: JobContext, payload: object) -> None:
        raise Discard("of no use")

    discarded = queue.enqueue(Job(type="give.up"))
    odd = queue.enqueue(Job(type=JOBS[0].name, queue=JOBS[0].queue, payload={"odd": True}))
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(
            """INSERT INTO jobs (type, payload) VALUES ('give.up', '{"n": 1e400}')"""
        )
    pool.run(drain=True)
    by_id = {failed.id: failed for failed in failures}
    assert (by_id[discarded.id].error, by_id[discarded.id].discarded) == ("of no use", True)
    assert odd.id not in by_id
    assert len(failures) == 2
    assert queue.stats().unreadable == 1


@pytest.mark.parametrize("raised", [ValueError, SystemExit, StopIteration])
@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_what_it_raises_is_logged_and_harms_nothing(
    queue: Queue,
    pool: WorkerPool,
    raised: type[BaseException],
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[FailedJob] = []

    def plain(failed: FailedJob) -> None:
        calls.append(failed)
        raise raised

    async def coroutine(failed: FailedJob) -> None:
        plain(failed)

    pool.on_failed(plain if kind == "plain" else coroutine)
    jobs = queue.enqueue_many([Job(type="break", max_attempts=1) for _ in range(20)])
    pool.run(drain=True)
    assert {failed.id for failed in calls} == {job.id for job in jobs}
    assert len(calls) == len(jobs)
    assert queue.stats().failed == len(jobs)
    assert sum("on_failed failed for job" in record.message for record in caplog.records) == 20


def test_calls_that_hang_hold_up_no_outcome(queue: Queue, pool: WorkerPool) -> None:
    going = threading.Event()
    called: list[FailedJob] = []

    @pool.on_failed
    def hang(failed: FailedJob) -> None:
        called.append(failed)
        assert going.wait(60)

    queue.enqueue_many([Job(type="break", max_attempts=1) for _ in range(50)])
    with pool:
        until(lambda: queue.stats().failed == 50)
        assert len(called) < 50
        going.set()
        until(lambda: len(called) == 50)


def test_it_is_called_after_the_commit(queue: Queue, pool: WorkerPool) -> None:
    seen: list[str] = []

    @pool.on_failed
    def look(failed: FailedJob) -> None:
        job = queue.get(failed.id)
        assert job is not None
        seen.append(job.status)

    queue.enqueue(Job(type="break", max_attempts=1))
    pool.run(drain=True)
    assert seen == ["failed"]


def test_a_worker_that_lost_the_job_reports_nothing(
    queue: Queue, pool: WorkerPool, failures: list[FailedJob]
) -> None:
    @pool.handler("lose")
    def lose(context: JobContext, payload: object) -> None:
        queue.cancel(context.id)
        raise Discard

    lost = queue.enqueue_many([Job(type="lose") for _ in range(10)])
    failed = queue.enqueue_many([Job(type="break", max_attempts=1) for _ in range(10)])
    pool.run(drain=True)
    assert queue.stats().cancelled == len(lost)
    assert sorted(job.id for job in failures) == sorted(job.id for job in failed)


def test_a_failed_outcome_that_postgres_refuses_is_reported_once(
    queue: Queue, pool: WorkerPool, failures: list[FailedJob], dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "ALTER TABLE jobs ADD CHECK (status <> 'completed' OR type <> 'unwelcome')"
        )

    @pool.handler("unwelcome")
    async def succeed(context: JobContext, payload: object) -> None:
        """Do nothing."""

    queue.enqueue(Job(type="unwelcome"))
    pool.run(drain=True)
    [failed] = failures
    assert failed.error.startswith("Postgres refused the outcome")
    assert failed.traceback is None


@pytest.mark.slow
def test_the_rescuer_reports_a_job_that_kills_its_workers(
    queue: Queue, pool: WorkerPool, failures: list[FailedJob], dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(HISTORY)
    command = [sys.executable, _PROCESSES / "worker_process.py", dsn, "5"]
    with pool:  # has no handler of "die": the processes run it
        job = queue.enqueue(Job(type="die", payload={"n": 1}, max_attempts=1))
        # The first worker dies before it writes the start of the job, so there is a second run.
        for _ in range(2):
            assert subprocess.run(command, timeout=120, check=False).returncode == 9
        until(lambda: failures)
    [failed] = failures
    assert (failed.id, failed.attempts, failed.payload) == (job.id, 1, {"n": 1})
    assert failed.error.startswith("the worker died")
    assert failed.traceback is None


@pytest.fixture
def rescued(queue: Queue, new_pool: NewPool, dsn: str) -> Job:
    """A job that failed when its worker died; the worker that rescued it has no `on_failed`."""
    job = queue.enqueue(Job("mail", "die", payload={"n": 1}, max_attempts=1))
    assert queue.dequeue("w", "mail")
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE jobs SET leased_until = now()")
    silent = new_pool("mail")
    silent.register("other", print)
    silent.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status == "failed"
    return job


def test_a_worker_with_on_failed_reports_the_rescues_of_others(
    new_pool: NewPool, rescued: Job, failures: list[FailedJob]
) -> None:
    pools = [new_pool("mail", on_failed=failures.append) for _ in range(3)]
    for pool in pools:
        pool.start()
    try:
        until(lambda: failures)
    finally:
        for pool in pools:
            pool.stop()
    [failed] = failures
    assert (failed.id, failed.attempts, failed.payload) == (rescued.id, 1, {"n": 1})
    assert failed.error == "the worker died"
    new_pool("mail", on_failed=failures.append).run(drain=True)
    assert len(failures) == 1


def notices(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM conduit_failure_notices")
        return int(count)


@pytest.mark.slow
def test_another_reports_it_when_the_reporter_dies(
    new_pool: NewPool, rescued: Job, failures: list[FailedJob], dsn: str
) -> None:
    script = [sys.executable, _PROCESSES / "crash_in_on_failed.py", dsn, "mail"]
    assert subprocess.run(script, timeout=120, check=False).returncode == 3
    assert notices(dsn) == 1
    with new_pool("mail", on_failed=failures.append):
        until(lambda: failures)
        until(lambda: not notices(dsn))
    assert [failed.id for failed in failures] == [rescued.id]


def test_another_reports_it_when_the_reporter_stops_first(
    new_direct_pool: NewPool,
    rescued: Job,
    failures: list[FailedJob],
    dsn: str,
    timed: Timed,
) -> None:
    """A gateway counts a failure as reported once a worker has received it."""
    timed(cancelling=0.1)
    called = threading.Event()

    async def hang(failed: FailedJob) -> None:
        called.set()
        await asyncio.Event().wait()

    with new_direct_pool("mail", on_failed=hang):
        assert called.wait(60)
    new_direct_pool("mail", on_failed=failures.append).run(drain=True)
    assert [failed.id for failed in failures] == [rescued.id]
    assert not notices(dsn)


@pytest.mark.slow
@pytest.mark.usefixtures("short_intervals")
def test_a_job_that_is_rescued_again_while_it_is_reported_is_reported_again(
    queue: Queue, new_pool: NewPool, rescued: Job, failures: list[FailedJob], dsn: str
) -> None:
    called, go = threading.Event(), threading.Event()

    def report(failed: FailedJob) -> None:
        failures.append(failed)
        called.set()
        go.wait(300)

    with new_pool("mail", on_failed=report):
        assert called.wait(60)
        queue.retry(rescued.id)
        with psycopg.connect(dsn) as connection:  # as a rescue leaves it
            connection.execute("UPDATE jobs SET status = 'failed'")
            connection.execute("UPDATE conduit_failure_notices SET reporter = NULL")
        go.set()
        until(lambda: len(failures) == 2)
        until(lambda: not notices(dsn))


def test_workers_of_its_queue_come_first(
    new_pool: NewPool, rescued: Job, failures: list[FailedJob], dsn: str
) -> None:
    other = new_pool("reports", on_failed=failures.append)
    other.run(drain=True)
    assert failures == []
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE conduit_failure_notices SET since = now() - interval '61 s'")
    with other:
        until(lambda: failures)
    assert [failed.id for failed in failures] == [rescued.id]


def test_one_that_was_retried_meanwhile_has_not_failed(
    queue: Queue, new_pool: NewPool, rescued: Job, failures: list[FailedJob]
) -> None:
    queue.retry(rescued.id)
    new_pool("mail", on_failed=failures.append).run(drain=True)
    assert failures == []


def test_without_on_failed_no_notice_is_left_behind(rescued: Job, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        count = "SELECT count(*) FROM conduit_failure_notices"
        for age, left in (("23 hours", 1), ("25 hours", 0)):
            connection.execute(
                f"UPDATE conduit_failure_notices SET since = now() - interval '{age}'"
            )
            run(connection, worker_registry.sweep_failure_notices())
            assert connection.execute(count).fetchall() == [(left,)]


@pytest.mark.slow
def test_a_crash_between_the_commit_and_the_call_loses_the_call(
    queue: Queue, pool: WorkerPool, failures: list[FailedJob], dsn: str
) -> None:
    """Calls happen at most once: the job is stored as failed, and no later worker reports it."""
    job = queue.enqueue(Job(type="break", max_attempts=1))
    crashed = subprocess.run(
        [sys.executable, _PROCESSES / "crash_before_on_failed.py", dsn], timeout=120, check=False
    )
    assert crashed.returncode == 3
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status == "failed"
    assert failures == []


def test_a_stop_waits_for_calls(queue: Queue, pool: WorkerPool) -> None:
    ended: list[FailedJob] = []

    @pool.on_failed
    async def take_time(failed: FailedJob) -> None:
        await asyncio.sleep(0.3)
        ended.append(failed)

    queue.enqueue_many([Job(type="break", max_attempts=1) for _ in range(12)])
    pool.run(drain=True)
    assert len(ended) == 12


def test_a_retry_asked_for_on_the_last_attempt_is_reported(
    queue: Queue, pool: WorkerPool, failures: list[FailedJob]
) -> None:
    @pool.handler("ask")
    async def ask(context: JobContext, payload: object) -> None:
        raise Retry(after=0, reason="not yet")

    queue.enqueue(Job(type="ask", max_attempts=3))
    pool.run(drain=True)
    until(lambda: make_due(queue) or pool.run(drain=True) or failures)
    [failed] = failures
    assert (failed.attempts, failed.error) == (3, "not yet")


def make_due(queue: Queue) -> None:
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE jobs SET run_at = now() WHERE status = 'pending'")
