"""Handlers that raise, block or carry what no handler should."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, Queue, WorkerPool
from conduit_runtime.model.attempts.outcome import MAX_ERROR, MAX_TRACEBACK
from pools import NewPool
from waiting import until


class OwnBase(BaseException):
    """Neither an Exception nor a class of Python."""


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("holds a lock")
        self.lock = threading.Lock()

    def __reduce__(self) -> Any:
        raise TypeError("cannot be pickled")


class Exits(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class NoText(Exception):
    def __str__(self) -> Any:
        return 7


class Hostile(Exception):
    """Raises itself when code asks for its text."""

    def __str__(self) -> str:
        raise self

    __repr__ = __str__


def recurse(n: int) -> int:
    return recurse(n + 1) + 1


def nested() -> None:
    raise ExceptionGroup("several", [ValueError("one"), OSError("two")])


def chained() -> None:
    try:
        raise ValueError("cause")
    except ValueError as error:
        error.add_note("a note")
        raise KeyError("effect") from error


def thrower(error: BaseException) -> Callable[[], None]:
    def throw() -> None:
        raise error

    return throw


@pytest.mark.parametrize(
    ("deed", "text"),
    [
        (thrower(OwnBase("own")), "OwnBase: own"),
        (thrower(Unpicklable()), "Unpicklable: holds a lock"),
        (thrower(Exits()), "Exits: (its text could not be read)"),
        (thrower(NoText()), "NoText: (its text could not be read)"),
        (thrower(Hostile()), "Hostile: (its text could not be read)"),
        (thrower(MemoryError()), "MemoryError"),
        (thrower(ValueError("a\0b \ud800 c" * 1_000_000)), "ValueError: a\ufffdb ? c"),
        (lambda: recurse(0), "RecursionError: maximum recursion depth exceeded"),
        (nested, "ExceptionGroup: several (2 sub-exceptions)"),
        (chained, "KeyError: 'effect'"),
    ],
)
@pytest.mark.parametrize("in_thread", [False, True], ids=["coroutine", "function"])
def test_whatever_is_raised_is_recorded_and_cut(
    queue: Queue, new_pool: NewPool, deed: Callable[[], object], text: str, in_thread: bool
) -> None:
    pool = new_pool()

    @pool.handler("coroutine")
    async def coroutine(context: JobContext[Any], payload: object) -> None:
        deed()

    @pool.handler("function")
    def function(context: JobContext[Any], payload: object) -> None:
        deed()

    type_ = "function" if in_thread else "coroutine"
    job = queue.enqueue(Job(type=type_, max_attempts=1))
    after = queue.enqueue(Job(type="after"))
    pool.register("after", lambda context, payload: None)
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status is JobStatus.FAILED
    assert (stored.error or "").startswith(text)
    assert len(stored.error or "") <= MAX_ERROR + 100
    [attempt] = stored.errors
    assert attempt["attempt"] == 1
    assert 0 < len(attempt["traceback"]) <= MAX_TRACEBACK + 100
    assert (queue.get(after.id) or after).status is JobStatus.COMPLETED


def test_each_attempt_leaves_its_own_traceback(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def fail(context: JobContext[Any], payload: object) -> None:
        deeds = [lambda: 1 / 0, lambda: [][0], lambda: {}["key"]]
        deeds[context.attempt - 1]()

    job = queue.enqueue(Job(type="t", max_attempts=3))
    for _ in range(3):
        pool.run(drain=True)
        with psycopg.connect(dsn) as connection:
            connection.execute("UPDATE jobs SET run_at = now()")
    stored = queue.get(job.id)
    assert stored is not None
    assert [each["attempt"] for each in stored.errors] == [1, 2, 3]
    kinds = ("ZeroDivisionError", "IndexError", "KeyError")
    for each, kind in zip(stored.errors, kinds, strict=True):
        assert each["error"].startswith(kind)
        assert each["traceback"].count("<lambda>") == 1


@pytest.mark.slow
def test_large_payloads_stall_neither_claims_nor_heartbeats(
    queue: Queue, new_pool: NewPool
) -> None:
    pool = new_pool(workers=2)
    sizes: list[int] = []
    urgent = threading.Event()

    @pool.handler("large")
    def large(context: JobContext[Any], payload: str) -> None:
        sizes.append(len(payload))

    @pool.handler("urgent")
    async def small(context: JobContext[Any], payload: object) -> None:
        urgent.set()

    text = "x" * 2_000_000
    for _ in range(16):
        queue.enqueue(Job(type="large", payload=text))
    with pool:
        until(lambda: len(sizes) >= 4)
        began = time.monotonic()
        queue.enqueue(Job(type="urgent", priority=100))
        assert urgent.wait(60)
        # The urgent job waits for the jobs claimed before it, not for all large jobs.
        assert len(sizes) < 16 or time.monotonic() - began < 2
        until(lambda: queue.stats().completed == 17)
    assert set(sizes) == {2_000_000}
    assert {job.attempts for job in queue.list()} == {1}


@pytest.mark.slow
@pytest.mark.parametrize("type_", ["hold in a thread", "hold in the loop", "block the loop"])
def test_a_handler_that_blocks_everything_keeps_its_job(queue: Queue, dsn: str, type_: str) -> None:
    """The handler blocks for longer than a worker without a session may be silent."""
    script = Path(__file__).parents[2] / "processes" / "hard_worker.py"
    process = subprocess.Popen([sys.executable, script, dsn])
    others = WorkerPool(queue, ["hard", "soft"])
    taken = threading.Event()
    others.register("soft", lambda context, payload: None)
    others.register(type_, lambda context, payload: taken.set())
    try:
        job = queue.enqueue(Job("hard", type_, 5))
        until(lambda: (queue.get(job.id) or job).status == "running")
        with others:
            # Another worker of the same queue watches, and runs its own job.
            soft = queue.enqueue(Job("soft", "soft"))
            until(lambda: (queue.get(soft.id) or soft).status == "completed")
            until(lambda: (queue.get(job.id) or job).status == "completed")
    finally:
        process.kill()
        process.wait()
    assert not taken.is_set()
    assert (queue.get(job.id) or job).attempts == 1
