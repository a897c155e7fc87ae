"""Unique jobs in flows, also in flows with a job that exists already."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Discard,
    Flow,
    Hook,
    Job,
    JobContext,
    Queue,
    chain,
    group,
)
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import flows as flow_store
from example_app import insert_order
from example_jobs.records import Order
from pools import NewPool
from waiting import until

HOUR = timedelta(hours=1)


def plain(name: str) -> Job:
    return Job(type="t", payload=name)


def unique(name: str, key: object = "k", **options: Any) -> Job:
    return Job(type="t", payload=name, unique=key, **options)


def dependencies(dsn: str) -> list[tuple[str, str, bool]]:
    """Return the payloads of each job and the job after it, and whether this is watched."""
    names = "SELECT id, payload FROM jobs UNION ALL SELECT id, payload FROM conduit_blocked_jobs"
    with psycopg.connect(dsn) as conn:
        return conn.execute(
            f"WITH name AS ({names}) SELECT before.payload, after.payload, watched "
            "FROM conduit_dependencies JOIN name AS before ON before.id = job "
            "JOIN name AS after ON after.id = next ORDER BY 1, 2"
        ).fetchall()


def drain(new_pool: NewPool, fails: str = "") -> str:
    """Run the jobs that are due; return the payloads in the order in which they began."""
    order: list[str] = []
    pool = new_pool(workers=4)

    @pool.handler("t")
    async def work(context: JobContext, payload: str) -> None:
        order.append(payload)
        if payload in fails:
            raise Discard

    pool.run(drain=True)
    return "".join(order)


def is_clear(dsn: str) -> bool:
    with psycopg.connect(dsn) as conn:
        tables = ("conduit_blocked_jobs", "conduit_dependencies")
        sql = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables)
        return conn.execute(sql).fetchall() == [(0,), (0,)]


def test_a_unique_job_runs_in_its_flow_when_its_key_is_free(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    flow = chain(plain("a"), unique("b"), plain("c"))
    assert queue.enqueue_flow(flow) == list(flow.jobs)
    # The job holds its key while it waits.
    assert queue.enqueue(unique("x")).id == flow.jobs[1].id
    assert dependencies(dsn) == [("a", "b", False), ("b", "c", False)]
    assert drain(new_pool) == "abc"
    assert not queue.enqueue(unique("x")).duplicate
    assert is_clear(dsn)


def test_what_waits_for_it_waits_for_the_existing_job(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    existing = queue.enqueue(unique("s"))
    flow = chain(unique("a"), plain("b"))
    returned = queue.enqueue_flow(flow)
    assert [(job.id, job.payload, job.duplicate) for job in returned] == [
        (existing.id, "s", True),
        (flow.jobs[1].id, "b", False),
    ]
    assert dependencies(dsn) == [("s", "b", True)]
    assert drain(new_pool) == "sb"
    assert is_clear(dsn)


def test_the_order_of_the_flow_holds_around_it(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    queue.enqueue(unique("s", "1"))
    queue.enqueue(unique("t", "2"))
    queue.enqueue_flow(
        chain(plain("a"), group([unique("b", "1"), plain("c")]), unique("d", "2"), plain("e"))
    )
    found = {(before, after): watched for before, after, watched in dependencies(dsn)}
    assert found == {
        ("a", "c"): False,
        ("s", "e"): True,
        ("t", "e"): True,
        ("c", "e"): False,
        ("a", "e"): False,
    }
    ran = drain(new_pool)
    assert sorted(ran) == ["a", "c", "e", "s", "t"]
    assert ran[-1] == "e"
    assert ran.index("a") < ran.index("c")
    assert is_clear(dsn)


def test_of_one_key_in_a_flow_one_job_is_stored(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    flow = group([unique("a"), unique("b"), plain("c")], then=plain("z"))
    returned = queue.enqueue_flow(flow)
    assert [job.payload for job in returned] == ["a", "a", "c", "z"]
    assert dependencies(dsn) == [("a", "z", False), ("c", "z", False)]
    ran = drain(new_pool)
    assert (sorted(ran), ran[-1]) == (["a", "c", "z"], "z")
    assert is_clear(dsn)


@pytest.mark.parametrize(("policy", "ran"), [("cancel", "s"), ("continue", "sb")])
def test_the_failure_of_the_existing_job_counts(
    queue: Queue, new_pool: NewPool, dsn: str, policy: Any, ran: str
) -> None:
    queue.enqueue(unique("s"))
    b = plain("b")
    queue.enqueue_flow(chain(unique("a"), b, on_failure=policy))
    assert drain(new_pool, fails="s") == ran
    stored = queue.get(b.id)
    assert stored is not None
    assert stored.status == ("cancelled" if policy == "cancel" else "completed")
    assert is_clear(dsn)


def test_one_that_ended_within_its_period_is_not_waited_for(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    queue.enqueue(unique("s", unique_for=HOUR))
    assert drain(new_pool) == "s"
    queue.enqueue_flow(chain(unique("a", unique_for=HOUR), plain("b")))
    assert drain(new_pool) == "b"
    assert is_clear(dsn)


def test_a_running_one_is_waited_for_and_its_worker_need_not_know(
    new_pool: NewPool, dsn: str
) -> None:
    """The flow waits for no sweep either, which would take half a minute."""
    order: list[str] = []
    begun, end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    pool = new_pool()

    @pool.handler("t")
    async def work(context: JobContext, payload: str) -> None:
        order.append(payload)
        if payload == "s":
            begun.set()
            await end.wait()
        else:
            ended.set()

    async def play() -> None:
        async with pool, AsyncQueue(dsn) as others:
            await others.enqueue(unique("s"))
            await asyncio.wait_for(begun.wait(), 60)
            await others.enqueue_flow(chain(unique("a"), plain("b")))
            end.set()
            await asyncio.wait_for(ended.wait(), 20)
        assert order == ["s", "b"]

    asyncio.run(play())


def test_loops_of_ones_own_go_on_with_it(queue: Queue, dsn: str) -> None:
    queue.enqueue(unique("s"))
    [held] = queue.dequeue("w")
    queue.enqueue_flow(chain(unique("a"), plain("b")))
    assert queue.dequeue("w") == []
    queue.complete(held)
    [held] = queue.dequeue("w")
    assert held.payload == "b"


def test_reading_existing_jobs_goes_on_page_by_page(queue: Queue, dsn: str) -> None:
    for n in range(5):
        queue.enqueue(unique(f"s{n}", n, run_at=None, delay=HOUR if n < 4 else None))
        queue.enqueue_flow(group([unique("a", n)], then=plain(f"b{n}")))
    [held] = queue.dequeue("w")
    with psycopg.connect(dsn, autocommit=True) as conn:
        queue.complete(held, conn=conn)
        after, steps = None, []
        for _ in range(3):
            after, ended = run(conn, flow_store.watch(after, 2))
            steps.append(len(ended))
            run(conn, flow_store.advance(ended))
        assert (after, sum(steps)) == (None, 1)
    [held] = queue.dequeue("w")
    assert held.payload == "b4"


def test_many_flows_at_once_run_the_job_of_a_key_once(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    """A later flow waits until the first one commits, and then for the first flow's job."""

    def enqueue(n: int) -> None:
        queue.enqueue_flow(group([unique("u"), plain("c")], then=plain("z")))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(enqueue, range(24)))
    ran = drain(new_pool)
    assert sorted(ran) == sorted("u" + "cz" * 24)
    assert queue.stats().completed == 49
    assert is_clear(dsn)


