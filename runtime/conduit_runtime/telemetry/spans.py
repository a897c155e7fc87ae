"""The spans of a worker, by OpenTelemetry's conventions for messaging. No payload is in them."""

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from ..model.attempts.interruptions import Shutdown, TakenAway, TooLate
from ..model.attempts.outcome import Snooze, describe
from ..model.claimed import Claimed
from ..model.schedules.schedule import Schedule
from ..model.stored_headers import read_trace
from ..model.text.masking import secrets_of
from ..trace_context.propagation import context_of


class JobTracer:
    """Makes a span of each attempt and of each tick of a schedule."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("conduit_runtime")

    async def attempt(
        self,
        job: Claimed,
        work: Coroutine[Any, Any, Any],
        why_stopped: Callable[[], BaseException | None],
    ) -> Any:
        """Do the work in a span, a child of the span that enqueued the job.

        `why_stopped` returns the reason of a cancellation.
        """
        with self._tracer.start_as_current_span(
            f"process {job.type}",
            context_of(read_trace(job.headers)),
            SpanKind.CONSUMER,
            _of_job(job),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return await work
            except BaseException as error:
                _note(span, why_stopped() or error, secrets_of(job))
                raise

    def batch(self, jobs: Sequence[Claimed]) -> "BatchSpans":
        """Begin a span of each job of a batch, a child of the span that enqueued the job."""
        spans = {
            job: self._tracer.start_span(
                f"process {job.type}",
                context_of(read_trace(job.headers)),
                SpanKind.CONSUMER,
                _of_job(job),
            )
            for job in jobs
        }
        return BatchSpans(self._tracer, jobs[0], spans)

    def tick(self, schedule: Schedule) -> "Tick":
        """Begin the span of a tick that will enqueue a job."""
        span = self._tracer.start_span(
            f"send {schedule.type}",
            context_of(None),
            SpanKind.PRODUCER,
            {
                **_attributes("send", schedule.queue, schedule.type),
                "conduit.schedule.name": schedule.name,
            },
        )
        return Tick(span)


class BatchSpans:
    """The spans of a batch: a span of the call, linked to a span of each job."""

    def __init__(self, tracer: trace.Tracer, first: Claimed, spans: Mapping[Claimed, Span]) -> None:
        self._tracer = tracer
        self._first = first
        self._spans = spans

    async def around(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do the work of the call in its span."""
        with self._tracer.start_as_current_span(
            f"process batch {self._first.type}",
            context_of(None),
            SpanKind.CONSUMER,
            {
                **_attributes("process", self._first.queue, self._first.type),
                "messaging.batch.message_count": len(self._spans),
            },
            [trace.Link(span.get_span_context()) for span in self._spans.values()],
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return await work
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def end(self, job: Claimed, error: BaseException | None) -> None:
        """End the span of a job; `error` is None if its attempt completed."""
        span = self._spans[job]
        if error is not None:
            _note(span, error, secrets_of(job))
        span.end()


class Tick:
    """The span of a tick; a tick that another scheduler enqueued has none."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.headers: dict[str, str] = {}
        propagate.inject(self.headers, trace.set_span_in_context(span))

    def end(self) -> None:
        """End the span: the jobs are enqueued."""
        self._span.end()


def _of_job(job: Claimed) -> dict[str, str | int]:
    return {
        **_attributes("process", job.queue, job.type),
        "messaging.message.id": str(job.id),
        "conduit.job.attempt": job.attempts,
        "conduit.job.max_attempts": job.max_attempts,
    }


def _attributes(operation: str, queue: str, type: str) -> dict[str, str | int]:
    return {
        "messaging.system": "conduit",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": queue,
        "conduit.job.type": type,
    }


def _note(span: Span, error: BaseException, secrets: Collection[str]) -> None:
    """Note how an attempt that did not complete ended."""
    if isinstance(error, Snooze):
        span.set_attribute("conduit.job.outcome", "snoozed")
    elif isinstance(error, Shutdown | TooLate):
        span.set_attribute("conduit.job.outcome", "released")
    elif isinstance(error, TakenAway):
        span.set_attribute("conduit.job.outcome", "lost")
    else:
        _record(span, error, secrets)


def _record(span: Span, error: BaseException, secrets: Collection[str]) -> None:
    # Not span.record_exception: it reads the text of the exception, which may fail.
    text, stack = describe(error, secrets)
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    details = {"exception.type": name, "exception.message": text, "exception.stacktrace": stack}
    span.add_event("exception", details)
    span.set_attribute("error.type", name)
    span.set_status(Status(StatusCode.ERROR, text))
