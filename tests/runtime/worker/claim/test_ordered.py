"""Jobs of one key that run one after another, in the order of their enqueues."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Discard, Job, JobContext, Queue, Retry, Snooze, WorkerPool
from pools import NewPool
from waiting import until

LATER = timedelta(hours=1)


def jobs(keys: str, count: int, **options: Any) -> list[Job]:
    """Return `count` jobs, whose keys are these letters by turns."""
    return [Job(type="t", payload=n, key=keys[n % len(keys)], **options) for n in range(count)]


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    """A queue in which jobs of `t` are ordered, as a worker that has started says."""
    with Queue(dsn) as queue:
        order(dsn, "skip")
        yield queue


def order(dsn: str, on_failure: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO conduit_type_limits (type, key_order) VALUES ('t', %s)"
            " ON CONFLICT (type) DO UPDATE SET key_order = excluded.key_order",
            [on_failure],
        )


def one(queue: Queue) -> Job:
    [job] = queue.dequeue("w", limit=10)
    return job


def none(queue: Queue) -> bool:
    return queue.dequeue("w", limit=10) == []


def test_one_job_of_a_key_at_a_time(queue: Queue) -> None:
    queue.enqueue_many([*jobs("ab", 6), Job(type="t"), Job(type="u", key="a")])
    first = queue.dequeue("w", limit=10)
    assert [(job.key, job.payload) for job in first] == [
        ("a", 0),
        ("b", 1),
        (None, {}),
        ("a", {}),
    ]
    assert none(queue)
    queue.complete(first[1])
    assert one(queue).payload == 3
    queue.complete(first[0])
    assert one(queue).payload == 2
    assert none(queue)


def test_neither_priority_nor_due_time_changes_the_order(queue: Queue, dsn: str) -> None:
    priorities = (10, 90, 50, 100)
    queue.enqueue_many([Job(type="t", payload=p, key="a", priority=p) for p in priorities])
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE jobs SET run_at = now() - seq * interval '1 min'")
    for payload in priorities:
        job = one(queue)
        assert job.payload == payload
        assert none(queue)
        queue.complete(job)


def test_a_claim_that_sees_only_a_later_job_leaves_it(queue: Queue) -> None:
    queue.enqueue_many([Job(type="t", payload=1, key="a", priority=10)])
    queue.enqueue_many([Job(type="t", payload=2, key="a", priority=90)])
    [job] = queue.dequeue("w", limit=1)
    assert job.payload == 1


def test_a_delayed_job_holds_nothing(queue: Queue) -> None:
    delayed = queue.enqueue(Job(type="t", payload="delayed", key="a", delay=LATER))
    queue.enqueue_many(jobs("a", 2))
    first = one(queue)
    assert first.payload == 0
    queue.retry(delayed.id)
    queue.complete(first)
    assert one(queue).payload == "delayed"


def test_a_rescued_job_that_is_replaced_holds_nothing(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t", key="a", unique=1, replace=True))
    queue.enqueue(Job(type="t", payload="b", key="b"))
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "UPDATE jobs SET status = 'running', locked_by = 'dead', token = id WHERE key = 'a'"
        )
        connection.execute(
            "SELECT conduit_reclaim(ARRAY(SELECT id FROM jobs WHERE key = 'a'), NULL, false)"
        )
    assert queue.enqueue(Job(type="t", key="b", unique=1, debounce=LATER, at_most=LATER)).duplicate
    assert one(queue).payload == "b"


def test_a_retried_job_holds_its_key(queue: Queue) -> None:
    queue.enqueue_many(jobs("a", 3))
    first = one(queue)
    queue.fail(first, "broken")
    assert none(queue)
    queue.retry(first.id)
    again = one(queue)
    assert (again.id, again.payload) == (first.id, 0)
    queue.fail(again, "broken")
    assert none(queue)
    queue.cancel(first.id)
    assert one(queue).payload == 1
    assert none(queue)


@pytest.mark.parametrize("on_failure", ["hold", "skip"])
def test_a_failed_job(queue: Queue, dsn: str, on_failure: str) -> None:
    order(dsn, on_failure)
    queue.enqueue_many(jobs("a", 3, max_attempts=1))
    first = one(queue)
    queue.fail(first, "broken")
    if on_failure == "skip":
        second = one(queue)
        assert second.payload == 1
        queue.retry(first.id)
        assert none(queue)
        queue.complete(second)
    else:
        assert none(queue)
        queue.retry(first.id)
    again = one(queue)
    assert again.payload == 0
    queue.complete(again)
    assert one(queue).payload == (2 if on_failure == "skip" else 1)


def test_a_worker_keeps_the_order_through_retries(dsn: str, new_direct_pool: NewPool) -> None:
    seen: defaultdict[str | None, list[Any]] = defaultdict(list)
    running: set[str | None] = set()
    with Queue(dsn) as queue:
        pool = new_direct_pool()

        def handle(job: JobContext, payload: Any) -> None:
            assert job.key not in running
            running.add(job.key)
            seen[job.key].append(payload)
            running.remove(job.key)
            if job.attempt == 1 and payload % 7 == 0:
                raise Retry(timedelta(seconds=0.01))
            if job.attempt == 1 and payload % 11 == 0 and seen[job.key].count(payload) == 1:
                raise Snooze(timedelta(seconds=0.01))

        pool.register("t", handle, ordered=True, on_failure="hold")
        queue.enqueue_many(jobs("abcde", 100))
        with pool:
            until(lambda: not queue.list(status="pending") and not queue.list(status="running"))
            [limits] = queue.type_limits()
            assert limits.key_order == "hold"
        assert not queue.list(status="failed")
    for key, each in seen.items():
        assert [*dict.fromkeys(each)] == ["abcde".index(str(key)) + 5 * n for n in range(20)]
        assert each == sorted(each)


@pytest.mark.parametrize("error", [Discard("no"), RuntimeError("later")], ids=["failed", "retried"])
def test_a_drain_ends_before_jobs_whose_key_is_held(dsn: str, error: Exception) -> None:
    ran: list[Any] = []
    with Queue(dsn) as queue:
        pool = WorkerPool(queue)

        @pool.handler("t", ordered=True, on_failure="hold", base=LATER)
        async def handle(job: JobContext, payload: Any) -> None:
            ran.append(payload)
            if payload == 0 and ran.count(0) == 1:
                raise error

        first, *_ = queue.enqueue_many(jobs("a", 3))
        pool.run(drain=True)
        assert ran == [0]
        queue.retry(first.id)
        pool.run(drain=True)
        assert ran == [0, 0, 1, 2]


@pytest.mark.parametrize("served", [True, False], ids=["paused", "unserved"])
def test_a_drain_does_not_wait_for_a_queue_that_nothing_drains(dsn: str, served: bool) -> None:
    ran: list[Any] = []
    with Queue(dsn) as queue:
        pool = WorkerPool(queue, ["default", "other"] if served else ["default"])
        pool.register("t", lambda job, payload: ran.append(payload), ordered=True)
        queue.enqueue_many([*jobs("a", 1, queue="other"), *jobs("ab", 2)])
        queue.pause("other")
        pool.run(drain=True)
        assert ran == [1]


def test_a_fork_is_the_last_of_its_key(queue: Queue, dsn: str) -> None:
    order(dsn, "hold")
    pool = WorkerPool(queue)
    done: list[str] = []
    fails = {"a"}

    @pool.handler("t", ordered=True, on_failure="hold")
    async def handle(job: JobContext, payload: int) -> None:
        await job.step("note", done.append, f"{payload}")
        if job.key in fails:
            raise Discard("no")
        done.append(f"{payload} ends")

    failed, _ = queue.enqueue_many(jobs("a", 2))
    pool.run(drain=True)
    fork = queue.fork(failed.id, from_step="note")
    pool.run(drain=True)
    assert done == ["0"]
    fails.clear()
    assert queue.retry(failed.id)
    pool.run(drain=True)
    assert done == ["0", "0 ends", "1", "1 ends", "0", "0 ends"]
    stored = queue.get(fork.id)
    assert stored is not None
    assert stored.status == "completed"


@pytest.mark.parametrize("many", [False, True])
def test_a_fork_that_is_retried_before_it_runs_stays_the_last_of_its_key(
    queue: Queue, many: bool
) -> None:
    pool = WorkerPool(queue)
    ran: list[int] = []

    @pool.handler("t", ordered=True)
    async def handle(job: JobContext, payload: int) -> None:
        await job.step("note", ran.append, payload)
        raise Discard("no")

    [failed] = queue.enqueue_many(jobs("a", 1))
    pool.run(drain=True)
    queue.enqueue_many([Job(type="t", key="a", payload=number) for number in (1, 2)])
    fork = queue.fork(failed.id, from_step="note")
    if many:
        assert queue.retry_many(type="t", status="pending") == 3
    else:
        assert queue.retry(fork.id)
    pool.run(drain=True)
    assert ran == [0, 1, 2, 0]
