"""Limits by key on how many jobs run at once, over all workers."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements.limits.keys import ParkedKeys
from conduit_runtime.worker.heartbeat.upkeep import ParkedJobs
from pools import NewPool
from stored_jobs import status
from timed import Timed
from versions import V1, V2, Version
from waiting import until

RACERS = 20


def jobs(keys: str, count: int, type: str = "t", **options: Any) -> list[Job]:
    """Return `count` jobs, whose keys are these letters by turns."""
    return [Job(type=type, payload=n, key=keys[n % len(keys)], **options) for n in range(count)]


class Gauge:
    """Counts jobs of each key that run at the same time, as their handlers see it."""

    def __init__(self, seconds: float = 0.002) -> None:
        self._lock = threading.Lock()
        self._seconds = seconds
        self.now: Counter[str | None] = Counter()
        self.most: Counter[str | None] = Counter()
        self.order: defaultdict[str | None, list[Any]] = defaultdict(list)

    @property
    def done(self) -> int:
        return sum(len(each) for each in self.order.values()) - self.now.total()

    def work(self, context: JobContext, payload: object) -> None:
        key = context.key
        with self._lock:
            self.order[key].append(payload)
            self.now[key] += 1
            self.most[key] = max(self.most[key], self.now[key])
        time.sleep(self._seconds)
        with self._lock:
            self.now[key] -= 1


@contextmanager
def running(pools: Sequence[WorkerPool]) -> Iterator[None]:
    try:
        for pool in pools:
            pool.start()
        yield
    finally:
        for pool in pools:
            pool.stop()


def keys_of(claimed: Sequence[Job]) -> list[Any]:
    return [job.key for job in claimed]


def test_a_claim_leaves_the_jobs_of_a_full_key(queue: Queue) -> None:
    queue.limit_type("t", 2, per_key=True)
    queue.enqueue_many([*jobs("a", 5), *jobs("b", 1), *jobs("a", 1, "u"), Job(type="t")])
    claimed = queue.dequeue("w", limit=10)
    assert keys_of(claimed) == ["a", "a", "b", "a", None]
    assert [job.type for job in claimed] == ["t", "t", "t", "u", "t"]
    assert queue.dequeue("w", limit=10) == []
    queue.complete(claimed[0])
    [third] = queue.dequeue("w", limit=10)
    assert (third.key, third.payload) == ("a", 2)
    queue.fail(claimed[1], "broken")
    assert [job.payload for job in queue.dequeue("w", limit=10)] == [3]
    queue.cancel(third.id)
    assert [job.payload for job in queue.dequeue("w", limit=10)] == [4]
    assert queue.dequeue("w", limit=10) == []


@pytest.mark.parametrize("fair", [False, True])
@pytest.mark.parametrize("change", ["of type", "of queue", "move"])
def test_no_job_stays_parked_without_a_limit_and_a_worker(
    queue: Queue, dsn: str, change: str, fair: bool
) -> None:
    queue.share("default", fair)
    if change == "of type":
        queue.limit_type("t", 5)
        queue.limit_type("t", 1, per_key=True)
    else:
        queue.limit("default", 1, per_key=True)
    queue.enqueue_many(jobs("a", 4))
    assert [job.payload for job in queue.dequeue("w", limit=10)] == [0]
    if change == "of type":
        queue.limit_type("t", None, per_key=True)
    elif change == "of queue":
        queue.limit("default", None, per_key=True)
    else:
        with psycopg.connect(dsn) as connection:
            connection.execute("UPDATE jobs SET queue = 'q' WHERE status = 'pending'")
    place = "q" if change == "move" else "default"
    assert [job.payload for job in queue.dequeue("w", place, limit=10)] == [1, 2, 3]


def test_types_of_one_key_keep_their_order_within_the_limit_of_a_queue(queue: Queue) -> None:
    queue.limit("default", 1, per_key=True)
    queue.enqueue_many([*jobs("a", 2), *jobs("a", 1, "full")])
    queue.limit_type("full", 1, per_key=True)
    queue.enqueue(Job(type="full", queue="q", key="a"))
    assert len(queue.dequeue("w", "q")) == 1
    started = queue.dequeue("w", limit=10)
    for n in range(3):
        queue.enqueue_many(jobs("a", 1, f"other {n}"))
        queue.complete(started[-1])
        started += queue.dequeue("w", limit=10)
    # The job of the full type is passed over, as it may not start.
    assert [job.type for job in started] == ["t", "t", "other 0", "other 1"]


@pytest.mark.parametrize("parked", [0, 1])
def test_a_limit_of_a_type_does_not_change_the_order_of_a_key(
    queue: Queue, dsn: str, parked: int
) -> None:
    queue.limit("default", 1, per_key=True)
    queue.limit_type("limited", 3)
    stored = queue.enqueue_many([*jobs("a", 2), *jobs("a", 1, "limited")])
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "UPDATE jobs SET fingerprint = '~' WHERE id = ANY (%s)",
            [[job.id for job in stored[1 : 1 + parked]]],
        )
    for job in stored:
        [started] = queue.dequeue("w", limit=10)
        assert started.id == job.id
        queue.complete(started)


def test_a_hundred_types_of_one_key_keep_their_order(queue: Queue) -> None:
    queue.limit("default", 1, per_key=True)
    queue.enqueue_many([Job(type=f"t{n}", payload=n, key="a") for n in range(100)])
    for payload in range(20):
        [job] = queue.dequeue("w", limit=10)
        assert job.payload == payload
        queue.complete(job)


def test_a_worker_hears_of_released_jobs_that_another_one_does_not_run(
    queue: Queue, new_direct_pool: NewPool, timed: Timed
) -> None:
    timed(poll=60.0)
    queue.limit("default", 1, per_key=True)
    gauge, pools = Gauge(), []
    for type_ in "tu":
        pool = new_direct_pool()
        pool.register(type_, gauge.work)
        pools.append(pool)
    queue.enqueue_many([job for _ in range(8) for job in (*jobs("a", 1), *jobs("a", 1, "u"))])
    with running(pools):
        until(lambda: gauge.done == 16)
    assert gauge.most["a"] == 1


def test_workers_of_two_versions_hear_of_released_jobs_of_each_other(
    dsn: str, new_direct_pool: NewPool, timed: Timed
) -> None:
    timed(poll=60.0)
    old, new = Version("old", V1, ordered=True), Version("new", V2, ordered=True)
    with running([old.pool(new_direct_pool), new.pool(new_direct_pool)]):
        with psycopg.connect(dsn) as connection:
            for n in range(10):
                version, payload = (new, V2(str(n))) if n % 2 else (old, V1(str(n)))
                version.type.enqueue(connection, payload, key="a")
        until(lambda: len(old.seen) + len(new.seen) == 10)
    assert old.seen == [V1(str(n)) for n in range(0, 10, 2)]
    assert new.seen == [V2(str(n)) for n in range(1, 10, 2)]


def test_the_jobs_of_a_key_keep_their_order(queue: Queue) -> None:
    queue.limit_type("t", 1, per_key=True)
    queue.enqueue_many([*jobs("a", 3), *jobs("a", 1, priority=10)])
    [first] = queue.dequeue("w", limit=10)
    [new] = queue.enqueue_many([Job(type="t", payload="new", key="a")])
    [urgent] = queue.enqueue_many([Job(type="t", payload="urgent", key="a", priority=90)])
    assert first.payload == 0
    queue.complete(first)
    for payload in ("urgent", 1, 2, "new", 0):
        [job] = queue.dequeue("w", limit=10)
        assert job.payload == payload
        queue.complete(job)
    assert status(queue, new) == status(queue, urgent) == "completed"


def test_queues_that_share_the_limit_of_a_key_take_turns(
    queue: Queue, new_direct_pool: NewPool
) -> None:
    queue.limit_type("t", 1, per_key=True)
    queue.enqueue_many([Job("a", "t", n, key="k") for n in range(20)])
    queue.enqueue_many([Job("b", "t", n, key="k") for n in range(3)])
    pool, ran = new_direct_pool(["a", "b"]), []
    pool.register("t", lambda context, payload: ran.append((context.queue, payload)))
    with pool:
        until(lambda: len(ran) == 23)
    for name, count in (("a", 20), ("b", 3)):
        assert [payload for where, payload in ran if where == name] == [*range(count)]
    assert sorted(where for where, _ in ran[:6]) == ["a", "a", "a", "b", "b", "b"]


def test_a_queue_limits_the_keys_of_all_its_types(queue: Queue) -> None:
    queue.limit("default", 1, per_key=True)
    queue.enqueue_many([*jobs("ab", 4), *jobs("ab", 4, "u"), *jobs("a", 1, queue="other")])
    claimed = queue.dequeue("w", limit=10)
    assert keys_of(claimed) == ["a", "b"]
    assert len(queue.dequeue("w", "other", limit=10)) == 1
    seen = []
    while claimed:
        job = claimed.pop()
        queue.complete(job)
        seen.append((job.key, job.type))
        claimed += queue.dequeue("w", limit=10)
    assert Counter(seen) == {(key, type_): 2 for key in "ab" for type_ in "tu"}


def test_a_lifted_limit_lets_the_parked_jobs_start(queue: Queue, new_pool: NewPool) -> None:
    queue.limit_type("t", 1, per_key=True)
    queue.enqueue_many(jobs("a", 20))
    assert len(queue.dequeue("w", limit=10)) == 1
    queue.limit_type("t", None, per_key=True)
    gauge = Gauge()
    pool = new_pool()
    pool.register("t", gauge.work)
    with running([pool]):
        until(lambda: gauge.done == 19)


def test_a_limit_that_is_lifted_in_one_of_two_queues(queue: Queue) -> None:
    for name in ("one", "other"):
        queue.limit(name, 1, per_key=True)
        queue.enqueue_many(jobs("a", 5, queue=name))
    [first] = queue.dequeue("w", "one", limit=10)
    assert len(queue.dequeue("w", "other", limit=10)) == 1
    queue.complete(first)
    assert len(queue.dequeue("w", "one", limit=10)) == 1
    queue.limit("one", None, per_key=True)
    ParkedJobs().step(queue._run)
    assert len(queue.dequeue("w", "one", limit=10)) == 3
    assert queue.dequeue("w", "other", limit=10) == []


@pytest.mark.parametrize("count", [1, 300])
def test_a_release_takes_steps_and_ends(queue: Queue, dsn: str, count: int) -> None:
    """One key is empty; each has a job, or many more than one statement releases."""
    parked = "SELECT count(*) FROM jobs WHERE fingerprint = '~'"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, key, fingerprint)"
            " SELECT 't', left('abcdefghijkl', key), '~'"
            " FROM generate_series(0, 12) AS key, generate_series(1, %s)",
            [count],
        )
        waiting = [13 * count]

        def run(statement: Statement[Any]) -> Any:
            result = queue._run(statement)
            waiting.extend(connection.execute(parked).fetchone() or ())
            return result

        steps, released = 0, ParkedJobs()
        while waiting[-1]:
            released.step(run)
            steps += 1
            assert steps < 100
        assert all(0 <= one - next <= 2000 for one, next in pairwise(waiting))
        queue.limit_type("t", 1, per_key=True)
        queue.dequeue("w", limit=20)
        connection.execute("UPDATE jobs SET fingerprint = '~', key = '' WHERE status = 'pending'")
        waiting.clear()
        released.step(run)
        assert len(waiting) <= 3


def test_a_release_stays_at_a_key_with_more_jobs(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, key, fingerprint)"
            " SELECT 't', key, '~' FROM unnest(ARRAY['a', 'b']) AS key, generate_series(1, 4500)"
        )
        parked = ParkedKeys()
        while run_steps(parked.release(), queue._run):
            pass
        left = "SELECT count(*) FROM jobs WHERE fingerprint = '~'"
        assert connection.execute(left).fetchone() == (0,)


def test_dequeue_comes_to_all_keys_behind_and_before_thousands_of_full_ones(
    queue: Queue, dsn: str
) -> None:
    queue.limit_type("t", 1, per_key=True)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, key, status, locked_by, token, leased_until)"
            " SELECT 't', concat('full', n), 'running', 'w', gen_random_uuid(), 'infinity'"
            " FROM generate_series(1, 2500) AS n"
        )
        connection.execute(
            "INSERT INTO jobs (type, key, fingerprint) SELECT 't', key, '~'"
            " FROM (SELECT key FROM jobs UNION ALL SELECT 'room') AS keys"
        )
        assert queue.dequeue("w", limit=5) == []
        connection.execute(
            "UPDATE jobs SET status = 'cancelled' WHERE key = 'full1' AND status = 'running'"
        )
    claimed = queue.dequeue("w", limit=5)
    assert sorted(keys_of(claimed)) == ["full1", "room"], "it begins anew behind the last key"


def test_a_drain_waits_for_parked_jobs(queue: Queue, new_pool: NewPool) -> None:
    queue.limit_type("t", 1, per_key=True)
    queue.enqueue_many(jobs("abc", 60))
    gauge = Gauge()
    pool = new_pool()
    pool.register("t", gauge.work)
    pool.run(drain=True)
    assert gauge.done == 60
    assert gauge.most == {"a": 1, "b": 1, "c": 1}
    assert all(each == sorted(each) for each in gauge.order.values())


def test_parked_jobs_of_a_shape_that_no_worker_knows(
    queue: Queue, new_direct_pool: NewPool
) -> None:
    queue.limit_type("t", 1, per_key=True)
    queue.enqueue_many(jobs("a", 5, fingerprint="older"))
    [first] = queue.dequeue("w", limit=10)
    queue.complete(first)
    gauge = Gauge()
    pool = new_direct_pool()
    pool.register("t", gauge.work)
    pool.run(drain=True)
    assert gauge.order == {"a": [1, 2, 3, 4]}


def test_the_limit_of_the_source(queue: Queue, new_direct_pool: NewPool) -> None:
    gauge = Gauge(0.05)
    pool = new_direct_pool()
    pool.register("t", gauge.work, key_concurrency=2)
    queue.enqueue_many(jobs("ab", 20))
    pool.run(drain=True)
    assert gauge.most == {"a": 2, "b": 2}


def test_a_rate_by_key(queue: Queue) -> None:
    queue.rate_limit("t", 2, timedelta(hours=1), per_key=True)
    queue.enqueue_many([*jobs("ab", 8), Job(type="t")])
    assert Counter(keys_of(queue.dequeue("w", limit=10))) == {"a": 2, "b": 2, None: 1}
    assert queue.dequeue("w", limit=10) == []
    queue.rate_limit("t", 3, timedelta(hours=1), per_key=True)
    assert Counter(keys_of(queue.dequeue("w", limit=10))) == {"a": 1, "b": 1}
    [limits] = queue.type_limits()
    assert (limits.key_starts, limits.key_per) == (3, timedelta(hours=1))
    assert (limits.key_rate_from, limits.starts) == ("command", None)
    queue.rate_limit("t", None, per_key=True)
    assert queue.type_limits() == []


def test_what_a_rate_parked_starts_when_the_period_is_over(queue: Queue, new_pool: NewPool) -> None:
    queue.rate_limit("t", 2, timedelta(seconds=0.5), per_key=True)
    queue.enqueue_many(jobs("abc", 18))
    started = defaultdict[str, list[Any]](list)
    pool = new_pool()

    @pool.handler("t")
    async def note(context: JobContext, payload: object) -> None:
        started[str(context.key)].append(payload)

    pool.run(drain=True)
    assert sum(map(len, started.values())) == 18
    assert all(each == sorted(each) for each in started.values())


def test_both_limits_of_a_key_in_the_source(queue: Queue, new_direct_pool: NewPool) -> None:
    gauge = Gauge(0.01)
    pool = new_direct_pool()
    options: dict[str, Any] = {
        "key_concurrency": 1,
        "key_rate_limit": 3,
        "key_per": timedelta(hours=1),
    }
    pool.register("t", gauge.work, **options)
    queue.enqueue_many(jobs("ab", 10))
    with running([pool]):
        until(lambda: gauge.done == 6)
        [limits] = queue.type_limits()
        assert limits.key_rate_from == limits.key_concurrency_from == "source"
        # What is claimed and released, as by this change, counts as a start.
        queue.rate_limit("t", 20, timedelta(hours=1), per_key=True)
        until(lambda: gauge.done == 10)
    assert gauge.most == {"a": 1, "b": 1}


def test_a_parked_job_can_be_cancelled_and_retried(queue: Queue) -> None:
    queue.limit_type("t", 1, per_key=True)
    queue.enqueue_many(jobs("a", 4))
    [first] = queue.dequeue("w", limit=10)
    parked = queue.list(status="pending")
    assert [job.fingerprint for job in parked] == [None] * 3
    [second] = [job for job in parked if job.payload == 1]
    assert queue.cancel(second.id)
    queue.complete(first)
    [third] = queue.dequeue("w", limit=10)
    assert third.payload == 2
    queue.retry(second.id)
    assert status(queue, second) == "pending"
    seen = []
    job = third
    for _ in range(2):
        queue.complete(job)
        [job] = queue.dequeue("w", limit=10)
        seen.append(job.payload)
    assert seen == [3, 1]


@pytest.mark.slow
def test_a_race_of_claimers_never_exceeds_the_limit(queue: Queue, dsn: str) -> None:
    queue.limit_type("t", 2, per_key=True)
    barrier = threading.Barrier(RACERS)

    def racer(number: int) -> list[Any]:
        name = "ab"[number % 2]
        barrier.wait()
        with psycopg.connect(dsn, autocommit=True) as connection:
            if number % 3:
                return keys_of(queue.dequeue(f"w{number}", name, limit=1 + number % 4))
            with connection.transaction():
                claimed = queue.dequeue(f"w{number}", name, limit=2, conn=connection)
                time.sleep(0.001)
            return keys_of(claimed)

    with ThreadPoolExecutor(RACERS) as racers, psycopg.connect(dsn, autocommit=True) as admin:
        for _ in range(15):
            queue.enqueue_many([Job("ab"[n % 2], "t", key="xyz"[n % 3]) for n in range(60)])
            claimed = Counter(key for found in racers.map(racer, range(RACERS)) for key in found)
            assert max(claimed.values()) <= 2
            for name in "ab":
                claimed.update(keys_of(queue.dequeue("late", name, limit=10)))
            assert claimed == dict.fromkeys("xyz", 2)
            assert len(queue.list(status="running")) == 6
            admin.execute("TRUNCATE jobs")


@pytest.mark.slow
def test_workers_keep_the_limit_and_use_it(queue: Queue, new_pool: NewPool) -> None:
    keys = "abcdefghij"
    queue.enqueue_many([*jobs("a", 200), *jobs(keys, 400)])
    gauge = Gauge()
    queue.limit_type("t", 2, per_key=True)
    pools = [new_pool(workers=6) for _ in range(4)]
    for pool in pools:
        pool.register("t", gauge.work)
    with running(pools):
        until(lambda: gauge.done == 600)
    assert set(gauge.most) == set(keys)
    assert max(gauge.most.values()) == gauge.most["a"] == 2