def test_flows_race_the_end_of_the_existing_job(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    """With any timing, every flow ends, and a key never has two jobs at once."""
    running = most = 0
    pool = new_pool(workers=8)

    @pool.handler("u")
    async def one(context: JobContext, payload: object) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        """Do nothing."""

    def enqueue(n: int) -> None:
        for _ in range(15):
            queue.enqueue_flow(chain(Job(type="u", unique=1), Job(type="t", payload="end")))

    with pool, ThreadPoolExecutor(4) as threads:
        list(threads.map(enqueue, range(4)))
        until(lambda: len(queue.list(type="t", status="completed", limit=100)) == 60)
    assert most == 1
    assert is_clear(dsn)


def test_those_that_a_job_enqueues_are_unique_as_well(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    """Direct workers only: a gateway refuses child jobs that no worker has code for."""
    existing = queue.enqueue(unique("s", delay=HOUR))
    pool = new_direct_pool()

    @pool.handler("parent")
    async def parent(context: JobContext, payload: object) -> None:
        context.enqueued.append(unique("lone", "l"))
        context.enqueue_flow(chain(unique("a"), plain("b")))
        context.enqueue_flow(group([unique("c", "l"), unique("d", "d")], then=plain("z")))

    queue.enqueue(Job(type="parent"))
    pool.run(drain=True)
    assert dependencies(dsn) == [("d", "z", False), ("lone", "z", True), ("s", "b", True)]
    assert queue.cancel(existing.id)
    assert sorted(drain(new_direct_pool)) == sorted(["d", *"lone", "z"])
    assert is_clear(dsn)


def test_those_of_a_hook_are_unique_as_well(app_dsn: str, conn: psycopg.Connection[Any]) -> None:
    conn.execute("TRUNCATE conduit_unique_keys, conduit_blocked_jobs, conduit_dependencies")
    hooks = []
    for name in "ab":
        with Hook(conn, Order, insert_order(conn)) as hook:
            hook.enqueue_flow(chain(unique(f"{name}1"), plain(f"{name}2")))
        hooks.append(hook)
    assert [job.duplicate for job in hooks[1].jobs] == [True, False]
    assert hooks[1].jobs[0].id == hooks[0].jobs[0].id
    conn.commit()
    assert dependencies(app_dsn) == [("a1", "a2", False), ("a1", "b2", True)]


def test_flows_of_asynchronous_queues(dsn: str) -> None:
    async def use() -> list[bool]:
        async with AsyncQueue(dsn) as queue:
            await queue.enqueue(unique("s"))
            flow: Flow = chain(unique("a"), plain("b"))
            return [job.duplicate for job in await queue.enqueue_flow(flow)]

    assert asyncio.run(use()) == [True, False]
