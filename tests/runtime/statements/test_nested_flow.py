"""Flows that a job enqueues when it completes, and those of hooks."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
from conduit_runtime import (
    AsyncHook,
    Hook,
    Job,
    JobContext,
    PayloadError,
    Queue,
    Retry,
    batch,
    chain,
    group,
)
from example_app import insert_order
from example_jobs.records import Order
from pools import NewPool


def steps(names: str) -> list[Job]:
    return [Job(type="step", payload=name) for name in names]


class Ran:
    """A pool whose steps note their payloads; the test adds handlers of parents."""

    def __init__(self, new_pool: NewPool) -> None:
        self.steps: list[object] = []
        self.pool = new_pool()

        @self.pool.handler("step")
        async def step(context: JobContext, payload: object) -> None:
            self.steps.append(payload)


def left(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        tables = ("conduit_blocked_jobs", "conduit_dependencies")
        sql = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables)
        return [count for (count,) in connection.execute(sql)]


def test_a_flow_begins_when_its_parent_has_completed(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    ran = Ran(new_pool)

    @ran.pool.handler("parent")
    async def parent(context: JobContext, payload: object) -> None:
        context.enqueue_flow(chain(*steps("abc")))
        assert queue.stats().total == 1

    queue.enqueue(Job(type="parent"))
    ran.pool.run(drain=True)
    assert ran.steps == ["a", "b", "c"]
    assert (queue.stats().completed, left(dsn)) == (4, [0, 0])


def test_a_failed_attempt_enqueues_none(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    ran = Ran(new_pool)

    @ran.pool.handler("parent")
    def parent(context: JobContext, payload: object) -> None:
        context.enqueue_flow(group(steps("ab"), *steps("z")))
        if context.attempt == 1:
            raise Retry(after=0)

    queue.enqueue(Job(type="parent"))
    ran.pool.run(drain=True)
    ran.pool.run(drain=True)
    assert sorted(map(str, ran.steps)) == ["a", "b", "z"]
    assert ran.steps[-1] == "z"


def test_flows_go_with_plain_and_unique_jobs_results_and_the_parents_own_flow(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    ran = Ran(new_pool)

    async def parent(context: JobContext, payload: Any) -> int:
        context.enqueued.append(Job(type="step", payload=f"plain {payload}"))
        context.enqueue_flow(chain(*steps("ab")))
        context.enqueue_flow(chain(*steps("cd")))
        if payload % 3 == 0:
            context.enqueued.append(Job(type="step", payload="unique", unique="one"))
        return int(payload)

    ran.pool.register("parent", parent, keep_result=timedelta(hours=1))
    last = Job(type="step", payload="last")
    flow = group([Job(type="parent", payload=n) for n in range(30)], last)
    queue.enqueue_flow(flow)
    ran.pool.run(drain=True)
    counts = {name: ran.steps.count(name) for name in ("a", "b", "c", "d", "last")}
    assert counts == {"a": 30, "b": 30, "c": 30, "d": 30, "last": 1}
    assert sum(str(name).startswith("plain") for name in ran.steps) == 30
    assert ran.steps.count("unique") >= 1
    assert [queue.get(job.id).result for job in flow.jobs[:3]] == [0, 1, 2]
    assert left(dsn) == [0, 0]


def test_a_flow_is_taken_as_it_is_and_checked_at_once(queue: Queue, new_pool: NewPool) -> None:
    ran = Ran(new_pool)
    refused: list[str] = []

    @ran.pool.handler("parent")
    async def parent(context: JobContext, payload: object) -> None:
        given = {"n": 1}
        context.enqueue_flow(chain(Job(type="step", payload=given)))
        given["n"] = 2
        try:
            context.enqueue_flow(chain(Job(type="step"), Job(type="step", payload=float("nan"))))
        except PayloadError as error:
            refused.append(str(error))

    queue.enqueue(Job(type="parent"))
    ran.pool.run(drain=True)
    assert ran.steps == [{"n": 1}]
    assert len(refused) == 1


def test_a_hook_stores_flows_when_it_ends(conn: psycopg.Connection[Any], app_dsn: str) -> None:
    row = insert_order(conn)
    with Queue(app_dsn) as queue:
        with suppress(ZeroDivisionError), Hook(conn, Order, row) as hook:
            hook.enqueue_flow(chain(*steps("ab")))
            raise ZeroDivisionError
        with Hook(conn, Order, row) as hook:
            hook.enqueue_flow(chain(*steps("ab")))
            assert queue.stats(conn=conn).total == 0
        first, second = hook.jobs
        assert queue.get(first.id) is None
        assert queue.get(second.id, conn=conn).waits_for == 1
        with batch(conn) as jobs, Hook(conn, Order, row) as hook:
            hook.enqueue_flow(chain(*steps("cd")))
        assert [job.payload for job in jobs] == ["c", "d"]
        assert queue.stats(conn=conn).pending == 2
        conn.rollback()
        assert queue.stats().total == 0


def test_an_asynchronous_hook_does_as_well(conn: psycopg.Connection[Any], app_dsn: str) -> None:
    row = insert_order(conn)

    async def run() -> int:
        async with await psycopg.AsyncConnection.connect(app_dsn) as connection:
            async with AsyncHook(connection, Order, row) as hook:
                hook.enqueue_flow(group(steps("ab"), *steps("z")))
            found = await connection.execute("SELECT count(*) FROM jobs")
            [(count,)] = await found.fetchall()
            await connection.rollback()
            return int(count)

    assert asyncio.run(run()) == 2


def test_a_hook_stores_much_by_several_statements(
    conn: psycopg.Connection[Any], weigh: Callable[[int], None]
) -> None:
    weigh(10_000)
    with Hook(conn, Order, insert_order(conn)) as hook:
        hook.enqueue_flow(group(steps("x" * 100), *steps("z")))
        hook.enqueue_flow(chain(*steps("abc")))
        assert len([*hook._storing(None)]) > 2
    waits = conn.execute("SELECT waits_for FROM conduit_blocked_jobs ORDER BY 1").fetchall()
    assert waits == [(1,), (1,), (100,)]
    conn.rollback()
