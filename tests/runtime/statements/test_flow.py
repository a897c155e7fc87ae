import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Discard,
    Flow,
    Job,
    JobContext,
    PayloadError,
    Queue,
    chain,
    group,
)
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import flows as flow_store
from pools import NewPool
from waiting import until

HOUR = timedelta(hours=1)


def jobs(names: str) -> list[Job]:
    return [Job(type="t", payload=name) for name in names]


def statuses(queue: Queue, flow: Flow) -> dict[str, str]:
    """The state of each job, by its payload; those that wait as how many they wait for."""
    found = {}
    for job in flow.jobs:
        stored = queue.get(job.id)
        assert stored is not None
        assert (stored.payload, stored.flow) == (job.payload, flow.id)
        waits = stored.waits_for
        found[job.payload] = f"waits for {waits}" if waits else str(stored.status)
    return found


def leftovers(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as conn:
        tables = ("conduit_blocked_jobs", "conduit_dependencies")
        sql = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables)
        return [count for (count,) in conn.execute(sql).fetchall()]


class Ran:
    """A pool whose jobs note that they ran; those in `fails` fail for good."""

    def __init__(self, new_pool: NewPool, fails: str = "") -> None:
        self.order: list[str] = []
        self.fails = set(fails)
        self.pool = new_pool(workers=4)
        self.pool.register("t", self.work)

    async def work(self, context: JobContext, payload: str) -> None:
        self.order.append(payload)
        if payload in self.fails:
            raise Discard(f"{payload} fails")

    def drain(self) -> str:
        self.pool.run(drain=True)
        return "".join(self.order)


