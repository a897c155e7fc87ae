"""Limits on how many jobs of a type run at once, over all workers."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, QueueError, WorkerPool
from freed_slots import quickest_use
from pools import NewPool
from timed import Timed
from waiting import until

RACERS = 20


class Gauge:
    """Counts jobs that run at the same time, as their handlers see it."""

    def __init__(self, seconds: float = 0.005) -> None:
        self._lock = threading.Lock()
        self._seconds = seconds
        self.now = self.most = self.done = 0

    def work(self, context: JobContext, payload: object) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self._seconds)
        with self._lock:
            self.now -= 1
            self.done += 1


@contextmanager
def running(pools: Sequence[WorkerPool]) -> Iterator[None]:
    try:
        for pool in pools:
            pool.start()
        yield
    finally:
        for pool in pools:
            pool.stop()


@pytest.mark.slow
def test_a_race_of_claimers_never_exceeds_the_limit(queue: Queue, dsn: str) -> None:
    """In each round, twenty claim at once from two queues, some in a transaction that lasts."""
    queue.limit_type("t", 5)
    barrier = threading.Barrier(RACERS)

    def racer(number: int) -> int:
        name = "ab"[number % 2]
        barrier.wait()
        with psycopg.connect(dsn, autocommit=True) as connection:
            if number % 3:
                return len(queue.dequeue(f"w{number}", name, limit=1 + number % 4))
            with connection.transaction():
                jobs = queue.dequeue(f"w{number}", name, limit=2, conn=connection)
                time.sleep(0.001)
            return len(jobs)

    with ThreadPoolExecutor(RACERS) as racers, psycopg.connect(dsn, autocommit=True) as admin:
        for _ in range(15):
            queue.enqueue_many([Job("ab"[n % 2], "t") for n in range(60)])
            assert sum(racers.map(racer, range(RACERS))) == 5
            assert len(queue.list(status="running")) == 5
            assert queue.dequeue("late", "a", limit=10) == []
            admin.execute("TRUNCATE jobs")


@pytest.mark.slow
def test_workers_keep_the_limit_and_use_it(queue: Queue, new_pool: NewPool) -> None:
    queue.limit_type("t", 3)
    queue.enqueue_many([Job("ab"[n % 2], "t") for n in range(150)])
    gauge = Gauge()
    pools = [new_pool(["a", "b"], workers=4) for _ in range(4)]
    for pool in pools:
        pool.register("t", gauge.work)
    with running(pools):
        until(lambda: gauge.done == 150)
    assert gauge.most == 3


@pytest.mark.slow
def test_limits_of_a_queue_and_a_type_and_a_rate_hold_together(
    queue: Queue, new_pool: NewPool
) -> None:
    queue.limit("mail", 4)
    queue.limit_type("t", 2)
    queue.limit_type("u", 3)
    queue.rate_limit("t", 20)
    gauges = {"t": Gauge(), "u": Gauge(), "v": Gauge()}
    every = Gauge()

    def handler(type_: str) -> Callable[[JobContext, object], None]:
        def work(context: JobContext, payload: object) -> None:
            if type_ != "v":
                every.work(context, payload)
            gauges[type_].work(context, payload)

        return work

    pools = [new_pool(["mail", "free"]) for _ in range(3)]
    for pool in pools:
        for type_ in gauges:
            pool.register(type_, handler(type_))
    queue.enqueue_many([Job("mail", "tu"[n % 2]) for n in range(60)])
    queue.enqueue_many([Job("free", "v") for n in range(60)])
    began = time.monotonic()
    with running(pools):
        until(lambda: all(each.done >= 30 for each in gauges.values()))
    assert gauges["t"].most <= 2
    assert gauges["u"].most <= 3
    assert every.most <= 4
    assert time.monotonic() - began > 1, "the rate"


def test_the_next_job_begins_when_one_has_ended_here(
    queue: Queue, new_pool: NewPool, timed: Timed
) -> None:
    timed(full=4.0)
    queue.limit_type("t", 1)
    queue.enqueue_many([Job(type="t") for _ in range(30)])
    pool = new_pool()
    pool.register("t", lambda context, payload: None)
    began = time.monotonic()
    pool.run(drain=True)
    assert queue.stats().completed == 30
    assert time.monotonic() - began < 30 * 4.0 / 2


def test_other_types_of_the_queue_go_on_in_their_order(queue: Queue, new_pool: NewPool) -> None:
    queue.limit_type("slow", 1)
    go, ran = threading.Event(), list[object]()
    pool = new_pool(workers=2)
    pool.register("slow", lambda context, payload: go.wait(300))
    pool.register("free", lambda context, payload: ran.append(payload))
    queue.enqueue_many([Job(type="slow", priority=75) for _ in range(20)])
    with pool:
        until(lambda: queue.stats().running == 1)
        queue.enqueue_many([Job(type="free", payload=n) for n in range(300)])
        until(lambda: len(ran) == 300)
        assert ran == [*range(300)]
        until(lambda: len(queue.list(status="running")) == 1)
        go.set()
        until(lambda: queue.stats().completed == 320)


@pytest.mark.slow
def test_a_busy_queue_does_not_starve_a_type_that_has_a_limit(
    queue: Queue, new_pool: NewPool
) -> None:
    queue.limit_type("limited", 2)
    # Behind a broker, the next two jobs start some milliseconds after two have ended.
    many = 100_000 if new_pool.is_direct else 200_000
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(
            "INSERT INTO jobs (queue, type) SELECT 'default', 'free' FROM generate_series(1, %s)",
            [many],
        )
    queue.enqueue_many([Job(type="limited", priority=75) for _ in range(20)])
    pool = new_pool()

    @pool.handler("free")
    async def free(context: JobContext, payload: object) -> None:
        """Quick, so that the worker claims ahead all the time."""

    pool.register("limited", lambda context, payload: None)
    with pool:
        until(lambda: not queue.list(type="limited", status="pending"))
        assert queue.stats().pending > 1_000
        pool.stop(0)


@pytest.mark.slow
def test_a_slot_that_becomes_free_elsewhere_is_used_within_a_second(queue: Queue) -> None:
    queue.limit_type("t", 1)
    soon = WorkerPool.timing.full + 0.5
    assert quickest_use(queue, "default", soon) < soon


def test_a_limit_is_set_changed_and_lifted_while_workers_run(
    queue: Queue, new_pool: NewPool
) -> None:
    go = threading.Event()
    pool = new_pool(workers=10)
    pool.register("t", lambda context, payload: go.wait(300))
    queue.limit_type("t", 2)
    queue.enqueue_many([Job(type="t") for _ in range(30)])
    with pool:
        until(lambda: queue.stats().running == 2)
        queue.limit_type("t", 4)
        until(lambda: queue.stats().running == 4)
        queue.limit_type("t", None)
        until(lambda: queue.stats().running == 10)
        assert queue.type_limits() == []
        queue.limit_type("t", 1)
        go.set()
        until(lambda: queue.stats().completed == 30)


def test_a_drain_waits_for_its_turn(queue: Queue) -> None:
    queue.limit_type("t", 1)
    queue.enqueue_many([Job(type="t") for _ in range(3)])
    [job] = queue.dequeue("elsewhere")
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    draining = threading.Thread(target=pool.run, kwargs={"drain": True})
    draining.start()
    draining.join(1.0)
    assert draining.is_alive()
    queue.complete(job)
    draining.join(60)
    assert queue.stats().completed == 3


def test_what_is_typed_by_hand_counts_as_it_is(queue: Queue, dsn: str) -> None:
    queue.limit_type("t", 2)
    queue.enqueue_many([Job(type="t") for _ in range(4)])
    one, two = queue.dequeue("w", limit=4)
    assert queue.dequeue("w") == []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
            (one.id,),
        )
        assert len(queue.dequeue("w", limit=4)) == 1
        connection.execute("DELETE FROM jobs WHERE id = %s", (two.id,))
    assert len(queue.dequeue("w", limit=4)) == 1
    [cancelled, _] = queue.list(status="running")
    queue.cancel(cancelled.id)
    assert len(queue.dequeue("w", limit=4)) == 1
    assert queue.stats().running == 2


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_claim_that_could_not_see_the_others_is_refused(
    queue: Queue, dsn: str, isolation: str
) -> None:
    queue.limit_type("t", 1)
    queue.enqueue_many([Job(type="t"), Job("free", "free")])
    with psycopg.connect(dsn) as connection:
        connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        with pytest.raises(QueueError, match="READ COMMITTED"):
            queue.dequeue("w", conn=connection)
        assert len(queue.dequeue("w", "free", conn=connection)) == 1


@pytest.mark.parametrize("bad", [0, -1, 2**31, True, "5", "Source"])
def test_a_limit_that_is_none_is_refused(queue: Queue, bad: Any) -> None:
    with pytest.raises(ValueError, match=r"^concurrency is"):
        queue.limit_type("t", bad)
    with pytest.raises(ValueError, match=r"^starts is"):
        queue.rate_limit("t", bad, per=timedelta(seconds=1))
