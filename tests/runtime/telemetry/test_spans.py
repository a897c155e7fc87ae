"""Spans of attempts and ticks, read from exporters of OpenTelemetry."""

import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    CronScheduler,
    Discard,
    Job,
    JobContext,
    Queue,
    Retry,
    Schedule,
    Snooze,
    WorkerPool,
    chain,
)
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.services.loading import resolve
from conduit_runtime.telemetry.tracing import job_tracer
from example_app import SCHEMA, insert_order, ship
from example_jobs import JOBS
from example_jobs.order import after_create, after_update
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from pools import NewPool
from waiting import until

_PROCESSES = Path(__file__).parents[1] / "processes"
SECRET = "zoë@example.com"
Spans = Callable[[], dict[str, list[ReadableSpan]]]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@pytest.fixture
def tracer(provider: TracerProvider) -> Tracer:
    return provider.get_tracer("tests")


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    """A function that returns the spans that ended, by name."""

    def by_name() -> dict[str, list[ReadableSpan]]:
        found: dict[str, list[ReadableSpan]] = {}
        for span in exporter.get_finished_spans():
            found.setdefault(span.name, []).append(span)
        return found

    return by_name


@pytest.fixture
def pool(new_pool: NewPool, provider: TracerProvider) -> WorkerPool:
    return new_pool(tracer_provider=provider)


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    """Return whether a span is a direct child of another, in the same trace."""
    assert span.context is not None
    assert parent.context is not None
    return (
        span.parent is not None
        and span.parent.span_id == parent.context.span_id
        and span.context.trace_id == parent.context.trace_id
    )


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.parametrize("kind", ["coroutine", "plain"])
def test_a_job_is_the_child_of_its_request(
    queue: Queue, pool: WorkerPool, tracer: Tracer, spans: Spans, kind: str
) -> None:
    def plain(context: JobContext, payload: object) -> None:
        with tracer.start_as_current_span("inside"):
            queue.enqueue(Job(type="next"))

    async def coroutine(context: JobContext, payload: object) -> None:
        plain(context, payload)

    pool.register("mail.send", plain if kind == "plain" else coroutine)
    pool.register("next", nothing)
    with tracer.start_as_current_span("request"):
        job = queue.enqueue(Job(type="mail.send", payload={"to": SECRET}))
    pool.run(drain=True)
    found = spans()
    [request], [attempt], [inside], [next_] = (
        found[name] for name in ("request", "process mail.send", "inside", "process next")
    )
    assert is_child(attempt, request)
    assert is_child(inside, attempt)
    assert is_child(next_, inside)
    assert attempt.kind is SpanKind.CONSUMER
    assert attributes(attempt) == {
        "messaging.system": "conduit",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "default",
        "messaging.message.id": str(job.id),
        "conduit.job.type": "mail.send",
        "conduit.job.attempt": 1,
        "conduit.job.max_attempts": 3,
    }
    assert attempt.status.status_code is StatusCode.UNSET


def test_a_job_without_a_trace_begins_one(queue: Queue, pool: WorkerPool, spans: Spans) -> None:
    pool.register("t", nothing)
    queue.enqueue_many([Job(type="t"), Job(type="t")])
    pool.run(drain=True)
    first, second = spans()["process t"]
    assert first.parent is None
    assert second.parent is None
    assert first.context != second.context


def test_each_attempt_is_a_span_of_the_same_trace(
    queue: Queue, pool: WorkerPool, tracer: Tracer, spans: Spans
) -> None:
    @pool.handler("t")
    async def fail(context: JobContext, payload: object) -> None:
        raise LookupError("nothing there")

    with tracer.start_as_current_span("request"):
        queue.enqueue(Job(type="t", payload={"to": SECRET}))
    pool.run(drain=True)
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE jobs SET run_at = now()")
    pool.run(drain=True)
    [request] = spans()["request"]
    attempts = spans()["process t"]
    assert [attributes(span)["conduit.job.attempt"] for span in attempts] == [1, 2]
    for span in attempts:
        assert is_child(span, request)
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "LookupError: nothing there"
        assert attributes(span)["error.type"] == "LookupError"
        [event] = span.events
        assert event.name == "exception"
        details = dict(event.attributes or {})
        assert details["exception.type"] == "LookupError"
        assert details["exception.message"] == "LookupError: nothing there"
        assert "test_spans.py" in str(details["exception.stacktrace"])
        assert SECRET not in span.to_json()


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("raised", "status", "outcome"),
    [
        (Discard("no use"), StatusCode.ERROR, None),
        (Retry(after=60), StatusCode.ERROR, None),
        (Snooze(60), StatusCode.UNSET, "snoozed"),
        (Unreadable(), StatusCode.ERROR, None),
        (SystemExit(3), StatusCode.ERROR, None),
    ],
)
def test_whatever_is_raised_ends_the_span(
    queue: Queue,
    pool: WorkerPool,
    spans: Spans,
    raised: BaseException,
    status: StatusCode,
    outcome: str | None,
) -> None:
    @pool.handler("t")
    async def fail(context: JobContext, payload: object) -> None:
        raise raised

    queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    [span] = spans()["process t"]
    assert span.status.status_code is status
    assert attributes(span).get("conduit.job.outcome") == outcome


