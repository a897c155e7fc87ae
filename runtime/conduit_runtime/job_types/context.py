"""The context of a running job: what its handler can ask for and do."""

import asyncio
import inspect
import logging
import sys
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
)
from concurrent.futures import CancelledError as CancelledInThread
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from functools import cached_property
from time import monotonic
from types import FrameType, MappingProxyType
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, overload
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import tuple_row
from typing_extensions import TypeVar as TypeVarWithDefault

from ..model.arguments import check_number, check_text, check_type, describe_argument
from ..model.attempts.outcome import MAX_ERROR, clean, seconds_of
from ..model.claimed import Claimed
from ..model.errors import JobLost, QueueError
from ..model.flow import Flow
from ..model.stored_headers import read_headers
from ..model.text.job_fields import job_fields
from ..model.text.logs import get_logger
from ..model.values import error_message
from ..records.identity_map import IdentityMap
from ..records.queries import Query, column_names
from ..statements.flows import ChildJobs
from .block_context import BlockContext
from .cursor import Cursor, Loop
from .host import Host, lost
from .options import JobMaker, JobOptions
from .steps import Result, Steps

A = ParamSpec("A")
S = TypeVarWithDefault("S", default=Any)
P = TypeVar("P")
T = TypeVar("T")

_log = get_logger("conduit.job")
_PROGRESS_INTERVAL = 0.25
"""Seconds between two writes of a job's progress."""


