"""Failure notices: each job that a rescue ended as failed is reported by one live worker.

A worker takes a notice over, reports the job, and deletes the notice after that. If it dies in
between, another takes the notice over: a job is reported at least once.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg

from ...postgres.execute import run
from ...statements.failure_notices import delete, take
from ...statements.worker_registry import Rescued

__all__ = ["FailureNotices"]


class FailureNotices:
    """The notices that a worker has taken over.

    `report` is called with jobs and the name under which the worker took their notices. `take` and
    `delete_reported` belong to the thread that sends heartbeats, `on_reported` to the loop.
    """

    def __init__(
        self,
        queues: Sequence[str],
        is_wanted: Callable[[], bool],
        report: Callable[[Sequence[Rescued], str], object],
    ) -> None:
        self._queues = queues
        self._is_wanted = is_wanted
        self._report = report
        self._reported: deque[tuple[UUID, str]] = deque()

    def take(self, connection: psycopg.Connection[Any], worker: str, schema: str | None) -> None:
        """Report what no other live worker does, if this one can."""
        if self._is_wanted() and (jobs := run(connection, take(self._queues, worker, schema))):
            self._report(jobs, worker)

    def on_reported(self, job: UUID, worker: str) -> None:
        """The job was reported, whose notice the worker took under this name."""
        self._reported.append((job, worker))

    def delete_reported(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        """Delete the notices of the jobs that have been reported."""
        reported = [*self._reported]
        if reported:
            run(connection, delete(reported, schema))
            for _ in reported:
                self._reported.popleft()
