"""The context of a batch handler: for all jobs of the batch, and for each."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar
from uuid import UUID

import psycopg
from typing_extensions import TypeVar as TypeVarWithDefault

from ..model.arguments import check_type
from ..model.attempts.outcome import Retry
from ..model.claimed import ClaimedBatch
from ..model.errors import QueueError
from ..model.text.job_fields import job_fields
from ..model.text.logs import get_logger
from ..services.service_calls import called_by
from .context import JobContext
from .host import Host

S = TypeVarWithDefault("S", default=Any)
P = TypeVar("P")

_log = get_logger("conduit.job")


class BatchJob(JobContext[Any], Generic[P]):
    """A job of a batch: its `JobContext`, with the decoded payload as `payload`."""

    payload: P

    @property
    def services(self) -> Any:
        """The application's services, as in `JobContext.services`; a call has the job's own key."""
        return called_by(self._job, self._services)

    def _begin(self, name: str, caller: object, **kind: bool) -> str:
        raise QueueError(
            f"{name!r}: a job of a batch has no steps and cannot wait: run jobs of its type one by "
            "one"
        )


class BatchContext(Generic[S]):
    """Jobs of one type and queue that run in one call of a batch handler."""

    def __init__(
        self,
        batch: ClaimedBatch,
        jobs: Sequence[BatchJob[Any]],
        services: Any,
        host: Host,
        failures: dict[BatchJob[Any], BaseException],
    ) -> None:
        self.jobs = jobs
        """The jobs, in the order in which they would have started on their own."""
        self._members = set(jobs)
        self._batch = batch
        self._services: S = services
        self._host = host
        self._failures = failures

    @property
    def type(self) -> str:
        """The type of the jobs."""
        return self._batch.type

    @property
    def queue(self) -> str:
        """The queue of the jobs."""
        return self._batch.queue

    @property
    def services(self) -> S:
        """The application's services, as in `JobContext.services`; calls in a batch have no key."""
        return self._services

    @property
    def log(self) -> "logging.LoggerAdapter[logging.Logger]":
        """A logger whose records have the type, the queue and the number of the jobs."""
        return logging.LoggerAdapter(_log, job_fields(self._batch))

    def fail(self, job: BatchJob[Any], error: BaseException | str) -> None:
        """Make only this job fail, with an exception or a text; the last call for a job counts.

        `Retry`, `Discard` and `Snooze` work as when a handler raises them. Raises ValueError for a
        job of another batch.
        """
        check_type(job, "job", BatchJob, "a job of the batch")
        check_type(error, "error", (BaseException, str), "an exception or a text")
        if job not in self._members:
            raise ValueError(f"job {job.id} is not in this batch")
        self._failures[job] = Retry(reason=error) if isinstance(error, str) else error

    @property
    def failed(self) -> Mapping[UUID, BaseException]:
        """The errors of the jobs for which `fail` was called, by job id."""
        return {job.id: error for job, error in self._failures.items()}

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Return a connection in autocommit mode for your own statements, for an `async with`."""
        return self._host.connection()