@pytest.mark.slow
def test_why_a_job_was_stopped_is_recorded(queue: Queue, pool: WorkerPool, spans: Spans) -> None:
    pool.register("t", forever)
    late = queue.enqueue(Job(type="t", timeout=0.1, max_attempts=1))
    cancelled = queue.enqueue(Job(type="t"))
    stopped = queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: all((queue.get(job.id) or job).attempts for job in (cancelled, stopped)))
        queue.cancel(cancelled.id)
        until(lambda: len(spans().get("process t", [])) == 2)
        pool.stop(grace=0)
    by_id = {attributes(span)["messaging.message.id"]: span for span in spans()["process t"]}
    assert attributes(by_id[str(late.id)])["error.type"] == "TimeoutError"
    assert attributes(by_id[str(cancelled.id)])["conduit.job.outcome"] == "lost"
    assert attributes(by_id[str(stopped.id)])["conduit.job.outcome"] == "released"
    assert by_id[str(stopped.id)].status.status_code is StatusCode.UNSET


def test_generated_hooks_and_child_jobs_are_one_trace(
    queue: Queue, new_pool: NewPool, provider: TracerProvider, tracer: Tracer, spans: Spans
) -> None:
    with psycopg.connect(queue.dsn) as conn:
        conn.execute(SCHEMA)
        with tracer.start_as_current_span("request"):
            order = insert_order(conn)
            after_create(conn, order)
            after_update(conn, ship(conn, order), order)
    services = resolve("echo", JOBS)
    pool = new_pool(database=True, jobs=JOBS, services=services, tracer_provider=provider)
    pool.run(drain=True)
    assert queue.stats().completed == 5
    [request] = spans().pop("request")
    attempts = [span for named in spans().values() for span in named if span is not request]
    direct = [span for span in attempts if is_child(span, request)]
    children = [span for span in attempts if span not in direct]
    assert (len(direct), len(children)) == (4, 1)
    assert any(is_child(children[0], parent) for parent in direct)


def test_a_flow_that_a_job_enqueues_is_in_its_trace(
    queue: Queue, pool: WorkerPool, tracer: Tracer, spans: Spans
) -> None:
    @pool.handler("parent")
    async def parent(context: JobContext, payload: object) -> None:
        context.enqueue_flow(chain(Job(type="step"), Job(type="step")))

    pool.register("step", nothing)
    pool.register("after", nothing)
    queue.enqueue(Job(type="parent"))
    pool.run(drain=True)
    [begun], (first, second) = spans()["process parent"], spans()["process step"]
    assert is_child(first, begun)
    assert is_child(second, begun)
    with tracer.start_as_current_span("request"):
        queue.enqueue_many([Job(type="after"), Job(type="after")])
    pool.run(drain=True)
    assert [is_child(span, spans()["request"][0]) for span in spans()["process after"]] == [
        True
    ] * 2


def test_a_tick_is_a_span_and_its_job_the_child(
    queue: Queue, new_direct_pool: NewPool, provider: TracerProvider, spans: Spans
) -> None:
    """Direct workers only: behind a broker, the gateway ticks."""
    CronScheduler(queue).add(Schedule.every(hours=1, type="clean", name="hourly"))
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE conduit_schedules SET next_run_at = now()")
    pool, other = (new_direct_pool(tracer_provider=provider) for _ in range(2))
    for each in (pool, other):
        each.register("clean", nothing)
    with pool, other:
        until(lambda: spans().get("process clean"))
    [tick], [attempt] = spans()["send clean"], spans()["process clean"]
    assert tick.kind is SpanKind.PRODUCER
    assert tick.parent is None
    assert is_child(attempt, tick)
    assert attributes(tick) == {
        "messaging.system": "conduit",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "default",
        "conduit.job.type": "clean",
        "conduit.schedule.name": "hourly",
    }


