import asyncio
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Job,
    JobContext,
    JobStatus,
    PayloadError,
    Queue,
    WorkerPool,
    chain,
)
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.tables.grants import grants
from conduit_runtime.statements.unique_keys import key_of, sweep
from conduit_runtime.worker.watch import LONG, WATCH
from pools import NewPool
from waiting import until


def unique(key: object = 1, **options: Any) -> Job:
    return Job(type="t", unique=key, **options)


def test_enqueue_returns_the_job_that_stands(queue: Queue) -> None:
    first = queue.enqueue(unique(payload="first"))
    second = queue.enqueue(unique(payload="second", priority=100))
    assert not first.duplicate
    assert second.duplicate
    assert (second.id, second.payload, second.priority) == (first.id, "first", 50)
    assert [job.id for job in queue.list()] == [first.id]


def test_another_value_or_type_is_another_key(queue: Queue) -> None:
    queue.enqueue_many([unique(1), unique("1"), unique((1,)), unique({"a": 1, "b": None})])
    assert not queue.enqueue(Job(type="u", unique=1)).duplicate
    assert queue.enqueue(unique({"b": None, "a": 1})).duplicate
    assert queue.stats().pending == 5


def test_no_value_is_no_key(queue: Queue) -> None:
    for key in (None, None, False, False):
        assert not queue.enqueue(unique(key)).duplicate
    assert queue.stats().pending == 4


def test_many_jobs_one_of_each_key(queue: Queue) -> None:
    jobs = [unique(n % 3, payload=n) for n in range(9)]
    jobs.insert(4, Job(type="t", payload="plain"))
    stand = queue.enqueue_many(jobs)
    assert [job.payload for job in stand] == [0, 1, 2, 0, "plain", 1, 2, 0, 1, 2]
    assert [job.duplicate for job in stand] == [False] * 3 + [True, False] + [True] * 5
    assert {job.id for job in stand} == {job.id for job in queue.list()}


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_the_key_is_free_when_its_job_ended(queue: Queue, dsn: str, status: str) -> None:
    first = queue.enqueue(unique())
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = %s", (status,))
    second = queue.enqueue(unique())
    assert not second.duplicate
    assert queue.enqueue(unique()).id == second.id
    # Whatever is retried by hand never meets the key.
    assert queue.retry(first.id)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'pending', attempts = 0, run_at = now()")
    assert queue.enqueue(unique()).id == second.id


def test_a_job_that_runs_or_is_retried_stands(queue: Queue) -> None:
    first = queue.enqueue(unique())
    [held] = queue.dequeue("w")
    assert queue.enqueue(unique()).id == first.id
    queue.fail(held, "no")
    again = queue.enqueue(unique())
    assert (again.id, again.status, again.attempts) == (first.id, JobStatus.PENDING, 1)


def test_a_job_that_was_deleted_holds_no_key(queue: Queue, dsn: str) -> None:
    queue.enqueue(unique())
    with psycopg.connect(dsn) as conn:
        conn.execute("TRUNCATE jobs")
    assert not queue.enqueue(unique()).duplicate


def test_a_period_outlives_the_job(queue: Queue, dsn: str) -> None:
    day = timedelta(days=1)
    first = queue.enqueue(unique(unique_for=day))
    queue.complete(*queue.dequeue("w"))
    second = queue.enqueue(unique(unique_for=day))
    assert (second.id, second.status, second.duplicate) == (first.id, JobStatus.COMPLETED, True)
    with psycopg.connect(dsn) as conn:
        conn.execute("TRUNCATE jobs")
    gone = queue.enqueue(unique(unique_for=day))
    assert (gone.id, gone.duplicate) == (first.id, True)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE conduit_unique_keys SET expires_at = now()")
    third = queue.enqueue(unique(unique_for=day))
    assert not third.duplicate
    assert queue.enqueue(unique()).id == third.id


@pytest.mark.parametrize(
    "job",
    [
        Job(type="t", unique_for=timedelta(days=1)),
        Job(type="t", unique=1, unique_for=timedelta(0)),
        Job(type="t", unique=1, unique_for=timedelta.max),
        Job(type="t", unique=object()),
        Job(type="t", unique=["\0"]),
    ],
)
def test_what_cannot_be_a_key_is_refused_before_any_sql(queue: Queue, dsn: str, job: Job) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("SELECT 1")
        with pytest.raises(PayloadError, match="unique"):
            queue.enqueue(job, conn=conn)
        queue.enqueue(unique(), conn=conn)
    assert queue.stats().pending == 1


def test_keys_are_digests(queue: Queue, dsn: str) -> None:
    assert key_of("t", "x" * 10_000) != key_of("t", "x" * 10_001)
    assert key_of("t", {"a": 1, "b": 2}) == key_of("t", {"b": 2, "a": 1})
    assert key_of("t", 1) != key_of("other", 1)
    queue.enqueue(unique("card 4111 1111 1111 1111"))
    with psycopg.connect(dsn) as conn:
        [(key,)] = conn.execute("SELECT key FROM conduit_unique_keys").fetchall()
    assert re.fullmatch("[0-9a-f]{64}", key)


