"""Limits that code gives job types: which apply, and for how long.

Direct workers only: a gateway learns the limits of its workers after a moment.
"""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool, job_type
from conduit_runtime.model.queues.controls import TypeLimits
from pools import NewPool
from waiting import until

MINUTE = timedelta(minutes=1)
SCRIPT = """
import sys, time, psycopg
from conduit_runtime import Queue, WorkerPool
dsn, concurrency = sys.argv[1], int(sys.argv[2])
pool = WorkerPool(Queue(dsn), workers=8)
def work(context, payload):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO seen SELECT count(*) FROM jobs WHERE status = 'running'")
        connection.execute("SELECT pg_sleep(0.005)")
pool.register("t", work, concurrency=concurrency or None)
pool.run(on_ready=lambda: print("ready", flush=True))
"""


def worker(new_direct_pool: NewPool, type: str = "t", **options: Any) -> WorkerPool:
    """Return a pool that runs jobs of a type, with these options."""
    pool = new_direct_pool()
    pool.register(type, lambda context, payload: None, **options)
    return pool


def limits(queue: Queue) -> list[tuple[object, ...]]:
    return [
        (each.type, each.concurrency, each.concurrency_from, each.starts, each.per, each.rate_from)
        for each in queue.type_limits()
    ]


def test_a_worker_applies_what_its_code_says(queue: Queue, new_direct_pool: NewPool) -> None:
    @job_type("a", "00000000", concurrency=5, rate_limit=100, per=MINUTE)
    async def handler(job: JobContext, payload: object) -> None: ...

    pool = new_direct_pool(jobs=[handler])
    pool.register("b", lambda context, payload: None, rate_limit=3)
    pool.register("c", lambda context, payload: None)
    with pool:
        assert queue.type_limits() == [
            TypeLimits("a", 5, "source", 100, MINUTE, "source"),
            TypeLimits("b", None, None, 3, timedelta(seconds=1), "source"),
        ]
        pool.register("c", lambda context, payload: None, concurrency=2)
        until(lambda: len(queue.type_limits()) == 3)
    assert queue.type_limits() == []


def test_a_command_wins_over_the_source(queue: Queue, new_direct_pool: NewPool) -> None:
    queue.limit_type("t", 2)
    with worker(new_direct_pool, concurrency=5, rate_limit=10):
        second = timedelta(seconds=1)
        assert limits(queue) == [("t", 2, "command", 10, second, "source")]
        queue.rate_limit("t", None)
        assert limits(queue) == [("t", 2, "command", None, None, "command")]
        with worker(new_direct_pool, concurrency=7, rate_limit=20):
            assert limits(queue) == [("t", 2, "command", None, None, "command")]
            queue.limit_type("t", "source")
            queue.rate_limit("t", "source")
            assert limits(queue) == [("t", 7, "source", 20, second, "source")]
            queue.limit_type("t", None)
            assert limits(queue) == [("t", None, "command", 20, second, "source")]
        assert limits(queue) == [("t", None, "command", 10, second, "source")]
    assert limits(queue) == [("t", None, "command", None, None, None)]
    queue.limit_type("t", "source")
    assert limits(queue) == []


def test_a_limit_that_is_lifted_leaves_nothing_where_the_source_has_none(
    queue: Queue, new_direct_pool: NewPool
) -> None:
    queue.limit_type("t", 2)
    queue.rate_limit("t", 2)
    queue.limit_type("t", None)
    assert [each.concurrency_from for each in queue.type_limits()] == [None]
    queue.rate_limit("t", None)
    assert queue.type_limits() == []
    with worker(new_direct_pool, concurrency=5):
        assert [each.concurrency for each in queue.type_limits()] == [5]


def test_the_worker_that_started_last_decides(queue: Queue, new_direct_pool: NewPool) -> None:
    """A deploy, its rollback, and a deploy without the limit; other types do not matter."""
    with ExitStack() as workers:
        workers.enter_context(worker(new_direct_pool, concurrency=5))
        with worker(new_direct_pool, concurrency=2):
            assert [each.concurrency for each in queue.type_limits()] == [2]
            with worker(new_direct_pool, "other", concurrency=9):
                assert [each.concurrency for each in queue.type_limits()] == [9, 2]
            assert [each.concurrency for each in queue.type_limits()] == [2]
        assert [each.concurrency for each in queue.type_limits()] == [5]
        with worker(new_direct_pool):
            assert queue.type_limits() == []
        assert [each.concurrency for each in queue.type_limits()] == [5]


