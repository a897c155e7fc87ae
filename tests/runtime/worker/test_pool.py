"""Which jobs a pool runs, in which order, and what it refuses."""

import asyncio
import gc
import threading
from typing import Any

import psycopg
import pytest
from asynchronous import asynchronous
from conduit_runtime import (
    AsyncExecutor,
    Job,
    JobContext,
    JobStatus,
    PayloadError,
    Queue,
    QueueError,
    WorkerPool,
)
from conduit_runtime.broker.topology import band_of
from pools import NewPool
from stored_jobs import reload
from waiting import until


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queues": []}, "queues names no queue"),
        ({"queues": {}}, "queues names no queue"),
        ({"queues": ""}, "queue is empty"),
        ({"queues": ["a", ""]}, "queue is empty"),
        ({"queues": "q" * 300}, "longer than 200 bytes"),
        ({"queues": {"a": 0}}, "queue a may run 0 jobs at once"),
        ({"queues": {"a": -1}}, "queue a may run -1 jobs at once"),
        ({"queues": {"a": 1.5}}, "queue a may run 1.5 jobs at once"),
        ({"workers": 0}, "workers is 0"),
        ({"workers": 1.5}, "workers is 1.5"),
        ({"grace": -1}, "grace is -1"),
        ({"grace": float("nan")}, "grace is nan"),
    ],
)
def test_a_pool_that_could_not_work_is_refused(
    queue: Queue, options: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, PayloadError), match=message):
        WorkerPool(queue, **options)


@pytest.mark.parametrize(
    ("type_", "message"), [(None, "type is empty"), ("", "type is empty"), (5, "type is 5")]
)
def test_a_handler_needs_a_type(queue: Queue, type_: str, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        WorkerPool(queue).register(type_, print)


def test_coroutines_and_plain_functions_run(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool("default", workers=3)
    seen: list[object] = []

    @pool.handler("async")
    async def in_loop(context: JobContext, payload: dict[str, int]) -> None:
        await asyncio.sleep(0)
        seen.append((context.type, context.attempt, context.max_attempts, payload))

    def in_thread(context: JobContext, payload: dict[str, int]) -> None:
        seen.append((context.type, threading.current_thread() is threading.main_thread()))

    pool.register("plain", in_thread)
    first = queue.enqueue(Job(type="async", payload={"n": 1}))
    AsyncExecutor(queue).execute("default", "plain", {})
    pool.run(drain=True)
    assert sorted(seen, key=str) == [("async", 1, 3, {"n": 1}), ("plain", False)]
    stored = reload(queue, first)
    assert (stored.status, stored.attempts, stored.error) == (JobStatus.COMPLETED, 1, None)
    assert (stored.locked_by, stored.locked_at, stored.token) == (None, None, None)
    assert stored.created_at is not None
    assert stored.started_at is not None
    assert stored.completed_at is not None
    assert stored.created_at <= stored.started_at <= stored.completed_at
    stats = pool.metrics.stats("async")
    assert (stats.processed, stats.succeeded, stats.success_rate) == (1, 1, 1.0)
    assert set(pool.metrics.all_stats()) == {"async", "plain"}


def test_jobs_run_by_priority_then_time_then_insertion(
    queue: Queue, new_pool: NewPool, dsn: str, unhurried: None
) -> None:
    """A job that could not start in time would be claimed again, after others."""
    pool = new_pool("default", workers=1)
    order: list[int] = []
    for kind in ("a", "b", "c"):

        @pool.handler(kind)
        async def note(context: JobContext, payload: int) -> None:
            order.append(payload)

    jobs = [Job(type="abc"[n % 3], payload=n, priority=(0, 50, 100, 7)[n % 4]) for n in range(1500)]
    queue.enqueue_many(jobs)
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "UPDATE jobs SET run_at = now() - interval '1 day' WHERE (payload)::int % 5 = 0"
        )
    expected = sorted(range(1500), key=lambda n: (-jobs[n].priority, n % 5 != 0, n))
    pool.run(drain=True)
    if new_pool.is_direct:
        assert order == expected
    else:  # a message has jobs of one type and one range of priorities
        for group in {(n % 3, band_of(job.priority)) for n, job in enumerate(jobs)}:
            ran, wanted = (
                [n for n in some if (n % 3, band_of(jobs[n].priority)) == group]
                for some in (order, expected)
            )
            assert ran == wanted


@asynchronous
async def test_a_pool_in_a_running_loop(queue: Queue) -> None:
    seen: list[int] = []
    done = asyncio.Event()
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def work(context: JobContext, payload: int) -> None:
        seen.append(payload)
        done.set()

    async with pool:
        queue.enqueue(Job(type="t", payload=7))
        await asyncio.wait_for(done.wait(), 60)
    with pytest.raises(RuntimeError, match="async with pool"):
        pool.run()
    assert seen == [7]


@pytest.mark.slow
def test_a_pool_leaves_no_task_behind(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()
    pool.register("t", lambda context, payload: context.progress(1))
    queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: queue.stats().completed == 2)
    gc.collect()
    assert "Task was destroyed" not in caplog.text


def test_limits_of_queues_and_of_the_pool(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool({"a": 2, "b": None}, workers=5)
    together: dict[str, int] = {"a": 0, "b": 0}
    most = {"a": 0, "b": 0, "all": 0}

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        together[context.queue] += 1
        most[context.queue] = max(most[context.queue], together[context.queue])
        most["all"] = max(most["all"], sum(together.values()))
        await asyncio.sleep(0.001)
        together[context.queue] -= 1

    queue.enqueue_many([Job("ab"[n % 2], "t") for n in range(100)])
    pool.run(drain=True)
    assert queue.stats().completed == 100
    assert most["a"] == 2
    assert most["all"] == 5


def test_a_pool_says_what_is_missing(empty_dsn: str) -> None:
    with Queue(empty_dsn) as queue, pytest.raises(QueueError, match="conduit-jobs migrate"):
        WorkerPool(queue).start()


def test_a_run_in_another_thread_is_ended_by_stop(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    ran = threading.Event()
    pool.register("t", lambda context, payload: ran.set())
    queue.enqueue(Job(type="t"))
    thread = threading.Thread(target=pool.run)
    thread.start()
    assert ran.wait(60)
    pool.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert queue.stats().completed == 1
