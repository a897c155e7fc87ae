"""The context of a running job: what its handler can ask for and do."""

import asyncio
import inspect
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import CancelledError as CancelledInThread
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from functools import cached_property
from time import monotonic
from types import FrameType, MappingProxyType
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack, overload
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import tuple_row
from typing_extensions import TypeVar as TypeVarWithDefault

from ..model.arguments import check_number, check_text, check_type
from ..model.attempts.outcome import MAX_ERROR, clean, seconds_of
from ..model.claimed import Claimed
from ..model.errors import JobLost
from ..model.flow import Flow
from ..model.stored_headers import read_headers
from ..model.text.job_fields import job_fields
from ..model.text.logs import get_logger
from ..records.async_operations import AsyncOperations
from ..records.identity_map import IdentityMap
from ..records.queries import Query, column_names
from ..statements.flows import ChildJobs
from .options import JobMaker, JobOptions, KeptClasses
from .steps import Reached, Result, Steps, StepStore, read_kept, written
from .turns import Turns

A = ParamSpec("A")
S = TypeVarWithDefault("S", default=Any)
P = TypeVar("P")
T = TypeVar("T")

_log = get_logger("conduit.job")
_PROGRESS_INTERVAL = 0.25
"""Seconds between two writes of a job's progress."""


# Not an Exception, so that a `rescue` in the source lets it pass: the job runs again.
class ConnectionLost(BaseException):
    """The worker's own connection broke during a statement of a job."""


def _lost(error: psycopg.Error) -> ConnectionLost:
    return ConnectionLost(f"the database could not be reached: {error}")


class Host(Protocol):
    """What a context needs from the worker that runs its job."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Return a connection in autocommit mode, for a block; the end of the block returns it."""

    async def progress(self, job: Claimed, progress: dict[str, Any], /) -> None:
        """Store the progress of a job; raises JobLost if the job is no longer held."""

    stores_steps: bool
    """Whether `steps` returns a store."""

    def steps(self, job: Claimed, /) -> StepStore:
        """Return where the steps of a job are stored. Raises QueueError if they cannot be."""

    async def results_before(self, job: Claimed, /) -> list[Any]:
        """Return the kept results of the jobs that this job of a flow waited for."""

    def linger(self, thread: Future[None], /) -> None:
        """Keep the slot of a stopped attempt until its thread ends."""


class JobContext(AsyncOperations, Generic[S]):
    """A running job: its identity, the application's services, the database, further jobs."""

    # Most jobs need few of these, so each is made when it is first used.
    children: ChildJobs | None = None
    """What `enqueued` returns; None until its first use."""
    steps: Steps | None = None
    """The steps that the attempt has reached; None before the first."""
    _step = ""
    _kept_by_turn = b"null"
    """What is stored with the end of the present turn of a loop, as JSON."""
    _kept: str | None = None
    _within: psycopg.AsyncConnection[Any] | None = None
    _began = 0.0
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
        self._begin(name, sys._getframe(1))
        return self._run_step(name, function, args, kwargs)

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
        self._begin(name, sys._getframe(1))
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
        self._begin(name, sys._getframe(1))
        return self._steps.wait(name, seconds)

    def _begin(self, name: str, caller: FrameType) -> None:
        self._steps.begin(name, caller)

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

    async def begins(self, step: str) -> bool:
        """Whether the code of a step has to run: no earlier attempt has finished it.

        Generated code encloses each step in `begins` and `ends`. The calls of services between them
        have idempotency keys of the step. A worker that cannot store steps runs all of them.
        """
        self.raise_if_cancelled()
        job = self._job
        job.step, job.calls = (f"{job.turn}/{step.rpartition('/')[2]}" if job.turn else step), None
        self._step = step
        self.forget_rows()
        self._kept = None
        if (steps := self.block_steps) is not None:
            self._kept = await steps.next(step)
        if self._kept is not None:
            job.step = job.turn
        self._began = monotonic()
        return self._kept is None

    async def ends(self, kept: object = None) -> None:
        """Store that the step under way has ended, with what later code needs of it.

        Raises StepNotStored, which ends the job failed, for a value that JSON cannot hold or that
        would come back as another value.
        """
        job, step = self._job, self._step
        if (steps := self.block_steps) is not None:
            text = "null" if kept is None else written(kept, step)
            await steps.store(step, text, monotonic() - self._began, self._within)
        job.step, job.calls = job.turn, None
        self.forget_rows()

    def forget_rows(self) -> None:
        """Read each row again when it is used next, as a later attempt would."""
        self._identity_map = IdentityMap()

    async def resume(self, known: KeptClasses, work: Coroutine[Any, Any, T]) -> T:
        """Do the work of a block with these steps, if it can go on behind finished ones.

        The worker calls this. Raises StepsMismatch.
        """
        try:
            await self.check_steps(known)
        except BaseException:
            work.close()
            raise
        return await work

    async def check_steps(self, known: KeptClasses) -> None:
        """Raise StepsMismatch if code with these steps cannot go on behind finished ones."""
        if (steps := self.block_steps) is not None:
            await steps.check(known)

    async def passed_all_steps(self) -> None:
        """Raise StepsMismatch if a step is finished that this attempt did not reach.

        Generated code calls this before an effect without a record, if not all branches of the
        block reach the same steps.
        """
        if (steps := self.block_steps) is not None:
            steps.check_all_passed()

    def kept(self, kind: Callable[..., T]) -> T:
        """What the step that was just skipped has stored."""
        assert self._kept is not None
        found: T = read_kept(self._kept, kind)
        return found

    def turns(self, loop: str, items: Iterable[T]) -> AsyncIterator[T]:
        """The items of a loop of a generated block, without those of finished turns.

        The end of each turn is stored before the next one begins. A worker that cannot store steps
        runs all turns.
        """
        return Turns(self._job, self.block_steps, loop, items, self._next_turn)

    def _next_turn(self) -> bytes:
        self.forget_rows()
        kept, self._kept_by_turn = self._kept_by_turn, b"null"
        return kept

    async def reached(self, loop: str) -> bool:
        """Whether a loop has finished a turn that keeps something, which `kept` then returns."""
        steps = self.block_steps
        found = Reached() if steps is None else await steps.reached(loop)
        self._kept = bytes(found.kept).decode() if found.turns else None
        return self._kept is not None

    def keep(self, kept: object) -> None:
        """Keep something with the end of the present turn, for a later attempt."""
        self._kept_by_turn = written(kept, "a turn").encode()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction for the writes of a step of a generated block, and for its record."""
        if (steps := self.block_steps) is None:
            yield
            return
        async with self._host.connection() as connection:
            try:
                async with connection.transaction():
                    self._within = connection
                    yield
            except psycopg.OperationalError as error:
                if not connection.closed:
                    raise
                raise _lost(error) from error
            finally:
                self._within = None
        steps.committed()

    @property
    def block_steps(self) -> Steps | None:
        """The steps of a generated block; None if the worker cannot store them."""
        if not self._host.stores_steps:
            return None
        return self._steps

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
        taken = self.connection() if self._within is None else nullcontext(self._within)
        try:
            async with taken as connection:
                try:
                    cursor = connection.cursor(row_factory=tuple_row)
                    await cursor.execute(query.sql, query.values)
                    rows = await cursor.fetchall()
                finally:
                    alive = not connection.closed
        except psycopg.OperationalError as error:
            if alive:
                raise
            raise _lost(error) from error
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