def race(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the same at once in many threads."""
    gate = threading.Barrier(count)

    def one(number: int) -> Any:
        gate.wait(300)
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_of_many_at_once_one_stands(dsn: str) -> None:
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(20)]
    with Queue(dsn) as queue:
        for round_ in range(20):
            stand = race(
                20, lambda n, key=round_: queue.enqueue(unique(key, payload=n), conn=connections[n])
            )
            assert len({job.id for job in stand}) == 1
            assert sum(not job.duplicate for job in stand) == 1
        assert queue.stats().pending == 20
    for connection in connections:
        connection.close()


def test_of_many_at_once_one_takes_the_key_of_an_ended_job(dsn: str) -> None:
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(12)]
    with Queue(dsn) as queue:
        stood = queue.enqueue(unique())
        for _ in range(20):
            queue.cancel(stood.id)
            stand = race(12, lambda n: queue.enqueue(unique(payload=n), conn=connections[n]))
            [stood] = [job for job in stand if not job.duplicate]
            assert {job.id for job in stand} == {stood.id}
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
            answers = race(8, enqueue)
            assert len({job.id for jobs in answers for job in jobs}) == 50
            assert sum(not job.duplicate for jobs in answers for job in jobs) == 50
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


def test_a_role_that_may_only_enqueue(queue: Queue, dsn: str) -> None:
    role = f"enqueuer_{dsn.rpartition('conduit_')[2][:8]}"
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role}")
        try:
            for statement in grants(None, [role]):
                admin.execute(statement)
            with psycopg.connect(dsn) as conn:
                conn.execute(f"SET ROLE {role}")
                first = queue.enqueue(unique(), conn=conn)
                second = queue.enqueue(unique(payload="mine"), conn=conn)
                assert (second.id, second.duplicate) == (first.id, True)
        finally:
            admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert queue.stats().pending == 1


def test_a_schema_of_its_own(empty_dsn: str) -> None:
    from conduit_runtime import migrate

    migrate(empty_dsn, 'our "jobs"')
    with Queue(empty_dsn, 'our "jobs"') as queue:
        first = queue.enqueue(unique())
        assert queue.enqueue(unique()).id == first.id


def test_asynchronous_code(dsn: str) -> None:
    async def enqueue_twice() -> None:
        async with AsyncQueue(dsn) as queue:
            first = await queue.enqueue(unique(payload=1))
            second = await queue.enqueue(unique(payload=2))
            assert (second.id, second.payload, second.duplicate) == (first.id, 1, True)

    asyncio.run(enqueue_twice())


def waits_for_a_lock(dsn: str, pid: int) -> bool:
    with psycopg.connect(dsn) as conn:
        sql = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        return conn.execute(sql, (pid,)).fetchone() == (True,)


def keys(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        [(count,)] = conn.execute("SELECT count(*) FROM conduit_unique_keys").fetchall()
    return int(count)


def test_keys_that_are_held_no_more_are_swept(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conduit_runtime.statements.unique_keys.SWEPT", 4)
    ended = queue.enqueue_many([unique(n) for n in range(10)])
    for job in ended:
        queue.cancel(job.id)
    queue.enqueue_many([unique(n, unique_for=timedelta(days=1)) for n in range(20, 25)])
    queue.enqueue_many([unique(n) for n in range(30, 35)])
    with psycopg.connect(dsn, autocommit=True) as conn, psycopg.connect(dsn) as holder:
        held = queue.enqueue(unique(9), conn=holder)
        after, pages = None, 0
        while pages == 0 or after is not None:
            after = run(conn, sweep(after))
            pages += 1
        holder.commit()
    assert pages == 6
    assert keys(dsn) == 11
    assert queue.enqueue(unique(9)).id == held.id
    assert queue.enqueue(unique(30)).duplicate
    assert queue.enqueue(unique(20)).duplicate


def test_a_worker_sweeps(queue: Queue, dsn: str) -> None:
    queue.enqueue(unique())
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    pool.run(drain=True)
    assert keys(dsn) == 1
    with WorkerPool(queue):
        until(lambda: keys(dsn) == 0)


def test_a_nested_job_is_unique_too(queue: Queue, new_direct_pool: NewPool, dsn: str) -> None:
    stood = queue.enqueue(unique("theirs", delay=timedelta(hours=1)))
    queue.enqueue(Job(type="parent"))
    pool = new_direct_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique("theirs"))
        context.enqueued.append(unique("ours", delay=timedelta(hours=1)))
        context.enqueued.append(unique("ours"))
        context.enqueued.append(Job(type="plain", delay=timedelta(hours=1)))

    pool.run(drain=True)
    [parent_job] = queue.list(status="completed")
    assert parent_job.type == "parent"
    assert queue.stats().pending == 3
    assert queue.enqueue(unique("theirs")).id == stood.id
    assert queue.enqueue(unique("ours")).duplicate


def test_a_job_may_enqueue_its_successor(queue: Queue, new_direct_pool: NewPool) -> None:
    queue.enqueue(unique(payload=3))
    pool = new_direct_pool()

    @pool.handler("t")
    async def again(context: JobContext, payload: int) -> None:
        if payload:
            context.enqueued.append(unique(payload=payload - 1))

    pool.run(drain=True)
    assert sorted(job.payload for job in queue.list(status="completed")) == [0, 1, 2, 3]


def test_only_the_job_waits_whose_key_another_transaction_holds(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    pool = new_direct_pool(workers=2)

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique("held", delay=timedelta(hours=1)))

    pool.register("quick", lambda context, payload: None)
    with psycopg.connect(dsn) as holder:
        queue.enqueue(unique("held", delay=timedelta(hours=1)), conn=holder)
        with pool:
            waiting = queue.enqueue(Job(type="parent"))
            until(lambda: status(queue, waiting) == "running" and locks_waited_for(dsn))
            # Long enough that its worker wants to put its start on record.
            soon = time.monotonic() + LONG + 2 * WATCH
            until(lambda: time.monotonic() > soon)
            quick = queue.enqueue_many([Job(type="quick") for _ in range(20)])
            until(lambda: {status(queue, job) for job in quick} == {"completed"})
            assert status(queue, waiting) == "running"
            holder.rollback()
            until(lambda: status(queue, waiting) == "completed")
    assert queue.stats().pending == 1


def test_a_worker_that_stops_hands_back_a_job_that_waits_for_a_key(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    """Behind a broker, its outcome waits there instead."""
    pool = new_direct_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique("held"))

    with psycopg.connect(dsn) as holder:
        queue.enqueue(unique("held"), conn=holder)
        pool.start()
        waiting = queue.enqueue(Job(type="parent"))
        until(lambda: locks_waited_for(dsn))
        pool.stop(grace=0)
        job = queue.get(waiting.id)
        assert job is not None
        assert (job.status, job.attempts) == ("pending", 0)
        holder.rollback()
    assert queue.stats().pending == 1


def status(queue: Queue, job: Job) -> str | None:
    stored = queue.get(job.id)
    return None if stored is None else stored.status


def locks_waited_for(dsn: str) -> bool:
    with psycopg.connect(dsn) as conn:
        sql = (
            "SELECT count(*) > 0 FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return conn.execute(sql).fetchone() == (True,)


def test_purge_sweeps_keys_and_results(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conduit_runtime.statements.unique_keys.SWEPT", 4)
    for job in queue.enqueue_many([unique(n) for n in range(10)])[1:]:
        queue.cancel(job.id)
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO conduit_results "
            "SELECT gen_random_uuid(), '1', now() + n * interval '1 hour' "
            "FROM generate_series(-3, 1, 2) AS n"
        )
    assert queue.purge(timedelta(0), ("cancelled",)) == 9
    assert keys(dsn) == 1
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*) FROM conduit_results").fetchone() == (1,)

    async def purge() -> int:
        async with AsyncQueue(dsn) as asynchronous:
            return await asynchronous.purge_completed(timedelta(0))

    queue.complete(*queue.dequeue("w"))
    assert asyncio.run(purge()) == 1
    assert keys(dsn) == 0


def test_a_wait_for_a_key_that_is_cut_goes_on(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    pool = new_direct_pool()
    runs = []

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        runs.append(context.attempt)
        context.enqueued.append(unique("held", delay=timedelta(hours=1)))

    with psycopg.connect(dsn) as holder, pool:
        queue.enqueue(unique("held"), conn=holder)
        waiting = queue.enqueue(Job(type="parent"))
        until(lambda: locks_waited_for(dsn))
        with psycopg.connect(dsn, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
        until(lambda: locks_waited_for(dsn))
        holder.rollback()
        until(lambda: status(queue, waiting) == "completed")
    assert runs == [1]
    assert queue.stats().pending == 1


def test_a_completion_that_postgres_refuses_fails_its_job(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    with psycopg.connect(dsn) as conn:
        refused = key_of("t", "refused")
        conn.execute(f"ALTER TABLE conduit_unique_keys ADD CHECK (key <> '{refused}')")
    pool = new_direct_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(unique(payload))

    queue.enqueue_many([Job(type="parent", payload=key) for key in ("refused", "taken")])
    pool.run(drain=True)
    [failed] = queue.list(status="failed")
    assert failed.payload == "refused"
    assert "Postgres refused the outcome" in (failed.error or "")
    assert [job.type for job in queue.list(status="pending")] == ["t"]
