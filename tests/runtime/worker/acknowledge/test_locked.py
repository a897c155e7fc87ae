"""Outcomes of jobs whose rows another transaction has locked."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool, chain
from conduit_runtime.postgres.backoff import Backoff
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.worker.acknowledge.acknowledger import Acknowledger
from conduit_runtime.worker.acknowledge.apart_writer import ApartWriter
from conduit_runtime.worker.job_database import JobDatabase
from pgbouncer import PROGRAM, pgbouncer
from timed import Timed
from waiting import until

LOST = "no longer held"


@pytest.fixture(params=["direct", "pooled"])
def worker_dsn(request: pytest.FixtureRequest, dsn: str) -> Iterator[str]:
    if request.param == "direct":
        yield dsn
        return
    if PROGRAM is None:
        pytest.skip("PgBouncer is not installed: apt install pgbouncer")
    with pgbouncer(dsn, 5) as pooled:
        yield pooled


class Blocked:
    """A pool that runs `job`, which ends when the test wants; another job waits for it."""

    def __init__(self, queue: Queue, dsn: str) -> None:
        self._queue = queue
        self._began, self._may_end = threading.Event(), threading.Event()
        self._client = Queue(dsn)
        self.pool = WorkerPool(self._client, workers=10)
        self.runs: list[object] = []
        self.pool.register("held", self._hold)
        self.pool.register("next", self._note)
        self.pool.register("plain", self._note)
        self.pool.register("failing", self._fail)
        flow = chain(Job(type="held"), Job(type="next"))
        queue.enqueue_flow(flow)
        self.job = flow.jobs[0]
        self.pool.start()
        assert self._began.wait(60)

    def end(self) -> None:
        self._may_end.set()

    def others(self, type_: str, status: str, count: int = 30) -> None:
        """Run other jobs, and wait until they end while the lock is held."""
        self._queue.enqueue_many([Job(type=type_, max_attempts=1) for _ in range(count)])
        until(lambda: len(self._queue.list(status=status, type=type_)) == count)

    def close(self) -> None:
        self._may_end.set()
        self.pool.stop(5)
        self._client.close()

    def _hold(self, context: JobContext, payload: object) -> None:
        self.runs.append(context.id)
        self._began.set()
        self._may_end.wait(300)

    def _note(self, context: JobContext, payload: object) -> None:
        self.runs.append(context.id)

    def _fail(self, context: JobContext, payload: object) -> None:
        raise ValueError("fails")


def status(queue: Queue, job: Job) -> str:
    stored = queue.get(job.id)
    assert stored is not None
    return stored.status.value


@pytest.mark.slow
@pytest.mark.parametrize("table", ["jobs", "conduit_blocked_jobs"])
def test_a_locked_job_holds_up_no_other(
    queue: Queue, dsn: str, worker_dsn: str, table: LiteralString, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = Blocked(queue, worker_dsn)
    try:
        with psycopg.connect(dsn) as other:
            other.execute(f"SELECT FROM {table} FOR UPDATE")
            blocked.end()
            blocked.others("plain", "completed")
            blocked.others("failing", "failed", 5)
            if table == "jobs":
                assert status(queue, blocked.job) == "running"
            else:  # a locked successor does not delay the outcome
                until(lambda: status(queue, blocked.job) == "completed")
        until(lambda: status(queue, blocked.job) == "completed")
        until(lambda: len(blocked.runs) == 32)
    finally:
        blocked.close()
    assert len(blocked.runs) == len(set(blocked.runs)) == 32
    assert LOST not in caplog.text


def test_what_was_locked_for_long_is_written_soon_after(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[BaseException] = []

    def next_delay(backoff: Backoff, error: BaseException) -> float:
        failures.append(error)
        return 60.0  # as after many failures

    monkeypatch.setattr(Backoff, "next_delay", next_delay)
    blocked = Blocked(queue, dsn)
    try:
        with psycopg.connect(dsn) as other:
            other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [blocked.job.id])
            blocked.end()
            until(lambda: failures)
        until(lambda: status(queue, blocked.job) == "completed", 30)
    finally:
        blocked.close()


def test_a_locked_table_splits_no_batch(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    tries: list[object] = []
    add, run = ApartWriter.add, JobDatabase.run

    def noted(writer: ApartWriter, attempts: Sequence[Attempt]) -> None:
        batches.append(len(attempts))
        add(writer, attempts)

    async def noted_run(database: JobDatabase, *arguments: Any) -> Any:
        tries.append(arguments)
        return await run(database, *arguments)

    def held(context: JobContext, payload: object) -> None:
        running.append(context.id)
        may_end.wait(300)

    monkeypatch.setattr(ApartWriter, "add", noted)
    monkeypatch.setattr(JobDatabase, "run", noted_run)
    running: list[UUID] = []
    may_end = threading.Event()
    queue.enqueue_many([Job(type="held") for _ in range(30)])
    pool = WorkerPool(queue, workers=30)
    pool.register("held", held)
    with pool:
        until(lambda: len(running) == 30)
        with psycopg.connect(dsn) as other:
            other.execute("LOCK TABLE jobs IN SHARE MODE")  # as CREATE INDEX does
            may_end.set()
            until(lambda: sum(batches) >= 30 and len(tries) > 2 * len(batches))
        until(lambda: queue.stats().completed == 30)
    assert sum(batches) == 30
    assert len(batches) < 10


def test_what_is_cancelled_meanwhile_stays_so(
    queue: Queue, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = Blocked(queue, dsn)
    try:
        with psycopg.connect(dsn) as other:
            queue.cancel(blocked.job.id, conn=other)
            blocked.end()
            blocked.others("plain", "completed")
        until(lambda: LOST in caplog.text)
    finally:
        blocked.close()
    assert status(queue, blocked.job) == "cancelled"
    assert f"1 job was {LOST}" in caplog.text


def test_a_job_that_is_lost_while_its_start_waits_for_a_lock_does_not_begin(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[bool] = []
    begin = ApartWriter.begin

    async def begin_locked(writer: ApartWriter, attempt: Attempt) -> bool:
        with psycopg.connect(dsn) as other:
            queue.cancel(attempt.job.id, conn=other)
            asked = asyncio.create_task(begin(writer, attempt))
            await asyncio.to_thread(until, lambda: is_waiting(dsn))
        answers.append(await asked)
        return answers[-1]

    monkeypatch.setattr(ApartWriter, "begin", begin_locked)
    ran: list[UUID] = []
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: ran.append(context.id))
    job = queue.enqueue(Job(type="t"))
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE jobs SET rescues = 1")
    pool.run(drain=True)
    assert (answers, ran, status(queue, job)) == ([False], [], "cancelled")


def is_waiting(dsn: str) -> bool:
    """Return whether a statement of this database waits for a row that another one has locked."""
    with psycopg.connect(dsn) as connection:
        [(waits,)] = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event = 'transactionid')"
        )
        return bool(waits)


def test_a_deferred_job_is_not_taken_for_a_lost_claim(
    queue: Queue, dsn: str, timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = Acknowledger.held_jobs

    async def held_jobs(
        acknowledger: Acknowledger, name: str, age: float | None
    ) -> set[tuple[UUID, UUID]]:
        asked.append(name)
        return await ask(acknowledger, name, age)

    monkeypatch.setattr(Acknowledger, "held_jobs", held_jobs)
    timed(watch=0.05, audit=0.05)
    blocked = Blocked(queue, dsn)
    try:
        with psycopg.connect(dsn, autocommit=True) as other:
            # The claim is old enough for an audit to check it.
            other.execute("UPDATE jobs SET locked_at = now() - interval '10 s'")
            with other.transaction():
                other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [blocked.job.id])
                blocked.end()
                blocked.others("plain", "completed", 1)
                asked.clear()
                until(lambda: len(asked) >= 3)
        until(lambda: status(queue, blocked.job) == "completed")
    finally:
        blocked.close()
    assert blocked.runs.count(blocked.job.id) == 1


@pytest.mark.slow
def test_a_stop_while_a_job_is_locked_writes_the_others(queue: Queue, dsn: str) -> None:
    blocked = Blocked(queue, dsn)
    try:
        with psycopg.connect(dsn) as other:
            other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [blocked.job.id])
            blocked.end()
            blocked.others("plain", "completed")
            blocked.pool.stop(1)
            assert queue.stats().running == 1
    finally:
        blocked.close()
