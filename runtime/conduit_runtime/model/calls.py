"""The running job and service call, for the methods of services."""

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from .claimed import Claimed, ClaimedBatch
from .stored_headers import read_headers


class CurrentJob(NamedTuple):
    """The running job, the number of its attempt (the first is 1), and its headers."""

    id: UUID
    type: str
    queue: str
    attempt: int
    max_attempts: int
    headers: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, job: Claimed) -> "CurrentJob":
        """The identity of a claimed job."""
        found = cls(job.id, job.type, job.queue, job.attempts, job.max_attempts)
        if job.headers is None:
            return found
        return found._replace(headers=read_headers(job.headers))


class Call(NamedTuple):
    """A call of a service by a job: the `number`-th of that method in its step.

    `step` is the step of a generated block, None for calls outside of steps.
    """

    job: CurrentJob
    service: str
    method: str
    number: int
    step: str | None = None

    @property
    def key(self) -> str:
        """An idempotency key: the same in every attempt of the job, different for each call."""
        call = f"{self.service}.{self.method}/{self.number}"
        return "/".join(filter(None, (str(self.job.id), self.step, call)))


entered_job: ContextVar[Claimed | ClaimedBatch] = ContextVar("conduit_job")
entered_call: ContextVar[tuple[Claimed, tuple[str, str], int]] = ContextVar("conduit_call")
"""The job that calls, the service and its method, and the number of the call."""


def job_here() -> CurrentJob | None:
    """The job that runs here, if one does."""
    job = entered_job.get(None)
    return None if job is None or isinstance(job, ClaimedBatch) else CurrentJob.of(job)


def batch_here() -> ClaimedBatch | None:
    """The batch of jobs that runs here, if one does."""
    job = entered_job.get(None)
    return job if isinstance(job, ClaimedBatch) else None


def current_job() -> CurrentJob:
    """Return the job that runs here; raises RuntimeError outside of a job."""
    job = job_here()
    if job is None:
        if batch_here() is not None:
            raise RuntimeError("a batch of jobs is running here: ask each of its jobs")
        raise RuntimeError("no job is running here")
    return job


def current_call() -> Call:
    """Return the service call that runs here; raises RuntimeError outside of one.

    Pass its `key` to a mail or payment provider, so that a retried job does nothing twice.
    """
    entered = entered_call.get(None)
    if entered is None:
        if batch_here() is not None:
            raise RuntimeError("a batch of jobs is calling a service here: such a call has no key")
        raise RuntimeError("no job is calling a service here")
    job, names, number = entered
    return Call(CurrentJob.of(job), *names, number, job.step)
