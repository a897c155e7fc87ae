# Generated from async_spy.py by .ci/unasync.py; do not edit.
"""Waits in a test, without polling, until a worker has brought a job to a status."""

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self, TypeVar
from uuid import UUID

import psycopg

from ..job_types.job_type import JobType
from ..model.job import Job
from ..postgres.execute import own, run
from ..postgres.statement import Statement, quote, render
from ..postgres.steps import run_steps
from ..statements.jobs import get_job
from .matching import ANY, criteria
from .report import missing
from .stored import all_jobs

T = TypeVar("T")

LOCK_TIMEOUT = 5_000
"""Milliseconds that a spy waits for open transactions that have enqueued jobs."""


class Spy:
    """Notes every status that the jobs of a database get while the spy is open.

    Use it as `with Spy(dsn) as spy:` around the code that enqueues, beside a real
    worker. While it is open, the table of jobs has one more trigger, so use it only on databases of
    tests. Raises RuntimeError if an open transaction locks the table for 5 seconds.
    """

    def __init__(self, dsn: str, schema: str | None = None) -> None:
        self._dsn = dsn
        self._schema = schema
        self._name = f"conduit_spy_{secrets.token_hex(8)}"
        self._watcher = self._name if schema is None else f"{quote(schema)}.{self._name}"
        self._seen: dict[tuple[UUID, str], None] = {}
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        connection = psycopg.Connection.connect(self._dsn)
        own(connection)
        self._connection = connection
        connection.execute(f"LISTEN {self._name}".encode())
        watch = render(
            "testing/watch",
            self._schema,
            watcher=self._watcher,
            name=self._name,
            channel=f"'{self._name}'",
        )
        try:
            connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT}".encode())
            connection.execute(watch.encode())
        except psycopg.errors.LockNotAvailable:
            connection.close()
            raise RuntimeError(
                "an open transaction has locked the table of jobs: commit it or roll it back "
                "before the block of the spy"
            ) from None
        for job in self._stored():
            self._seen[job.id, job.status.value] = None
        return self

    def __exit__(self, *error: object) -> None:
        connection, self._connection = self._open(), None
        connection.execute(f"DROP FUNCTION {self._watcher} CASCADE".encode())
        connection.close()

    def wait(
        self,
        job: JobType[Any, Any] | Job | UUID | str,
        /,
        *,
        status: str | Iterable[str] = "completed",
        within: float = 10.0,
        payload: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Job:
        """Wait until a job has, or had, a status, and return the job.

        `job` is a job, its id, or a job type or its name. Of a type, the first job with the given
        fields of the payload counts. `status` is one or several. Raises AssertionError after
        `within` seconds.
        """
        __tracebackhide__ = True
        job = job.id if isinstance(job, Job) else job
        of, id_ = (None, job) if isinstance(job, UUID) else (job, None)
        wanted = criteria(of, status, payload, fields)
        like = replace(wanted, statuses=ANY)  # the job may have another status by now
        deadline = time.monotonic() + within
        checked: set[tuple[UUID, str]] = set()
        while True:
            for each in [each for each in self._seen if each not in checked]:
                checked.add(each)
                if each[1] not in wanted.statuses or id_ not in (None, each[0]):
                    continue
                found = self._run(get_job(each[0]))
                if found is not None and like.matches(found):
                    return found
            left = deadline - time.monotonic()
            if left <= 0:
                jobs = [each for each in self._stored() if id_ in (None, each.id)]
                raise AssertionError(f"not within {within:g} s: {missing(wanted, jobs, None, 0)}")
            for notify in self._open().notifies(timeout=left, stop_after=1):
                changed, _, now = notify.payload.partition(" ")
                self._seen[UUID(changed), now] = None

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise RuntimeError("the spy is not open: use it in a `with` block")
        return self._connection

    def _stored(self) -> list[Job]:
        return run_steps(all_jobs(timedelta(0)), self._run)

    def _run(self, statement: Statement[T]) -> T:
        return run(self._open(), statement, self._schema)
