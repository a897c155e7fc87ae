"""How an idle worker learns of new jobs."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, Retry, WorkerPool
from conduit_runtime.model.job import new_id
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.postgres.statement import Statement, nothing
from conduit_runtime.statements import idle_lock, worker_registry
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from conduit_runtime.worker.timing import Timing
from locks import waits_for_a_lock
from psycopg.conninfo import make_conninfo
from timed import Timed
from waiting import until


class WakeablePool:
    """A pool whose handler notes that it ran."""

    def __init__(self, queue: Queue, name: str | None = None) -> None:
        self.ran = threading.Event()
        self.pool = WorkerPool(queue, name)

        @self.pool.handler("t")
        async def work(context: JobContext, payload: object) -> None:
            self.ran.set()


def idle_locks(dsn: str) -> int:
    """Return how many idle locks are held."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
            "AND mode = 'ExclusiveLock' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(count)


def test_a_commit_wakes_an_idle_worker(queue: Queue, dsn: str) -> None:
    wakeable = WakeablePool(queue)
    with wakeable.pool:
        until(lambda: idle_locks(dsn) == 1)
        quickest = poll = Timing().poll
        for _ in range(5):
            wakeable.ran.clear()
            began = time.monotonic()
            queue.enqueue(Job(type="t"))
            assert wakeable.ran.wait(60)
            quickest = min(quickest, time.monotonic() - began)
            until(lambda: idle_locks(dsn) == 1)
    assert quickest < poll / 2


class Idle:
    """Acts as an idle worker of the default queue: listens, and may hold the idle lock."""

    def __init__(self, dsn: str, connection: psycopg.Connection[Any]) -> None:
        self._dsn = dsn
        self._connection = connection
        [(self._channel, *self._key)] = connection.execute(
            "SELECT concat('conduit_', 'jobs'::regclass::oid, '_', hashtext('default')), "
            "('jobs'::regclass::oid::bigint - 2147483648)::int, hashtext('default')"
        )
        connection.execute(f'LISTEN "{self._channel}"')

    def take_idle_lock(self) -> bool:
        """Take the idle lock; False while a transaction that commits jobs holds it."""
        sql = "SELECT pg_try_advisory_lock(%s, %s)"
        return self._connection.execute(sql, self._key).fetchone() == (True,)

    def die(self) -> None:
        """Release the idle lock without a notice."""
        self._connection.execute("SELECT pg_advisory_unlock_all()")

    def begin_commit(self) -> None:
        """Hold the idle lock as a commit in progress does."""
        self._connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", self._key)

    def heard(self) -> list[str]:
        """Return the payloads of the notifications since the last call."""
        with psycopg.connect(self._dsn, autocommit=True) as sender:
            sender.execute("SELECT pg_notify(%s, 'end')", (self._channel,))
        payloads: list[str] = []
        for notification in self._connection.notifies(timeout=60):
            if notification.payload == "end":
                return payloads
            payloads.append(notification.payload)
        raise AssertionError("the notification got lost")


@pytest.fixture
def idle(dsn: str) -> Iterator[Idle]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield Idle(dsn, connection)


def test_a_hand_typed_insert_notifies_and_a_rolled_back_one_does_not(idle: Idle, dsn: str) -> None:
    with psycopg.connect(dsn) as producer:
        producer.execute("INSERT INTO jobs (type) VALUES ('t')")
        producer.commit()
        assert idle.heard() == [], "no worker is idle"
        assert idle.take_idle_lock()
        producer.execute("INSERT INTO jobs (type) VALUES ('t')")
        producer.rollback()
        producer.execute("INSERT INTO jobs (queue, type) VALUES ('another', 't')")
        producer.execute("INSERT INTO jobs (type, run_at) VALUES ('t', now() + interval '1 h')")
        producer.execute("INSERT INTO jobs (type, notifies) VALUES ('t', false)")
        producer.commit()
        assert idle.heard() == []
        producer.execute("INSERT INTO jobs (type) SELECT 't' FROM generate_series(1, 100)")
        producer.commit()
        assert idle.heard() == [""]
        producer.execute("INSERT INTO jobs (type, run_at) VALUES ('t', now() - interval '1 h')")
        producer.commit()
        assert idle.heard() == ["late"]
        producer.execute("SET LOCAL conduit.wake = 'off'")
        producer.execute("INSERT INTO jobs (type) VALUES ('t')")
        producer.commit()
        assert idle.heard() == []


