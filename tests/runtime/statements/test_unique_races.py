"""Transactions that enqueue jobs of one key at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import Job, Queue, chain
from locks import waits_for_a_lock
from unique_jobs import race, unique
from waiting import until


@pytest.mark.slow
def test_of_many_at_once_one_is_stored(dsn: str) -> None:
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(20)]
    with Queue(dsn) as queue:
        for round_ in range(20):
            returned = race(
                20, lambda n, key=round_: queue.enqueue(unique(key, payload=n), conn=connections[n])
            )
            assert len({job.id for job in returned}) == 1
            assert sum(not job.duplicate for job in returned) == 1
        assert queue.stats().pending == 20
    for connection in connections:
        connection.close()


def test_of_many_at_once_one_takes_the_key_of_an_ended_job(dsn: str) -> None:
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(12)]
    with Queue(dsn) as queue:
        existing = queue.enqueue(unique())
        for _ in range(20):
            queue.cancel(existing.id)
            returned = race(12, lambda n: queue.enqueue(unique(payload=n), conn=connections[n]))
            [existing] = [job for job in returned if not job.duplicate]
            assert {job.id for job in returned} == {existing.id}
    for connection in connections:
        connection.close()


def test_an_enqueue_waits_for_the_transaction_that_holds_the_key(queue: Queue, dsn: str) -> None:
    for ending in ("commit", "rollback"):
        with (
            psycopg.connect(dsn) as holder,
            psycopg.connect(dsn, autocommit=True) as other,
            ThreadPoolExecutor(1) as thread,
        ):
            first = queue.enqueue(unique(ending), conn=holder)
            second = thread.submit(queue.enqueue, unique(ending), conn=other)
            until(lambda pid=other.info.backend_pid: waits_for_a_lock(dsn, pid))
            getattr(holder, ending)()
            stored = second.result(60)
        assert stored.duplicate == (ending == "commit")
        assert (stored.id == first.id) == (ending == "commit")


def test_batches_with_the_same_keys_do_not_deadlock(dsn: str) -> None:
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(8)]
    with Queue(dsn) as queue:

        def enqueue(number: int) -> list[Job]:
            keys = range(50) if number % 2 else range(49, -1, -1)
            return queue.enqueue_many([unique(key) for key in keys], conn=connections[number])

        for _ in range(5):
            returned = race(8, enqueue)
            assert len({job.id for jobs in returned for job in jobs}) == 50
            assert sum(not job.duplicate for jobs in returned for job in jobs) == 50
            queue.purge(timedelta(0), ("cancelled",))
            with psycopg.connect(dsn) as conn:
                conn.execute("UPDATE jobs SET status = 'cancelled', completed_at = now()")
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_above_read_committed_a_race_is_a_serialization_failure(
    queue: Queue, dsn: str, level: str
) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        conn.execute("SELECT count(*) FROM jobs")
        alone = queue.enqueue(unique("alone"), conn=conn)
        assert queue.enqueue(unique("alone"), conn=conn).id == alone.id
        queue.enqueue(unique("raced"))
        with pytest.raises(psycopg.errors.SerializationFailure):
            queue.enqueue(unique("raced"), conn=conn)


def test_several_keys_are_locked_in_one_order(dsn: str) -> None:
    def enqueue(number: int) -> None:
        keys = [*range(8)][:: 1 if number % 2 else -1]
        with psycopg.connect(dsn) as conn, Queue(dsn) as queue:
            for round_ in range(10):
                jobs = [unique(f"{round_} {key}") for key in keys]
                if number % 3:
                    queue.enqueue_many(jobs, conn=conn)
                else:
                    queue.enqueue_flow(chain(*jobs), conn=conn)
                conn.commit()

    race(6, enqueue)
    with psycopg.connect(dsn) as conn:
        [(keys,)] = conn.execute("SELECT count(*) FROM conduit_unique_keys").fetchall()
    assert keys == 80
