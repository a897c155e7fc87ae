"""Limits on how many jobs of a queue run at once, over all workers."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, Queue, QueueError, WorkerPool
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.claims import BY_WORKERS
from conduit_runtime.statements.limits.limited_claims import Wanted, claim_within
from freed_slots import quickest_use
from pools import NewPool
from timed import Timed
from waiting import until

RACERS = 20


class Gauge:
    """Counts jobs that run at the same time, as their handlers see it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = self.most = self.done = 0

    def handler(self, seconds: float = 0.005) -> Callable[[JobContext, object], None]:
        def work(context: JobContext, payload: object) -> None:
            with self._lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(seconds)
            with self._lock:
                self.now -= 1
                self.done += 1

        return work


@pytest.mark.slow
def test_a_race_of_claimers_never_exceeds_the_limit(queue: Queue, dsn: str) -> None:
    """In each round, twenty claim at once, some in a transaction that stays open for a while."""
    queue.limit("mail", 5)
    barrier = threading.Barrier(RACERS)

    def racer(number: int) -> int:
        barrier.wait()
        with psycopg.connect(dsn, autocommit=True) as connection:
            if number % 2:
                return len(queue.dequeue(f"w{number}", "mail", limit=1 + number % 3))
            with connection.transaction():
                jobs = queue.dequeue(f"w{number}", "mail", limit=2, conn=connection)
                time.sleep(0.001)
            return len(jobs)

    with ThreadPoolExecutor(RACERS) as racers, psycopg.connect(dsn, autocommit=True) as admin:
        for _ in range(15):
            queue.enqueue_many([Job("mail", "t") for _ in range(60)])
            claimed = sum(racers.map(racer, range(RACERS)))
            assert claimed == 5
            assert queue.stats("mail").running == 5
            assert queue.dequeue("late", "mail", limit=10) == []
            admin.execute("TRUNCATE jobs")


def test_workers_keep_the_limit_and_use_it(queue: Queue, new_pool: NewPool) -> None:
    queue.limit("mail", 3)
    queue.enqueue_many([Job("mail", "t") for _ in range(150)])
    gauge = Gauge()
    pools = [new_pool("mail", workers=4) for _ in range(4)]
    for pool in pools:
        pool.register("t", gauge.handler())
        pool.start()
    try:
        until(lambda: gauge.done == 150)
    finally:
        for pool in pools:
            pool.stop()
    assert gauge.most == 3


def test_the_next_job_begins_when_one_has_ended_here(
    queue: Queue, new_pool: NewPool, timed: Timed
) -> None:
    timed(full=4.0)
    queue.limit("mail", 1)
    queue.enqueue_many([Job("mail", "t") for _ in range(30)])
    pool = new_pool("mail")
    pool.register("t", lambda context, payload: None)
    began = time.monotonic()
    pool.run(drain=True)
    assert queue.stats("mail").completed == 30
    assert time.monotonic() - began < 30 * 4.0 / 2


def test_other_queues_of_the_worker_are_not_held_up(queue: Queue, new_pool: NewPool) -> None:
    queue.limit("mail", 1)
    go, gauge = threading.Event(), Gauge()
    pool = new_pool(["mail", "free"], workers=10)
    pool.register("slow", lambda context, payload: go.wait(300))
    pool.register("t", gauge.handler(0.0))
    queue.enqueue_many([Job("mail", "slow") for _ in range(5)])
    with pool:
        until(lambda: queue.stats("mail").running == 1)
        queue.enqueue_many([Job("free", "t") for _ in range(1_000)])
        until(lambda: gauge.done == 1_000)
        assert queue.stats("mail").running == 1
        go.set()
        until(lambda: queue.stats("mail").completed == 5)


def test_a_queue_whose_own_slots_are_full_goes_on_when_a_job_ends(
    queue: Queue, new_pool: NewPool, timed: Timed
) -> None:
    """The other queue has a slot and no job."""
    timed(locked=600.0, poll=600.0)
    gauge = Gauge()
    pool = new_pool({"mail": 1, "free": 2})
    pool.register("t", gauge.handler(0.0))
    with pool:
        queue.enqueue_many([Job("free", "t") for _ in range(200)])
        until(lambda: gauge.done == 200)
    assert gauge.most == 2


