"""Transactions of every kind that enqueue while workers run jobs."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool, chain
from psycopg import IsolationLevel
from psycopg.errors import FeatureNotSupported, SerializationFailure
from waiting import until


@pytest.fixture
def pool(queue: Queue) -> Iterator[WorkerPool]:
    """A running pool, in which a job of type t ends at once."""
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def work(context: JobContext[Any], payload: object) -> None: ...

    with pool:
        yield pool


@pytest.fixture
def two_phase(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a server that allows prepared transactions; the fixture leaves none behind.

    Their list and their names are shared by all databases of a server, and so by other tests.
    """
    with psycopg.connect(dsn) as connection:
        if connection.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
            pytest.skip("max_prepared_transactions is 0 on this server")
        connection.rollback()
        yield connection
        connection.rollback()
        for xid in connection.tpc_recover():
            if xid.database == connection.info.dbname:
                connection.tpc_rollback(xid)


def idle_locks(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND "
            "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchall()
    return int(count)


@pytest.mark.slow
@pytest.mark.usefixtures("pool")
def test_a_prepared_transaction_enqueues_when_it_commits(
    two_phase: psycopg.Connection[Any], queue: Queue, dsn: str
) -> None:
    until(lambda: idle_locks(dsn) == 1)  # an idle worker wants to be notified
    two_phase.tpc_begin(f"one of {two_phase.info.dbname}")
    two_phase.execute("SET LOCAL conduit.wake = 'off'")
    kept = queue.enqueue(Job(type="t", unique="once"), conn=two_phase)
    queue.enqueue_many([Job(type="t") for _ in range(3)], conn=two_phase)
    queue.enqueue_flow(chain(Job(type="t"), Job(type="t")), conn=two_phase)
    two_phase.tpc_prepare()
    assert queue.stats().total == 0
    # The prepared transaction neither stops nor notifies other transactions.
    queue.enqueue(Job(type="t"))
    until(lambda: queue.stats().completed == 1)
    two_phase.tpc_commit()
    until(lambda: queue.stats().completed == 7, 62)
    assert (queue.get(kept.id) or kept).status == "completed"


def test_a_prepared_transaction_sends_a_signal(
    two_phase: psycopg.Connection[Any], queue: Queue, dsn: str
) -> None:
    job = queue.enqueue(Job(type="t", delay=timedelta(hours=1)))
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO conduit_steps VALUES (%s, 'go', NULL, 1, now(), now() + interval '1 h')",
            [job.id],
        )
    two_phase.tpc_begin(f"three of {two_phase.info.dbname}")
    two_phase.execute("SET LOCAL conduit.wake = 'off'")
    assert queue.signal(job.id, "go", conn=two_phase)
    two_phase.tpc_prepare()
    assert queue.depth().due == 0
    two_phase.tpc_commit()
    assert queue.depth().due == 1


def test_a_prepared_transaction_that_is_rolled_back_leaves_nothing(
    two_phase: psycopg.Connection[Any], queue: Queue
) -> None:
    two_phase.tpc_begin(f"two of {two_phase.info.dbname}")
    two_phase.execute("SET LOCAL conduit.wake = 'off'")
    queue.enqueue(Job(type="t", unique="once"), conn=two_phase)
    two_phase.tpc_prepare()
    two_phase.tpc_rollback()
    assert not queue.enqueue(Job(type="t", unique="once")).duplicate
    assert queue.stats().total == 1


@pytest.mark.usefixtures("pool")
def test_preparing_after_a_notify_is_refused_and_harms_no_other_transaction(
    two_phase: psycopg.Connection[Any], queue: Queue, dsn: str
) -> None:
    until(lambda: idle_locks(dsn) == 1)
    queue.enqueue(Job(type="t"), conn=two_phase)
    with pytest.raises(FeatureNotSupported, match="NOTIFY"):
        two_phase.execute("PREPARE TRANSACTION 'three'")
    two_phase.rollback()
    assert queue.stats().total == 0


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
def test_plain_jobs_never_make_a_transaction_fail(
    queue: Queue, dsn: str, level: IsolationLevel
) -> None:
    """Many transactions enqueue at once, while workers and operators change jobs."""
    begun = threading.Barrier(6)

    def enqueue(n: int) -> None:
        with psycopg.connect(dsn) as connection:
            connection.isolation_level = level
            for round_ in range(10):
                begun.wait(300)  # all transactions are open at once
                for _ in range(3):
                    queue.enqueue(Job(type="t", payload=n), conn=connection)
                queue.enqueue_many([Job(type="t"), Job(type="t")], conn=connection)
                queue.enqueue_flow(chain(Job(type="t"), Job(type="t")), conn=connection)
                queue.enqueue(Job(type="t", unique=f"{n} {round_}"), conn=connection)
                connection.commit()

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(enqueue, n) for n in range(6)]:
            done.result()
    until(lambda: queue.stats().completed == 6 * 10 * 8)


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
def test_one_key_asked_for_at_once_is_one_job(
    queue: Queue, dsn: str, level: IsolationLevel
) -> None:
    """Above READ COMMITTED, the other transactions may get 40001 and have to try again."""
    begun = threading.Barrier(4)

    def enqueue(n: int) -> list[bool]:
        duplicates = []
        with psycopg.connect(dsn) as connection:
            connection.isolation_level = level
            for round_ in range(10):
                begun.wait(300)
                while True:
                    try:
                        job = Job(type="later", unique=round_)
                        duplicates.append(queue.enqueue(job, conn=connection).duplicate)
                        connection.commit()
                        break
                    except SerializationFailure:
                        connection.rollback()
                        del duplicates[round_:]
        return duplicates

    with ThreadPoolExecutor(4) as threads:
        returned = [done.result() for done in [threads.submit(enqueue, n) for n in range(4)]]
    assert [sorted(each) for each in zip(*returned, strict=True)] == [
        [False, True, True, True]
    ] * 10
    assert queue.stats().pending == 10


def test_an_operation_of_several_statements_belongs_to_the_caller(queue: Queue, dsn: str) -> None:
    """Also one that is the first in the caller's transaction."""
    with psycopg.connect(dsn) as connection:
        queue.limit_type("t", 1, conn=connection)
        connection.rollback()
        assert queue.type_limits() == []
        queue.limit_type("t", 1, conn=connection)
        assert queue.type_limits() == []
        connection.commit()
    assert [each.type for each in queue.type_limits()] == ["t"]
