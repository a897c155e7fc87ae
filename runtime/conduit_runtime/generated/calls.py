"""What a service may ask about the call that it is in."""

from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

__all__ = ["Call", "CurrentJob", "current_call", "current_job", "entered_call", "entered_job"]


class CurrentJob(NamedTuple):
    """The job that is running, and which attempt of it (1 is the first)."""

    id: UUID
    type: str
    queue: str
    attempt: int
    max_attempts: int


class Call(NamedTuple):
    """A call of a service by a job: the `number`-th of that method in this attempt."""

    job: CurrentJob
    service: str
    method: str
    number: int

    @property
    def key(self) -> str:
        """An idempotency key: the same in every attempt of the job, different for every call."""
        return f"{self.job.id}/{self.service}.{self.method}/{self.number}"


entered_job: ContextVar[CurrentJob] = ContextVar("conduit_job")
entered_call: ContextVar[Call] = ContextVar("conduit_call")


def current_job() -> CurrentJob:
    """The job that is running here; RuntimeError outside of one."""
    job = entered_job.get(None)
    if job is None:
        raise RuntimeError("no job is running here")
    return job


def current_call() -> Call:
    """The service call that is running here; RuntimeError outside of one.

    Hand its `key` to a mail or payment provider, so that a retried job does nothing twice.
    """
    call = entered_call.get(None)
    if call is None:
        raise RuntimeError("no job is calling a service here")
    return call