def test_a_busy_queue_without_a_limit_does_not_starve_one_that_has_it(
    queue: Queue, new_pool: NewPool
) -> None:
    queue.limit("mail", 2)
    queue.enqueue_many([Job("free", "t", payload="free") for _ in range(20_000)])
    queue.enqueue_many([Job("mail", "t", payload="mail") for _ in range(20)])
    pool = new_pool(["free", "mail"])
    ran: list[object] = []

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        """Quick, so that the worker claims ahead all the time."""
        ran.append(payload)

    with pool:
        until(lambda: ran.count("mail") == 20)
        pool.stop(0)
    last = len(ran) - 1 - ran[::-1].index("mail")
    assert ran[:last].count("free") < 19_000


def test_a_limit_is_set_changed_and_lifted_while_workers_run(
    queue: Queue, new_pool: NewPool
) -> None:
    go = threading.Event()
    pool = new_pool("mail", workers=10)
    pool.register("t", lambda context, payload: go.wait(300))
    queue.limit("mail", 2)
    queue.enqueue_many([Job("mail", "t") for _ in range(30)])
    with pool:
        until(lambda: queue.stats("mail").running == 2)
        queue.limit("mail", 4)
        until(lambda: queue.stats("mail").running == 4)
        queue.limit("mail", None)
        until(lambda: queue.stats("mail").running == 10)
        queue.limit("mail", 1)
        go.set()
        until(lambda: queue.stats("mail").completed == 30)


@pytest.mark.slow
def test_a_slot_that_becomes_free_elsewhere_is_used_within_a_second(queue: Queue) -> None:
    queue.limit("mail", 1)
    assert quickest_use(queue, "mail", WorkerPool.timing.full + 0.5) < WorkerPool.timing.full + 0.5