@pytest.mark.parametrize("others", [[], [Job(type="t"), Job("another", "t")]])
def test_a_statement_that_is_a_transaction_notifies_by_itself(
    idle: Idle, queue: Queue, dsn: str, others: list[Job]
) -> None:
    def enqueue(job: Job) -> None:
        queue.enqueue_many([job, *(replace(other, id=new_id()) for other in others)])

    hour = timedelta(hours=1)
    with psycopg.connect(dsn) as reader:
        enqueue(Job(type="t"))
        notifies = reader.execute("SELECT notifies FROM jobs").fetchall()
        assert notifies == [(False,)] * (1 + len(others))
        assert idle.heard() == [], "no worker is idle"
    enqueue(Job(type="t", delay=-hour))
    assert idle.heard() == ["late"], "idle workers or not"
    assert idle.take_idle_lock()
    enqueue(Job(type="t"))
    assert idle.heard() == [""]
    queue.enqueue(Job("another", "t"))
    queue.enqueue(Job(type="t", delay=hour))
    queue.enqueue(Job(type="t", run_at=datetime.now(UTC) + hour))
    assert idle.heard() == []


def test_a_session_can_turn_notifications_off(idle: Idle, dsn: str) -> None:
    with Queue(make_conninfo(dsn, options="-c conduit.wake=off")) as quiet:
        assert idle.take_idle_lock()
        quiet.enqueue(Job(type="t"))
        quiet.enqueue_many([Job(type="t"), Job(type="t")])
    assert idle.heard() == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_longer_transaction_notifies_when_it_commits(
    idle: Idle, queue: Queue, dsn: str, count: int
) -> None:
    with psycopg.connect(dsn) as producer:
        queue.enqueue_many([Job(type="t") for _ in range(count)], conn=producer)
        # The transaction may take long: a worker without jobs can still take the idle lock.
        assert idle.take_idle_lock()
        assert idle.heard() == []
        producer.commit()
        assert idle.heard() == [""]


