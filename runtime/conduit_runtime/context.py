"""What a running job may ask for and do."""

import logging
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row
from typing_extensions import TypeVar as TypeVarWithDefault
from typing_extensions import Unpack

from .calls import CurrentJob
from .job import Job
from .job_types import JobOptions, JobType
from .operations import AsyncOperations, Kept
from .queries import Query, column_names
from .services import JobServices, Protocols

__all__ = ["Control", "Database", "JobContext"]

S = TypeVarWithDefault("S", default=Any)
P = TypeVar("P")
T = TypeVar("T")

_log = logging.getLogger("conduit.job")


class Database(Protocol):
    """Where a job's own statements run."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """A connection in autocommit mode, given back at the end of the block."""
        ...


class Control(Protocol):
    """How the worker that runs a job hears from it, and it from the worker."""

    def progress(self, job: Job, done: float, total: float | None, note: str | None) -> None:
        """Note how far the job is."""
        ...

    def raise_if_cancelled(self, job: Job) -> None:
        """Raise when the job was cancelled or lost."""
        ...


class JobContext(AsyncOperations, Generic[S]):
    """A running job: its identity, the application's services, its rows, further jobs."""

    def __init__(
        self,
        job: Job,
        services: object = None,
        protocols: Protocols | None = None,
        *,
        database: Database,
        control: Control,
    ) -> None:
        self.job = job
        self.enqueued: list[Job] = []
        self.current = CurrentJob(job.id, job.type, job.queue, job.attempts, job.max_attempts)
        self._given_services = services
        self._protocols = protocols or {}
        self._services: S | None = None
        self._database = database
        self._control = control
        self._kept = Kept()

    @property
    def id(self) -> UUID:
        """The job's id, the same in every attempt."""
        return self.job.id

    @property
    def type(self) -> str:
        """The job's type."""
        return self.job.type

    @property
    def queue(self) -> str:
        """The queue that the job is in."""
        return self.job.queue

    @property
    def attempt(self) -> int:
        """Which attempt this is; the first is 1."""
        return self.job.attempts

    @property
    def max_attempts(self) -> int:
        """How many attempts the job has in all."""
        return self.job.max_attempts

    @property
    def services(self) -> S:
        """The application's services; every call is awaited, however it is implemented."""
        if self._services is None:
            self._services = cast(
                "S", JobServices(self._given_services, self._protocols, self.current)
            )
        return self._services

    @property
    def log(self) -> "logging.LoggerAdapter[logging.Logger]":
        """A logger whose records carry the job's id, type and attempt."""
        job = self.current
        extra = {"job_id": str(job.id), "job_type": job.type, "attempt": job.attempt}
        return logging.LoggerAdapter(_log, extra)

    def progress(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Say how far the job is."""
        self._control.progress(self.job, done, total, note)

    def raise_if_cancelled(self) -> None:
        """Stop here when the job was cancelled or lost; for code that never awaits."""
        self._control.raise_if_cancelled(self.job)

    def enqueue(
        self, job_type: JobType[Any, P], payload: P, /, **options: Unpack[JobOptions]
    ) -> None:
        """Enqueue a job when, and only when, this one completes; the payload is taken as it is now.

        Raises PayloadError for a payload that JSON or Postgres would refuse or change.
        """
        self.enqueued.append(job_type.job(payload, **options))

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """A connection for statements of one's own, in autocommit mode."""
        return self._database.connection()

    async def _run(self, query: Query[T]) -> T:
        async with self._database.connection() as connection:
            cursor = psycopg.AsyncCursor(connection, row_factory=tuple_row)
            await cursor.execute(query.sql, query.values)
            rows = await cursor.fetchall()
            return query.read(column_names(cursor.description), rows)
