"""Signals to jobs: none is lost, whenever it is sent and commits; the first one wins."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Discard,
    Job,
    JobContext,
    JobStatus,
    PayloadError,
    PlainContext,
    Queue,
    WorkerPool,
    chain,
)
from conduit_runtime.worker.acknowledge import step_writer
from locks import waits_for_a_lock
from stored_jobs import reload
from waiting import until

HOUR = timedelta(hours=1)


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def signals(conn: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return conn.execute("SELECT job, name, value FROM conduit_signals").fetchall()


def is_waiting(queue: Queue, job: Job) -> bool:
    found = reload(queue, job)
    assert found.run_at is not None
    later = datetime.now(found.run_at.tzinfo) + timedelta(minutes=5)
    return found.status is JobStatus.PENDING and found.run_at > later


WHEN = ("before the start", "before the wait", "behind the wait", "while it waits")
HOW = ("commits", "commits late", "rolls back")


class Sender:
    """A transaction that sends a signal, and then ends as a case says."""

    def __init__(self, queue: Queue, how: str, is_late: Callable[[], object]) -> None:
        self._queue = queue
        self._how = how
        self._is_late = is_late
        self._connection = psycopg.connect(queue.dsn)
        self._ending: threading.Thread | None = None

    def send(self, job: Job) -> None:
        assert self._queue.signal(job.id, "go", "come", conn=self._connection)
        if self._how == "commits late":
            self._ending = threading.Thread(target=self._commit_late)
            self._ending.start()
        elif self._how == "commits":
            self._connection.commit()
        else:
            self._connection.rollback()

    def _commit_late(self) -> None:
        until(self._is_late)
        self._connection.commit()

    def close(self) -> None:
        if self._ending is not None:
            self._ending.join(90)
        self._connection.close()


@pytest.mark.parametrize("kind", ["coroutine", "plain"])
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("when", WHEN)
def test_a_signal_is_never_lost(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch, when: str, how: str, kind: str
) -> None:
    """A late commit comes when the worker has met the lock of the job."""
    made: list[str] = []
    got: list[object] = []
    tries: list[object] = []
    run = step_writer.JobDatabase.run

    async def counted(self: Any, statement: Any, conn: Any = None) -> Any:
        if statement.query == "outcome/wait":
            tries.append(statement)
        return await run(self, statement, conn)

    monkeypatch.setattr(step_writer.JobDatabase, "run", counted)
    is_late = {
        "before the start": lambda: waiting.is_set(),
        "before the wait": lambda: len(tries) > 1,
        "behind the wait": lambda: waits_for_a_lock(dsn),
        "while it waits": lambda: True,
    }
    waiting = threading.Event()
    sender = Sender(queue, how, is_late[when])

    def reach(point: str) -> None:
        if point == when and sent.acquire(blocking=False):
            sender.send(job)

    sent = threading.Semaphore(1)
    pool = WorkerPool(queue)

    async def coroutine(job: JobContext, payload: object) -> None:
        await job.step("first", made.append, "first")
        reach("before the wait")
        try:
            got.append(await job.wait("go", timeout=HOUR))
        except BaseException:
            reach("behind the wait")
            raise

    def plain(job: PlainContext, payload: object) -> None:
        job.step("first", made.append, "first")
        reach("before the wait")
        try:
            got.append(job.wait("go", timeout=HOUR))
        except BaseException:
            reach("behind the wait")
            raise

    handlers: dict[str, Any] = {"coroutine": coroutine, "plain": plain}
    pool.register("t", handlers[kind], max_attempts=1)
    job = queue.enqueue(Job(type="t"))
    reach("before the start")
    with pool:
        waiting.set()
        if when == "while it waits":
            until(lambda: is_waiting(queue, job))
            reach(when)
        if how == "rolls back":
            until(lambda: is_waiting(queue, job))
            assert got == []
            assert queue.signal(job.id, "go", "come")
        assert queue.result(job.id, timeout=60) is None
    sender.close()
    assert reload(queue, job).attempts == 1
    assert (made, got) == (["first"], ["come"])


def test_many_signals_and_workers_at_once(queue: Queue) -> None:
    """Each job waits for three signals, which come in any order, twice each, and the first wins."""
    count = 60
    pools = [WorkerPool(queue, workers=5) for _ in range(2)]
    got: dict[object, list[object]] = {}

    async def handle(job: JobContext, payload: object) -> None:
        got[job.id] = [await job.wait(name, timeout=HOUR) for name in "abc"]

    for pool in pools:
        pool.register("t", handle, max_attempts=1)
        pool.start()
    jobs = [queue.enqueue(Job(type="t")) for _ in range(count)]
    won: dict[tuple[object, str], list[int]] = {}
    lock = threading.Lock()

    def send(sender: int, names: str) -> None:
        with Queue(queue.dsn) as mine:
            for name in names:
                for job in jobs:
                    if mine.signal(job.id, name, sender):
                        with lock:
                            won.setdefault((job.id, name), []).append(sender)

    threads = [
        threading.Thread(target=send, args=each) for each in enumerate(("abc", "cba", "bca", "acb"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    until(lambda: queue.stats().completed == count)
    for pool in pools:
        pool.stop()
    for job in jobs:
        [winners] = zip(*(won[job.id, name] for name in "abc"), strict=True)
        assert got[job.id] == list(winners)


def test_the_first_signal_wins(queue: Queue, conn: psycopg.Connection[Any]) -> None:
    job = queue.enqueue(Job(type="t"))
    assert queue.signal(job.id, "approved", {"by": "ada"})
    assert not queue.signal(str(job.id), "approved", {"by": "bob"})
    assert queue.signal(job.id, "other")
    assert signals(conn) == [(job.id, "approved", {"by": "ada"}), (job.id, "other", None)]


def test_a_signal_commits_with_the_rows_of_its_sender(
    queue: Queue, conn: psycopg.Connection[Any], dsn: str
) -> None:
    job = queue.enqueue(Job(type="t"))
    with psycopg.connect(dsn) as sender:
        assert queue.signal(job.id, "approved", 1, conn=sender)
        assert signals(conn) == []
        sender.rollback()
        assert signals(conn) == []
        assert queue.signal(job.id, "approved", 2, conn=sender)
    assert signals(conn) == [(job.id, "approved", 2)]
    with psycopg.connect(dsn) as sender:  # the job and its signal in one transaction
        second = queue.enqueue(Job(type="t"), conn=sender)
        assert queue.signal(second.id, "approved", conn=sender)


ENDED = {
    "unknown": lambda queue, job: queue.cancel(job.id) and queue.purge(timedelta(0), "cancelled"),
    "cancelled": lambda queue, job: queue.cancel(job.id),
    "completed": lambda queue, job: run_all(queue),
    "failed": lambda queue, job: run_all(queue, Discard()),
}


def run_all(queue: Queue, end: BaseException | None = None) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        if end is not None:
            raise end

    pool.run(drain=True)


@pytest.mark.parametrize("how", ENDED)
def test_a_job_that_has_ended_or_does_not_exist_gets_no_signal(
    queue: Queue, conn: psycopg.Connection[Any], how: str
) -> None:
    job = queue.enqueue(Job(type="t", unique=1))
    ENDED[how](queue, job)
    assert not queue.signal(job.id, "approved")
    assert not queue.signal(("t", 1), "approved")
    assert not queue.signal(uuid4(), "approved")
    assert signals(conn) == []


def test_signals_by_the_unique_value(queue: Queue, conn: psycopg.Connection[Any]) -> None:
    job = queue.enqueue(Job(type="t", unique=("order", 7)))
    queue.enqueue(Job(type="other", unique=("order", 7)))
    assert queue.signal(("t", ("order", 7)), "approved")
    assert not queue.signal(("t", ("order", 8)), "approved")
    assert not queue.signal(("unknown", ("order", 7)), "approved")
    assert signals(conn) == [(job.id, "approved", None)]


def test_a_blocked_job_keeps_its_signal(queue: Queue) -> None:
    _, second = queue.enqueue_flow(chain(Job(type="first"), Job(type="second")))
    assert queue.signal(second.id, "approved", "early")
    assert not queue.signal(second.id, "approved", "again")
    pool = WorkerPool(queue)
    got: list[object] = []
    pool.register("first", lambda job, payload: None)

    @pool.handler("second")
    async def handle(job: JobContext, payload: object) -> None:
        got.append(await job.wait("approved", timeout=HOUR))

    pool.run(drain=True)
    assert got == ["early"]


VALUES: list[tuple[Any, Any]] = [
    (None, None),
    ({"b": 1, "a": [1.5, "zoë", True]}, {"b": 1, "a": [1.5, "zoë", True]}),
    (12345678901234567890, 12345678901234567890),
    (("a", timedelta(0)), ["a", "P0D"]),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values_arrive_as_json(queue: Queue, value: Any, expected: Any) -> None:
    pool = WorkerPool(queue)
    got: list[object] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        got.append(await job.wait("go", timeout=HOUR))

    job = queue.enqueue(Job(type="t"))
    assert queue.signal(job.id, "go", value)
    pool.run(drain=True)
    assert got == [expected]
    assert json.dumps(got) == json.dumps([expected])  # in the same order


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("", 1, "the name of the signal is empty"),
        ("x" * 201, 1, "the name of the signal"),
        ("a", {"x": [{1, 2}]}, r"the value of the signal.x\[0\] is a set, which JSON cannot"),
        ("a", float("nan"), "the value of the signal is nan"),
        ("a", "\0", "the value of the signal contains the character U"),
        ("a", "x" * (16 * 1024 * 1024), "the value of the signal is 16,777,218 bytes of JSON"),
    ],
)
def test_what_postgres_would_refuse_leaves_the_transaction_usable(
    queue: Queue, dsn: str, name: str, value: Any, problem: str
) -> None:
    job = queue.enqueue(Job(type="t"))
    with psycopg.connect(dsn) as sender:
        sender.execute("SELECT 1")
        with pytest.raises(PayloadError, match=problem):
            queue.signal(job.id, name, value, conn=sender)
        assert queue.signal(job.id, "a", conn=sender)


def test_wrong_targets(queue: Queue) -> None:
    wrong: list[tuple[Any, type[Exception]]] = [
        (("t",), ValueError),
        (("t", 1, 2), ValueError),
        ((1, "t"), TypeError),
        ("no uuid", ValueError),
        (7, TypeError),
    ]
    for target, error in wrong:
        with pytest.raises(error):
            queue.signal(target, "a")


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_of_the_sender_loses_no_signal(
    queue: Queue, dsn: str, isolation: str
) -> None:
    """The job begins to wait behind the snapshot: the signal is refused, not left unheard."""
    pool = WorkerPool(queue)
    got: list[object] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        got.append(await job.wait("go", timeout=HOUR))

    job = queue.enqueue(Job(type="t"))
    with psycopg.connect(dsn) as sender, pool:
        sender.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        sender.execute("SELECT count(*) FROM jobs")
        until(lambda: is_waiting(queue, job))
        with pytest.raises(psycopg.errors.SerializationFailure):
            queue.signal(job.id, "go", 1, conn=sender)
        sender.rollback()
        sender.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
        assert queue.signal(job.id, "go", 2, conn=sender)
        sender.commit()
        queue.result(job.id, timeout=60)
    assert got == [2]


def test_the_asynchronous_queue_sends_signals(queue: Queue, conn: psycopg.Connection[Any]) -> None:
    job = queue.enqueue(Job(type="t", unique="x"))

    async def send() -> None:
        async with (
            AsyncQueue(queue.dsn) as mine,
            await psycopg.AsyncConnection.connect(queue.dsn) as sender,
        ):
            assert await mine.signal(job.id, "a", 1)
            assert await mine.signal(("t", "x"), "b", [2], conn=sender)
            assert not await mine.signal(job.id, "b", 3, conn=sender)

    asyncio.run(send())
    assert signals(conn) == [(job.id, "a", 1), (job.id, "b", [2])]