def test_what_is_announced_with_the_response_to_a_statement_wakes_as_well(
    queue: Queue, dsn: str, timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification comes while a worker, about to wait, asks when the next job is due."""
    timed(poll=600.0)
    run = ReconnectingConnection.run
    asks = idle_lock.poll(["default"], [], []).query
    is_armed = threading.Event()

    async def returned_late(connection: ReconnectingConnection, statement: Statement[Any]) -> Any:
        returned = await run(connection, statement)
        if statement.query == asks and is_armed.is_set():
            is_armed.clear()
            await asyncio.to_thread(queue.enqueue, Job(type="t"))
            # The notification comes before this statement ends; the driver reads both at once.
            await run(connection, Statement("SELECT pg_sleep(0.1)", {}, nothing))
        return returned

    monkeypatch.setattr(ReconnectingConnection, "run", returned_late)
    wakeable = WakeablePool(queue)
    with wakeable.pool:
        until(lambda: idle_locks(dsn) == 1)
        queue.enqueue(Job(type="t"))
        until(lambda: queue.stats().completed == 1)
        until(lambda: idle_locks(dsn) == 1)
        is_armed.set()
        queue.enqueue(Job(type="t"))
        until(lambda: queue.stats().completed == 3)


def test_few_jobs_alone_notify_at_once_and_many_at_the_commit(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for count, notifies in ((2_000, False), (2_001, True)):
            queue.enqueue_many([Job(type="t") for _ in range(count)])
            found = connection.execute("SELECT notifies, count(*) FROM jobs GROUP BY 1").fetchall()
            assert found == [(notifies, count)]
            connection.execute("TRUNCATE jobs")


def test_all_idle_workers_but_one_leave_the_idle_lock_alone(queue: Queue, dsn: str) -> None:
    one, two = WakeablePool(queue), WakeablePool(queue)
    with one.pool, two.pool:
        until(lambda: idle_locks(dsn) == 1)
        for _ in range(20):
            queue.enqueue(Job(type="t"))
        until(lambda: queue.stats().completed == 20)
        until(lambda: idle_locks(dsn) == 1)


def test_a_job_that_is_committed_while_another_commit_hangs_wakes_a_worker(
    queue: Queue, dsn: str, timed: Timed
) -> None:
    timed(commits=20.0)
    with psycopg.connect(dsn, autocommit=True) as connection:
        idle = Idle(dsn, connection)
        idle.begin_commit()
        wakeable = WakeablePool(queue)
        with wakeable.pool:
            until(lambda: waits_for_a_lock(dsn))
            queue.enqueue(Job(type="t"))
            assert idle.heard() == [""]
            idle.die()
            assert wakeable.ran.wait(60)


def test_a_commit_that_hangs_does_not_keep_a_worker_from_claiming(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        Idle(dsn, connection).begin_commit()
        wakeable = WakeablePool(queue)
        with wakeable.pool:
            until(lambda: waits_for_a_lock(dsn))
            queue.enqueue(Job(type="t"))
            assert wakeable.ran.wait(60)


def test_an_idle_worker_takes_the_idle_lock_of_one_that_died(
    queue: Queue, dsn: str, idle: Idle
) -> None:
    assert idle.take_idle_lock()
    wakeable = WakeablePool(queue)
    with wakeable.pool, psycopg.connect(dsn, autocommit=True) as observer:
        until(lambda: queue.workers())
        sql = "SELECT coalesce(max(heartbeat), 0) FROM conduit_workers"
        until(lambda: observer.execute(sql).fetchone() >= (3,))
        idle.die()
        until(lambda: idle_locks(dsn) == 1)


def test_each_queue_has_an_idle_lock(queue: Queue, dsn: str) -> None:
    pool = WorkerPool(queue, ["a", "b", "c"])
    ran = threading.Event()
    pool.register("t", lambda context, payload: ran.set())
    with pool:
        until(lambda: idle_locks(dsn) == 3)
        queue.enqueue(Job("b", "t"))
        assert ran.wait(60)


def test_a_short_delay_is_kept(queue: Queue, timed: Timed) -> None:
    timed(poll=600.0)
    pool = WorkerPool(queue)
    runs: list[float] = []

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        runs.append(time.monotonic())
        if len(runs) == 1:
            raise Retry(after=0.3)

    queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: len(runs) == 2)
    assert runs[1] - runs[0] > 0.25


def test_a_hand_typed_retry_is_found_by_the_poll(queue: Queue, dsn: str) -> None:
    wakeable = WakeablePool(queue)
    job = queue.enqueue(Job(type="t"))
    with wakeable.pool:
        until(lambda: queue.stats().completed == 1)
        wakeable.ran.clear()
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
                (job.id,),
            )
        assert wakeable.ran.wait(62)


@pytest.mark.slow
def test_a_flood_of_notifications_costs_few_claims(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[float] = []
    heartbeats: list[float] = []
    next_claim, heartbeat = ClaimMemory.next, worker_registry.heartbeat

    def counted_claim(*args: Any, **options: Any) -> Any:
        claims.append(time.monotonic())
        return next_claim(*args, **options)

    def counted_heartbeat(*args: Any) -> Any:
        heartbeats.append(time.monotonic())
        return heartbeat(*args)

    wakeable = WakeablePool(queue)
    with wakeable.pool, psycopg.connect(dsn, autocommit=True) as other:
        until(lambda: idle_locks(dsn) == 1)
        [(jobs,)] = other.execute("SELECT 'jobs'::regclass::oid").fetchall()
        [(queue_key,)] = other.execute("SELECT hashtext('default')").fetchall()
        monkeypatch.setattr(ClaimMemory, "next", counted_claim)
        monkeypatch.setattr(worker_registry, "heartbeat", counted_heartbeat)
        began = time.monotonic()
        for number in range(3_000):
            for payload in ("", "late", "control", f"{number}"):
                channel = f"conduit_{jobs}_{queue_key}" if number % 2 else f"conduit_{jobs}"
                other.execute("SELECT pg_notify(%s, %s)", (channel, payload))
        seconds = time.monotonic() - began
        assert len(claims) <= 60 + 60 * seconds
        assert len(heartbeats) <= 5 + 3 * seconds
        queue.enqueue(Job(type="t"))
        assert wakeable.ran.wait(60)