@pytest.mark.slow
def test_waiting_for_a_slot_is_no_busy_polling(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    send = ReconnectingConnection.run

    async def counted(self: ReconnectingConnection, statement: object) -> object:
        sent.append(statement.sql())  # type: ignore[attr-defined]
        return await send(self, statement)  # type: ignore[arg-type]

    queue.limit("mail", 1)
    queue.enqueue_many([Job("mail", "t") for _ in range(5)])
    queue.dequeue("elsewhere", "mail")
    pool = WorkerPool(queue, "mail")
    pool.register("t", lambda context, payload: None)
    with pool:
        time.sleep(0.5)
        monkeypatch.setattr(ReconnectingConnection, "run", counted)
        time.sleep(2)
        monkeypatch.undo()
        for _ in range(50):
            queue.enqueue(Job("mail", "t"))
    assert len(sent) <= 5 * 2 / WorkerPool.timing.full


@pytest.mark.slow
def test_a_slot_that_a_dead_worker_held_becomes_free(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE history (job uuid, attempt int, pid int, what text)")
    queue.limit("default", 2)
    queue.enqueue_many([Job(type="sleep", payload={"seconds": 60}) for _ in range(6)])
    script = Path(__file__).parents[2] / "processes" / "worker_process.py"
    process = subprocess.Popen([sys.executable, str(script), dsn, "10"])
    try:
        until(lambda: queue.stats().running == 2)
    finally:
        process.kill()
        process.wait()
    gauge = Gauge()
    pool = new_pool()
    pool.register("sleep", gauge.handler())
    with pool:
        until(lambda: gauge.done == 6)
    assert gauge.most <= 2


def test_what_is_typed_by_hand_counts_as_it_is(queue: Queue, dsn: str) -> None:
    queue.limit("mail", 2)
    queue.enqueue_many([Job("mail", "t") for _ in range(4)])
    one, two = queue.dequeue("w", "mail", limit=4)
    assert queue.dequeue("w", "mail") == []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
            (one.id,),
        )
        assert len(queue.dequeue("w", "mail", limit=4)) == 1
        connection.execute("DELETE FROM jobs WHERE id = %s", (two.id,))
    assert len(queue.dequeue("w", "mail", limit=4)) == 1
    [cancelled, _] = queue.list("mail", "running")
    queue.cancel(cancelled.id)
    assert len(queue.dequeue("w", "mail", limit=4)) == 1
    assert queue.stats("mail").running == 2


@pytest.mark.slow
def test_a_frozen_claim_does_not_keep_the_limit_from_the_others(queue: Queue, dsn: str) -> None:
    """The frozen worker was stopped between the lock and the claim."""
    queue.limit("mail", 1)
    queue.enqueue_many([Job("mail", "t"), Job("free", "t")])
    gauge = Gauge()
    pool = WorkerPool(queue, ["mail", "free"])
    pool.register("t", gauge.handler(0.0))
    wanted = Wanted({"mail": 1}, [("t", "")], 1, ["mail"], [])
    locking = next(claim_within(BY_WORKERS, "w", wanted, waits=False))
    frozen = psycopg.connect(dsn)
    try:
        assert [row[:2] for row in run(frozen, locking)] == [("queue", "mail"), ("", "5s")]
        with pool:
            until(lambda: queue.stats("free").completed == 1)
            assert queue.stats("mail").pending == 1
            until(lambda: queue.stats("mail").completed == 1)
    finally:
        frozen.close()


def test_a_drain_waits_for_its_turn(queue: Queue) -> None:
    queue.limit("mail", 1)
    queue.enqueue_many([Job("mail", "t") for _ in range(3)])
    [job] = queue.dequeue("elsewhere", "mail")
    pool = WorkerPool(queue, "mail")
    pool.register("t", lambda context, payload: None)
    draining = threading.Thread(target=pool.run, kwargs={"drain": True})
    draining.start()
    draining.join(1.0)
    assert draining.is_alive()
    queue.complete(job)
    draining.join(60)
    assert queue.stats("mail").completed == 3


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_claim_that_could_not_see_the_others_is_refused(
    queue: Queue, dsn: str, isolation: str
) -> None:
    queue.limit("mail", 1)
    queue.enqueue_many([Job("mail", "t"), Job("free", "t")])
    with psycopg.connect(dsn) as connection:
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        with pytest.raises(QueueError, match="READ COMMITTED"):
            queue.dequeue("w", "mail", conn=connection)
        assert len(queue.dequeue("w", "free", conn=connection)) == 1


@pytest.mark.parametrize("concurrency", [0, -1, 2**31, True, "5"])
def test_a_limit_that_is_none_is_refused(queue: Queue, concurrency: int) -> None:
    with pytest.raises(ValueError, match="concurrency"):
        queue.limit("mail", concurrency)


def test_order_is_kept_within_the_limit(queue: Queue, new_pool: NewPool) -> None:
    queue.limit("mail", 1)
    ran: list[object] = []
    pool = new_pool("mail")
    pool.register("a", lambda context, payload: ran.append(payload))
    pool.register("b", lambda context, payload: ran.append(payload))
    queue.enqueue_many(
        [Job("mail", "ab"[n % 2], n, priority=90 - 10 * (n // 20)) for n in range(60)]
    )
    pool.run(drain=True)
    assert ran == list(range(60))
    assert queue.list("mail", JobStatus.PENDING) == []


def test_a_worker_without_limits_locks_none(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    send = ReconnectingConnection.run

    async def counted(self: ReconnectingConnection, statement: object) -> object:
        sent.append(statement.sql())  # type: ignore[attr-defined]
        return await send(self, statement)  # type: ignore[arg-type]

    monkeypatch.setattr(ReconnectingConnection, "run", counted)
    queue.limit("elsewhere", 1)
    queue.rate_limit("another", 1)
    queue.enqueue_many([Job(type="t") for _ in range(100)])
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    pool.run(drain=True)
    assert not any("'queue' AS kind" in each for each in sent)
    assert WorkerPool.timing.poll > WorkerPool.timing.full


def test_what_was_claimed_before_a_claim_that_fails_is_run(
    queue: Queue, timed: Timed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks between two claims of a turn: the first one counts."""
    send, failed = ReconnectingConnection.run, threading.Event()

    async def broken(self: ReconnectingConnection, statement: object) -> object:
        sql = statement.sql()  # type: ignore[attr-defined]
        rows = await send(self, statement)  # type: ignore[arg-type]
        if "RECURSIVE levels" in sql and not failed.is_set() and claimed(rows, "a"):
            failed.set()
            monkeypatch.setattr(ReconnectingConnection, "run", once_more)
        return rows

    async def once_more(self: ReconnectingConnection, statement: object) -> object:
        if "RECURSIVE levels" in statement.sql():  # type: ignore[attr-defined]
            monkeypatch.setattr(ReconnectingConnection, "run", send)
            await self.close()
            raise psycopg.OperationalError("the connection is lost")
        return await send(self, statement)  # type: ignore[arg-type]

    def claimed(rows: object, name: str) -> bool:
        return any(job.queue == name for job in rows)  # type: ignore[attr-defined]

    queue.limit("a", 1)
    queue.enqueue_many([Job("a", "t"), Job("b", "t")])
    pool = WorkerPool(queue, ["a", "b"])
    pool.register("t", lambda context, payload: None)
    monkeypatch.setattr(ReconnectingConnection, "run", broken)
    timed(audit=600.0)  # no audit finds the job
    with pool:
        until(lambda: queue.stats().completed == 2)
    assert failed.is_set()
