"""A batch that runs: it has one task and one slot, and each of its jobs has an end of its own."""

import asyncio
from collections.abc import Sequence
from typing import Any

from ...job_types.batch_context import BatchJob
from ...model.claimed import Claimed, ClaimedBatch
from .execution import Running
from .handler import Handler


class Member:
    """A job of a batch that runs. It may be lost while the others go on."""

    stopped_by: BaseException | None = None
    context: BatchJob[Any]

    def __init__(self, job: Claimed, batch: "BatchExecution") -> None:
        self.job = job
        self._batch = batch

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
