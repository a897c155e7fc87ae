"""Behind a PgBouncer in transaction mode, where a client has a session for one transaction."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Job,
    JobContext,
    JobStatus,
    Queue,
    Schedule,
    WorkerPool,
    batch,
    chain,
    migrate,
)
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.statements import jobs as store
from example_app import SCHEMA, insert_order, ship
from example_jobs.order import after_create, after_update
from pgbouncer import PROGRAM, pgbouncer
from relay import Relay
from timed import Timed
from waiting import until
from worker_process import HISTORY

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="PgBouncer is not installed: apt install pgbouncer"
)
CONNECTIONS = 3
"""Fewer than there are clients, so that every transaction may find another session."""


@pytest.fixture
def strict(dsn: str) -> str:
    """A database whose transactions are read-only and serializable by default."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in ("read_only = on", "isolation = serializable"):
            connection.execute(
                f'ALTER DATABASE "{connection.info.dbname}" SET default_transaction_{setting}'
            )
    return dsn


@pytest.fixture
def pooled(dsn: str) -> Iterator[str]:
    with pgbouncer(dsn, CONNECTIONS) as pooled:
        yield pooled


def locks_of_sessions(dsn: str) -> list[Any]:
    """Return the advisory locks that sessions of the database hold."""
    with psycopg.connect(dsn, autocommit=True) as admin:
        return admin.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchall()


def sessions_of(pooled: str) -> set[Any]:
    """Borrow all sessions of the pooler at once; return the state that is left in them."""
    found: set[Any] = set()
    borrowed = [psycopg.connect(pooled, prepare_threshold=None) for _ in range(CONNECTIONS)]
    pids = set()
    for connection in borrowed:
        sql = (
            "SELECT pg_backend_pid(), (SELECT count(*) FROM pg_prepared_statements), "
            "(SELECT count(*) FROM pg_listening_channels()), "
            "(SELECT array_agg(name) FROM pg_settings "
            "WHERE source = 'session' AND name <> 'application_name')"
        )
        pid, *rest = connection.execute(sql, prepare=False).fetchall()[0]
        pids.add(pid)
        found.add(str(rest))
    for connection in borrowed:
        connection.close()
    assert len(pids) == CONNECTIONS
    return found


