"""A job carries the trace context of the code that enqueues it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import asyncpg
import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    CronScheduler,
    Job,
    JobContext,
    PayloadError,
    Queue,
    Schedule,
    WorkerPool,
    batch,
    chain,
    headers,
    job_type,
)
from conduit_runtime.statements import jobs as store
from conduit_runtime.trace_context.propagation import context_of
from example_app import SCHEMA, insert_order
from example_jobs.order import after_create
from hook_drivers import asyncpg_arguments
from opentelemetry import propagate
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

REQUEST = SpanContext(0xA, 0xB, is_remote=False, trace_flags=TraceFlags(1))
HEADERS = {"traceparent": f"00-{0xA:032x}-{0xB:016x}-01"}


@job_type("order.remind", "f1")
async def remind(context: JobContext[Any], payload: dict[str, int]) -> None:
    """Nothing."""


def enqueue_one(queue: Queue) -> None:
    queue.enqueue(Job(type="t"))


def enqueue_many(queue: Queue) -> None:
    queue.enqueue_many([Job(type="t"), Job(type="t")])


def enqueue_unique(queue: Queue) -> None:
    queue.enqueue(Job(type="t", unique="key"))


def enqueue_async(queue: Queue) -> None:
    async def enqueue() -> None:
        async with AsyncQueue(queue.dsn) as asynchronous:
            await asynchronous.enqueue(Job(type="t"))

    asyncio.run(enqueue())


def enqueue_a_flow(queue: Queue) -> None:
    queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))
    pool = WorkerPool(queue)
    pool.register("t", nothing)
    pool.run(drain=True)


def run_a_schedule(queue: Queue) -> None:
    scheduler = CronScheduler(queue)
    scheduler.add(Schedule.every(hours=1, type="t"))
    scheduler.run("t")
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE conduit_schedules SET next_run_at = now()")
    assert scheduler.enqueue_due() == 1


def run_hooks(queue: Queue) -> None:
    with psycopg.connect(queue.dsn) as conn:
        conn.execute(SCHEMA)
        after_create(conn, insert_order(conn))
        with batch(conn):
            after_create(conn, insert_order(conn))


def enqueue_by_type(queue: Queue) -> None:
    with psycopg.connect(queue.dsn) as conn:
        remind.enqueue(conn, {"id": 1})
        with batch(conn):
            remind.enqueue(conn, {"id": 2}, unique="key")
        queue.enqueue(Job(type="t"), conn=conn)


def enqueue_on_asyncpg(queue: Queue) -> None:
    async def enqueue() -> None:
        conn = await asyncpg.connect(**asyncpg_arguments(queue.dsn))
        async with AsyncQueue(queue.dsn) as asynchronous, conn.transaction():
            await remind.enqueue(conn, {"id": 1})
            await asynchronous.enqueue(Job(type="t"), conn=conn)
            await asynchronous.enqueue_flow(chain(Job(type="t"), Job(type="t")), conn=conn)
        await conn.close()

    asyncio.run(enqueue())


@pytest.mark.parametrize(
    "enqueue",
    [
        enqueue_one,
        enqueue_many,
        enqueue_unique,
        enqueue_async,
        enqueue_a_flow,
        run_a_schedule,
        run_hooks,
        enqueue_by_type,
        enqueue_on_asyncpg,
    ],
)
def test_every_way_to_enqueue_stores_the_headers_and_the_trace(
    queue: Queue, enqueue: Callable[[Queue], None]
) -> None:
    with use_span(NonRecordingSpan(REQUEST)), headers(tenant="acme"):
        enqueue(queue)
    jobs = queue.list()
    assert jobs
    assert [job.trace for job in jobs] == [HEADERS] * len(jobs)
    assert [job.headers for job in jobs] == [{"tenant": "acme"}] * len(jobs)


def test_without_a_trace_nothing_is_stored_and_nothing_asked(queue: Queue) -> None:
    [statement] = store.insert_jobs([Job(type="t"), Job(type="t")])
    assert "headers" not in statement.sql()
    assert "headers" not in statement.parameters
    assert queue.list() == []
    enqueue_many(queue)
    assert [job.trace for job in queue.list()] == [None, None]


def test_jobs_with_and_without_a_trace_go_together(queue: Queue) -> None:
    other = {"traceparent": "of another"}
    queue.enqueue_many([Job(type="a", trace=other), Job(type="b")])
    assert {job.type: job.trace for job in queue.list()} == {"a": other, "b": None}


def test_a_trace_is_headers(queue: Queue) -> None:
    with pytest.raises(PayloadError, match="use headers"):
        queue.enqueue(Job(type="t", trace={"traceparent": 1}))  # type: ignore[dict-item]


@pytest.mark.parametrize("header", ["\0", "\ud800", "x" * 20_000])
def test_headers_that_cannot_be_stored_do_not_keep_a_job_from_it(queue: Queue, header: str) -> None:
    job = queue.enqueue(Job(type="t", trace={"baggage": header}))
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.trace is None


def test_a_propagator_that_fails_does_not_keep_a_job_from_it(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(propagate, "inject", broken)
    monkeypatch.setattr(propagate, "extract", broken)
    with use_span(NonRecordingSpan(REQUEST)):
        job = queue.enqueue(Job(type="t"))
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.trace is None
    assert "the trace of a job is left out" in caplog.text
    assert context_of(HEADERS) == {}


def test_a_hand_typed_trace_does_not_break_a_listing(queue: Queue) -> None:
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("INSERT INTO jobs (type, headers) VALUES ('t', '[1]')")
    assert [(job.trace, job.headers) for job in queue.list()] == [(None, {})]


@pytest.mark.slow
def test_no_trace_means_no_opentelemetry(dsn: str) -> None:
    """Neither an enqueue nor a worker imports OpenTelemetry if the application does not."""
    code = (
        "import sys\n"
        "from conduit_runtime import Job, Queue, WorkerPool\n"
        "queue = Queue(sys.argv[1])\n"
        "queue.enqueue(Job(type='t'))\n"
        "pool = WorkerPool(queue)\n"
        "pool.register('t', print)\n"
        "pool.run(drain=True)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, dsn], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines()[-1] == "[]"


async def nothing(context: Any, payload: Any) -> None:
    """Do nothing."""
