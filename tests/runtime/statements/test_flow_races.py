"""Members of a flow that end, fail or are cancelled at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, Queue, chain, group
from locks import waits_for_a_lock
from pools import NewPool
from stored_flows import Ran, jobs, leftovers, statuses
from waiting import until


def test_members_that_end_at_once_call_back_once(queue: Queue, dsn: str) -> None:
    """Each member ends on its own connection, at the same moment."""
    count = 12
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(count)]
    for round_ in range(15):
        members, then = jobs("x" * count), Job("later", "t", round_)
        queue.enqueue_flow(group(members, then))
        held = queue.dequeue("w", limit=count)
        assert len(held) == count
        gate = threading.Barrier(count)

        def complete(number: int, held: list[Job] = held, gate: Any = gate) -> None:
            gate.wait(300)
            queue.complete(held[number], conn=connections[number])

        with ThreadPoolExecutor(count) as threads:
            list(threads.map(complete, range(count)))
        [called] = queue.dequeue("w", "later", limit=count)
        assert called.payload == round_
        queue.complete(called)
    assert leftovers(dsn) == [0, 0]
    for connection in connections:
        connection.close()


def test_a_cancelled_callback_is_not_released_by_a_member_that_ends_meanwhile(
    queue: Queue, dsn: str
) -> None:
    with psycopg.connect(dsn) as first, ThreadPoolExecutor(1) as thread:
        for ending in ("commit", "rollback"):
            a, b, z = jobs("abz")
            flow = group([a, b], then=z)
            queue.enqueue_flow(flow)
            held = queue.dequeue("w", limit=2)
            queue.cancel(z.id, conn=first)
            other = thread.submit(lambda jobs=held: [queue.complete(job) for job in jobs])
            until(lambda: waits_for_a_lock(dsn))
            getattr(first, ending)()
            other.result(60)
            expected = "cancelled" if ending == "commit" else "pending"
            assert statuses(queue, flow) == {"a": "completed", "b": "completed", "z": expected}
    assert leftovers(dsn) == [0, 0]


def test_many_flows_over_several_workers(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    flows = [group([chain(*jobs("ab")), *jobs("cde")], then=chain(*jobs("yz"))) for _ in range(60)]
    for flow in flows:
        queue.enqueue_flow(flow)
    pools = [Ran(new_pool) for _ in range(3)]
    for ran in pools:
        ran.pool.start()
    total = sum(len(flow.jobs) for flow in flows)
    until(lambda: queue.stats()["completed"] == total, 60)
    for ran in pools:
        ran.pool.stop()
    assert sum(len(ran.order) for ran in pools) == total
    assert leftovers(dsn) == [0, 0]
    assert queue.stats().total == total


def test_a_completion_that_is_rolled_back_releases_nothing(queue: Queue, dsn: str) -> None:
    flow = chain(*jobs("abc"))
    queue.enqueue_flow(flow)
    [held] = queue.dequeue("w")
    before = {"a": "running", "b": "waits for 1", "c": "waits for 1"}
    with psycopg.connect(dsn) as conn:
        queue.complete(held, conn=conn)
        conn.rollback()
        assert statuses(queue, flow) == before
        queue.complete(held, conn=conn)
        assert statuses(queue, flow) == before
    assert statuses(queue, flow) == {"a": "completed", "b": "pending", "c": "waits for 1"}


def test_cancel_does_not_miss_a_job_that_is_just_released(queue: Queue, dsn: str) -> None:
    a, b = jobs("ab")
    flow = chain(a, b)
    queue.enqueue_flow(flow)
    [held] = queue.dequeue("w")
    with psycopg.connect(dsn) as conn, ThreadPoolExecutor(1) as thread:
        queue.complete(held, conn=conn)
        cancelled = thread.submit(queue.cancel, b.id)
        until(lambda: waits_for_a_lock(dsn))
        conn.commit()
        assert cancelled.result(60)
    assert statuses(queue, flow) == {"a": "completed", "b": "cancelled"}


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_above_read_committed_no_callback_is_lost(queue: Queue, dsn: str, level: str) -> None:
    a, b, z = jobs("abz")
    flow = group([a, b], then=z)
    queue.enqueue_flow(flow)
    first, second = queue.dequeue("w", limit=2)
    with psycopg.connect(dsn) as conn:
        conn.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        conn.execute("SELECT count(*) FROM jobs")
        queue.complete(first)
        with pytest.raises(psycopg.errors.SerializationFailure):
            queue.complete(second, conn=conn)
    queue.complete(second)
    assert statuses(queue, flow)["z"] == "pending"


def test_connections_that_are_cut_lose_no_flow(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    """Connections are cut at any moment, also while they release waiting jobs."""
    flows = [group(jobs("abcd"), then=chain(*jobs("yz"))) for _ in range(40)]
    for flow in flows:
        queue.enqueue_flow(flow)
    total = sum(len(flow.jobs) for flow in flows)
    pools = [Ran(new_pool) for _ in range(2)]
    for ran in pools:
        ran.pool.start()
    with psycopg.connect(dsn, autocommit=True) as killer:

        def cut_one() -> bool:
            sql = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'conduit outcomes' "
                "AND state = 'active' LIMIT 1"
            )
            return killer.execute(sql).fetchone() is not None or queue.stats().completed == total

        for _ in range(8):
            until(cut_one)
        until(lambda: queue.stats().completed == total, 60)
    for ran in pools:
        ran.pool.stop()
    assert leftovers(dsn) == [0, 0]
    for flow in flows:
        assert set(statuses(queue, flow).values()) == {"completed"}