def test_everything_is_enqueued(pooled: str, queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    with Queue(pooled) as through:
        for n in range(20):
            through.enqueue(Job(type="one", payload=n))
        first = through.enqueue(Job(type="unique", unique=1))
        assert through.enqueue(Job(type="unique", unique=1)).id == first.id
        through.enqueue_many([Job(type="many") for _ in range(10)])
    for _ in range(10):  # psycopg prepares a statement that is sent a sixth time
        with psycopg.connect(pooled) as conn:
            for _ in range(3):
                order = insert_order(conn)
                after_create(conn, order)
                with batch(conn):
                    after_update(conn, ship(conn, order), order)
    assert queue.stats().pending == 31 + 30 * 4


def test_hooks_on_one_connection_that_is_kept(pooled: str, queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    # psycopg prepares a statement that is sent a sixth time, unless the application forbids it.
    with closing(psycopg.connect(pooled, prepare_threshold=None)) as conn:
        for _ in range(10):
            order = insert_order(conn)
            after_create(conn, order)
            with batch(conn):
                after_update(conn, ship(conn, order), order)
            conn.commit()
    assert queue.stats().pending == 40


def test_a_retry_goes_on_behind_finished_steps(pooled: str) -> None:
    made: list[int] = []
    with Queue(pooled) as through:
        pool = WorkerPool(through, workers=5)

        @pool.handler("t", base=timedelta(milliseconds=1))
        async def handle(job: JobContext, payload: int) -> None:
            for step in range(3):
                await job.step(f"step {step}", made.append, payload)
                if job.attempt == step + 1:
                    raise ValueError

        through.enqueue_many([Job(type="t", payload=n, max_attempts=4) for n in range(20)])
        with pool:
            until(lambda: through.stats().completed == 20)
    assert sorted(made) == sorted([*range(20)] * 3)


def test_jobs_wait_for_signals(pooled: str) -> None:
    got: list[int] = []
    with Queue(pooled) as through:
        pool = WorkerPool(through, workers=5)

        @pool.handler("t", max_attempts=1)
        async def handle(job: JobContext, payload: int) -> None:
            await job.sleep(0.1)
            got.append(await job.wait("go", timeout=timedelta(hours=1)))

        jobs = through.enqueue_many([Job(type="t") for _ in range(20)])
        with pool:
            for number, job in enumerate(jobs):
                with psycopg.connect(pooled) as sender:
                    assert through.signal(job.id, "go", number, conn=sender)
            until(lambda: through.stats().completed == 20)
    assert sorted(got) == [*range(20)]


async def _asynchronously(pooled: str) -> None:
    async with AsyncQueue(pooled) as queue:
        jobs = [queue.enqueue(Job(type="t", payload=n)) for n in range(30)]
        await asyncio.gather(*jobs)
        assert (await queue.stats()).pending == 30


def test_the_asynchronous_queue(pooled: str) -> None:
    asyncio.run(_asynchronously(pooled))


@pytest.mark.slow
def test_workers_poll_and_leave_nothing_in_the_sessions(
    pooled: str, queue: Queue, dsn: str
) -> None:
    before = sessions_of(pooled)
    with Queue(pooled) as through:
        pools = [
            WorkerPool(through, schedules=[Schedule.every(seconds=1, type="tick")])
            for _ in range(2)
        ]
        ticked = threading.Event()

        async def parent(context: JobContext, payload: object) -> None:
            context.enqueued.append(Job(type="child"))
            context.enqueued.append(Job(type="child", unique=str(context.id)))
            context.progress(1, 2)
            async with context.connection() as connection:
                await connection.execute("SELECT 1")

        async def fail(context: JobContext, payload: object) -> None:
            raise ValueError

        for pool in pools:
            pool.register("parent", parent)
            pool.register("child", lambda context, payload: None)
            pool.register("fail", fail)
            pool.register("tick", lambda context, payload: ticked.set())
            pool.start()
        try:
            for _ in range(10):
                through.enqueue_many([Job(type="parent"), Job(type="fail", max_attempts=1)])
                sofar = queue.stats().completed
                until(lambda sofar=sofar: queue.stats().completed >= sofar + 3)
            assert ticked.wait(60)
            until(lambda: queue.stats().failed == 10)
            assert locks_of_sessions(dsn) == []
        finally:
            for pool in pools:
                pool.stop()
    assert queue.queues()[0].workers == 0
    assert {job.attempts for job in queue.list(status="completed", limit=1000)} == {1}
    assert sessions_of(pooled) == before


async def _write_around_a_lock(pooled: str, job: Job, turns: int) -> None:
    relay = Relay(pooled)
    connection = ReconnectingConnection(relay.dsn, "conduit outcomes", lock_timeout="100ms")
    cancel = store.cancel_job(job.id)
    try:
        await connection.open()
        async with await psycopg.AsyncConnection.connect(pooled, prepare_threshold=None) as other:
            await other.set_read_only(False)
            await other.execute("SELECT FROM jobs FOR UPDATE")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await connection.run(cancel)
        before = relay.turns
        assert await connection.run(cancel)
        assert relay.turns - before == turns
        assert connection.generation == 1
    finally:
        await connection.close()
        await asyncio.to_thread(relay.close)


def test_outcomes_take_one_round_trip_with_their_lock_timeout(pooled: str, queue: Queue) -> None:
    job = queue.enqueue(Job(type="t"))
    asyncio.run(_write_around_a_lock(pooled, job, turns=1))
    assert queue.stats().cancelled == 1


def test_outcomes_that_choose_their_transaction_take_four(
    strict: str, pooled: str, queue: Queue
) -> None:
    job = queue.enqueue(Job(type="t"))
    asyncio.run(_write_around_a_lock(pooled, job, turns=4))
    assert queue.stats().cancelled == 1


@pytest.mark.slow
def test_the_dead_are_found_by_the_lease_alone(
    pooled: str, queue: Queue, dsn: str, timed: Timed
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(HISTORY)
    script = Path(__file__).parents[1] / "processes" / "worker_process.py"
    first = subprocess.Popen([sys.executable, script, pooled, "5"])
    try:
        job = queue.enqueue(Job(type="sleep", payload={"seconds": 600}))
        until(lambda: (queue.get(job.id) or job).attempts == 1)
    finally:
        first.kill()
        first.wait()
    timed(silence=0.0, lease=4.0)  # behind a pooler, only the lease means something
    ran = threading.Event()
    with Queue(pooled) as through:
        pool = WorkerPool(through)
        pool.register("sleep", lambda context, payload: ran.set())
        with pool:
            until(lambda: queue.queues()[0].workers == 2)
            assert not ran.wait(2)
            assert ran.wait(60)
    stored = queue.get(job.id)
    assert stored is not None
    assert (stored.status, stored.attempts) == (JobStatus.COMPLETED, 2)


def test_a_stopped_worker_releases_its_jobs_through_the_pooler(pooled: str, queue: Queue) -> None:
    running = threading.Event()
    with Queue(pooled) as through:
        pool = WorkerPool(through)

        @pool.handler("t")
        async def hang(context: JobContext, payload: object) -> None:
            running.set()
            await asyncio.Event().wait()

        job = through.enqueue(Job(type="t"))
        pool.start()
        assert running.wait(60)
        pool.stop(grace=0)
        assert through.purge(timedelta(0)) == 0
    stored = queue.get(job.id)
    assert stored is not None
    assert (stored.status, stored.attempts) == (JobStatus.PENDING, 0)


def test_pauses_limits_and_rates_hold(pooled: str, queue: Queue) -> None:
    queue.limit("mail", 2)
    queue.rate_limit("rare", 3, per=timedelta(hours=1))
    queue.pause("later")
    lock, now, most = threading.Lock(), 0, 0

    def work(context: JobContext, payload: object) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        context.raise_if_cancelled()
        with lock:
            now -= 1

    with Queue(pooled) as outside:
        outside.enqueue_many([Job("mail", "t") for _ in range(40)])
        outside.enqueue_many([Job("mail", "rare") for _ in range(10)])
        outside.enqueue(Job("later", "t"))
        pools = [WorkerPool(outside, ["mail", "later"]) for _ in range(2)]
        for pool in pools:
            pool.register("t", work)
            pool.register("rare", work)
            pool.start()
        try:
            until(lambda: queue.stats("mail").completed == 43)
            assert queue.stats("later").pending == 1
            outside.resume("later")
            until(lambda: queue.stats("later").completed == 1)
        finally:
            for pool in pools:
                pool.stop()
        assert most <= 2
        assert queue.stats("mail").pending == 7
        outside.rate_limit("rare", None)
        assert len(outside.dequeue("w", "mail", limit=9)) == 2


@pytest.mark.slow
def test_what_transactions_are_by_default_does_not_matter(
    strict: str, pooled: str, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(_asynchronously(pooled))
    assert queue.cancel_many(every=True) == 30
    queue.limit("default", 5)
    with Queue(pooled) as through:
        ticked = threading.Event()
        pool = WorkerPool(through, schedules=[Schedule.every(seconds=1, type="tick")])
        pool.register("tick", lambda context, payload: ticked.set())
        pool.register("child", lambda context, payload: None)

        @pool.handler("parent")
        async def parent(context: JobContext, payload: object) -> None:
            context.enqueued.append(Job(type="child", unique=str(context.id)))
            context.progress(1, 2)
            async with context.connection() as connection:
                cursor = await connection.execute("SHOW transaction_isolation")
                assert await cursor.fetchone() == ("read committed",)
                await connection.execute("CREATE TEMP TABLE written ON COMMIT DROP AS SELECT 1")

        @pool.handler("fail")
        async def fail(context: JobContext, payload: object) -> None:
            raise ValueError

        with pool:
            through.enqueue_many([Job(type="parent") for _ in range(20)])
            through.enqueue(Job(type="fail", max_attempts=1))
            through.enqueue_flow(chain(Job(type="child"), Job(type="child")))
            until(lambda: queue.stats().failed == 1)
            until(lambda: ticked.is_set() and queue.stats().completed >= 42)
            through.enqueue(Job("by hand", "t"))
            [held] = through.dequeue("w", "by hand")
            through.complete(held)
            assert through.cancel_many(queue="by hand") == 0
    messages = [record.getMessage() for record in caplog.records]
    assert [text for text in messages if "(fail) failed" not in text] == []


def test_a_migration_chooses_its_transactions(strict: str) -> None:
    with psycopg.connect(strict, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("CREATE SCHEMA other")
    assert migrate(strict, "other")


@pytest.mark.slow
def test_a_result_is_waited_for_without_notifications(strict: str, pooled: str) -> None:
    with Queue(pooled) as queue:
        pool = WorkerPool(queue)
        pool.register("double", lambda ctx, n: 2 * n, keep_result=timedelta(hours=1))
        with pool:
            for n in range(3):
                job = queue.enqueue(Job(type="double", payload=n))
                assert queue.result(job.id, timeout=60) == 2 * n
        assert queue._ends._is_pooled


def test_a_batch_runs_behind_a_pooler(strict: str, pooled: str) -> None:
    calls: list[int] = []
    with Queue(pooled) as queue:
        pool = WorkerPool(queue)
        pool.batch_handler("t", size=50)(lambda ctx, jobs: calls.append(len(jobs)))
        queue.enqueue_many([Job(type="t") for _ in range(120)])
        pool.run(drain=True)
        assert queue.stats().completed == sum(calls) == 120
