"""Runs the handler of a job against what its steps have stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from ..job_types.host import Host
from ..job_types.steps import StepStore
from ..model.calls import entered_job
from ..model.claimed import Claimed
from ..model.errors import PayloadMismatch, QueueError
from ..model.lanes import original
from ..worker.run.handler import Handler
from .contexts import PlainReplayContext, ReplayContext
from .services import BlockServices, guarded
from .steps import Compared, ReplayEnd, ReplaySteps, Stored

Connection = psycopg.AsyncConnection[Any]
Results = Callable[[], Awaitable[list[Any]]]


@dataclass
class Replayed:
    """How a replay went.

    `compared` are the steps in the order in which the code came to them, then those that it did not
    come to. `end` says at which effect the replay ended; None if the handler returned or raised
    `error`, a `Difference` if it could not go on. `left` is the number of finished steps that could
    not be compared. `enqueued` are the types of the jobs that the handler would enqueue.
    """

    compared: Sequence[Compared] = ()
    end: str | None = None
    error: BaseException | None = None
    left: int = 0
    enqueued: Sequence[str] = ()

    @property
    def differences(self) -> list[Compared]:
        """The steps in which the code differs from what is stored."""
        return [each for each in self.compared if each.problem]


class _Host(Host):
    """What a context needs; the database is a connection whose transaction is rolled back."""

    stores_steps = True

    def __init__(self, steps: ReplaySteps, connection: Connection | None, results: Results) -> None:
        self._steps = steps
        self._connection = connection
        self._results = results

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        return self._given()

    @asynccontextmanager
    async def _given(self) -> AsyncIterator[Connection]:
        if self._connection is None:
            raise self._steps.end_at("a statement in the database, which is not given")
        yield self._connection

    async def progress(self, job: Claimed, progress: dict[str, Any], /) -> None:
        """Store nothing."""

    async def used(self, job: Claimed, weight: int, /) -> None:
        """Store nothing."""

    def steps(self, job: Claimed, /) -> StepStore:
        raise AssertionError("a replay has its steps from the start")

    async def results_before(self, job: Claimed, /) -> list[Any]:
        return await self._results()

    def linger(self, thread: Future[None], /) -> None:
        """Do nothing: a replay has no slots."""


async def replay(
    handler: Handler,
    job: Claimed,
    stored: Sequence[Stored],
    services: object = None,
    connection: Connection | None = None,
    results: Results | None = None,
    *,
    stops: bool = False,
) -> Replayed:
    """Run the handler of a job against what is stored, up to its first effect without a record.

    No service is called. Statements run on the connection, and no commit follows; without one they
    end the replay. With `stops`, the first difference ends it, as an exception in the handler.
    Raises QueueError for a batch handler, whose jobs have no steps.
    """
    if handler.batching is not None:
        raise QueueError(f"the jobs of {job.type} run in batches, which have no steps")
    decode, function = handler.decode, handler.function
    if upcast := handler.upcasts.get(original(job.fingerprint)):
        decode, function = upcast.decode, partial(upcast.run, function)
    steps = ReplaySteps(job, stored, stops=stops)
    try:
        payload = decode(job.payload)
    except PayloadMismatch as mismatch:
        return Replayed([Compared("payload", None, str(mismatch))])
    host = _Host(steps, connection, results or _none)
    given = _services(handler, services, steps)
    made_by = ReplayContext if handler.is_async else PlainReplayContext
    context = made_by(job, given, host, asyncio.get_running_loop())
    context.steps = steps
    entered_job.set(job)
    error: BaseException | None = None
    try:
        if handler.is_async:
            await function(context, payload)
        elif asyncio.iscoroutine(found := await asyncio.to_thread(function, context, payload)):
            await found
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise
    except ReplayEnd:
        pass
    except BaseException as raised:
        error = raised
    end, left = steps.end, [*steps.missing]
    # What a handler written by hand calls outside of its steps gives what they go on with.
    if error is None and (end is None or end.is_step or handler.is_generated):
        problem = "is stored, and this code does not come to it"
        steps.compared += [Compared(each.name, each.attempt, problem) for each in left]
        left = []
    enqueued = [child.type for child in context.children or ()]
    what = None if end is None or error is not None else end.what
    return Replayed(steps.compared, what, error, len(left), enqueued)


def _services(handler: Handler, services: object, steps: ReplaySteps) -> Any:
    if handler.job_type is None:
        return guarded(services, steps.end_at)
    return BlockServices(services, handler.job_type.services, steps.end_at)


async def _none() -> list[Any]:
    return []
