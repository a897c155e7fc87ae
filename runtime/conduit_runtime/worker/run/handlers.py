"""Which function runs a job of a type, and how."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import wraps
from typing import Any, TypedDict, TypeVar, Unpack

import msgspec

from ...job_types.description.describe import Describer, describe_function
from ...job_types.job_type import JobType
from ...job_types.upcast import Upcast
from ...model.arguments import check_duration
from ...model.attempts.retry import (
    DEFAULT_POLICY,
    BackoffKind,
    ErrorType,
    RetryPolicy,
    check_backoff,
    check_error_types,
)
from ...model.errors import NoHandler, QueueError
from ...model.lanes import Lane, reader_of, readers
from ...model.payload import check_name
from ...model.queues.controls import SourceLimits
from ...model.text.logs import get_logger
from ...model.type_description import DescribedType
from ...services.service_calls import is_coroutine_function
from .batching import WAIT, Batching
from .functions import check_function

_log = get_logger("conduit.worker")

F = TypeVar("F", bound=Callable[..., Any])


class HandlerOptions(TypedDict, total=False):
    """What a handler may say of the jobs of its type.

    With `keep_result`, what it returns is kept for that long after a job's end, as JSON, for
    `queue.get(id).result`. `timeout` bounds one attempt of a job that brings none of its own. A
    failed attempt is made again after `base` (a minute unless given) × 1, 2, 4 … ("exponential",
    unless `backoff` is given), × 1, 2, 3 … ("linear"), or `base` each time ("constant"). At most
    `concurrency` jobs of the type run at once, and at most `rate_limit` start within any `per` (a
    second unless given), over all workers. With `retry_on`, other errors end a job at once, as
    those of `discard_on` do: classes, or their names; subclasses count.
    """

    keep_result: timedelta | None
    timeout: timedelta | None
    backoff: BackoffKind
    base: timedelta | None
    concurrency: int | None
    rate_limit: int | None
    per: timedelta | None
    retry_on: Iterable[ErrorType]
    discard_on: Iterable[ErrorType]


@dataclass(frozen=True, slots=True)
class Handler:
    """A function `(context, payload)` that runs jobs of a type.

    `fingerprint` is the shape of payload that it was compiled for, None for any; `upcasts` read
    older ones. `timeout` is in seconds and holds for jobs that bring none of their own.
    `keep_result` is for how many seconds what the function returned is kept, if at all. With
    `batching` it runs several jobs in one call, `(context, jobs)`. `job_type` is the generated job
    type that it is of.
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
            policy=_policy(job_type.backoff, job_type.base, job_type.retry_on, job_type.discard_on),
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
        """Names the shapes of payloads that it reads: another reader may read others."""
        return reader_of((self.fingerprint or "", *self.upcasts))


