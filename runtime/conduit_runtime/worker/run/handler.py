"""A handler: the function that runs jobs of a type, and how."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from typing import Any, TypedDict, get_args

import msgspec

from ...job_types.job_type import JobType
from ...job_types.upcast import Upcast
from ...model.arguments import check_duration
from ...model.attempts.retry import (
    DEFAULT_POLICY,
    LONGEST,
    BackoffKind,
    ErrorType,
    RetryPolicy,
    check_backoff,
    check_error_types,
)
from ...model.job import Job
from ...model.lanes import reader_of
from ...model.payload import check_name
from ...model.queues.controls import SourceLimits
from ...payloads.annotated import annotated_decoder, annotated_payload
from ...services.service_calls import is_coroutine_function
from ...statements.jobs import check_options
from .batching import WAIT, Batching
from .functions import check_function


class HandlerOptions(TypedDict, total=False):
    """The options of a handler for the jobs of its type.

    `queue` is one more queue that the pool serves. `max_attempts` holds for jobs that were enqueued
    with the default of 3; a job with another number keeps it. With `keep_result`, its return value
    is kept for that long after a job's end, as JSON, for `queue.get(id).result`. `timeout` bounds
    one attempt of a job without a timeout of its own. A failed attempt is made again after `base`
    (a minute unless given) × 1, 2, 4 … ("exponential", unless `backoff` is given), × 1, 2, 3 …
    ("linear"), or `base` each time ("constant"), and at most after `max_backoff` (a year unless
    given). At most `concurrency` jobs of the type run at once, and at most `rate_limit` start
    within any `per` (a second unless given), over all workers. Errors of `discard_on` end a job at
    once; with `retry_on`, all other errors do, too. Both take classes or their names; subclasses
    count.
    """

    queue: str | None
    max_attempts: int | None
    keep_result: timedelta | None
    timeout: timedelta | None
    backoff: BackoffKind
    base: timedelta | None
    max_backoff: timedelta | None
    concurrency: int | None
    rate_limit: int | None
    per: timedelta | None
    retry_on: Iterable[ErrorType]
    discard_on: Iterable[ErrorType]


@dataclass(frozen=True, slots=True)
class Handler:
    """A function `(context, payload)` that runs jobs of a type.

    `fingerprint` is the shape of payload that it was compiled for, None for any; `upcasts` read
    older shapes. `timeout` is in seconds and holds for jobs without one of their own. `keep_result`
    is the seconds for which the return value is kept, if at all. With `batching`, one call
    `(context, jobs)` runs several jobs. `job_type` is the generated job type of the handler.
    `queue` and `max_attempts` are those of HandlerOptions.
    """

    type: str
    function: Callable[[Any, Any], Any]
    fingerprint: str | None = None
    upcasts: Mapping[str, Upcast[Any, Any]] = field(default_factory=dict)
    decode: Callable[[str], Any] = msgspec.json.decode
    policy: RetryPolicy = DEFAULT_POLICY
    timeout: float | None = None
    keep_result: float | None = None
    limits: SourceLimits | None = None
    is_async: bool = False
    is_generated: bool = False
    batching: Batching | None = None
    job_type: JobType[Any, Any] | None = None
    queue: str | None = None
    max_attempts: int | None = None

    @classmethod
    def of_function(
        cls,
        type: str,
        function: Callable[[Any, Any], Any],
        batching: Batching | None = None,
        *,
        queue: str | None = None,
        max_attempts: int | None = None,
        keep_result: timedelta | None = None,
        timeout: timedelta | None = None,
        backoff: BackoffKind = "exponential",
        base: timedelta | None = None,
        max_backoff: timedelta | None = None,
        concurrency: int | None = None,
        rate_limit: int | None = None,
        per: timedelta | None = None,
        retry_on: Iterable[ErrorType] = (),
        discard_on: Iterable[ErrorType] = (),
    ) -> "Handler":
        """Make a handler of an application's function, with `HandlerOptions`.

        Raises TypeError or ValueError if the function or an option does not fit.
        """
        check_name(type, "type")
        check_function(type, function, "payload" if batching is None else "jobs")
        if queue is not None:
            check_name(queue, "queue")
        if max_attempts is not None:
            check_options(Job(type=type, max_attempts=max_attempts))
        decode = _decoder(type, function, batching is not None)
        is_async = is_coroutine_function(function)
        if is_async and not inspect.iscoroutinefunction(function):
            function = _awaiting(function)
        return cls(
            type,
            function,
            decode=decode,
            policy=_policy(backoff, base, max_backoff, retry_on, discard_on),
            timeout=_seconds(timeout, "timeout"),
            keep_result=_seconds(keep_result, "keep_result"),
            limits=SourceLimits.of(concurrency, rate_limit, per),
            is_async=is_async,
            batching=batching,
            queue=queue,
            max_attempts=max_attempts,
        )

    @classmethod
    def of_job_type(cls, job_type: JobType[Any, Any]) -> "Handler":
        """The handler of a generated job type."""
        size, wait = job_type.batch, job_type.wait
        return cls(
            type=job_type.name,
            function=job_type.function,
            fingerprint=job_type.fingerprint,
            upcasts=job_type.upcasts,
            decode=job_type.decode,
            policy=_policy(
                *(job_type.backoff, job_type.base, job_type.max_backoff),
                *(job_type.retry_on, job_type.discard_on),
            ),
            timeout=_seconds(job_type.timeout, "timeout"),
            keep_result=_seconds(job_type.keep_result, "keep_result"),
            limits=job_type.limits,
            is_async=True,
            is_generated=True,
            batching=None
            if size is None
            else Batching.checked(size, WAIT if wait is None else wait),
            job_type=job_type,
        )

    @property
    def reader(self) -> str:
        """A name for the shapes of payloads that it reads; another reader may read others."""
        return reader_of((self.fingerprint or "", *self.upcasts))


def _seconds(duration: timedelta | None, what: str) -> float | None:
    if duration is None:
        return None
    check_duration(duration, what)
    return duration.total_seconds()


def _policy(
    backoff: BackoffKind,
    base: timedelta | None,
    max_backoff: timedelta | None,
    retry_on: Iterable[ErrorType],
    discard_on: Iterable[ErrorType],
) -> RetryPolicy:
    check_backoff(backoff)
    first, most = _seconds(base, "base"), _seconds(max_backoff, "max_backoff")
    errors = check_error_types(retry_on, discard_on)
    return RetryPolicy(
        backoff,
        DEFAULT_POLICY.base if first is None else first,
        *errors,
        longest=LONGEST if most is None else min(most, LONGEST),
    )


def _decoder(type: str, function: Callable[..., Any], is_batch: bool) -> Callable[[str], Any]:
    """A decoder for the payload that the function's annotation says."""
    try:
        annotation = annotated_payload(function)
        if is_batch:  # list[BatchJob[Payload]]
            annotation = _argument_of(_argument_of(annotation))
        return annotated_decoder(annotation) or msgspec.json.decode
    except TypeError as error:
        raise TypeError(f"the handler of {type!r}: {error}") from None


def _argument_of(annotation: Any) -> Any:
    return next(iter(get_args(annotation)), Any)


def _awaiting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine function for a callable that returns an awaitable."""

    @wraps(function, updated=())
    async def call(context: Any, payload: Any) -> Any:
        return await function(context, payload)

    return call
