"""A job or a batch that waits for something while it runs; it can be stopped from outside."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Sequence
from contextvars import Context
from types import coroutine
from typing import Any, Self, TypeVar

from ...job_types.batch_context import BatchJob
from ...job_types.context import JobContext
from ...model.attempts.interruptions import TooLate
from ...model.claimed import Claimed, ClaimedBatch
from .handler import Handler

T = TypeVar("T")


def check_start(jobs: Iterable[Claimed]) -> None:
    """Raise TooLate if the claim of one of these jobs is not fresh any more."""
    if time.monotonic() > min(job.start_by for job in jobs):
        raise TooLate


class Running:
    """A job or batch that runs in a slot and waits for something.

    `started` is None until an attempt has begun, `stopped_by` until it is stopped.
    """

    started: float | None = None
    stopped_by: BaseException | None = None
    timer: asyncio.TimerHandle | None = None
    is_over = False
    """Whether the attempt has ended. What writes its outcome finds out whether the job is held."""

    def __init__(self, task: "asyncio.Task[None]") -> None:
        self.task = task

    @property
    def held(self) -> "Sequence[HeldJob]":
        """The jobs that run and have not been lost."""
        raise NotImplementedError

    def stop(self, reason: BaseException) -> None:
        """Cancel it where it waits; `reason` decides the outcome."""
        if self.stopped_by is None:
            self.stopped_by = reason
            self.task.cancel()

    def age(self, now: float) -> float:
        """Seconds since the attempt began; 0 before that."""
        return 0.0 if self.started is None else now - self.started

    def arm(self, timeout: float | None) -> None:
        """Stop it `timeout` seconds after it started; code that never waits cannot be stopped."""
        if timeout is not None:
            late = TimeoutError(f"the attempt took longer than {timeout:g} s")
            left = timeout - self.age(time.monotonic())
            self.timer = self.task.get_loop().call_later(left, self.stop, late)

    def disarm(self) -> None:
        """Note that the attempt has ended, and cancel its timer."""
        self.is_over = True
        if self.timer is not None:
            self.timer.cancel()


class Execution(Running):
    """A job that waits for something. Once it has begun, `rest` is the work that remains."""

    handler: Handler
    rest: Awaitable[Any]
    context: JobContext[Any] | None = None

    def __init__(self, job: Claimed, task: "asyncio.Task[None]") -> None:
        super().__init__(task)
        self.job = job

    @property
    def held(self) -> "Sequence[HeldJob]":
        """The job itself."""
        return (self,)

    def begun(
        self, handler: Handler, context: JobContext[Any], started: float, rest: Awaitable[Any]
    ) -> Self:
        """Note that the attempt has begun, and the work that remains."""
        self.handler, self.context, self.started, self.rest = handler, context, started, rest
        return self

    def stop(self, reason: BaseException) -> None:
        """Cancel the job where it waits; `reason` decides the outcome of the attempt."""
        if self.stopped_by is None and self.context is not None:
            self.context.cancel(reason)
        super().stop(reason)

    def reason(self, error: BaseException) -> BaseException:
        """Why the attempt ended with `error`; a coroutine's reason has the error's traceback."""
        if self.stopped_by is None:
            return error
        if self.context is not None and self.handler.is_async:
            return self.stopped_by.with_traceback(error.__traceback__)
        return self.stopped_by


@coroutine
def resumed(work: Coroutine[Any, Any, T], context: Context, awaited: Any) -> Generator[Any, Any, T]:
    """Await the rest of `work`; `context.run(work.send, None)` began it and returned `awaited`.

    Does what a task of its own would do, for work that ends before the present task. Work that
    ended at once, by StopIteration, needs no such call.
    """
    run = context.run
    step: Callable[[Any], Any]
    while True:
        try:
            given = yield awaited
        except BaseException as error:
            step, value = work.throw, error
        else:
            step, value = work.send, given
        try:
            awaited = run(step, value)
        except StopIteration as end:
            result: T = end.value
            return result


class Member:
    """A job of a batch that runs. It may be lost while the others go on."""

    stopped_by: BaseException | None = None
    context: BatchJob[Any]

    def __init__(self, job: Claimed, batch: "BatchExecution") -> None:
        self.job = job
        self._batch = batch

    @property
    def is_over(self) -> bool:
        """Whether the attempt of the batch has ended."""
        return self._batch.is_over

    def age(self, now: float) -> float:
        """Seconds since the batch began; 0 before that."""
        return self._batch.age(now)

    def stop(self, reason: BaseException) -> None:
        """End the job without an outcome; when the batch has no job left, it stops."""
        if self.stopped_by is None:
            self.stopped_by = reason
            self.cancel(reason)
            if not self._batch.held:
                self._batch.stop(reason)

    def cancel(self, reason: BaseException) -> None:
        """Show the handler that the job is cancelled, if the job has begun."""
        if hasattr(self, "context"):
            self.context.cancel(reason)


class BatchExecution(Running):
    """A batch of jobs that runs, or is about to."""

    handler: Handler

    def __init__(self, batch: ClaimedBatch, task: "asyncio.Task[None]") -> None:
        super().__init__(task)
        self.batch = batch
        self.members = [Member(job, self) for job in batch.jobs]

    @property
    def held(self) -> Sequence[Member]:
        """The jobs that have not been lost."""
        return [member for member in self.members if member.stopped_by is None]

    def stop(self, reason: BaseException) -> None:
        """Cancel the batch where it waits; `reason` decides the outcome of each of its jobs."""
        for member in self.members:
            member.cancel(reason)
        super().stop(reason)

    def reason(self, error: BaseException) -> BaseException:
        """Why the call ended with `error`; the reason of a coroutine has the error's traceback."""
        if self.stopped_by is None or not self.handler.is_async:
            return self.stopped_by or error
        return self.stopped_by.with_traceback(error.__traceback__)


HeldJob = Execution | Member
"""A job that runs, alone or in a batch."""