class HandlerRegistry:
    """The handlers of a pool, by type."""

    def __init__(self) -> None:
        self.by_type: dict[str, Handler] = {}
        self.batched: dict[str, Batching] = {}
        """The types whose jobs run in batches."""

    def handler(self, type: str, **options: Unpack[HandlerOptions]) -> Callable[[F], F]:
        """Decorator: `register` a plain function or a coroutine function for a type."""
        check_name(type, "type")  # here, since `@pool.handler` without a type decorates nothing

        def decorate(function: F) -> F:
            self.register(type, function, **options)
            return function

        return decorate

    def batch_handler(
        self,
        type: str,
        *,
        size: int,
        wait: float | timedelta = WAIT,
        **options: Unpack[HandlerOptions],
    ) -> Callable[[F], F]:
        """Decorator: have a function run up to `size` jobs of a type in one call.

        A job waits at most `wait` for others. The options are those of `register`, for each job.
        """
        batching = Batching.checked(size, wait)

        def decorate(function: F) -> F:
            self.register(type, function, batching=batching, **options)
            return function

        return decorate

    def register(
        self,
        type: str,
        function: Callable[[Any, Any], Any],
        *,
        keep_result: timedelta | None = None,
        timeout: timedelta | None = None,
        backoff: BackoffKind = "exponential",
        base: timedelta | None = None,
        concurrency: int | None = None,
        rate_limit: int | None = None,
        per: timedelta | None = None,
        retry_on: Iterable[ErrorType] = (),
        discard_on: Iterable[ErrorType] = (),
        batching: Batching | None = None,
    ) -> None:
        """Have `function(context, payload)` run the jobs of a type, instead of any before it.

        The options are those of `HandlerOptions`. With `batching` it is `function(context, jobs)`.
        """
        check_name(type, "type")
        check_function(type, function, "payload" if batching is None else "jobs")
        is_async = is_coroutine_function(function)
        if is_async and not inspect.iscoroutinefunction(function):
            function = _awaiting(function)
        self._add(
            Handler(
                type,
                function,
                policy=_policy(backoff, base, retry_on, discard_on),
                timeout=_seconds(timeout, "timeout"),
                keep_result=_seconds(keep_result, "keep_result"),
                limits=SourceLimits.of(concurrency, rate_limit, per),
                is_async=is_async,
                batching=batching,
            )
        )

    def register_job_types(self, job_types: Iterable[JobType[Any, Any]]) -> None:
        """Register generated job types. Raises QueueError when two packages share a type's name."""
        for job_type in job_types:
            handler = Handler.of_job_type(job_type)
            for name in (job_type.name, *job_type.was):
                known = self.by_type.get(name)
                if known is not None and known.function is not job_type.function:
                    raise QueueError(
                        f"two job types are called {name}, in {known.function.__module__} and in "
                        f"{job_type.function.__module__}: set `prefix` in one's configuration"
                    )
                self._add(replace(handler, type=name))

    def _add(self, handler: Handler) -> None:
        self.by_type[handler.type] = handler
        if handler.batching is not None:
            self.batched[handler.type] = handler.batching
        else:
            self.batched.pop(handler.type, None)

    def get(self, type: str) -> Handler:
        """The handler of a type. Raises NoHandler, naming the types that have one."""
        try:
            return self.by_type[type]
        except KeyError:
            known = ", ".join(sorted(self.by_type)) or "none"
            raise NoHandler(
                f"no handler is registered for {type!r} (known types: {known})"
            ) from None

    def policy(self, type: str) -> RetryPolicy:
        """How jobs of a type are retried; the usual way for a type without a handler."""
        handler = self.by_type.get(type)
        return DEFAULT_POLICY if handler is None else handler.policy

    def types(self) -> list[str]:
        """The job types that have a handler."""
        return [*self.by_type]

    def lanes(self) -> list[Lane]:
        """Every (type, fingerprint) that can be run; the empty fingerprint is always among them."""
        lanes: list[Lane] = []
        for handler in [*self.by_type.values()]:  # another thread may register one meanwhile
            shapes = dict.fromkeys(("", handler.fingerprint or "", *handler.upcasts))
            lanes += [(handler.type, shape) for shape in shapes]
        return lanes

    def descriptions(self) -> list[DescribedType]:
        """What the dashboard may know of the types; a type that cannot be described is left out."""
        describer = Describer()
        found: list[DescribedType] = []
        for each in [*self.by_type.values()]:
            try:
                if each.job_type is None:
                    found.append(describe_function(each.type, each.function))
                else:
                    found += [*describer.describe(each.job_type, each.type)]
            except Exception:  # what an application's code may hold has no end
                _log.warning("the dashboard will not know the type %s", each.type, exc_info=True)
        return found

    def limits(self) -> dict[str, SourceLimits]:
        """The limits that the code gives its types, by type."""
        handlers = [*self.by_type.values()]  # another thread may register one meanwhile
        return {each.type: each.limits for each in handlers if each.limits is not None}

    def may_read(self, lane: Lane) -> bool:
        """Whether a type has a handler that has not found jobs of this lane unreadable."""
        handler = self.by_type.get(lane[0])
        return handler is not None and handler.reader not in readers(lane[1])

    def __contains__(self, type: object) -> bool:
        return type in self.by_type

    def __iter__(self) -> Iterator[Handler]:
        return iter(self.by_type.values())

    def __len__(self) -> int:
        return len(self.by_type)


def _seconds(duration: timedelta | None, what: str) -> float | None:
    if duration is None:
        return None
    check_duration(duration, what)
    return duration.total_seconds()


def _policy(
    backoff: BackoffKind,
    base: timedelta | None,
    retry_on: Iterable[ErrorType],
    discard_on: Iterable[ErrorType],
) -> RetryPolicy:
    check_backoff(backoff)
    seconds = _seconds(base, "base")
    errors = check_error_types(retry_on, discard_on)
    return RetryPolicy(backoff, DEFAULT_POLICY.base if seconds is None else seconds, *errors)


def _awaiting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine function for what gives an awaitable when it is called."""

    @wraps(function, updated=())
    async def call(context: Any, payload: Any) -> Any:
        return await function(context, payload)

    return call
