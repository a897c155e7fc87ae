"""How an idle worker learns of new jobs."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, Retry, WorkerPool
from conduit_runtime.workers.listener import POLL
from waiting import until


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with Queue(dsn) as queue:
        yield queue


class Beats:
    """A pool whose handler tells that it ran."""

    def __init__(self, queue: Queue, name: str | None = None) -> None:
        self.ran = threading.Event()
        self.pool = WorkerPool(queue, name)

        @self.pool.handler("t")
        async def work(context: JobContext, payload: object) -> None:
            self.ran.set()


def bells(dsn: str) -> int:
    """How many bells are held."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
            "AND mode = 'ExclusiveLock' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(count)


def test_a_commit_wakes_an_idle_worker(queue: Queue, dsn: str) -> None:
    beats = Beats(queue)
    with beats.pool:
        until(lambda: bells(dsn) == 1)
        quickest = POLL
        for _ in range(5):
            beats.ran.clear()
            began = time.monotonic()
            queue.enqueue(Job(type="t"))
            assert beats.ran.wait(10)
            quickest = min(quickest, time.monotonic() - began)
            until(lambda: bells(dsn) == 1)
    assert quickest < POLL / 2


def test_a_hand_typed_insert_rings_and_a_rolled_back_one_does_not(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as listener, psycopg.connect(dsn) as producer:
        [(channel, table, key)] = listener.execute(
            "SELECT concat('conduit_', 'jobs'::regclass::oid, '_', hashtext('default')), "
            "('jobs'::regclass::oid::bigint - 2147483648)::int, hashtext('default')"
        )
        listener.execute(f'LISTEN "{channel}"')

        def rung() -> int:
            """How often the bell rang since the last time."""
            with psycopg.connect(dsn, autocommit=True) as sender:
                sender.execute("SELECT pg_notify(%s, 'end')", (channel,))
            for heard, notification in enumerate(listener.notifies(timeout=10)):
                if notification.payload == "end":
                    return heard
            raise AssertionError("the notification got lost")

        producer.execute("INSERT INTO jobs (type) VALUES ('t')")
        producer.commit()
        assert rung() == 0, "nobody is idle"
        listener.execute("SELECT pg_advisory_lock(%s, %s)", (table, key))
        producer.execute("INSERT INTO jobs (type) VALUES ('t')")
        producer.rollback()
        producer.execute("INSERT INTO jobs (queue, type) VALUES ('another', 't')")
        producer.execute("INSERT INTO jobs (type, run_at) VALUES ('t', now() + interval '1 h')")
        producer.commit()
        assert rung() == 0
        producer.execute("INSERT INTO jobs (type) SELECT 't' FROM generate_series(1, 100)")
        producer.commit()
        assert rung() == 1
        producer.execute("SET LOCAL conduit.wake = 'off'")
        producer.execute("INSERT INTO jobs (type) VALUES ('t')")
        producer.commit()
        assert rung() == 0


def test_all_idle_workers_but_one_leave_the_bell_alone(queue: Queue, dsn: str) -> None:
    one, two = Beats(queue), Beats(queue)
    with one.pool, two.pool:
        until(lambda: bells(dsn) == 1)
        for _ in range(20):
            queue.enqueue(Job(type="t"))
        until(lambda: queue.stats().completed == 20)
        until(lambda: bells(dsn) == 1)


def test_each_queue_has_a_bell(queue: Queue, dsn: str) -> None:
    pool = WorkerPool(queue, ["a", "b", "c"])
    ran = threading.Event()
    pool.register("t", lambda context, payload: ran.set())
    with pool:
        until(lambda: bells(dsn) == 3)
        queue.enqueue(Job("b", "t"))
        assert ran.wait(10)


def test_a_short_delay_is_kept(queue: Queue, dsn: str) -> None:
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
    assert 0.25 < runs[1] - runs[0] < POLL


def test_a_hand_typed_retry_is_found_by_the_poll(queue: Queue, dsn: str) -> None:
    beats = Beats(queue)
    job = queue.enqueue(Job(type="t"))
    with beats.pool:
        until(lambda: queue.stats().completed == 1)
        beats.ran.clear()
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
                (job.id,),
            )
        assert beats.ran.wait(POLL + 8)