class JobContext(BlockContext, Generic[S]):
    """A running job: its identity, the application's services, the database, further jobs."""

    # Most jobs need few of these, so each is made when it is first used.
    children: ChildJobs | None = None
    """What `enqueued` returns; None until its first use."""
    steps: Steps | None = None
    """The steps that the attempt has reached; None before the first."""
    _cancelled = False
    stopped_by: BaseException | None = None
    """Why the worker stopped the attempt, a TimeoutError after its timeout; None if it did not."""
    _progress: dict[str, Any] | None = None
    _reporter: asyncio.Task[None] | None = None
    _results: list[Any] | None = None

    def __init__(
        self,
        job: Claimed,
        services: Any,
        host: Host,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._job = job
        self._services: S = services
        self._host = host
        self._loop = loop

    @cached_property
    def _identity_map(self) -> IdentityMap:  # type: ignore[override]
        return IdentityMap()

    @property
    def enqueued(self) -> ChildJobs:
        """The jobs to enqueue when this job completes."""
        if self.children is None:
            self.children = ChildJobs()
            self.children.headers = self.headers
        return self.children

    def cancel(self, reason: BaseException | None = None) -> None:
        """Note that the attempt was stopped, and why; the worker calls this."""
        self._cancelled = True
        self.stopped_by = reason

    @property
    def id(self) -> UUID:
        """The job's id; it is the same in every attempt."""
        return self._job.id

    @property
    def type(self) -> str:
        """The job's type."""
        return self._job.type

    @property
    def queue(self) -> str:
        """The job's queue."""
        return self._job.queue

    @property
    def key(self) -> str | None:
        """Whose the job is, as text; None if the enqueue did not say."""
        return self._job.key

    @property
    def attempt(self) -> int:
        """The number of this attempt; the first is 1."""
        return self._job.attempts

    @property
    def max_attempts(self) -> int:
        """How many attempts the job has in all."""
        return self._job.max_attempts

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The job's headers; the jobs that it enqueues get them, too."""
        return MappingProxyType(read_headers(self._job.headers))

    @cached_property
    def payload(self) -> Any:
        """The payload as JSON values; that of a generated job has the field names of the source."""
        return msgspec.json.decode(self._job.payload)

    @property
    def services(self) -> S:
        """The application's services.

        Generated code awaits every call, even if the method is a plain function. A handler that is
        written by hand gets the services as the application gave them.
        """
        return self._services

    @property
    def log(self) -> "logging.LoggerAdapter[logging.Logger]":
        """A logger whose records have the job's id, type, queue, attempt, headers and trace id."""
        return logging.LoggerAdapter(_log, job_fields(self._job))

    def progress(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Report how far the job is. It can be called from a thread.

        The worker stores the last report, a few times a second at most. Raises TypeError or
        ValueError for `done` or `total` that is not a finite number, and TypeError for a `note`
        that is not a text.
        """
        if self._loop is None:
            raise RuntimeError("the job is not running")
        check_number(done, "done")
        if total is not None:
            check_number(total, "total")
        check_text(note, "note")
        if note is not None:
            note = clean(note, MAX_ERROR)
        self._progress = {"done": done, "total": total, "note": note}
        self._loop.call_soon_threadsafe(self._report)

    def used(self, weight: int) -> Coroutine[Any, Any, None]:
        """Correct for how many the job counts in limits: `await job.used(answer.tokens)`.

        It counts so from now on, also in rates that have counted its start and in later attempts;
        the last call holds. `weight` is a whole number; 0 counts as 1. If the database cannot be
        reached, the job counts as before.

        Raises TypeError or ValueError for another `weight`.
        """
        check_type(weight, "weight", int, "a whole number")
        if isinstance(weight, bool) or not 0 <= weight < 2**31:
            raise ValueError(describe_argument("weight", weight, "0 to 2,147,483,647"))
        return self._store_used(max(weight, 1))

    async def _store_used(self, weight: int) -> None:
        try:
            await self._host.used(self._job, weight)
        except JobLost as lost:
            self.cancel(lost)
        except (psycopg.Error, QueueError) as error:
            self.log.warning("the weight of the job is not corrected: %s", error_message(error))

    def raise_if_cancelled(self) -> None:
        """Stop here if the job was cancelled or lost; for code that never awaits."""
        if self._cancelled:
            raise asyncio.CancelledError

    def enqueue(self, job_type: JobMaker[P], payload: P, /, **options: Unpack[JobOptions]) -> None:
        """Enqueue a job if this one completes, with the payload as it is now.

        Raises PayloadError for a payload that JSON or Postgres would refuse or change.
        """
        check_type(job_type, "job_type", JobMaker, "a JobType of a generated package")
        self.enqueued.append(job_type.job(payload, **options))

    def enqueue_flow(self, flow: Flow) -> None:
        """Store a chain or a group, as it is now, if this job completes.

        Raises PayloadError for a job that JSON or Postgres would refuse or change.
        """
        self.enqueued.add_flow(flow)

    async def results(self) -> list[Any]:
        """Return the results of the jobs that this one waited for, in a chain or after a group.

        They are in the order of the group's members. A result is None if the job's type has no
        `keep_result`, or the job returned None or did not complete. The list is empty if this job
        waited for no other. The database is read only once.
        """
        if self._results is None:
            is_in_flow = self._job.flow is not None
            self._results = await self._host.results_before(self._job) if is_in_flow else []
        return self._results

    def results_blocking(self) -> list[Any]:
        """`results` for a plain handler, whose thread waits for them.

        Raises TypeError in a coroutine handler, which has to await `results`.
        """
        if self._is_on_loop:
            raise TypeError("a coroutine handler awaits results()")
        return self._await(self.results())

    @overload
    def step(
        self, name: str, function: Callable[A, Awaitable[T]], /, *args: A.args, **kwargs: A.kwargs
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def step(
        self, name: str, function: Callable[A, T], /, *args: A.args, **kwargs: A.kwargs
    ) -> Coroutine[Any, Any, T]: ...
    def step(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call a function once for the job: `await job.step("charge", charge, order.id)`.

        When the function has returned, its result is stored, and only then returned here. A later
        attempt gets the stored result, as the type that the function is annotated to return, and
        does not call the function. Nothing is stored of a call that raises. A plain handler takes a
        `PlainContext`, whose `step` needs no `await`. A plain function is called on the loop here,
        so it should not block.

        Raises QueueError for a name that the attempt has used: in a loop, put a key into the name.
        Raises StepNotStored, which ends the job failed, for a result that JSON cannot hold or that
        would come back as another value.
        """
        name = self._begin(name, sys._getframe(1))
        return self._run_step(name, function, args, kwargs)

    def resume(self, name: str, items: Iterable[T] | AsyncIterable[T], /) -> AsyncIterator[T]:
        """The items of a long loop, without those of turns that an attempt has finished.

        `async for row in job.resume("rows", rows)` stores the end of each turn before the next one
        begins. A later attempt takes the items anew, skips as many as there are finished turns, and
        goes on in the turn that was under way, behind its steps. Names of steps and sleeps need to
        be unique in a turn only; those of waits in the whole attempt. The items have to come in the
        same order each time, and new ones at the end. `rows` may be asynchronous, such as a cursor.

        The loop raises QueueError if there are fewer items than finished turns. Raises QueueError
        for a name that the attempt has used.
        """
        name = self._begin(name, sys._getframe(1), is_loop=True)
        return Cursor(Loop(self._steps, name), items, self.raise_if_cancelled)

    def sleep(self, duration: float | timedelta, name: str = "sleep") -> Coroutine[Any, Any, None]:
        """Let the job sleep: `await job.sleep(timedelta(days=3))`.

        `duration` is seconds or a timedelta. The attempt ends here, and the job holds no slot while
        it sleeps. Then another attempt runs the handler from its start: it passes the steps, sleeps
        and waits that have ended, but runs the code between them again. A sleep uses up no attempt.
        Each sleep in an attempt needs a `name` of its own, by which a later attempt knows it.

        Raises QueueError for a name that the attempt has used, ValueError for a `duration` that is
        not finite or longer than 1,000 years.
        """
        seconds = seconds_of(duration, "duration")
        name = self._begin(name, sys._getframe(1))
        return self._steps.sleep(name, seconds)

    def wait(self, name: str, *, timeout: float | timedelta) -> Coroutine[Any, Any, Any]:
        """Let the job wait for a signal, and return its value, JSON; None after the `timeout`.

        `await job.wait("approved", timeout=timedelta(days=7))` waits for what `Queue.signal` sends
        under this name, also if it was sent before. `timeout` is seconds or a timedelta from when
        the job first comes here. The attempt ends here, unless the signal has come, and goes on as
        after a `sleep`. Waiting uses up no attempt.

        Raises QueueError for a name that the attempt has used, ValueError for a `timeout` that is
        not finite or longer than 1,000 years.
        """
        seconds = seconds_of(timeout, "timeout")
        self._begin(name, sys._getframe(1), is_signal=True)
        return self._steps.wait(name, seconds)

    def _begin(
        self, name: str, caller: FrameType, *, is_signal: bool = False, is_loop: bool = False
    ) -> str:
        if is_loop:
            return self._steps.begin_loop(name, caller)
        return self._steps.begin(name, caller, is_signal=is_signal)

    @property
    def _steps(self) -> Steps:
        if self.steps is None:
            self.steps = Steps(self._job, self._host.steps(self._job))
        return self.steps

    async def _run_step(
        self, name: str, function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]
    ) -> Any:
        result = Result.of(name, function)
        if (found := await self._steps.stored(name)) is not None:
            return result.read(found)
        self.raise_if_cancelled()
        began = monotonic()
        value = function(*args, **kwargs)
        if inspect.isawaitable(value):
            value = await value
        await self._steps.store(name, result.write(value), monotonic() - began)
        return value

    @property
    def _is_on_loop(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait in a thread for what the worker's loop does."""
        if self._loop is None:
            work.close()
            raise RuntimeError("the job is not running")
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except CancelledInThread:  # an Exception, which a handler may swallow
            raise asyncio.CancelledError from None

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Return a connection in autocommit mode for your own statements, for an `async with`."""
        return self._host.connection()

    async def _run(self, query: Query[T]) -> T:
        alive = False
        within = self._within
        taken = self.connection() if within is None else nullcontext(within)
        # A `rescue` may go on behind a statement that fails: it must not end the transaction.
        undone = nullcontext() if within is None else within.transaction()
        try:
            async with taken as connection, undone:
                try:
                    cursor = connection.cursor(row_factory=tuple_row)
                    await cursor.execute(query.sql, query.values)
                    rows = await cursor.fetchall()
                finally:
                    alive = not connection.closed
        except psycopg.OperationalError as error:
            if alive:
                raise
            raise lost(error) from error
        return query.read(column_names(cursor.description), rows)

    def _report(self) -> None:
        if self._reporter is None or self._reporter.done():
            self._reporter = asyncio.ensure_future(self._store_progress())

    async def _store_progress(self) -> None:
        while self._progress is not None:
            progress, self._progress = self._progress, None
            try:
                await self._host.progress(self._job, progress)
            except JobLost as lost:
                self.cancel(lost)
                return
            except psycopg.Error:
                pass  # the next report is newer
            await asyncio.sleep(_PROGRESS_INTERVAL)