def test_a_chain_runs_one_after_the_other(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    flow = chain(*jobs("abc"))
    stored = queue.enqueue_flow(flow)
    assert stored == list(flow.jobs)
    assert [(job.flow, job.waits_for) for job in stored] == [(flow.id, n) for n in (0, 1, 1)]
    assert statuses(queue, flow) == {"a": "pending", "b": "waits for 1", "c": "waits for 1"}
    assert queue.stats().total == 1
    waiting = queue.get(flow.jobs[1].id)
    assert waiting is not None
    assert (waiting.run_at, waiting.is_processable) == (None, False)
    assert Ran(new_pool).drain() == "abc"
    assert set(statuses(queue, flow).values()) == {"completed"}
    assert leftovers(dsn) == [0, 0]


def test_a_group_calls_back_when_all_are_done(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, z = jobs("abcz")
    flow = group([a, b, c], then=z)
    queue.enqueue_flow(flow)
    assert statuses(queue, flow)["z"] == "waits for 3"
    ran = Ran(new_pool).drain()
    assert sorted(ran) == ["a", "b", "c", "z"]
    assert ran[-1] == "z"
    assert leftovers(dsn) == [0, 0]


def test_chains_and_groups_nest(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, d, e, z = jobs("abcdez")
    flow = chain(a, group([chain(b, c), d]), group([e], then=z))
    queue.enqueue_flow(flow)
    order = Ran(new_pool).drain()
    assert sorted(order) == ["a", "b", "c", "d", "e", "z"]
    for before, after in ("ab", "ad", "bc", "ce", "de", "ez"):
        assert order.index(before) < order.index(after)
    assert leftovers(dsn) == [0, 0]


def test_a_failure_cancels_what_waits_for_it(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, d, z = jobs("abcdz")
    flow = group([chain(a, b, c), d], then=z)
    queue.enqueue_flow(flow)
    assert sorted(Ran(new_pool, fails="a").drain()) == ["a", "d"]
    ended = dict.fromkeys("bcz", "cancelled")
    assert statuses(queue, flow) == {"a": "failed", "d": "completed", **ended}
    for job in (b, c, z):
        stored = queue.get(job.id)
        assert stored is not None
        assert stored.error == "what it waited for did not succeed"
    assert stored.completed_at is not None
    assert leftovers(dsn) == [0, 0]


def test_a_failure_is_passed_over_when_asked(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, z = jobs("abcz")
    flow = chain(group([chain(a, b), c]), z, on_failure="continue")
    queue.enqueue_flow(flow)
    assert sorted(Ran(new_pool, fails="ac").drain()) == ["a", "c", "z"]
    assert statuses(queue, flow) == {
        "a": "failed",
        "b": "cancelled",
        "c": "failed",
        "z": "completed",
    }
    assert leftovers(dsn) == [0, 0]


def test_an_attempt_that_is_retried_is_no_end(queue: Queue) -> None:
    flow = chain(*jobs("ab"))
    queue.enqueue_flow(flow)
    [held] = queue.dequeue("w")
    queue.fail(held, "not yet")
    assert statuses(queue, flow) == {"a": "pending", "b": "waits for 1"}
    queue.retry(held.id)
    queue.complete(*queue.dequeue("w"))
    assert statuses(queue, flow) == {"a": "completed", "b": "pending"}


def test_a_member_that_is_run_again_by_hand_counts_once(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    a, b, z = jobs("abz")
    flow = group([a, b], then=z)
    queue.enqueue_flow(flow)
    for _ in range(3):
        [held] = queue.dequeue("w", limit=1)
        assert held.id == a.id
        queue.complete(held)
        assert statuses(queue, flow)["z"] == "waits for 1"
        with psycopg.connect(dsn) as conn:
            conn.execute(
                "UPDATE jobs SET status = 'pending', attempts = 0, run_at = '2000-01-01' "
                "WHERE id = %s",
                (a.id,),
            )
    assert Ran(new_pool).drain() == "abz"
    queue.retry(z.id)
    assert Ran(new_pool).drain() == "z"


def test_cancel(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, d = jobs("abcd")
    flow = chain(a, b, chain(c, d, on_failure="continue"))
    queue.enqueue_flow(flow)
    assert queue.cancel(b.id)
    assert not queue.cancel(b.id)
    expected = {"a": "pending", "b": "cancelled", "c": "cancelled", "d": "pending"}
    assert statuses(queue, flow) == expected
    assert [queue.get(job.id).error is None for job in (b, c)] == [True, False]  # type: ignore[union-attr]
    assert queue.cancel(a.id)
    assert queue.retry(b.id)
    assert Ran(new_pool).drain() in ("bd", "db")
    assert leftovers(dsn) == [0, 0]


def test_a_running_member_that_is_cancelled_lets_go(queue: Queue, dsn: str) -> None:
    flow = chain(*jobs("ab"), on_failure="continue")
    queue.enqueue_flow(flow)
    [held] = queue.dequeue("w")
    assert queue.cancel(held.id)
    assert statuses(queue, flow) == {"a": "cancelled", "b": "pending"}
    assert leftovers(dsn) == [0, 0]


def test_a_callback_may_start_later(queue: Queue, new_pool: NewPool) -> None:
    a, b, c = jobs("abc")
    b.delay = HOUR
    flow = group([a], then=group([b, c]))
    queue.enqueue_flow(flow)
    assert Ran(new_pool).drain() == "ac"
    stored, before = queue.get(b.id), queue.get(a.id)
    assert stored is not None
    assert before is not None
    assert stored.run_at is not None
    assert before.completed_at is not None
    assert stored.run_at - before.completed_at == HOUR


def test_a_flow_is_part_of_its_transaction(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        queue.enqueue_flow(chain(*jobs("ab")), conn=conn)
        with pytest.raises(PayloadError):
            queue.enqueue_flow(chain(*jobs("ab"), Job(type="")), conn=conn)
        assert queue.stats(conn=conn).pending == 1
        conn.rollback()
    assert leftovers(dsn) == [0, 0]
    assert queue.stats().total == 0


def test_what_is_no_flow_is_refused() -> None:
    [a] = jobs("a")
    with pytest.raises(PayloadError, match="twice"):
        chain(a, a)
    with pytest.raises(ValueError, match="no job"):
        chain()
    with pytest.raises(ValueError, match="no job"):
        group([], then=a)
    with pytest.raises(ValueError, match="on_failure"):
        chain(a, on_failure="retry")  # type: ignore[arg-type]


def test_members_that_end_at_once_call_back_once(queue: Queue, dsn: str) -> None:
    """Each over a connection of its own, at the same moment."""
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


def waits_for_a_lock(dsn: str) -> bool:
    with psycopg.connect(dsn) as conn:
        sql = (
            "SELECT count(*) > 0 FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return conn.execute(sql).fetchone() == (True,)


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


def test_a_member_that_killed_its_worker_too_often_has_failed(queue: Queue, dsn: str) -> None:
    a, b = Job(type="t", payload="a", max_attempts=1), Job(type="t", payload="b")
    flow = chain(a, b)
    queue.enqueue_flow(flow)
    [_] = queue.dequeue("dead")
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET leased_until = now() - interval '1 second'")
    assert queue.dequeue("w") == []
    assert statuses(queue, flow) == {"a": "failed", "b": "cancelled"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE jobs SET status = 'completed' WHERE payload = '\"a\"'", "pending"),
        ("UPDATE jobs SET status = 'failed' WHERE payload = '\"a\"'", "cancelled"),
        ("DELETE FROM jobs WHERE payload = '\"a\"'", "cancelled"),
        ("TRUNCATE jobs", "cancelled"),
    ],
)
def test_hand_typed_ends_are_found(
    queue: Queue, dsn: str, statement: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_store, "SWEPT", 2)
    others = [chain(*jobs("xy")) for _ in range(3)]
    a, b = jobs("ab")
    flow = chain(a, b)
    for each in (*others[:2], flow, others[2]):
        queue.enqueue_flow(each)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement)  # type: ignore[arg-type]
        link, pages = None, 0
        while pages == 0 or link is not None:
            link, ended = run(conn, flow_store.sweep(link))
            run(conn, flow_store.advance(ended))
            pages += 1
    assert pages == 3
    stored = queue.get(b.id)
    assert stored is not None
    assert (stored.status, stored.waits_for) == (expected, 0)
    if "TRUNCATE" not in statement:
        assert {queue.get(each.jobs[1].id).waits_for for each in others} == {1}  # type: ignore[union-attr]


@pytest.mark.usefixtures("short_intervals")
def test_a_worker_finds_hand_typed_ends(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    flow = chain(*jobs("ab"))
    queue.enqueue_flow(flow)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'completed'")
    ran = Ran(new_pool)
    with ran.pool:
        until(lambda: ran.order == ["b"], 120)
        until(lambda: statuses(queue, flow)["b"] == "completed")


def test_plain_jobs_pay_nothing(queue: Queue, dsn: str) -> None:
    """No statement of a worker or an enqueue touches the tables of flows, keys and results."""
    from conduit_runtime.statements import jobs as store
    from conduit_runtime.statements import outcomes as attempts
    from conduit_runtime.statements.outcomes import Attempt

    [job] = jobs("a")
    for statement in (
        *store.insert_jobs([job]),
        *store.insert_jobs([job, *jobs("b")]),
        attempts.complete([Attempt(Job(id=job.id, token=job.id))]),
        attempts.end([]),
    ):
        # What is called for a job that result() waits for is a function.
        assert not re.search(r"conduit_(?!announce_end)\w", statement.sql())


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
    """Cut at whatever they were doing, the release of what waits included."""
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


def test_asynchronous_code(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    async def enqueue() -> Flow:
        async with AsyncQueue(dsn) as asynchronous:
            flow = chain(*jobs("abc"))
            await asynchronous.enqueue_flow(flow)
            assert await asynchronous.cancel(flow.jobs[2].id)
            return flow

    flow = asyncio.run(enqueue())
    assert Ran(new_pool).drain() == "ab"
    assert statuses(queue, flow) == {"a": "completed", "b": "completed", "c": "cancelled"}
