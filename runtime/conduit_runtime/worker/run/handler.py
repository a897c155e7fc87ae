"""A handler: the function that runs jobs of a type, and how."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial, wraps
from typing import Any, NamedTuple, Unpack, get_args

import msgspec

from ...job_types.job_type import JobType
from ...job_types.kept import described
from ...job_types.options import KeptClasses
from ...job_types.rules import DEFAULT_RULES, JobRules, RuleOptions, check_known, rules_of
from ...job_types.upcast import Upcast
from ...model.arguments import describe_argument, is_whole
from ...model.job import Job
from ...model.lanes import reader_of
from ...model.payload import check_name
from ...payloads.annotated import annotated_decoder, annotated_payload, annotated_shape
from ...services.service_calls import is_coroutine_function
from ...statements.jobs import check_options

MAX_SIZE = 10_000
"""The most jobs of a batch."""
MAX_WAIT = 300.0
"""The most seconds that the jobs of a batch wait for others; a worker holds them until then."""
WAIT = 1.0
"""Seconds that jobs wait by default."""


class Batching(NamedTuple):
    """How many jobs of a type one call runs, and how many seconds they wait for others."""

    size: int
    wait: float

    @classmethod
    def checked(cls, size: int, wait: float | timedelta = WAIT) -> "Batching":
        """Check the arguments. Raises TypeError or ValueError for a wrong size or wait."""
        if not is_whole(size) or not 1 <= size <= MAX_SIZE:
            raise ValueError(describe_argument("size", size, f"1 to {MAX_SIZE:,} jobs"))
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise TypeError(describe_argument("wait", wait, "seconds or a timedelta"))
        if not 0 <= seconds <= MAX_WAIT:
            raise ValueError(describe_argument("wait", wait, f"0 to {MAX_WAIT:g} seconds"))
        return cls(size, float(seconds))


def check_function(type: str, function: Any, second: str) -> None:
    """Raise TypeError unless `function(context, second)` can run jobs of a type."""
    if not callable(function):
        raise TypeError(f"the handler of {type!r} is {function!r}, which cannot be called")
    if _is(function, inspect.isgeneratorfunction) or _is(function, inspect.isasyncgenfunction):
        raise TypeError(
            f"the handler of {type!r} is a generator function, which a call does not run: "
            "remove `yield` from it"
        )
    try:
        signature = inspect.signature(function)
    except Exception:  # no signature, or annotations that cannot be evaluated
        return
    try:
        signature.bind(None, None)
    except TypeError as error:
        raise TypeError(
            f"the handler of {type!r} is called with (context, {second}), and does not take them: "
            f"{error}"
        ) from None


def _is(function: Any, kind: Callable[[Any], bool]) -> bool:
    while isinstance(function, partial):
        function = function.func
    return kind(function) or kind(getattr(function, "__call__", None))  # noqa: B004


def check_isolation(type: str, rules: JobRules, batching: Batching | None, is_async: bool) -> None:
    """Raise ValueError for a handler that cannot run in processes of its own as it says."""
    if rules.isolation is None:
        return
    if rules.isolation.concurrency > 1 and not is_async:
        raise ValueError(
            f"the handler of {type!r} is a plain function, of which a process runs one at a time: "
            "leave out process_concurrency, or write a coroutine"
        )
    if batching is not None:
        raise ValueError(
            f"the handler of {type!r} takes batches, which cannot be isolated: leave out isolated, "
            "or handle one job a call"
        )


class HandlerOptions(RuleOptions, total=False):
    """The options of a handler: the rules by which its jobs run, and what it says of these jobs.

    `queue` is one more queue that the pool serves. `max_attempts` holds for jobs that were enqueued
    with the default of 3; a job with another number keeps it.
    """

    queue: str | None
    max_attempts: int | None


@dataclass(frozen=True, slots=True)
class Handler:
    """A function `(context, payload)` that runs jobs of a type.

    `fingerprint` is the shape of payload that it was compiled for, None for any; `upcasts` read
    older shapes. `schema` is that of the payload's annotation, if the handler is written by hand.
    With `batching`, one call `(context, jobs)` runs several jobs. `job_type` is the generated job
    type of the handler. `queue` and `max_attempts` are those of HandlerOptions.
    """

    type: str
    function: Callable[[Any, Any], Any]
    fingerprint: str | None = None
    upcasts: Mapping[str, Upcast[Any, Any]] = field(default_factory=dict)
    schema: str = ""
    decode: Callable[[str], Any] = msgspec.json.decode
    rules: JobRules = DEFAULT_RULES
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
        **options: Unpack[HandlerOptions],
    ) -> "Handler":
        """Make a handler of an application's function.

        Raises TypeError or ValueError if the function or an option does not fit.
        """
        check_name(type, "type")
        check_function(type, function, "payload" if batching is None else "jobs")
        check_known(options, HandlerOptions.__optional_keys__, "a handler")
        rules = rules_of(options)
        is_async = is_coroutine_function(function)
        check_isolation(type, rules, batching, is_async)
        queue, max_attempts = options.get("queue"), options.get("max_attempts")
        if queue is not None:
            check_name(queue, "queue")
        if max_attempts is not None:
            check_options(Job(type=type, max_attempts=max_attempts))
        decode, schema = _decoder(type, function, batching is not None)
        if is_async and not inspect.iscoroutinefunction(function):
            function = _awaiting(function)
        return cls(
            type,
            function,
            schema=schema,
            decode=decode,
            rules=rules,
            is_async=is_async,
            batching=batching,
            queue=queue,
            max_attempts=max_attempts,
        )

    @classmethod
    def of_job_type(cls, job_type: JobType[Any, Any]) -> "Handler":
        """The handler of a generated job type."""
        size, wait = job_type.batch, job_type.wait
        batching = None if size is None else Batching.checked(size, WAIT if wait is None else wait)
        check_isolation(job_type.name, job_type.rules, batching, is_async=True)
        return cls(
            type=job_type.name,
            function=job_type.function,
            fingerprint=job_type.fingerprint,
            upcasts=job_type.upcasts,
            decode=job_type.decode,
            rules=job_type.rules,
            is_async=True,
            is_generated=True,
            batching=batching,
            job_type=job_type,
        )

    @property
    def reader(self) -> str:
        """A name for the payloads that it reads and, if its jobs have steps, for its code.

        Another reader may read other payloads, or resume behind other steps.
        """
        code = (
            [] if self.steps is None else [_code_with_steps(self.function), described(self.steps)]
        )
        return reader_of((self.fingerprint or self.schema, *self.upcasts, *code))

    @property
    def steps(self) -> KeptClasses | None:
        """The steps of a generated job type."""
        return None if self.job_type is None else self.job_type.steps


@lru_cache(maxsize=4_096)
def _code_with_steps(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # a package without its sources
        return ""


def _decoder(
    type: str, function: Callable[..., Any], is_batch: bool
) -> tuple[Callable[[str], Any], str]:
    """A decoder for the payload that the function's annotation says, and its schema."""
    try:
        annotation = annotated_payload(function)
        if is_batch:  # list[BatchJob[Payload]]
            annotation = _argument_of(_argument_of(annotation))
        decode = annotated_decoder(annotation) or msgspec.json.decode
        return decode, annotated_shape(annotation)
    except TypeError as error:
        raise TypeError(f"the handler of {type!r}: {error}") from None


def _argument_of(annotation: Any) -> Any:
    return next(iter(get_args(annotation)), Any)


def _awaiting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine function for a callable that returns an awaitable."""

    @wraps(function, updated=())
    async def call(context: Any, payload: Any) -> Any:
        return await function(context, payload)

    call.given = function  # type: ignore[attr-defined]
    return call


def given(handler: Handler) -> Callable[..., Any]:
    """The function or the object that the application registered."""
    found: Callable[..., Any] = getattr(handler.function, "given", handler.function)
    return found