def test_a_worker_that_registers_again_is_not_newer_for_it(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    older, newer = worker(new_direct_pool, concurrency=5), worker(new_direct_pool, concurrency=2)
    with older, newer:
        first, last = (each.name for each in sorted(queue.workers(), key=lambda w: w.started_at))
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DELETE FROM conduit_workers WHERE name = %s", (first,))
        until(lambda: len(queue.workers()) == 2)
        assert last in {each.name for each in queue.workers()}
        assert [each.concurrency for each in queue.type_limits()] == [2]


def test_a_rate_holds_across_a_restart_of_all_workers(
    queue: Queue, new_direct_pool: NewPool
) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(10)])
    with worker(new_direct_pool, rate_limit=4, per=MINUTE):
        until(lambda: queue.stats().completed == 4)
    with worker(new_direct_pool, "other"):
        assert [each.starts for each in queue.type_limits()] == [4]
    with worker(new_direct_pool, rate_limit=4, per=MINUTE):
        until(lambda: queue.stats().pending == 6)
        queue.enqueue(Job(type="t", priority=100))
        assert queue.dequeue("w") == []
    with worker(new_direct_pool):
        until(lambda: queue.stats().completed == 11)
        assert queue.type_limits() == []


@pytest.mark.slow
def test_many_workers_that_start_at_once_keep_the_limit_from_the_start(
    queue: Queue, new_direct_pool: NewPool
) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(120)])
    lock = threading.Lock()
    now = most = done = 0

    def work(context: JobContext, payload: object) -> None:
        nonlocal now, most, done
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now, done = now - 1, done + 1

    pools = [new_direct_pool(workers=5) for _ in range(6)]
    for pool in pools:
        pool.register("t", work, concurrency=3)
    with ThreadPoolExecutor(len(pools)) as threads:
        list(threads.map(WorkerPool.start, pools))
    try:
        until(lambda: done == 120)
    finally:
        for pool in pools:
            pool.stop()
    assert most == 3


@pytest.mark.slow
def test_two_versions_in_processes_of_their_own(queue: Queue, dsn: str, tmp_path: Path) -> None:
    """The new version's limit applies to both; when it is killed, the old limit applies again."""
    script = tmp_path / "work.py"
    script.write_text(SCRIPT)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE seen (running int)")

        def most() -> int:
            [(found,)] = connection.execute("SELECT max(running) FROM seen")
            connection.execute("TRUNCATE seen")
            return int(found)

        def start(concurrency: int) -> "subprocess.Popen[str]":
            command = [sys.executable, str(script), dsn, str(concurrency)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            return process

        processes = [start(6)]
        try:
            queue.enqueue_many([Job(type="t") for _ in range(60)])
            until(lambda: queue.stats().completed == 60)
            assert 2 < most() <= 6
            processes.append(start(2))
            queue.enqueue_many([Job(type="t") for _ in range(60)])
            until(lambda: queue.stats().completed == 120)
            assert most() == 2
            processes[1].kill()
            until(lambda: [each.concurrency for each in queue.type_limits()] == [6])
            processes.append(start(0))
            assert queue.type_limits() == []
            queue.enqueue_many([Job(type="t") for _ in range(100)])
            until(lambda: queue.stats().completed == 220)
            assert most() > 6
        finally:
            for process in processes:
                process.kill()
                process.communicate()


@pytest.mark.slow
def test_a_worker_waits_at_its_start_for_a_claim_that_holds_the_limit(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    with worker(new_direct_pool, concurrency=5):
        newer = worker(new_direct_pool, concurrency=2)
        with psycopg.connect(dsn) as frozen:
            frozen.execute("SELECT FROM conduit_type_limits FOR UPDATE")
            starting = threading.Thread(target=newer.start)
            starting.start()
            starting.join(3.0)
            assert starting.is_alive(), "it would work without the limit"
        starting.join(60)
        try:
            assert [each.concurrency for each in queue.type_limits()] == [2]
        finally:
            newer.stop()
