"""What a job's context needs from the worker that runs it."""

from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import psycopg

from ..model.claimed import Claimed
from .steps import StepStore


# Not an Exception, so that a `rescue` in the source lets it pass: the job runs again.
class ConnectionLost(BaseException):
    """The worker's own connection broke during a statement of a job."""


def lost(error: psycopg.Error) -> ConnectionLost:
    """The error that an attempt ends with whose connection has failed."""
    return ConnectionLost(f"the database could not be reached: {error}")


class Host(Protocol):
    """What a context needs from the worker that runs its job."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Return a connection in autocommit mode, for a block; the end of the block returns it."""

    async def progress(self, job: Claimed, progress: dict[str, Any], /) -> None:
        """Store the progress of a job; raises JobLost if the job is no longer held."""

    async def used(self, job: Claimed, weight: int, /) -> None:
        """Store for how many a job counts; raises JobLost if the job is no longer held."""

    stores_steps: bool
    """Whether `steps` returns a store."""

    def steps(self, job: Claimed, /) -> StepStore:
        """Return where the steps of a job are stored. Raises QueueError if they cannot be."""

    async def results_before(self, job: Claimed, /) -> list[Any]:
        """Return the kept results of the jobs that this job of a flow waited for."""

    def linger(self, thread: Future[None], /) -> None:
        """Keep the slot of a stopped attempt until its thread ends."""
