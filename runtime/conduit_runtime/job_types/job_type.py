"""A job type: a generated handler, its payload class and its options."""

import functools
import inspect
import typing
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar, Unpack, overload

import psycopg

from ..model.arguments import check_duration, check_type, listed
from ..model.job import Job, JobPriority, priority_of
from ..model.package import schema_of, source_line
from ..model.payload import check_name
from ..payloads.codec import Codec
from ..postgres.other_drivers import AsyncpgLike, other_async
from ..services.protocols import protocols_of
from ..statements.jobs import check_options, insert_rows, new_job
from ..trace_context.headers import present_trace
from .async_enqueue import enqueue_async
from .asyncpg_enqueue import enqueue_on_asyncpg
from .batch_context import BatchContext, BatchJob
from .context import JobContext
from .enqueue import enqueue
from .options import BatchTypeOptions, JobOptions, KeptClasses, TypeOptions
from .rules import check_known, rules_of
from .sent import storing
from .upcast import Upcast

_KNOWN = BatchTypeOptions.__required_keys__ | BatchTypeOptions.__optional_keys__
_OF_JOBS = ("queue", "priority", "max_attempts", "expires")
"""The options of a type that its jobs have unless an enqueue says otherwise."""

S = TypeVar("S")
P = TypeVar("P")


