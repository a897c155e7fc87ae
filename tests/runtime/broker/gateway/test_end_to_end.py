"""Jobs go from the database through a gateway and a broker to a worker, and come back."""

import asyncio
import sys
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    Broker,
    FailedJob,
    Job,
    JobContext,
    JobStatus,
    Queue,
    WorkerPool,
    chain,
)
from conduit_runtime.broker.gateway import requests as gateway_requests
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.job_types import described_types
from gateways import gateway_of
from waiting import until


def _has(queue: Queue, status: str, count: int) -> bool:
    return len(queue.list(status=status)) == count


def test_jobs_run_in_a_worker_without_a_database(queue: Queue, dsn: str, broker_url: str) -> None:
    pool = WorkerPool(Broker(broker_url))
    seen = []

    @pool.handler("greet", keep_result=timedelta(minutes=1))
    async def greet(context: JobContext, payload: dict[str, Any]) -> str:
        seen.append(payload["name"])
        return f"hello {payload['name']}"

    jobs = [queue.enqueue(Job(type="greet", payload={"name": str(n)})) for n in range(5)]
    with gateway_of(dsn, broker_url), pool:
        until(lambda: _has(queue, "completed", 5))
    assert sorted(seen) == ["0", "1", "2", "3", "4"]
    stored = queue.get(jobs[3].id)
    assert stored is not None
    assert stored.result == "hello 3"
    assert stored.attempts == 1


def test_the_limits_of_the_code_hold_from_the_first_job(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    pool = WorkerPool(Broker(broker_url), workers=10)
    running: list[int] = []
    most = []

    @pool.handler("t", key_concurrency=1)
    async def work(context: JobContext, payload: int) -> None:
        running.append(payload)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.remove(payload)

    queue.enqueue_many([Job(type="t", payload=n, key="k") for n in range(20)])
    with gateway_of(dsn, broker_url), pool:
        until(lambda: _has(queue, "completed", 20))
    assert max(most) == 1


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="it reads all that Postgres takes")
def test_a_payload_that_is_nested_too_deeply_fails_alone(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    """A plain INSERT takes it, and a worker with a database says the same of it."""
    deep = "[" * 6_000 + "]" * 6_000
    with psycopg.connect(dsn) as connection:
        for type_ in ("remote", "direct"):
            connection.execute(
                "INSERT INTO jobs (type, payload, max_attempts) VALUES (%s, %s, 1)", [type_, deep]
            )
    neighbours = [queue.enqueue(Job(type="remote")) for _ in range(20)]
    remote, direct = WorkerPool(Broker(broker_url)), WorkerPool(queue)
    remote.register("remote", lambda context, payload: None)
    direct.register("direct", lambda context, payload: None)
    with gateway_of(dsn, broker_url), remote, direct:
        until(lambda: _has(queue, "failed", 2))
        until(lambda: _has(queue, "completed", len(neighbours)))
    one, other = queue.list(status="failed")
    assert one.error == other.error
    assert "recursion" in (one.error or "")
    assert {one.attempts, other.attempts} == {1}


def test_child_jobs_are_stored_with_the_outcome(queue: Queue, dsn: str, broker_url: str) -> None:
    pool = WorkerPool(Broker(broker_url))

    @pool.handler("parent")
    async def parent(context: JobContext, payload: Any) -> None:
        context.enqueued.append(Job(type="child", payload={"of": "parent"}))

    @pool.handler("child")
    async def child(context: JobContext, payload: Any) -> None:
        assert payload == {"of": "parent"}

    queue.enqueue(Job(type="parent", payload={}))
    with gateway_of(dsn, broker_url), pool:
        until(lambda: _has(queue, "completed", 2))


def test_a_failed_job_is_reported_to_a_worker(queue: Queue, dsn: str, broker_url: str) -> None:
    pool = WorkerPool(Broker(broker_url))
    failed: list[FailedJob] = []
    pool.on_failed(failed.append)

    @pool.handler("bad")
    async def bad(context: JobContext, payload: Any) -> None:
        raise ValueError("it is bad")

    job = queue.enqueue(Job(type="bad", payload={"a": 1}, max_attempts=1))
    with gateway_of(dsn, broker_url), pool:
        until(lambda: failed)
    assert [(each.id, each.payload) for each in failed] == [(job.id, {"a": 1})]
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status == JobStatus.FAILED
    assert "it is bad" in (stored.error or "")


def test_types_that_several_workers_run_are_described(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    pools = [WorkerPool(Broker(broker_url)) for _ in range(2)]
    for pool, types in zip(pools, (["both"], ["both", "second"]), strict=True):
        for type_ in types:
            pool.register(type_, lambda context, payload: None)
    with (
        psycopg.connect(dsn, autocommit=True) as connection,
        gateway_of(dsn, broker_url),
        pools[0],
        pools[1],
    ):
        until(
            lambda: [each.type for each in run(connection, described_types())] == ["both", "second"]
        )


@pytest.mark.slow
def test_batches_are_filled(queue: Queue, dsn: str, broker_url: str) -> None:
    pool = WorkerPool(Broker(broker_url), workers=2)
    sizes = []

    @pool.batch_handler("index", size=50, wait=2)
    async def index(context: Any, jobs: list[Any]) -> None:
        sizes.append(len(jobs))

    queue.enqueue_many([Job(type="index", payload={}) for _ in range(200)])
    with gateway_of(dsn, broker_url), pool:
        until(lambda: queue.queues()[0].completed == 200)
    assert sum(sizes) == 200
    assert len(sizes) <= 8


@pytest.mark.slow
def test_what_is_too_large_for_a_broker_fails_with_the_reason(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    pool = WorkerPool(Broker(broker_url))

    @pool.handler("t")
    async def handle(context: JobContext, payload: Any) -> None:
        pass

    large = queue.enqueue(Job(type="t", payload={"text": "ä" * 8_500_000}))
    small = queue.enqueue(Job(type="t", payload={}))
    with gateway_of(dsn, broker_url), pool:
        until(lambda: _has(queue, "failed", 1) and _has(queue, "completed", 1))
    stored = queue.get(large.id)
    assert stored is not None
    assert "more than the 15,000,000 that the broker takes" in (stored.error or "")
    assert queue.list(status="completed")[0].id == small.id


def test_results_that_are_too_large_for_a_broker_end_their_reader_in_words(
    queue: Queue, dsn: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_requests, "LARGEST", 1_000)
    pool = WorkerPool(Broker(broker_url))

    @pool.handler("first", keep_result=timedelta(minutes=1))
    async def first(context: JobContext, payload: Any) -> str:
        return "x" * 1_000

    @pool.handler("second")
    async def second(context: JobContext, payload: Any) -> None:
        await context.results()

    last = Job(type="second", payload={}, max_attempts=1)
    with gateway_of(dsn, broker_url), pool:
        queue.enqueue_flow(chain(Job(type="first", payload={}), last))
        until(lambda: _has(queue, "failed", 1))
    stored = queue.get(last.id)
    assert stored is not None
    assert "the results of the jobs before are too large for a broker" in (stored.error or "")
