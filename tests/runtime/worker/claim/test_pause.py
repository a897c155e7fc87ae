"""Queues that are paused and resumed."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from conduit_runtime.model.queues.controls import NOTICE
from conduit_runtime.worker.timing import Timing
from pools import NewPool
from waiting import until


class Stopper:
    """A pool whose jobs run until `go` is set; `started` has the payloads of those that began."""

    def __init__(
        self, new_pool: NewPool, queues: list[str] | None = None, workers: int = 10
    ) -> None:
        self.started: list[object] = []
        self.go = threading.Event()
        self.pool = new_pool(queues, workers=workers)

        @self.pool.handler("t")
        def work(context: JobContext, payload: object) -> None:
            self.started.append(payload)
            self.go.wait(300)


def idle_locks(dsn: str) -> int:
    """Return how many idle locks are held, one for each queue with a worker that waits."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
            "AND mode = 'ExclusiveLock' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(count)


def heard(dsn: str) -> None:
    """Wait until every worker has read the controls after this call."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        heartbeats = "SELECT array_agg(heartbeat ORDER BY name) FROM conduit_workers"
        [(before,)] = connection.execute(heartbeats)
        until(
            lambda: all(
                later > earlier + 1
                for earlier, later in zip(
                    before, connection.execute(heartbeats).fetchone()[0], strict=True
                )
            )
        )


def test_a_paused_queue_gives_no_jobs_until_it_is_resumed(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    stopper = Stopper(new_pool)
    with stopper.pool:
        queue.enqueue(Job(type="t", payload=1))
        until(lambda: stopper.started == [1])
        queue.pause("default")
        heard(dsn)
        queue.enqueue(Job(type="t", payload=2))
        assert queue.stats().running == 1
        stopper.go.set()
        until(lambda: queue.stats().completed == 1)
        heard(dsn)
        assert stopper.started == [1]
        assert queue.stats().pending == 1
        queue.resume("default")
        until(lambda: queue.stats().completed == 2, Timing().poll)


@pytest.mark.slow
def test_other_queues_go_on(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    stopper = Stopper(new_pool, ["a", "b"])
    stopper.go.set()
    queue.pause("a")
    with stopper.pool:
        queue.enqueue_many([Job("a", "t", 1), Job("b", "t", 2)])
        until(lambda: queue.stats("b").completed == 1)
        heard(dsn)
        assert queue.stats("a").pending == 1
        queue.resume("a")
        until(lambda: queue.stats("a").completed == 1)


@pytest.mark.slow
def test_an_idle_worker_hears_of_it_at_once(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    heartbeats = "SELECT coalesce(sum(heartbeat), 0) FROM conduit_workers"
    with Stopper(new_direct_pool).pool, psycopg.connect(dsn, autocommit=True) as connection:
        until(lambda: idle_locks(dsn) == 1)
        quickest = heartbeat = Timing().heartbeat
        for _ in range(6):
            [(before,)] = connection.execute(heartbeats)
            began = time.monotonic()
            queue.resume("default")
            queue.pause("default")
            until(lambda before=before: connection.execute(heartbeats).fetchone()[0] > before)
            quickest = min(quickest, time.monotonic() - began)
    assert quickest < heartbeat / 4


@pytest.mark.slow
def test_what_was_claimed_and_not_started_goes_back(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    stopper = Stopper(new_pool, workers=2)

    @stopper.pool.handler("quick")
    async def quick(context: JobContext, payload: object) -> None:
        """Many of these let the worker claim ahead."""

    queue.enqueue_many([Job(type="quick") for _ in range(5_000)])
    queue.enqueue_many([Job(type="t", payload=n, priority=0) for n in range(2_000)])
    with stopper.pool:
        until(lambda: len(stopper.started) == 2)
        queue.pause("default")
        until(lambda: queue.stats().running == 2)
        heard(dsn)
        assert queue.stats().running == 2
        waiting = queue.list(status="pending", limit=2_000)
        if new_pool.is_direct:
            assert len(waiting) == 1_998
        assert {job.attempts for job in waiting} == {0}
        stopper.go.set()
        until(lambda: queue.stats().running == 0)
    assert len(stopper.started) == 2


def test_it_goes_back_at_once(queue: Queue) -> None:
    async def scenario() -> None:
        left: list[int] = []
        released = asyncio.Event()
        pool = WorkerPool(queue, workers=1)

        @pool.handler("quick")
        async def quick(context: JobContext, payload: object) -> None:
            """Many of these let the worker claim ahead; here jobs wait behind this one."""
            worker = pool._lifecycle.worker
            if worker is not None and worker.runner.ready and not left:
                worker.claimer.on_changed()
                left.append(len(worker.runner.ready))
                released.set()

        async with pool:
            await asyncio.wait_for(released.wait(), 60)
        assert left == [0]

    queue.enqueue_many([Job(type="quick") for _ in range(7_000)])
    asyncio.run(scenario())
    assert queue.stats().running == 0


@pytest.mark.slow
def test_notices_without_end_keep_no_job_from_starting(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    stopper = Stopper(new_pool)
    stopper.go.set()
    ended = threading.Event()

    def send() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            [(channel,)] = connection.execute("SELECT 'conduit_' || 'jobs'::regclass::oid")
            while not ended.is_set():
                connection.execute("SELECT pg_notify(%s, %s)", (channel, NOTICE))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with stopper.pool:
            for _ in range(20):
                queue.enqueue_many([Job(type="t") for _ in range(50)])
            until(lambda: queue.stats().completed == 1_000)
    finally:
        ended.set()
        sender.join()


@contextmanager
def no_heartbeat(dsn: str) -> Iterator[None]:
    """Make heartbeats wait for a lock until the end of the block; claims go on."""
    with psycopg.connect(dsn) as connection:
        connection.execute("LOCK TABLE conduit_workers IN SHARE MODE")
        until(
            lambda: connection.execute(
                "SELECT count(*) FROM pg_locks WHERE relation = 'conduit_workers'::regclass "
                "AND NOT granted"
            ).fetchone()[0]
        )
        yield


@pytest.mark.parametrize("control", ["pause", "limit", "rate"])
def test_it_holds_while_no_heartbeat_can_be_written(
    queue: Queue, new_pool: NewPool, dsn: str, control: str
) -> None:
    stopper = Stopper(new_pool, ["a", "b"])
    passing = threading.Event()
    stopper.pool.register("passing", lambda context, payload: passing.set())
    with stopper.pool:
        until(lambda: queue.queues()[0].workers)
        with no_heartbeat(dsn):
            if control == "pause":
                queue.pause("a")
            elif control == "limit":
                queue.limit("a", 1)
            else:
                queue.rate_limit("t", 1, per=timedelta(hours=1))
            queue.enqueue_many([Job("a", "t") for _ in range(5)])
            for _ in range(3):  # later jobs are claimed
                passing.clear()
                queue.enqueue(Job("b", "passing"))
                assert passing.wait(60)
            assert len(stopper.started) == 0
        stopper.go.set()
        queue.resume("a")
        until(lambda: stopper.started)


def test_a_drain_ends_with_a_paused_queue(queue: Queue, new_pool: NewPool) -> None:
    stopper = Stopper(new_pool, ["a", "b"])
    stopper.go.set()
    queue.enqueue_many([Job("a", "t"), Job("b", "t")])
    queue.pause("a")
    stopper.pool.run(drain=True)
    assert (queue.stats("a").pending, queue.stats("b").completed) == (1, 1)
    queue.pause("b")
    stopper.pool.run(drain=True)
    queue.resume("a")
    stopper.pool.run(drain=True)
    assert queue.stats().completed == 2


@pytest.mark.slow
def test_a_paused_queue_costs_an_idle_worker_nothing_more(
    queue: Queue, new_direct_pool: NewPool, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from conduit_runtime.postgres.connection import ReconnectingConnection

    sent: list[str] = []
    run = ReconnectingConnection.run

    async def counted(self: ReconnectingConnection, statement: object) -> object:
        sent.append(statement.sql())  # type: ignore[attr-defined]
        return await run(self, statement)  # type: ignore[arg-type]

    queue.pause("default")
    queue.enqueue_many([Job(type="t") for _ in range(10)])
    with Stopper(new_direct_pool).pool:
        heard(dsn)
        monkeypatch.setattr(ReconnectingConnection, "run", counted)
        heard(dsn)
        heard(dsn)
        count = len(sent)
    assert count <= 8