@dataclass(eq=False, repr=False)
class JobType(Generic[S, P]):
    """A handler, its payload and its options; a call of the job type runs the handler.

    With `batch`, the handler takes a BatchContext and at most that many jobs, which wait at most
    `wait` for each other.

    `was` are earlier names; this handler runs their jobs too. `upcasts` are functions that read
    payloads of older shapes, by fingerprint; the decorator `upcast` adds one. `options` are
    those of TypeOptions and BatchTypeOptions, as given; `rules` are what workers obey. `steps` is
    None for a type whose jobs have no records of steps, not even of older code.
    """

    function: Callable[..., Coroutine[Any, Any, object]]
    name: str
    fingerprint: str
    options: Mapping[str, Any] = field(default_factory=dict)
    upcasts: dict[str, Upcast[S, P]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        options = self.options
        check_known(options, _KNOWN, "a job type")
        self.was = tuple(listed(options.get("was", ()), "was"))
        for name in self.was:
            check_name(name, "was")
        if not inspect.iscoroutinefunction(self.function):
            raise TypeError(
                f"the handler of {self.name} is not a coroutine function: use `async def`"
            )
        check_type(self.fingerprint, "fingerprint", str, "a text")
        self.queue: str = options.get("queue", "default")
        self.priority = priority_of(options.get("priority", JobPriority.NORMAL))
        self.max_attempts: int = options.get("max_attempts", 3)
        self.expires: timedelta | None = options.get("expires")
        if self.expires is not None:
            check_duration(self.expires, "expires")
        check_options(Job(self.queue, self.name, None, self.priority, self.max_attempts))
        self.rules = rules_of(options)
        self.steps: KeptClasses | None = options.get("steps")
        self.batch: int | None = options.get("batch")
        self.wait: timedelta | None = options.get("wait")
        self.__doc__ = self.function.__doc__
        self.__name__: str = self.function.__name__
        self.__module__ = self.function.__module__

    def __repr__(self) -> str:
        return f"<JobType {self.name}>"

    async def __call__(self, job: JobContext[S], payload: P) -> None:
        """Run the handler."""
        await self.function(job, payload)

    @functools.cached_property
    def payload(self) -> type[P]:
        """The class of the payload."""
        annotation: Any = self._annotations[1]
        if self.batch is not None:  # list[BatchJob[P]]
            annotation = typing.get_args(typing.get_args(annotation)[0])[0]
        payload: type[P] = annotation
        return payload

    @functools.cached_property
    def services(self) -> Mapping[str, type]:
        """The services that the jobs of the package call: attribute → Protocol."""
        arguments = typing.get_args(self._annotations[0])
        return protocols_of(arguments[0]) if arguments and inspect.isclass(arguments[0]) else {}

    @functools.cached_property
    def source(self) -> str | None:
        """The place of the block in the source, such as "order.conduit:31"."""
        return source_line(self.__module__, self.function.__code__.co_firstlineno)

    @functools.cached_property
    def decode(self) -> Callable[[bytes | str], P]:
        """Decodes a payload from JSON to its class; raises PayloadMismatch."""
        return self._codec.decode

    @functools.cached_property
    def _codec(self) -> Codec[P]:
        return Codec(self.payload)

    @property
    def schema(self) -> str | None:
        """The Postgres schema of the queue's tables; None for the connection's search path."""
        return schema_of(self.__module__)

    @property
    def _annotations(self) -> list[Any]:
        hints = typing.get_type_hints(self.function)
        return [hints[name] for name in inspect.signature(self.function).parameters]

    def job(self, payload: P, /, **options: Unpack[JobOptions]) -> Job:
        """Return a job of this type that is not stored yet, with the payload as it is now.

        Raises PayloadError for a payload that JSON or Postgres would refuse or change, or that this
        job type could not read, and TypeError or ValueError for an option that does not fit.
        """
        return self._made(payload, options)[0]

    def _made(self, payload: P, options: JobOptions) -> tuple[Job, str]:
        if options and (unknown := options.keys() - JobOptions.__optional_keys__):
            raise TypeError(f"a job has no option {', '.join(sorted(unknown))}")
        text, plain = self._codec.write(payload, self.name)
        given: dict[str, Any] = {name: getattr(self, name) for name in _OF_JOBS} | {**options}
        given["priority"] = priority_of(given["priority"])
        if (timeout := options.get("timeout")) is not None:
            check_duration(timeout, "timeout")
        given["timeout"] = self.rules.timeout if timeout is None else timeout.total_seconds()
        job = Job(
            type=self.name,
            payload=plain,
            fingerprint=self.fingerprint,
            trace=present_trace(),
            **given,
        )
        if options:
            check_options(job)
        return job, text

    @overload
    def enqueue(
        self, conn: psycopg.Connection[Any], payload: P, **options: Unpack[JobOptions]
    ) -> Job: ...
    @overload
    def enqueue(
        self,
        conn: psycopg.AsyncConnection[Any] | AsyncpgLike,
        payload: P,
        **options: Unpack[JobOptions],
    ) -> Awaitable[Job]: ...
    def enqueue(
        self,
        conn: psycopg.Connection[Any] | psycopg.AsyncConnection[Any] | AsyncpgLike,
        payload: P,
        **options: Unpack[JobOptions],
    ) -> Job | Awaitable[Job]:
        """Enqueue a job in the connection's transaction; await it on an asynchronous connection.

        If another job holds the unique key, the returned job has `duplicate=True` and the id of
        that existing job. Within a batch, that is known only at its end.
        """
        other = None
        if not isinstance(conn, (psycopg.Connection, psycopg.AsyncConnection)):
            other = other_async(conn, "enqueue", "a connection of psycopg or asyncpg")
        job, text = self._made(payload, options)
        [statement] = insert_rows([job], [new_job(job, text=text)])
        sent = storing([job], statement, self.schema)
        if isinstance(conn, psycopg.Connection):
            return enqueue(conn, job, sent)
        if isinstance(conn, psycopg.AsyncConnection):
            return enqueue_async(conn, job, sent)
        assert other is not None
        return enqueue_on_asyncpg(other, job, sent)


def job_and_text(job_type: JobType[Any, P], payload: P, options: JobOptions) -> tuple[Job, str]:
    """A job as `JobType.job` returns it, and the JSON of its payload, which an enqueue stores."""
    return job_type._made(payload, options)


@overload
def job_type(
    name: str, fingerprint: str, **options: Unpack[TypeOptions]
) -> Callable[[Callable[[JobContext[S], P], Coroutine[Any, Any, object]]], JobType[S, P]]: ...
@overload
def job_type(
    name: str, fingerprint: str, **options: Unpack[BatchTypeOptions]
) -> Callable[
    [Callable[[BatchContext[S], list[BatchJob[P]]], Coroutine[Any, Any, object]]], JobType[S, P]
]: ...
def job_type(
    name: str, fingerprint: str, **options: Any
) -> Callable[[Callable[..., Coroutine[Any, Any, object]]], JobType[Any, Any]]:
    """Make a job type of a coroutine function `(job, payload)`; with `batch`, of `(batch, jobs)`.

    The queue stores `name` and `fingerprint`, that of the payload's shape. The options are those of
    TypeOptions and BatchTypeOptions. Raises TypeError for a function that is not a coroutine
    function.
    """

    def decorate(function: Callable[..., Coroutine[Any, Any, object]]) -> JobType[Any, Any]:
        return JobType(function, name, fingerprint, options)

    return decorate