def test_limited_queues_are_traced_too(
    queue: Queue, pool: WorkerPool, tracer: Tracer, spans: Spans
) -> None:
    queue.limit("default", 1)
    pool.register("t", nothing)
    with tracer.start_as_current_span("request"):
        queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: spans().get("process t"))
    assert is_child(spans()["process t"][0], spans()["request"][0])


def test_a_broken_trace_does_not_keep_a_job_from_running(
    queue: Queue, pool: WorkerPool, spans: Spans
) -> None:
    pool.register("t", nothing)
    with psycopg.connect(queue.dsn) as connection:
        for trace in ('{"trace": {"traceparent": "0"}}', "[1]", '{"trace": {"a": 5}}', '"x"'):
            connection.execute("INSERT INTO jobs (type, headers) VALUES ('t', %s)", (trace,))
    pool.run(drain=True)
    assert queue.stats().completed == 4
    assert [span.parent for span in spans()["process t"]] == [None] * 4


def test_a_process_that_set_up_no_provider_is_not_traced() -> None:
    assert job_tracer(None) is None


@pytest.mark.slow
def test_spans_reach_a_collector(dsn: str) -> None:
    """A process with its own provider sends them over OTLP."""
    received: list[ExportTraceServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
        command = [sys.executable, _PROCESSES / "traced_app.py", dsn, endpoint]
        subprocess.run(command, check=True, timeout=120)
        server.shutdown()
    exported = {
        span.name: span
        for request in received
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    order, attempt, mail = (
        exported[name] for name in ("POST /orders", "process order.confirm", "send mail")
    )
    assert order.trace_id == attempt.trace_id == mail.trace_id
    assert attempt.parent_span_id == order.span_id
    assert mail.parent_span_id == attempt.span_id


async def nothing(context: Any, payload: Any) -> None:
    """Do nothing."""


async def forever(context: Any, payload: Any) -> None:
    import asyncio

    await asyncio.Event().wait()


def test_each_job_of_a_batch_has_a_span_in_its_own_trace(
    queue: Queue, pool: WorkerPool, spans: Spans, tracer: Tracer
) -> None:
    @pool.batch_handler("t", size=10)
    async def work(context: BatchContext, jobs: list[BatchJob]) -> None:
        with tracer.start_as_current_span("inside"):
            context.fail(jobs[1], ValueError("bad"))
            context.fail(jobs[2], Snooze(60))

    for n in range(3):
        with tracer.start_as_current_span(f"request {n}"):
            queue.enqueue(Job(type="t", payload=n))
    pool.run(drain=True)
    found = spans()
    each = found["process t"]
    for n, span in enumerate(each):
        assert is_child(span, found[f"request {n}"][0])
    assert [span.status.status_code for span in each] == (
        [StatusCode.UNSET, StatusCode.ERROR, StatusCode.UNSET]
    )
    assert (each[2].attributes or {})["conduit.job.outcome"] == "snoozed"
    [batch] = found["process batch t"]
    assert [link.context for link in batch.links] == [span.context for span in each]
    assert (batch.attributes or {})["messaging.batch.message_count"] == 3
    assert is_child(found["inside"][0], batch)


def test_two_attempts_of_a_job_in_a_batch_have_a_span_each(
    provider: TracerProvider, spans: Spans
) -> None:
    id_ = uuid4()
    attempts = [
        Claimed(uuid4(), id_, "t", "default", "null", 1, 3, 50, 0, None, 0, 1, None, None)
        for _ in range(2)
    ]
    tracer = job_tracer(provider)
    assert tracer is not None
    batch = tracer.batch(attempts)
    batch.end(attempts[0], ValueError("bad"))
    batch.end(attempts[1], None)
    codes = [span.status.status_code for span in spans()["process t"]]
    assert codes == [StatusCode.ERROR, StatusCode.UNSET]
