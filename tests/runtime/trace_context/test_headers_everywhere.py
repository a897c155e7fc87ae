"""The same headers reach a job in every way to enqueue it, and stay when it runs again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import asyncpg
import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Job,
    Queue,
    Schedule,
    chain,
    headers,
)
from conduit_runtime.schedules.scheduler import CronScheduler
from hook_drivers import asyncpg_arguments
from pools import NewPool

ACME = {"tenant": "acme", "x-request": 'a "quote", a \\ and a {brace}, é\n'}


def insert_by_hand(queue: Queue) -> None:
    with psycopg.connect(queue.dsn) as conn:
        conn.execute(
            "INSERT INTO jobs (type, headers) VALUES ('t', %s)", (psycopg.types.json.Jsonb(ACME),)
        )


def run_a_schedule(queue: Queue) -> None:
    scheduler = CronScheduler(queue)
    scheduler.add(Schedule.every(hours=1, type="t", name="s"))
    with headers(ACME):
        scheduler.run("s")


def many(count: int, **options: Any) -> Callable[[Queue], None]:
    def enqueue(queue: Queue) -> None:
        with headers(ACME):
            queue.enqueue_many([Job(type="t", **options) for _ in range(count)])

    return enqueue


def in_a_block(enqueue: Callable[[Queue], object]) -> Callable[[Queue], None]:
    def enqueue_in_it(queue: Queue) -> None:
        with headers(ACME):
            enqueue(queue)

    return enqueue_in_it


WAYS: dict[str, Callable[[Queue], None]] = {
    "one": many(1),
    "two": many(2),
    "fifty": many(50),
    "two thousand": many(2_000),
    "unique": in_a_block(lambda queue: queue.enqueue(Job(type="t", unique="k"))),
    "flow": in_a_block(lambda queue: queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))),
    "delayed": in_a_block(lambda queue: queue.enqueue(Job(type="t", delay=timedelta(0)))),
    "by hand": insert_by_hand,
    "schedule": run_a_schedule,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_enqueue(queue: Queue, new_direct_pool: NewPool, way: str) -> None:
    WAYS[way](queue)
    pool = new_direct_pool()
    seen: list[dict[str, str]] = []
    pool.register("t", lambda context, payload: seen.append(dict(context.headers)))
    pool.run(drain=True)
    assert seen == [ACME] * len(seen)
    assert len(seen) == queue.stats().completed > 0
    assert all(job.headers == ACME for job in queue.list(limit=100))


def test_enqueues_over_asyncpg(queue: Queue) -> None:
    async def enqueue() -> None:
        connection = await asyncpg.connect(**asyncpg_arguments(queue.dsn))
        async with AsyncQueue(queue.dsn) as other:
            with headers(ACME):
                for count in (1, 2, 50):
                    jobs = [Job(type="t") for _ in range(count)]
                    await other.enqueue_many(jobs, conn=connection)
                await other.enqueue_flow(chain(Job(type="t"), Job(type="t")), conn=connection)
        await connection.close()

    asyncio.run(enqueue())
    found = queue.list(limit=100)
    assert [job.headers for job in found] == [ACME] * 54


def test_jobs_with_different_headers_in_one_call(queue: Queue) -> None:
    for count in (2, 50):
        jobs = [Job(type="t", headers={} if n % 3 == 0 else {"n": str(n)}) for n in range(count)]
        stored = {job.id: job.headers for job in queue.enqueue_many(jobs)}
        assert [stored[job.id] for job in jobs] == [job.headers for job in jobs]
        for job in jobs:
            found = queue.get(job.id)
            assert found is not None
            assert found.headers == job.headers


def test_a_subclass_of_str_is_a_header(queue: Queue) -> None:
    class Safe(str):
        __slots__ = ()

    class Tenant(StrEnum):
        ACME = "acme"

    with headers(tenant=Tenant.ACME, html=Safe("<b>")):
        queue.enqueue_many([Job(type="t"), Job(type="t", headers={Safe("own"): Safe("x")})])
    found = [job.headers for job in queue.list()]
    assert {"tenant": "acme", "html": "<b>"} in found
    assert {"tenant": "acme", "html": "<b>", "own": "x"} in found


def test_they_stay_after_rescues_and_retries(queue: Queue, new_direct_pool: NewPool) -> None:
    job = queue.enqueue(Job(type="t", headers=ACME, max_attempts=2))
    for worker in ("one", "another"):
        assert [each.headers for each in queue.dequeue(worker)] == [ACME]
        with psycopg.connect(queue.dsn) as conn:
            conn.execute("UPDATE jobs SET leased_until = now() - interval '1 s'")
    assert queue.dequeue("a third") == []
    queue.retry(job.id)
    pool = new_direct_pool()
    seen: list[dict[str, str]] = []
    pool.register("t", lambda context, payload: seen.append(dict(context.headers)))
    pool.run(drain=True)
    assert seen == [ACME]
